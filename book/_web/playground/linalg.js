/* Small linear algebra: the SVD by one-sided Jacobi rotations, mixtures in the plane by EM, parts by NMF's rule.

   Functions that may take long are generators: they give way after each piece of work. */
"use strict";

(() => {
  /* The singular value decomposition of `rows` × `columns` numbers: turn pairs of columns until all are orthogonal.
     Columns shorter than `floor` count as zero: rounding keeps those of a rank-deficient matrix from ever agreeing. */
  function* svd(A, rows, columns) {
    const made = (n, entry) =>
      Array.from({ length: columns }, (_, j) => Float64Array.from({ length: n }, (_, i) => entry(i, j)));
    const U = made(rows, (i, j) => A[i * columns + j]), V = made(columns, (i, j) => +(i === j));
    const floor = 1e-14 * Math.sqrt(dot(A, A));
    for (let sweep = 0, turned = true; turned && sweep < 40; sweep++) {
      turned = false;
      for (let p = 0; p < columns - 1; p++) {
        for (let q = p + 1; q < columns; q++) turned = rotate(U, V, p, q, floor) || turned;
        yield sweep;
      }
    }
    const s = U.map((u) => Math.sqrt(dot(u, u))), order = [...s.keys()].sort((a, b) => s[b] - s[a]);
    return {
      s: order.map((j) => s[j]),
      U: order.map((j) => U[j].map((v) => (s[j] > floor ? v / s[j] : 0))),
      V: order.map((j) => V[j]),
    };
  }

  function rotate(U, V, p, q, floor) {
    const a = dot(U[p], U[p]), b = dot(U[q], U[q]), c = dot(U[p], U[q]);
    if (Math.min(a, b) <= floor * floor || Math.abs(c) <= 1e-13 * Math.sqrt(a * b)) return false;
    const z = (b - a) / (2 * c), t = (z < 0 ? -1 : 1) / (Math.abs(z) + Math.sqrt(1 + z * z));
    const cos = 1 / Math.sqrt(1 + t * t), sin = t * cos;
    for (const M of [U, V])
      for (let i = 0, x = M[p], y = M[q]; i < x.length; i++) {
        const v = x[i];
        x[i] = cos * v - sin * y[i];
        y[i] = sin * v + cos * y[i];
      }
    return true;
  }

  function dot(x, y) {
    let sum = 0;
    for (let i = 0; i < x.length; i++) sum += x[i] * y[i];
    return sum;
  }

  /* Σ_{i<k} s_i u_i v_iᵀ, row after row. */
  function truncated({ U, s, V }, k, rows, columns) {
    const A = new Float64Array(rows * columns);
    for (let n = 0; n < k; n++) {
      const v = V[n];
      for (let i = 0; i < rows; i++) {
        const x = s[n] * U[n][i], line = i * columns;
        for (let j = 0; j < columns; j++) A[line + j] += x * v[j];
      }
    }
    return A;
  }

  /* Of A = [[a, b], [c, d]]: singular values, right and left singular vectors, and the norms of the chapter. */
  function norms([a, b, c, d]) {
    const right = Math.atan2(2 * (a * b + c * d), a * a + c * c - b * b - d * d) / 2;
    const image = (t) => [a * Math.cos(t) + b * Math.sin(t), c * Math.cos(t) + d * Math.sin(t)];
    const s = [Math.hypot(...image(right)), Math.hypot(...image(right + Math.PI / 2))];
    return {
      s,
      right,
      one: Math.max(Math.abs(a) + Math.abs(c), Math.abs(b) + Math.abs(d)),
      two: s[0],
      inf: Math.max(Math.abs(a) + Math.abs(b), Math.abs(c) + Math.abs(d)),
      fro: Math.hypot(a, b, c, d),
      condition: s[1] > 1e-9 * s[0] ? s[0] / s[1] : Infinity,
    };
  }

  // -- mixtures of Gaussians in the plane; a component is {weight, mean: [x, y], cov: [xx, xy, yy]} ----------------

  /* r_ik = π_k N(x_i; μ_k, Σ_k) over their sum, by logarithms; and the mean of log p(x) over the points. */
  function assign(points, mixture) {
    let total = 0;
    const r = points.map(([x, y]) => {
      const logs = mixture.map(({ weight, mean, cov: [xx, xy, yy] }) => {
        const det = xx * yy - xy * xy, u = x - mean[0], v = y - mean[1];
        const squares = (yy * u * u - 2 * xy * u * v + xx * v * v) / det;
        return Math.log(weight) - Math.log(2 * Math.PI) - (Math.log(det) + squares) / 2;
      });
      const top = Math.max(...logs), p = top + Math.log(logs.reduce((sum, l) => sum + Math.exp(l - top), 0));
      total += p;
      return logs.map((l) => Math.exp(l - p));
    });
    return { r, logLikelihood: total / points.length };
  }

  /* N_k = Σ_i r_ik; weights, means and covariances weighted by r, and reg on the diagonal. */
  function move(points, r, reg) {
    return r[0].map((_, k) => {
      const n = r.reduce((sum, row) => sum + row[k], 0) || 1e-300;
      const mean = [0, 1].map((d) => points.reduce((sum, p, i) => sum + r[i][k] * p[d], 0) / n);
      const cov = [[0, 0], [0, 1], [1, 1]].map(
        ([d, e]) => points.reduce((sum, p, i) => sum + r[i][k] * (p[d] - mean[d]) * (p[e] - mean[e]), 0) / n,
      );
      return { weight: Math.max(n / points.length, 1e-12), mean, cov: [cov[0] + reg, cov[1], cov[2] + reg] };
    });
  }

  // -- a picture as a sum of parts ---------------------------------------------------------------------------------

  /* w ← w · (H x)/(H Hᵀ w): the multiplicative rule for one picture x; parts are the rows of H. */
  function parts(x, H, w) {
    const drawn = sum(H, w);
    return w.map((v, k) => v * (dot(H[k], x) / Math.max(dot(H[k], drawn), 1e-12)));
  }

  function sum(H, w) {
    const x = new Float64Array(H[0].length);
    H.forEach((part, k) => part.forEach((v, i) => (x[i] += w[k] * v)));
    return x;
  }

  Object.assign(Playground, { linalg: { svd, truncated, norms, assign, move, parts, sum, dot } });
})();
