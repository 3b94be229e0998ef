// needs: nn.js models/cnn.js
/* A pad to draw on, the picture as MNIST would have it, what the network says, and the maps of its layers. */
"use strict";

(() => {
  const SIDE = 28, BOX = 20;

  /* As MNIST was made: the ink's box scaled until its longer side is 20 pixels, each pixel the mean of what it covers,
     then moved until the centre of mass lies in the middle of 28 × 28. Null where there is no ink. */
  function asMnist(ink, width, height) {
    const { left, right, top, bottom } = reach(ink, width, height);
    if (right < left) return null;
    const w = right - left + 1, h = bottom - top + 1, ratio = BOX / Math.max(w, h);
    const columns = Math.max(1, Math.round(w * ratio)), rows = Math.max(1, Math.round(h * ratio));
    const small = new Float64Array(rows * columns);
    let mass = 0, x = 0, y = 0;
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++) {
        const x0 = left + (c * w) / columns, y0 = top + (r * h) / rows;
        const v = mean(ink, width, x0, x0 + w / columns, y0, y0 + h / rows);
        small[r * columns + c] = v;
        [mass, x, y] = [mass + v, x + v * (c + 0.5), y + v * (r + 0.5)];
      }
    return placed(small, rows, columns, Math.round(SIDE / 2 - x / mass), Math.round(SIDE / 2 - y / mass));
  }

  /* The smallest box that holds all ink. */
  function reach(ink, width, height) {
    let left = width, right = -1, top = height, bottom = -1;
    for (let y = 0, i = 0; y < height; y++)
      for (let x = 0; x < width; x++, i++)
        if (ink[i] > 0.1) {
          [left, right] = [Math.min(left, x), Math.max(right, x)];
          [top, bottom] = [Math.min(top, y), y];
        }
    return { left, right, top, bottom };
  }

  /* The mean over x0 … x1, y0 … y1, pixels at the edge counted by the share that lies inside. */
  function mean(ink, width, x0, x1, y0, y1) {
    let sum = 0;
    for (let y = Math.floor(y0); y < y1; y++)
      for (let x = Math.floor(x0); x < x1; x++) {
        const share = (Math.min(x + 1, x1) - Math.max(x, x0)) * (Math.min(y + 1, y1) - Math.max(y, y0));
        if (share > 0) sum += share * (ink[y * width + x] || 0);
      }
    return sum / ((x1 - x0) * (y1 - y0));
  }

  function placed(small, rows, columns, right, down) {
    const x = new Float64Array(SIDE * SIDE);
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++) {
        const [i, j] = [r + down, c + right];
        if (i >= 0 && i < SIDE && j >= 0 && j < SIDE) x[i * SIDE + j] = small[r * columns + c];
      }
    return x;
  }

  Playground.asMnist = asMnist;

  Playground.define("draw-a-digit", (stage, [model]) => {
    const { el, row, button, choice, frame, picture, sheet, plane, colour, arrow, say, nn } = Playground;
    const PAD = 280, PEN = 22, net = nn.net(model), examples = nn.bytes(net.examples);
    const paper = el("canvas", { width: PAD, height: PAD }), ink = paper.getContext("2d", { willReadFrequently: true });
    const grey = new Float64Array(PAD * PAD);
    let pen = [0, 0], down = false, layer = 0, shown = 0, kept = [];

    function clear() {
      ink.fillStyle = "#000";
      ink.fillRect(0, 0, PAD, PAD);
      down = false;
      changed();
    }

    const on = ([x, y]) => [(PAD / 2) * (1 + x), (PAD / 2) * (1 - y)];
    function stroke(from, to) {
      ink.strokeStyle = "#fff";
      ink.lineWidth = PEN;
      ink.lineCap = ink.lineJoin = "round";
      ink.beginPath();
      ink.moveTo(...on(from));
      ink.lineTo(...on(to));
      ink.stroke();
      changed();
    }

    function changed() {
      pad.redraw();
      frame(read);
    }

    function key(event) {
      const step = arrow(event, 0.06), before = pen;
      if (step) {
        pen = pen.map((v, i) => Math.max(-1, Math.min(1, v + step[i])));
        if (down) stroke(before, pen);
      } else if (event.key === " ") {
        down = !down;
        if (down) stroke(pen, pen);
        say(down ? "pen down" : "pen up");
      } else if (event.key === "Delete" || event.key === "Backspace") clear();
      else return false;
      pad.redraw();
      return true;
    }

    const pad = plane({
      label: "Pad. Arrow keys move the pen, Space puts it down and lifts it, Delete clears the pad.",
      reach: 1, key,
      point: (x, y, phase) => {
        if (phase === "down") pen = [x, y];
        if (phase !== "up") stroke(pen, [x, y]);
        pen = [x, y];
      },
      paint: (context, at, side) => {
        context.drawImage(paper, 0, 0, side, side);
        if (document.activeElement !== pad) return;
        context.strokeStyle = colour(down ? "pen-down" : "pen-up");
        context.lineWidth = 3;
        context.beginPath();
        context.arc(...at(...pen), 14, 0, 7);
        context.stroke();
      },
    });
    ["focus", "blur"].forEach((event) => pad.addEventListener(event, pad.redraw));

    const seen = picture("What the network sees: 28 × 28 pixels", SIDE);
    const rows = Array.from({ length: 10 }, (_, digit) => {
      const bar = el("span", { class: "playground-bar" }), share = el("td");
      const line = el("tr", {}, el("th", { scope: "row" }, String(digit)), el("td", {}, bar), share);
      return { line, bar, share };
    });

    function read() {
      const { data } = ink.getImageData(0, 0, PAD, PAD);
      for (let i = 0; i < grey.length; i++) grey[i] = data[4 * i] / 255;
      const x = asMnist(grey, PAD, PAD);
      seen.show(x || new Float64Array(SIDE * SIDE));
      kept = [];
      const p = x ? nn.softmax(nn.forward(net, x, kept)) : Array(10).fill(0);
      const best = p.indexOf(Math.max(...p));
      rows.forEach(({ line, bar, share }, i) => {
        bar.style.width = `${100 * p[i]}%`;
        share.textContent = x ? percent(p[i]) : "";
        line.classList.toggle("playground-best", Boolean(x) && i === best);
      });
      stage.dataset.said = x ? best : "";
      say(x ? `read as ${best}, ${percent(p[best])}` : "The pad is empty.");
      maps();
    }

    const percent = (p) => (p > 0.99 ? "> 99 %" : p < 0.01 ? "< 1 %" : `${Math.round(100 * p)} %`);

    /* The maps of the chosen convolution, the brightest entry of the layer white. */
    const space = el("div", { class: "playground-maps" });
    const convolutions = net.layers.map((l, i) => [l, i]).filter(([l]) => l.kind === "conv");
    let grid = null;
    function maps() {
      const [{ out, kernel, shape }, index] = convolutions[layer], size = shape[1] - kernel + 1, y = kept[index];
      const label = `${out} maps of convolution ${layer + 1}, ${size} × ${size} entries each`;
      if (!grid || grid.layer !== layer) {
        grid = sheet(label, out / 8, 8, size);
        grid.layer = layer;
        space.replaceChildren(el("figure", {}, grid, el("figcaption", {}, label)));
      }
      const top = (y && y.reduce((a, b) => Math.max(a, b))) || 1, blank = new Float64Array(size * size);
      for (let k = 0; k < out; k++)
        grid.put(k, y ? y.subarray(k * size * size, (k + 1) * size * size).map((v) => v / top) : blank);
    }

    function example() {
      const digit = el("canvas", { width: SIDE, height: SIDE }), small = digit.getContext("2d");
      const bright = examples.subarray(shown * SIDE * SIDE, (shown + 1) * SIDE * SIDE);
      shown = (shown + 1) % (examples.length / SIDE / SIDE);
      const data = new ImageData(SIDE, SIDE);
      bright.forEach((v, i) => data.data.set([v, v, v, 255], 4 * i));
      small.putImageData(data, 0, 0);
      ink.drawImage(digit, 0, 0, PAD, PAD);
      changed();
    }

    const which = choice("Maps of convolution", convolutions.map((_, i) => [i, String(i + 1)]), 0, (chosen) => {
      layer = chosen;
      frame(maps);
    });
    const says = el("table", { class: "playground-says" }, el("tbody", {}, ...rows.map((r) => r.line)));
    stage.append(
      row(
        el("div", {}, pad, row(button("Clear", clear), button("An example", example))),
        el("div", { class: "playground-side" },
          el("figure", {}, seen, el("figcaption", {}, "what the network sees")), says),
      ),
      which, space,
    );
    clear();
    example();
  });
})();
