/* The playgrounds of the book: finds their boxes, loads what each needs when it comes near, and mounts it.

   Scripts are injected and pictures come as data, so that a page works from the disk too and asks no other host.
   define(name, mount)   a playground: mount(stage, models) fills its box
   model(name, content)  what models/NAME.js holds
   The rest are the few things all playgrounds are made of: controls, canvases, words for those who cannot see them. */
"use strict";

window.Playground = (() => {
  const kinds = {}, models = {}, loading = {};

  // -- loading ---------------------------------------------------------------------------------------------------

  function load(url) {
    loading[url] ??= new Promise((resolve, reject) => {
      const script = el("script", { src: url });
      script.async = false; // in the order of asking
      script.onload = resolve;
      script.onerror = () => reject(new Error(`${url} did not load`));
      document.head.append(script);
    });
    return loading[url];
  }

  async function start(box) {
    const stage = el("div", { class: "playground-stage" });
    try {
      await Promise.all(JSON.parse(box.dataset.scripts).map(load));
      box.insertBefore(stage, box.querySelector(".playground-fallback"));
      kinds[box.dataset.playground](stage, JSON.parse(box.dataset.models));
      box.dataset.state = "ready";
    } catch (error) {
      stage.remove(); // the picture stays
      box.dataset.state = "failed";
      console.error(error);
    }
  }

  function watch() {
    const near = new IntersectionObserver(
      (seen) =>
        seen.filter((s) => s.isIntersecting).forEach((s) => {
          near.unobserve(s.target);
          start(s.target);
        }),
      { rootMargin: "800px" },
    );
    document.querySelectorAll(".playground[data-scripts]").forEach((box) => near.observe(box));
    document.body.append(voice);
    const repaint = () => paints.forEach(frame);
    new MutationObserver(repaint).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    window.matchMedia("(forced-colors: active)").addEventListener("change", repaint);
  }

  // -- elements --------------------------------------------------------------------------------------------------

  function el(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
    element.append(...children);
    return element;
  }

  function button(label, act) {
    const element = el("button", { type: "button", class: "playground-button" }, label);
    element.addEventListener("click", act);
    return element;
  }

  /* A labelled range; `format` says its value in words, for the eye and for a screen reader. */
  let count = 0;
  function slider({ label, min, max, step, value, format = String, act }) {
    const id = `playground-range-${++count}`;
    const input = el("input", { type: "range", id, min, max, step, value });
    const words = el("span", { class: "playground-value" });
    const show = () => {
      words.textContent = format(+input.value);
      input.setAttribute("aria-valuetext", words.textContent);
    };
    input.addEventListener("input", () => {
      show();
      act(+input.value);
    });
    show();
    const element = el("div", { class: "playground-range" }, el("label", { for: id }, label),
      el("div", { class: "playground-track" }, input, words));
    element.set = (now) => {
      input.value = now;
      show();
    };
    element.bounds = (low, high) => {
      input.min = low;
      input.max = high;
      show();
    };
    element.value = () => +input.value;
    return element;
  }

  /* One of several, as radio buttons; options are [value, label]. */
  function choice(legend, options, chosen, act) {
    const name = `playground-choice-${++count}`;
    const entries = options.map(([value, label]) => {
      const input = el("input", { type: "radio", name, value });
      input.checked = value === chosen;
      input.addEventListener("change", () => act(value));
      return el("label", {}, input, el("span", {}, label));
    });
    return el("fieldset", { class: "playground-choice" }, el("legend", {}, legend), ...entries);
  }

  /* With a minus sign instead of a hyphen, and none before a zero. */
  const number = (v, digits = 2) => v.toFixed(digits).replace(/^-(?=[0.]*$)/, "").replace("-", "−");

  const row = (...children) => el("div", { class: "playground-row" }, ...children);

  // -- words for those who do not see the canvas -----------------------------------------------------------------

  const voice = el("div", { class: "playground-voice", role: "status", "aria-live": "polite" });
  let pending = 0;
  function say(text) {
    clearTimeout(pending); // not every value on the way, only where it came to rest
    pending = setTimeout(() => (voice.textContent = text), 350);
  }

  // -- drawing ---------------------------------------------------------------------------------------------------

  const wanted = new Set(), paints = [];
  let drawn = 0;

  /* Draw with the next frame of the screen, once, however often it is asked for. */
  function frame(paint) {
    if (!wanted.size) requestAnimationFrame(flush);
    wanted.add(paint);
  }

  function flush() {
    const now = [...wanted];
    wanted.clear();
    now.forEach((paint) => paint());
    drawn++;
  }

  /* A long work in pieces of a few milliseconds, one each frame; asking again drops the work before. */
  function slices() {
    let work = null;
    const run = () => {
      const until = performance.now() + 9;
      while (work && performance.now() < until) if (work.next().done) work = null;
      if (work) frame(run);
    };
    return (next) => {
      work = next;
      frame(run);
    };
  }

  /* Paint now, and again when the theme changes. */
  function painted(paint) {
    paints.push(paint);
    frame(paint);
    return () => frame(paint);
  }

  const probe = el("span", { hidden: "" });
  /* A colour of playground.css as the browser resolves it: "ink", "ground", "line", "1" … "6". */
  function colour(name) {
    if (!probe.isConnected) document.body.append(probe);
    probe.style.color = `var(--play-${name})`;
    return getComputedStyle(probe).color;
  }

  /* A picture of grey values in [0, 1], pixel for pixel; CSS makes it larger. */
  function picture(label, width, height = width) {
    const canvas = el("canvas", { class: "playground-picture", width, height, role: "img", "aria-label": label });
    canvas.show = (grey, at = 0, column = 0, w = width, h = height) =>
      canvas.getContext("2d").putImageData(image(grey, w, h), column, at);
    return canvas;
  }

  function image(grey, w, h) {
    const found = new ImageData(w, h), { data } = found; // whose entries round and cut off by themselves
    for (let i = 0, to = 0; i < w * h; i++, to += 4) {
      data[to] = data[to + 1] = data[to + 2] = 255 * grey[i];
      data[to + 3] = 255;
    }
    return found;
  }

  /* A grid of pictures, as the book prints them: a frame of 1 pixel around each. */
  function sheet(label, rows, columns, size = 28) {
    const canvas = picture(label, columns * (size + 2), rows * (size + 2));
    canvas.put = (i, grey) =>
      canvas.show(grey, Math.floor(i / columns) * (size + 2) + 1, (i % columns) * (size + 2) + 1, size, size);
    return canvas;
  }

  /* A plane to point at: `reach` is half its width in its own units; y grows upward. `point(x, y, phase)` is told
     where the pointer is down, moves or is up; `key(event)` returns whether it knew the key. */
  function plane({ label, reach, paint, point, key }) {
    const size = 360;
    const canvas = el("canvas", { class: "playground-plane", tabindex: "0", role: "application", "aria-label": label });
    const scale = Math.min(3, window.devicePixelRatio || 1);
    canvas.width = canvas.height = size * scale;
    const context = canvas.getContext("2d");
    const at = (x, y) => [(size / 2) * (1 + x / reach), (size / 2) * (1 - y / reach)];
    const redraw = painted(() => {
      context.setTransform(scale, 0, 0, scale, 0, 0);
      context.clearRect(0, 0, size, size);
      paint(context, at, size);
    });
    if (point) pointing(canvas, reach, point);
    if (key) canvas.addEventListener("keydown", (e) => key(e) && e.preventDefault());
    canvas.redraw = redraw;
    return canvas;
  }

  function pointing(canvas, reach, point) {
    let down = false;
    const tell = (phase) => (event) => {
      if (phase === "down" && event.button) return; // another button than the first
      if (phase === "down") {
        canvas.setPointerCapture(event.pointerId);
        down = true;
      }
      const box = canvas.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * 2 - 1, y = 1 - ((event.clientY - box.top) / box.height) * 2;
      if (down) point(x * reach, y * reach, phase);
      if (phase === "up") down = false;
    };
    canvas.addEventListener("pointerdown", tell("down"));
    canvas.addEventListener("pointermove", tell("move"));
    canvas.addEventListener("pointerup", tell("up"));
    canvas.addEventListener("pointercancel", tell("up"));
  }

  /* Steps along x and y for the arrow keys, longer with Shift; null for other keys. */
  function arrow(event, step) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    return way && way.map((w) => w * step * (event.shiftKey ? 5 : 1));
  }

  // -- chance ----------------------------------------------------------------------------------------------------

  /* mulberry32: uniform numbers from a seed; .normal() by Box and Muller. */
  function random(seed) {
    const next = () => {
      seed = (seed + 0x6d2b79f5) | 0;
      let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
    next.normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
    next.normals = (n) => Float64Array.from({ length: n }, next.normal);
    return next;
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", watch);
  else watch();

  return {
    define: (name, mount) => (kinds[name] = mount),
    model: (name, content) => (models[name] = content),
    models, el, button, slider, choice, row, number, say, frame, slices, painted, colour, picture, sheet, plane,
    arrow, random, idle: () => !wanted.size, frames: () => drawn, // for the tests
  };
})();
