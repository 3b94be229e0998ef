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

  /* Those of an output channel stand together. Of a transposed convolution they are (out, channels, places of the
     kernel) in the file, and (out, places, channels) here: what is summed over stands side by side. */
  function scaled({ kind, out, scale, shape: [channels] = [1] }, q) {
    const weight = new Float64Array(q.length), each = q.length / out;
    const places = kind === "deconv" ? each / channels : 1;
    for (let o = 0, to = 0; o < out; o++)
      for (let k = 0; k < places; k++)
        for (let i = 0; i < each / places; i++, to++) weight[to] = q[o * each + i * places + k] * scale[o];
    return weight;
  }

  const bend = {
    none: (v) => v,
    relu: (v) => (v > 0 ? v : 0),
    leaky: (v) => (v > 0 ? v : 0.2 * v),
    tanh: Math.tanh,
    sigmoid: (v) => 1 / (1 + Math.exp(-v)),
  };

  /* y[o, p] = Σ_k w[o, k] m[p, k]. Two rows of w and four of m at once: a number that was read is used four times or
     twice. Where rows are missing at the end the last stands in; it gives the same entry again. */
  function times(w, m, terms) {
    const rows = w.length / terms, places = m.length / terms, y = new Float64Array(rows * places);
    for (let o = 0; o < rows; o += 2) {
      const below = Math.min(o + 1, rows - 1);
      for (let p = 0; p < places; p += 4)
        block(w, m, terms, y, places, o, below, p, Math.min(p + 1, places - 1), Math.min(p + 2, places - 1),
          Math.min(p + 3, places - 1));
    }
    return y;
  }

  /* Entries of y in rows o and O, columns p, q, r and s. */
  function block(w, m, terms, y, places, o, O, p, q, r, s) {
    const u = o * terms, U = O * terms, e = p * terms, f = q * terms, g = r * terms, h = s * terms;
    let a = 0, b = 0, c = 0, d = 0, A = 0, B = 0, C = 0, D = 0;
    for (let k = 0; k < terms; k++) {
      const i = w[u + k], I = w[U + k], me = m[e + k], mf = m[f + k], mg = m[g + k], mh = m[h + k];
      a += i * me;
      b += i * mf;
      c += i * mg;
      d += i * mh;
      A += I * me;
      B += I * mf;
      C += I * mg;
      D += I * mh;
    }
    y[o * places + p] = a;
    y[o * places + q] = b;
    y[o * places + r] = c;
    y[o * places + s] = d;
    y[O * places + p] = A;
    y[O * places + q] = B;
    y[O * places + r] = C;
    y[O * places + s] = D;
  }

  /* A number for each channel, added to all its places. */
  function lifted(y, bias) {
    const places = y.length / bias.length;
    for (let o = 0, p = 0; o < bias.length; o++) for (let i = 0; i < places; i++, p++) y[p] += bias[o];
    return y;
  }

  const run = {
    /* y_o = b_o + Σ_i w_oi x_i */
    dense({ weight, bias, in: n }, x) {
      return lifted(times(x.subarray(0, n), weight, n), bias);
    },

    /* y[o, r, c] = b_o + Σ w[o, i, a, b] x[i, r·stride + a − padding, c·stride + b − padding]: what the kernel
       meets at each place is laid out in a row first; an entry is then a product of two rows. */
    conv({ weight, bias, kernel, stride, padding, shape: [channels, h, w] }, x) {
      const side = (n) => Math.floor((n + 2 * padding - kernel) / stride) + 1;
      const rows = side(h), columns = side(w), terms = channels * kernel * kernel;
      const met = new Float64Array(rows * columns * terms);
      for (let r = 0, q = 0; r < rows; r++)
        for (let c = 0; c < columns; c++)
          for (let i = 0; i < channels; i++)
            for (let a = 0; a < kernel; a++)
              for (let b = 0; b < kernel; b++, q++) {
                const line = r * stride + a - padding, at = c * stride + b - padding;
                if (line >= 0 && line < h && at >= 0 && at < w) met[q] = x[(i * h + line) * w + at];
              }
      return lifted(times(weight, met, terms), bias);
    },

    /* The layer read backwards. Channels are mixed first, then each place of the kernel spreads the result. */
    deconv({ weight, bias, out, kernel, stride, padding, extra = [0, 0], shape: [channels, h, w] }, x) {
      const rows = (h - 1) * stride + kernel - 2 * padding + extra[0];
      const columns = (w - 1) * stride + kernel - 2 * padding + extra[1];
      const met = new Float64Array(x.length), y = new Float64Array(out * rows * columns);
      for (let i = 0, q = 0; i < channels; i++) for (let p = 0; p < h * w; p++, q++) met[p * channels + i] = x[q];
      const mixed = times(weight, met, channels);
      for (let o = 0, from = 0; o < out; o++)
        for (let a = 0; a < kernel; a++)
          for (let b = 0; b < kernel; b++, from += h * w)
            spread(mixed.subarray(from, from + h * w), h, w, y, o * rows * columns, rows, columns, stride,
              a - padding, b - padding);
      return lifted(y, bias);
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
    x = Float64Array.from(x); // which may be a list
    for (const layer of layers) {
      x = run[layer.kind](layer, x, shares);
      if (layer.act !== "none") for (let i = 0, f = bend[layer.act]; i < x.length; i++) x[i] = f(x[i]);
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
