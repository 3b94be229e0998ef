// needs: nn.js models/cgan.js
/* A generator that is told which digit to draw: the same codes for every class, and the way between two classes. */
"use strict";

Playground.define("cgan", (stage, [model]) => {
  const { el, row, slider, button, choice, slices, sheet, say, random, nn } = Playground;
  const N = 12, work = slices(), net = nn.net(model), pictures = sheet("Generated digits of the chosen class", 2, 6);
  const digits = Array.from({ length: 10 }, (_, i) => [i, String(i)]);
  let seed = 1, at = 0, label = 7, other = 1, codes;

  /* The code, and behind it the shares of the ten classes; beginning behind the picture drawn last: while the slider
     moves each has its turn. */
  function* draw() {
    const t = way.value(), shares = digits.map(([i]) => (i === label ? 1 - t : 0) + (i === other ? t : 0));
    for (let n = 0; n < N; n++) {
      const i = (at = (at + 1) % N);
      pictures.put(i, nn.grey(net, nn.forward(net, [...codes[i], ...shares])));
      yield i;
    }
    say(`${N} pictures, ${Math.round(100 * t)} % of the way from ${label} to ${other}`);
  }

  function renew() {
    const chance = random(seed++), size = net.layers[0].in;
    codes = Array.from({ length: N }, () => chance.normals(size));
    work(draw());
  }

  const way = slider({
    label: "On the way to it", min: 0, max: 1, step: 0.02, value: 0, format: (v) => `${Math.round(100 * v)} %`,
    act: () => work(draw()),
  });
  const first = choice("Draw a", digits, label, (chosen) => {
    label = chosen;
    work(draw());
  });
  const second = choice("Another digit", digits, other, (chosen) => {
    other = chosen;
    work(draw());
  });
  stage.append(first, el("div", { class: "playground-wide" }, pictures), row(button("New codes", renew)), second, way);
  renew();
});
