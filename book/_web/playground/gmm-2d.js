// needs: linalg.js
/* Points that can be dragged, and a mixture of Gaussians that follows them, one half of a step at a time. */
"use strict";

Playground.define("gmm-2d", (stage) => {
  const { el, row, slider, button, choice, number, plane, colour, arrow, say, random, linalg } = Playground;
  const REACH = 4, REG = 1e-3, first = random(7);
  let points, mixture, r, drawn = [], K = 3, steps = 0, held = -1, at = [0, 0], seed = 1, running = 0, taking = false;

  function heaps() {
    const middles = [[-1.8, 1.2, 0.5, 0.9], [1.6, 1.5, 0.9, 0.35], [0.4, -1.6, 1.0, 0.5]];
    points = middles.flatMap(([x, y, a, b]) =>
      Array.from({ length: 30 }, () => [x + a * first.normal(), y + b * first.normal()].map(inside)),
    );
    begin();
  }

  const counted = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;
  const inside = (v) => Math.max(-REACH, Math.min(REACH, v));

  /* Means on points, each drawn in proportion to its squared distance from those before (k-means++);
     the first by chance alone. */
  function begin() {
    const chance = random(seed++), means = [];
    while (means.length < K && points.length) {
      const far = points.map((p) => Math.min(...means.map((m) => (p[0] - m[0]) ** 2 + (p[1] - m[1]) ** 2), 1e3));
      let left = chance() * far.reduce((a, b) => a + b, 0);
      const i = far.findIndex((d) => (left -= d) <= 0);
      means.push([...points[Math.max(0, i)]]);
    }
    mixture = means.map((mean) => ({ weight: 1 / means.length, mean, cov: [0.5, 0, 0.5] }));
    [r, steps, drawn] = [null, 0, []];
    stop();
    tell("A new start.");
  }

  function assign() {
    if (points.length) r = linalg.assign(points, mixture).r;
    tell("E-step: every point has its shares.");
  }

  function move() {
    if (!points.length) return tell("There are no points.");
    mixture = linalg.move(points, r || linalg.assign(points, mixture).r, REG);
    steps++;
    drawn = [];
    tell(`M-step ${steps}.`);
  }

  function stop() {
    clearInterval(running);
    running = 0;
    run.textContent = "Run";
  }

  function toggle() {
    if (running) return stop();
    let before = -Infinity;
    run.textContent = "Stop";
    running = setInterval(() => {
      assign();
      move();
      const now = points.length ? linalg.assign(points, mixture).logLikelihood : 0;
      if (!points.length || Math.abs(now - before) < 1e-5 || steps > 300) stop();
      before = now;
    }, 120);
  }

  /* The lower triangle L with LLᵀ = Σ, and μ + L(u, v). */
  function root([xx, xy, yy]) {
    const a = Math.sqrt(xx), b = xy / a;
    return [a, b, Math.sqrt(Math.max(0, yy - b * b))];
  }
  const from = (mean, [a, b, c], u, v) => [mean[0] + a * u, mean[1] + b * u + c * v];

  function sample() {
    if (!mixture.length) return tell("There are no points.");
    const chance = random(seed++);
    drawn = Array.from({ length: 60 }, () => {
      let left = chance();
      const { mean, cov } = mixture.find(({ weight }) => (left -= weight) <= 0) || mixture.at(-1);
      return from(mean, root(cov), chance.normal(), chance.normal());
    });
    tell("60 new points from the mixture, as crosses.");
  }

  function paint(context, to) {
    context.textAlign = "center";
    context.textBaseline = "middle";
    mixture.forEach((component, k) => ellipses(context, to, component, k));
    context.font = "bold 15px sans-serif";
    points.forEach((point, i) => {
      const k = r ? r[i].indexOf(Math.max(...r[i])) : -1;
      context.fillStyle = colour(k < 0 ? "ink" : k + 1);
      context.fillText(k < 0 ? "•" : k + 1, ...to(...point));
    });
    mixture.forEach(({ mean }, k) => middle(context, to(...mean), k));
    context.strokeStyle = colour("ink");
    context.lineWidth = 1.5;
    context.beginPath();
    drawn.map((point) => to(...point)).forEach(([x, y]) => {
      [[-4, -4, 4, 4], [-4, 4, 4, -4]].forEach(([a, b, c, d]) => {
        context.moveTo(x + a, y + b);
        context.lineTo(x + c, y + d);
      });
    });
    context.stroke();
    if (document.activeElement === canvas) {
      const [x, y] = to(...at);
      context.strokeRect(x - 9, y - 9, 18, 18);
    }
  }

  /* Where the component's density is that of one and of two standard deviations. */
  function ellipses(context, to, { mean, cov }, k) {
    context.strokeStyle = colour(k + 1);
    context.lineWidth = 2.5;
    for (const radius of [1, 2]) {
      context.beginPath();
      for (let t = 0; t <= 64; t++) {
        const angle = (t * Math.PI) / 32, u = radius * Math.cos(angle), v = radius * Math.sin(angle);
        context.lineTo(...to(...from(mean, root(cov), u, v)));
      }
      context.stroke();
    }
  }

  function middle(context, [x, y], k) {
    context.fillStyle = colour(k + 1);
    context.beginPath();
    context.arc(x, y, 13, 0, 7);
    context.fill();
    context.fillStyle = colour("ground");
    context.fillText(k + 1, x, y);
  }

  function nearest(x, y) {
    const far = points.map((p) => Math.hypot(p[0] - x, p[1] - y));
    const i = far.indexOf(Math.min(...far));
    return far[i] < 0.25 ? i : -1;
  }

  function add(x, y) {
    points.push([inside(x), inside(y)]);
    r = null;
    if (mixture.length < K) begin();
    else tell(`${counted(points.length, "point")}.`);
    return points.length - 1;
  }

  function remove(i) {
    if (i < 0) return tell("There is no point here.");
    points.splice(i, 1);
    r = null;
    tell(`${counted(points.length, "point")}.`);
  }

  function key(event) {
    const step = arrow(event, 0.1);
    if (step) at = [inside(at[0] + step[0]), inside(at[1] + step[1])];
    else if (event.key === " ") add(...at);
    else if (event.key === "Delete" || event.key === "Backspace") remove(nearest(...at));
    else return false;
    if (step) say(`at ${number(at[0], 1)}, ${number(at[1], 1)}`);
    canvas.redraw();
    return true;
  }

  function point(x, y, phase) {
    at = [inside(x), inside(y)];
    const near = nearest(x, y);
    if (taking) return phase !== "up" && near >= 0 ? remove(near) : canvas.redraw();
    if (phase === "down") held = near < 0 ? add(x, y) : near;
    if (held >= 0 && points[held]) points[held] = [...at];
    if (r) r = linalg.assign(points, mixture).r;
    if (phase === "up") held = -1;
    canvas.redraw();
  }

  function tell(what) {
    const { logLikelihood } = points.length ? linalg.assign(points, mixture) : { logLikelihood: NaN };
    const value = points.length ? number(logLikelihood, 4) : "–";
    words.textContent = `${what} ${counted(steps, "step")}; log-likelihood ${value} nats a point.`;
    say(words.textContent);
    canvas.redraw();
  }

  const words = el("p", { class: "playground-words" });
  const run = button("Run", toggle);
  const canvas = plane({
    label: "Plane of points. Arrow keys move the frame, Space adds a point there, Delete takes one away.",
    reach: REACH, paint: (...all) => points && paint(...all), point, key,
  });
  ["focus", "blur"].forEach((event) => canvas.addEventListener(event, canvas.redraw));
  const components = slider({
    label: "Components", min: 1, max: 6, step: 1, value: K,
    act: (v) => {
      K = v;
      begin();
    },
  });
  const pressing = choice("A press on the plane", [[false, "adds or drags"], [true, "takes away"]], false, (chosen) => {
    taking = chosen;
  });
  const clear = () => {
    points = [];
    begin();
  };
  stage.append(
    row(canvas, el("div", { class: "playground-side" }, components,
      row(button("E-step", assign), button("M-step", move), run),
      row(button("New start", begin), button("Sample", sample)),
      row(button("First points", heaps), button("No points", clear)), pressing, words)),
  );
  heaps();
});
