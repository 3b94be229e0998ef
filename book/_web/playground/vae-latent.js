// needs: nn.js models/vae.js
/* The plane of codes of two numbers: walk over it, and from a place A to a place B. */
"use strict";

Playground.define("vae-latent", (stage, [model]) => {
  const { el, row, slider, button, number, slices, frame, plane, picture, sheet, colour, arrow, say, nn } = Playground;
  const REACH = 3, TILES = 15, STEPS = 9, SIZE = 28;
  const net = nn.net(model), decode = (z) => nn.grey(net, nn.forward(net, z));
  let z = [0.6, -0.4], ends = [[-1.5, 0], [1.2, 1]];

  /* The map under the plane: a small picture for every place, drawn a few in each frame. */
  const land = el("canvas", { width: TILES * SIZE, height: TILES * SIZE });
  function* chart() {
    for (let i = 0; i < TILES * TILES; i++) {
      const x = (((i % TILES) + 0.5) / TILES) * 2 - 1, y = 1 - ((Math.floor(i / TILES) + 0.5) / TILES) * 2;
      const tile = picture("", SIZE);
      tile.show(decode([x * REACH, y * REACH]));
      land.getContext("2d").drawImage(tile, (i % TILES) * SIZE, Math.floor(i / TILES) * SIZE);
      if (i % TILES === TILES - 1) map.redraw();
      yield i;
    }
  }

  function paint(context, at, side) {
    context.globalAlpha = 0.85;
    context.drawImage(land, 0, 0, side, side);
    context.globalAlpha = 1;
    context.lineWidth = 3;
    context.strokeStyle = colour("mark");
    context.setLineDash([8, 6]);
    context.beginPath();
    ends.forEach((end) => context.lineTo(...at(...end)));
    context.stroke();
    context.setLineDash([]);
    ends.forEach((end, i) => mark(context, at(...end), "AB"[i]));
    const [x, y] = at(...z);
    context.beginPath();
    context.arc(x, y, 11, 0, 7);
    context.stroke();
  }

  function mark(context, [x, y], letter) {
    context.fillStyle = colour("mark");
    context.beginPath();
    context.arc(x, y, 12, 0, 7);
    context.fill();
    context.fillStyle = "#000";
    context.font = "bold 15px sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(letter, x, y);
  }

  const clip = (v) => Math.max(-REACH, Math.min(REACH, v));
  function go(to) {
    z = to.map(clip);
    ranges.forEach((range, i) => range.set(z[i]));
    frame(look);
    map.redraw();
  }

  function look() {
    shown.show(decode(z));
    say(`code ${z.map((v) => number(v)).join(", ")}`);
  }

  const on = (t) => ends[0].map((a, i) => (1 - t) * a + t * ends[1][i]);
  const work = slices(), charting = slices();
  function* between() {
    for (let i = 0; i < STEPS; i++) {
      strip.put(i, decode(on(i / (STEPS - 1))));
      yield i;
    }
  }

  const set = (i) => () => {
    ends[i] = [...z];
    say(`${"AB"[i]} set`);
    map.redraw();
    work(between());
  };

  const map = plane({
    label: "Map of the codes. Arrow keys walk.", reach: REACH, paint,
    point: (x, y) => go([x, y]),
    key: (event) => {
      const step = arrow(event, 0.1);
      if (step) go([z[0] + step[0], z[1] + step[1]]);
      return step;
    },
  });
  const shown = picture("The picture of this code", SIZE);
  const strip = sheet("Nine pictures on the way from A to B", 1, STEPS);
  const ranges = ["z₁", "z₂"].map((label, i) =>
    slider({
      label, min: -REACH, max: REACH, step: 0.05, value: z[i], format: number,
      act: (v) => go(z.map((old, j) => (i === j ? v : old))),
    }),
  );
  const walk = slider({
    label: "From A to B", min: 0, max: 1, step: 0.01, value: 0, format: (v) => `${Math.round(100 * v)} %`,
    act: (t) => go(on(t)),
  });
  stage.append(
    row(map, el("div", { class: "playground-side" },
      el("figure", {}, shown, el("figcaption", {}, "the picture of this code")), ...ranges,
      row(button("A is here", set(0)), button("B is here", set(1))), walk)),
    el("div", { class: "playground-wide" },
      el("figure", {}, strip, el("figcaption", {}, "on the way from A to B"))),
  );
  go(z);
  work(between());
  charting(chart());
});
