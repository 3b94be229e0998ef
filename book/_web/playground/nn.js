/* Networks forward, in plain JavaScript: dense, convolution, transposed convolution, pooling, labels; weights as int8.

   net(name)              the model of that name, unpacked once: its layers, and what else the file holds
   forward(net, x, keep)  the last layer's output; with keep, what every layer put out. Where the net is told a label,
                          shares of the classes stand behind the code in x
   Numbers are summed in double precision. tools/playground.py writes the files and holds the same in Python. */
"use strict";

(() => {
  const { models } = Playground;
  const known = {};

  function bytes(base64) {
    const text = atob(base64), found = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) found[i] = text.charCodeAt(i);
    return found;
  }

  /* First the scales and biases of all layers, float32, then their weights, int8; per output channel one scale. */
  function net(name) {
    if (known[name]) return known[name];
    const { data, ...rest } = models[name];
    const { buffer } = bytes(data);
    const layers = rest.layers.map((layer) => ({ ...layer }));
    let at = 0;
    for (const layer of layers.filter((l) => l.weights)) {
      layer.scale = new Float32Array(buffer, at, layer.out);
      layer.bias = new Float32Array(buffer, at + 4 * layer.out, layer.out);
      at += 8 * layer.out;
    }
    for (const layer of layers.filter((l) => l.weights)) {
      layer.weight = scaled(layer, new Int8Array(buffer, at, layer.weights));
      at += layer.weights;
    }
    return (known[name] = { ...rest, layers });
  }

  function scaled(layer, q) {
    const weight = new Float32Array(q.length), each = q.length / layer.out; // those of a channel stand together
    for (let o = 0, i = 0; o < layer.out; o++) for (let k = 0; k < each; k++, i++) weight[i] = q[i] * layer.scale[o];
    return weight;
  }

  const bend = {
    none: (v) => v,
    relu: (v) => (v > 0 ? v : 0),
    leaky: (v) => (v > 0 ? v : 0.2 * v),
    tanh: Math.tanh,
    sigmoid: (v) => 1 / (1 + Math.exp(-v)),
  };

  /* Σ a[i + k] b[j + k] over k < n, in four sums: none waits for the one before. */
  function product(a, i, b, j, n) {
    let p = 0, q = 0, r = 0, s = 0, k = 0;
    for (; k + 3 < n; k += 4) {
      p += a[i + k] * b[j + k];
      q += a[i + k + 1] * b[j + k + 1];
      r += a[i + k + 2] * b[j + k + 2];
      s += a[i + k + 3] * b[j + k + 3];
    }
    for (; k < n; k++) p += a[i + k] * b[j + k];
    return p + q + r + s;
  }

  const run = {
    /* y_o = b_o + Σ_i w_oi x_i */
    dense({ weight, bias, out, in: n }, x) {
      const y = Float64Array.from(bias);
      for (let o = 0; o < out; o++) y[o] += product(weight, o * n, x, 0, n);
      return y;
    },

    /* y[o, r, c] = b_o + Σ w[o, i, a, b] x[i, r·stride + a − padding, c·stride + b − padding]: what the kernel
       meets at each place is laid out in a row first; an entry is then a product of two rows. */
    conv({ weight, bias, out, kernel, stride, padding, shape: [channels, h, w] }, x) {
      const side = (n) => Math.floor((n + 2 * padding - kernel) / stride) + 1;
      const rows = side(h), columns = side(w), n = rows * columns, terms = channels * kernel * kernel;
      const met = new Float64Array(terms * n), y = new Float64Array(out * n);
      for (let r = 0, q = 0; r < rows; r++)
        for (let c = 0; c < columns; c++)
          for (let i = 0; i < channels; i++)
            for (let a = 0; a < kernel; a++)
              for (let b = 0; b < kernel; b++, q++) {
                const line = r * stride + a - padding, at = c * stride + b - padding;
                if (line >= 0 && line < h && at >= 0 && at < w) met[q] = x[(i * h + line) * w + at];
              }
      for (let o = 0; o < out; o++) {
        for (let p = 0; p < n; p++) y[o * n + p] = bias[o] + product(weight, o * terms, met, p * terms, terms);
      }
      return y;
    },

    /* The layer read backwards. Channels are mixed first, then each place of the kernel spreads the result. */
    deconv({ weight, bias, out, kernel, stride, padding, extra = [0, 0], shape: [channels, h, w] }, x) {
      const rows = (h - 1) * stride + kernel - 2 * padding + extra[0];
      const columns = (w - 1) * stride + kernel - 2 * padding + extra[1];
      const y = new Float64Array(out * rows * columns), mixed = new Float64Array(h * w);
      for (let o = 0; o < out; o++) {
        y.fill(bias[o], o * rows * columns, (o + 1) * rows * columns);
        for (let a = 0; a < kernel; a++)
          for (let b = 0; b < kernel; b++) {
            mixed.fill(0);
            for (let i = 0; i < channels; i++) {
              const v = weight[((o * channels + i) * kernel + a) * kernel + b], from = i * h * w;
              for (let p = 0; p < h * w; p++) mixed[p] += v * x[from + p];
            }
            spread(mixed, h, w, y, o * rows * columns, rows, columns, stride, a - padding, b - padding);
          }
      }
      return y;
    },

    /* What the label does to each channel: Σ_k shares_k (scale_k x + shift_k). */
    told({ scale, shift }, x, shares) {
      const channels = scale[0].length, places = x.length / channels, y = new Float64Array(x.length);
      const mixed = (table, i) => shares.reduce((sum, share, k) => sum + share * table[k][i], 0);
      for (let i = 0, p = 0; i < channels; i++) {
        const a = mixed(scale, i), b = mixed(shift, i);
        for (const end = p + places; p < end; p++) y[p] = a * x[p] + b;
      }
      return y;
    },

    /* The largest of each square of `size`; what is left over at the edge is dropped. */
    pool({ size, shape: [channels, h, w] }, x) {
      const rows = Math.floor(h / size), columns = Math.floor(w / size);
      const y = new Float64Array(channels * rows * columns);
      y.fill(-Infinity);
      for (let i = 0; i < channels; i++)
        for (let r = 0; r < rows * size; r++)
          for (let c = 0; c < columns * size; c++) {
            const to = (i * rows + Math.floor(r / size)) * columns + Math.floor(c / size);
            y[to] = Math.max(y[to], x[(i * h + r) * w + c]);
          }
      return y;
    },
  };

  function spread(mixed, h, w, y, start, rows, columns, stride, down, right) {
    for (let r = 0; r < h; r++) {
      const line = r * stride + down;
      if (line < 0 || line >= rows) continue;
      for (let c = 0; c < w; c++) {
        const at = c * stride + right;
        if (at >= 0 && at < columns) y[start + line * columns + at] += mixed[r * w + c];
      }
    }
  }

  function forward({ layers }, x, keep) {
    const shares = layers[0].in < x.length ? Array.from(x.slice(layers[0].in)) : [];
    for (const layer of layers) {
      x = run[layer.kind](layer, x, shares);
      if (layer.act !== "none") x = x.map(bend[layer.act]);
      if (keep) keep.push(x);
    }
    return x;
  }

  /* From [−1, 1], where a tanh draws, to [0, 1]; sigmoids are there already. */
  const grey = (net, y) => (net.layers.at(-1).act === "tanh" ? y.map((v) => (v + 1) / 2) : y);

  function softmax(logits) {
    const top = Math.max(...logits), e = Array.from(logits, (l) => Math.exp(l - top));
    const sum = e.reduce((a, b) => a + b);
    return e.map((v) => v / sum);
  }

  /* a cos t + b sin t: between two normal codes every code on the way is as probable as they are. */
  const between = (a, b, t) => a.map((v, i) => v * Math.cos((t * Math.PI) / 2) + b[i] * Math.sin((t * Math.PI) / 2));

  Object.assign(Playground, { nn: { net, forward, grey, softmax, between, bytes } });
})();
