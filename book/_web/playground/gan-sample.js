// needs: nn.js models/gan.js models/dcgan.js
/* New pictures from codes: draw codes, walk from one set to the next, make them shorter or longer. */
"use strict";

Playground.define("gan-sample", (stage, models) => {
  const { el, row, slider, button, choice, slices, sheet, say, random, nn } = Playground;
  const N = 18, titles = { gan: "dense layers", dcgan: "transposed convolutions" };
  const work = slices(), pictures = sheet("Generated digits", 3, 6);
  let model = models.at(-1), seed = 1, at = 0, from, to;

  /* All of them, beginning behind the one drawn last: while a slider moves each has its turn. */
  function* draw() {
    const net = nn.net(model);
    for (let n = 0; n < N; n++) {
      const i = (at = (at + 1) % N);
      const z = nn.between(from[i], to[i], walk.value()).map((v) => v * spread.value());
      pictures.put(i, nn.grey(net, nn.forward(net, z)));
      yield i;
    }
    say(`${N} pictures drawn`);
  }

  function codes() {
    const chance = random(seed++), size = nn.net(model).layers[0].in;
    const some = () => Array.from({ length: N }, () => chance.normals(size));
    [from, to] = [some(), some()];
    work(draw());
  }

  const percent = (v) => `${Math.round(100 * v)} %`;
  const again = () => work(draw());
  const given = { min: 0, format: percent, act: again };
  const walk = slider({ label: "Walk to other codes", max: 1, step: 0.01, value: 0, ...given });
  const spread = slider({ label: "Length of the codes", max: 2, step: 0.05, value: 1, ...given });
  const which = choice("Generator", models.map((name) => [name, titles[name]]), model, (chosen) => {
    model = chosen;
    codes();
  });
  const side = el("div", { class: "playground-side" }, button("New codes", codes), walk, spread);
  if (models.length > 1) side.prepend(which);
  stage.append(row(el("div", { class: "playground-wide" }, pictures), side));
  codes();
});
