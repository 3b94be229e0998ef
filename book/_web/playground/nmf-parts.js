// needs: linalg.js models/parts.js
/* A digit as a sum of parts: one slider for each row of H, and the rule of the chapter that finds their places. */
"use strict";

Playground.define("nmf-parts", (stage) => {
  const { el, row, slider, button, choice, frame, picture, say, linalg, models } = Playground;
  const { parts, wholes, size, reach } = unpacked(models.parts);
  let w = parts.map(() => 0), x = null;

  /* Parts as int8 with a scale each, wholes as bytes. */
  function unpacked({ scales, parts, wholes, size, ...rest }) {
    const n = size * size, q = Int8Array.from(atob(parts), (c) => c.charCodeAt(0)), bytes = atob(wholes);
    return {
      ...rest, size,
      parts: scales.map((scale, k) => Float64Array.from(q.subarray(k * n, (k + 1) * n), (v) => v * scale)),
      wholes: Array.from({ length: bytes.length / n }, (_, i) =>
        Float64Array.from({ length: n }, (_, p) => bytes.charCodeAt(i * n + p) / 255)),
    };
  }

  const target = picture("The digit to be drawn", size);
  const drawn = picture("The sum of the parts", size);
  const words = el("p", { class: "playground-words" });
  const ranges = parts.map((part, k) => {
    const range = slider({
      label: `Part ${k + 1}`, min: 0, max: reach, step: 0.02, value: 0, format: (v) => v.toFixed(2),
      act: (v) => {
        w[k] = v;
        frame(draw);
      },
    });
    const top = Math.max(...part), icon = picture(`part ${k + 1}`, size);
    icon.show(part.map((v) => (2 * v) / top)); // brighter than it is, to be seen at this size
    range.prepend(icon);
    return range;
  });

  function draw() {
    const sum = linalg.sum(parts, w), miss = sum.map((v, i) => v - x[i]);
    drawn.show(sum);
    const error = Math.sqrt(linalg.dot(miss, miss) / linalg.dot(x, x)), used = w.filter((v) => v >= 0.02).length;
    words.textContent = `${used} of ${parts.length} parts in use; relative error ${error.toFixed(3)}.`;
    say(words.textContent);
  }

  function put(now) {
    w = now;
    ranges.forEach((range, k) => range.set(w[k]));
    frame(draw);
  }

  /* The rule cannot leave a zero: it starts from ones where all are zero. */
  function step(times) {
    let now = w.some((v) => v > 0) ? w : w.map(() => 0.1);
    for (let i = 0; i < times; i++) now = linalg.parts(x, parts, now);
    put(now);
  }

  const digits = wholes.map((_, i) => [i, String(i)]);
  const which = choice("Digit to be drawn", digits, 3, (i) => {
    x = wholes[i];
    target.show(x);
    frame(draw);
  });
  x = wholes[3];
  target.show(x);
  const labelled = (canvas, caption) => el("figure", {}, canvas, el("figcaption", {}, caption));
  stage.append(
    which,
    row(
      el("div", { class: "playground-pictures playground-small" },
        labelled(target, "the digit"), labelled(drawn, "sum of the parts")),
      el("div", { class: "playground-side" },
        row(button("One step of the rule", () => step(1)), button("100 steps", () => step(100)),
          button("All to zero", () => put(w.map(() => 0)))), words),
    ),
    el("div", { class: "playground-parts" }, ...ranges),
  );
  step(100);
});
