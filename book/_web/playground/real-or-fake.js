// needs: nn.js models/real.js models/dcgan.js
/* The blind quiz: for each picture a coin decides whether it is a real one or drawn by the generator. */
"use strict";

(() => {
  /* The chance of at least k right of n by guessing. */
  function atLeast(k, n, p = 0.5) {
    let sum = 0;
    for (let i = k; i <= n; i++) sum += choose(n, i) * p ** i * (1 - p) ** (n - i);
    return sum;
  }

  function choose(n, k) {
    let c = 1;
    for (let i = 1; i <= k; i++) c = (c * (n - k + i)) / i;
    return c;
  }

  /* Clopper and Pearson's exact interval for the true share, 95 %: each side leaves 2.5 %. */
  function interval(k, n) {
    const solve = (below) => {
      let low = 0, high = 1;
      for (let i = 0; i < 60; i++) below((low + high) / 2) ? (low = (low + high) / 2) : (high = (low + high) / 2);
      return low;
    };
    return [
      k === 0 ? 0 : solve((p) => atLeast(k, n, p) < 0.025),
      k === n ? 1 : solve((p) => 1 - atLeast(k + 1, n, p) > 0.025),
    ];
  }

  Playground.quiz = { atLeast, interval };

  Playground.define("real-or-fake", (stage, [real, model]) => {
    const { el, row, button, choice, picture, sheet, say, random, nn } = Playground;
    const SIZE = 28, net = nn.net(model), shelf = nn.bytes(Playground.models[real].pixels);
    const count = shelf.length / SIZE ** 2;
    let seed = (Date.now() ^ (Math.random() * 2 ** 31)) | 0, N = 10, chance, questions, answers;

    function begin() {
      chance = random(seed++);
      const order = Array.from({ length: count }, (_, i) => [chance(), i]).sort((a, b) => a[0] - b[0]);
      questions = Array.from({ length: N }, (_, i) => (chance() < 0.5 ? drawn() : photo(order[i][1])));
      answers = [];
      result.replaceChildren();
      end.replaceChildren();
      ask();
    }

    const shelved = (i) => shelf.subarray(i * SIZE ** 2, (i + 1) * SIZE ** 2);
    const photo = (i) => ({ fake: false, x: Float64Array.from(shelved(i), (v) => v / 255) });
    const drawn = () => ({ fake: true, x: nn.grey(net, nn.forward(net, chance.normals(net.layers[0].in))) });

    function ask() {
      const over = answers.length === N;
      buttons.forEach((b) => (b.disabled = over));
      if (over) return finish();
      shown.show(questions[answers.length].x);
      words.textContent = `Picture ${answers.length + 1} of ${N}. ${scored()}`;
    }

    const right = () => answers.filter((said, i) => said === questions[i].fake).length;
    const scored = () => (answers.length ? `${right()} of ${answers.length} right.` : "");

    function answer(fake) {
      const { fake: truth } = questions[answers.length];
      answers.push(fake);
      ask();
      say(`${fake === truth ? "Right" : "Wrong"}: it was ${truth ? "generated" : "real"}. ${words.textContent}`);
    }

    function finish() {
      const k = right(), [low, high] = interval(k, N).map((p) => Math.round(100 * p)), luck = atLeast(k, N);
      words.textContent = `${k} of ${N} right.`;
      result.textContent =
        `The true share lies between ${low} % and ${high} % (95 % interval). Who only guesses is right at least as ` +
        `often in ${luck > 0.995 ? "> 99" : luck < 0.01 ? "< 1" : Math.round(100 * luck)} of 100 quizzes.`;
      const grid = sheet("The pictures of the quiz", Math.ceil(N / 10), 10);
      questions.forEach(({ x }, i) => grid.put(i, x));
      const list = questions.map(
        ({ fake }, i) => `${i + 1} ${fake ? "generated" : "real"}${answers[i] === fake ? "" : " ✗"}`,
      );
      end.replaceChildren(grid, el("p", {}, `${list.join(" · ")}. ✗: your answer was wrong.`));
    }

    const shown = picture("Real or generated? Answer with the buttons.", SIZE);
    const words = el("p", { class: "playground-words" }), result = el("p");
    const end = el("div", { class: "playground-wide" });
    const buttons = [button("Real", () => answer(false)), button("Generated", () => answer(true))];
    const length = choice("Pictures", [[10, "10"], [30, "30"]], N, (chosen) => {
      N = chosen;
      begin();
    });
    stage.append(
      row(el("figure", {}, shown), el("div", { class: "playground-side" },
        row(...buttons), words, result, length, button("Begin again", begin))),
      end,
    );
    begin();
  });
})();
