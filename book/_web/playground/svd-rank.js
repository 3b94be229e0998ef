// needs: linalg.js models/photo.js
/* A photograph, or the reader's own picture, from its first k singular triplets. */
"use strict";

Playground.define("svd-rank", (stage) => {
  const { el, row, slider, button, slices, frame, painted, colour, picture, say, linalg, models } = Playground;
  const LARGEST = 160; // pixels on the longer side of a reader's own picture
  const work = slices();
  let grey, width, height, found = null, canvas = null, k = 10;

  const space = el("div", { class: "playground-pictures" });
  const words = el("p", { class: "playground-words" });
  const rank = slider({
    label: "Rank k", min: 0, max: 1, step: 1, value: 1,
    act: (v) => {
      k = v;
      frame(draw);
    },
  });

  /* The picture shorter than wide, or its transpose, so that as few columns as possible are to be turned. */
  function open(pixels, w, h, name) {
    [grey, width, height, found] = [pixels, w, h, null];
    const original = picture(`${name}, in grey`, w, h);
    canvas = picture(`${name}, from its first singular triplets`, w, h);
    original.show(grey);
    canvas.show(grey);
    space.replaceChildren(labelled(original, "as it is"), labelled(canvas, "rank k"));
    rank.bounds(0, Math.min(w, h));
    words.textContent = "Factorizing …";
    work(factorize());
  }

  const labelled = (picture, caption) => el("figure", {}, picture, el("figcaption", {}, caption));

  function* factorize() {
    const wide = width > height, tall = wide ? transposed(grey, height, width) : grey;
    const { U, s, V } = yield* linalg.svd(tall, Math.max(width, height), Math.min(width, height));
    found = wide ? { U: V, s, V: U } : { U, s, V };
    k = Math.min(k, s.length);
    rank.set(k);
    frame(draw);
    curve();
  }

  function transposed(A, rows, columns) {
    return Float64Array.from(A, (_, i) => A[(i % rows) * columns + Math.floor(i / rows)]);
  }

  function draw() {
    if (!found) return;
    canvas.show(linalg.truncated(found, k, height, width));
    const tail = linalg.dot(found.s.slice(k), found.s.slice(k)), all = linalg.dot(found.s, found.s);
    const numbers = k * (width + height + 1), share = (100 * numbers) / (width * height);
    words.textContent =
      `Rank ${k} of ${found.s.length}: ${numbers.toLocaleString("en")} numbers, ${share.toFixed(0)} % of the ` +
      `picture's ${(width * height).toLocaleString("en")}; relative error ${Math.sqrt(tail / all).toFixed(3)}.`;
    say(words.textContent);
    curve();
  }

  /* The singular values on a logarithmic scale, those in use filled in. */
  const plot = el("canvas", {
    class: "playground-plot", width: 720, height: 200, role: "img", "aria-label": "Singular values, falling",
  });
  const curve = painted(() => {
    if (!found) return;
    const context = plot.getContext("2d"), { s } = found, least = s[0] * 1e-4;
    const down = (v) => (190 * Math.log(s[0] / Math.max(v, least))) / Math.log(1e4) + 5;
    const at = (i) => [(720 * (i + 0.5)) / s.length, down(s[i])];
    context.clearRect(0, 0, 720, 200);
    s.forEach((_, i) => {
      const [x, y] = at(i);
      context.fillStyle = colour(i < k ? "1" : "line");
      context.fillRect(x - 260 / s.length, y, 520 / s.length, 200 - y);
    });
  });

  const file = el("input", { type: "file", accept: "image/*", id: "playground-own-picture" });
  file.addEventListener("change", async () => {
    if (!file.files.length) return;
    try {
      own(await createImageBitmap(file.files[0]));
    } catch {
      words.textContent = "The browser cannot read this file as a picture.";
    }
  });

  function own(bitmap) {
    const ratio = Math.min(1, LARGEST / Math.max(bitmap.width, bitmap.height));
    const [w, h] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * ratio)));
    const context = el("canvas", { width: w, height: h }).getContext("2d");
    context.drawImage(bitmap, 0, 0, w, h);
    const { data } = context.getImageData(0, 0, w, h);
    const light = (i) => (0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2]) / 255;
    open(Float64Array.from({ length: w * h }, (_, i) => light(i)), w, h, "Your picture");
  }

  function first() {
    const { pixels, width, height, name } = models.photo;
    open(Float64Array.from(atob(pixels), (c) => c.charCodeAt(0) / 255), width, height, name);
  }

  const label = el("label", { for: file.id }, "Your own picture (it stays in this page)");
  const other = el("div", { class: "playground-file" }, label, file);
  const values = labelled(plot, "the singular values, from σ₁ down to σ₁/10,000 by equal factors; filled: those in use");
  stage.append(space, rank, words, values, row(other, button("The photograph again", first)));
  first();
});
