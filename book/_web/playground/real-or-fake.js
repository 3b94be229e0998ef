// needs: nn.js models/real.js models/dcgan.js
/* The blind quiz: for each picture a coin decides whether it is a real one or drawn by the generator. A round is known
   by its number: the same pictures in the same order for everybody. Nothing is told before the last answer. */
"use strict";

(() => {
  /* The chance of at least k right of n by guessing. */
  function upperTail(k, n, p = 0.5) {
    let sum = 0;
    for (let i = k; i <= n; i++) sum += choose(n, i) * p ** i * (1 - p) ** (n - i);
    return sum;
  }

  function choose(n, k) {
    let c = 1;
    for (let i = 1; i <= k; i++) c = (c * (n - k + i)) / i;
    return c;
  }

  /* Where `below` stops to hold, by halving. */
  function edge(below, low, high) {
    for (let i = 0; i < 60; i++) below((low + high) / 2) ? (low = (low + high) / 2) : (high = (low + high) / 2);
    return low;
  }

  /* Clopper and Pearson's exact interval for the true share, 95 %: each side leaves 2.5 %. */
  const interval = (k, n) => [
    k === 0 ? 0 : edge((p) => upperTail(k, n, p) < 0.025, 0, 1),
    k === n ? 1 : edge((p) => 1 - upperTail(k + 1, n, p) > 0.025, 0, 1),
  ];

  /* Φ(x) = ½ + φ(x) (x + x³/3 + x⁵/(3·5) + …) */
  function normal(x) {
    let term = x, sum = x;
    for (let i = 3; Math.abs(term) > 1e-16; i += 2) sum += term *= (x * x) / i;
    return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
  }

  /* What companion's quiz.score says of the answers. */
  function score(isFake, saidFake) {
    const n = isFake.length, right = isFake.filter((fake, i) => fake === saidFake[i]).length;
    const share = (truth) => {
      const said = saidFake.filter((_, i) => isFake[i] === truth);
      return (said.filter(Boolean).length + 0.5) / (said.length + 1);
    };
    const [H, F] = [true, false].map((truth) => edge((x) => normal(x) < share(truth), -8, 8));
    const [low, high] = interval(right, n), luck = Math.min(1, 2 * upperTail(Math.max(right, n - right), n));
    return { right, share: right / n, low, high, luck, sensitivity: H - F, bias: -(H + F) / 2 };
  }

  /* n times a coin; for real ones which of the `count` pictures, none twice. */
  function plan(chance, n, count) {
    const order = Array.from({ length: count }, (_, i) => [chance(), i]).sort((a, b) => a[0] - b[0]);
    return order.slice(0, n).map(([, at]) => ({ fake: chance() < 0.5, at }));
  }

  Playground.quiz = { score, plan };

  Playground.define("real-or-fake", (stage, [real, model]) => {
    const { el, row, button, choice, number, picture, sheet, say, random, nn } = Playground;
    const SIZE = 28, net = nn.net(model), shelf = nn.bytes(Playground.models[real].pixels);
    const largest = 9999, codes = net.layers[0].in;
    let round = 1 + Math.floor(Math.random() * largest), N = 10, chance, questions, answers;

    function begin() {
      chance = random(N * 65536 + round);
      questions = plan(chance, N, shelf.length / SIZE ** 2);
      answers = [];
      which.value = round;
      result.replaceChildren();
      end.replaceChildren();
      buttons.forEach((b) => (b.disabled = false));
      ask();
    }

    const shelved = (i) => Float64Array.from(shelf.subarray(i * SIZE ** 2, (i + 1) * SIZE ** 2), (v) => v / 255);
    const drawn = () => nn.grey(net, nn.forward(net, chance.normals(codes)));

    function ask() {
      const asked = questions[answers.length];
      asked.x = asked.fake ? drawn() : shelved(asked.at);
      shown.show(asked.x);
      words.textContent = `Round ${round}, picture ${answers.length + 1} of ${N}.`;
      say(words.textContent);
    }

    function answer(fake) {
      answers.push(fake);
      if (answers.length < N) return ask();
      finish(score(questions.map((q) => q.fake), answers));
      if (buttons.includes(document.activeElement)) words.focus();
      buttons.forEach((b) => (b.disabled = true));
    }

    function finish({ right, low, high, luck, sensitivity, bias }) {
      const percent = (p) => `${Math.round(100 * p)} %`;
      words.textContent = `Round ${round}: ${right} of ${N} right.`;
      result.textContent =
        `The true share lies between ${percent(low)} and ${percent(high)} (95 % interval). Who only guesses is at ` +
        `least as far from half in ${luck > 0.995 ? "> 99" : luck < 0.01 ? "< 1" : Math.round(100 * luck)} of 100 ` +
        `rounds. Sensitivity d′ = ${number(sensitivity)}, bias c = ${number(bias)}.`;
      say(`${words.textContent} ${result.textContent}`);
      const grid = sheet("The pictures of the round, in order", Math.ceil(N / 10), 10);
      questions.forEach(({ x }, i) => grid.put(i, x));
      const truth = ({ fake }, i) => `${i + 1} ${fake ? "generated" : "real"}${answers[i] === fake ? "" : " ✗"}`;
      end.replaceChildren(grid, el("p", {}, `${questions.map(truth).join(" · ")}. ✗: your answer was wrong.`));
    }

    const shown = picture("Real or generated? Answer with the buttons.", SIZE);
    const words = el("p", { class: "playground-words", tabindex: "-1" }), result = el("p");
    const end = el("div", { class: "playground-wide" });
    const buttons = [button("Real", () => answer(false)), button("Generated", () => answer(true))];
    const length = choice("Pictures", [[10, "10"], [30, "30"]], N, (chosen) => {
      N = chosen;
      begin();
    });
    const which = el("input", { type: "number", id: "playground-round", min: 1, max: largest, step: 1 });
    which.addEventListener("change", () => go(+which.value));
    const go = (to) => {
      round = Math.max(1, Math.min(largest, Math.round(to) || 1));
      begin();
    };
    const field = el("div", { class: "playground-number" }, el("label", { for: which.id }, "Round"), which);
    stage.append(
      row(el("figure", {}, shown), el("div", { class: "playground-side" },
        row(...buttons), words, result, length, row(field, button("Next round", () => go((round % largest) + 1))))),
      end,
    );
    begin();
  });
})();
