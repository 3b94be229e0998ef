// needs: linalg.js
/* The unit ball of a norm, its image under a 2 × 2 matrix that can be dragged, and the smallest ball around it. */
"use strict";

Playground.define("norms", (stage) => {
  const { el, row, slider, choice, number, plane, colour, arrow, say, linalg } = Playground;
  const REACH = 3.2, names = ["a₁₁", "a₁₂", "a₂₁", "a₂₂"], balls = { 1: "1", 2: "2", inf: "∞" };
  let A = [1.4, 0.5, 0.3, 0.9], p = "2", held = 0; // A row by row; held: the column that the keys move

  const size = { 1: (n) => n.one, 2: (n) => n.two, inf: (n) => n.inf };
  const outline = {
    1: [[1, 0], [0, 1], [-1, 0], [0, -1]],
    2: Array.from({ length: 96 }, (_, i) => [Math.cos((i * Math.PI) / 48), Math.sin((i * Math.PI) / 48)]),
    inf: [[1, 1], [-1, 1], [-1, -1], [1, -1]],
  };
  const image = ([x, y]) => [A[0] * x + A[1] * y, A[2] * x + A[3] * y];

  function trace(context, at, points) {
    context.beginPath();
    points.forEach((point) => context.lineTo(...at(...point)));
    context.closePath();
  }

  function paint(context, at, side) {
    context.lineWidth = 1;
    context.strokeStyle = colour("line");
    for (let i = -3; i <= 3; i++) {
      const [x, y] = at(i, i);
      context.strokeRect(x, -1, 0, side + 2);
      context.strokeRect(-1, y, side + 2, 0);
    }
    const norm = size[p](linalg.norms(A));
    context.lineWidth = 2;
    trace(context, at, outline[p].map(image));
    context.globalAlpha = 0.3;
    context.fillStyle = colour("2");
    context.fill();
    context.globalAlpha = 1;
    context.strokeStyle = colour("2");
    context.stroke();
    context.strokeStyle = colour("ink");
    trace(context, at, outline[p]);
    context.stroke();
    context.setLineDash([7, 5]);
    trace(context, at, outline[p].map(([x, y]) => [norm * x, norm * y]));
    context.stroke();
    context.setLineDash([]);
    [0, 1].forEach((k) => column(context, at, k));
  }

  function column(context, at, k) {
    const tip = at(A[k], A[2 + k]);
    context.strokeStyle = context.fillStyle = colour("1");
    context.lineWidth = 3;
    context.beginPath();
    context.moveTo(...at(0, 0));
    context.lineTo(...tip);
    context.stroke();
    context.beginPath();
    context.arc(...tip, 13, 0, 7);
    context.fill();
    if (k === held) {
      context.strokeStyle = colour("ink");
      context.stroke();
    }
    context.fillStyle = colour("ground");
    context.font = "bold 15px sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(k + 1, ...tip);
  }

  const clip = (v) => Math.round(20 * Math.min(3, Math.max(-3, v))) / 20;
  function put(k, x, y) {
    A[k] = clip(x);
    A[2 + k] = clip(y);
    ranges.forEach((range, i) => range.set(A[i]));
    tell();
  }

  function key(event) {
    if ("12".includes(event.key)) {
      held = event.key - 1;
      say(`column ${event.key}`);
      canvas.redraw();
      return true;
    }
    const step = arrow(event, 0.05);
    if (step) put(held, A[held] + step[0], A[2 + held] + step[1]);
    return step;
  }

  const canvas = plane({
    label: "Plane with the unit ball and its image. Keys 1 and 2 choose a column, the arrow keys move it.",
    reach: REACH, paint, key,
    point: (x, y, phase) => {
      if (phase === "down") held = +(Math.hypot(x - A[1], y - A[3]) < Math.hypot(x - A[0], y - A[2]));
      put(held, x, y);
    },
  });
  const ranges = names.map((label, i) =>
    slider({
      label, min: -3, max: 3, step: 0.05, value: A[i], format: number,
      act: (v) => {
        A[i] = v;
        tell();
      },
    }),
  );
  const facts = el("tbody");

  function tell() {
    const n = linalg.norms(A), round = (v) => (v === Infinity ? "∞" : v.toFixed(3));
    const lines = {
      "‖A‖₁": n.one, "‖A‖₂ = σ₁": n.two, "‖A‖∞": n.inf, "‖A‖ Frobenius": n.fro, "σ₂": n.s[1], "κ = σ₁/σ₂": n.condition,
    };
    const line = ([name, v]) => el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, round(v)));
    facts.replaceChildren(...Object.entries(lines).map(line));
    say(`norm for p = ${balls[p]}: ${round(size[p](n))}; condition ${round(n.condition)}`);
    canvas.redraw();
  }

  const which = choice("Ball of the norm", Object.entries(balls).map(([v, l]) => [v, `p = ${l}`]), p, (chosen) => {
    p = chosen;
    tell();
  });
  stage.append(row(canvas, el("div", { class: "playground-side" }, which, ...ranges, el("table", {}, facts))));
  tell();
});
