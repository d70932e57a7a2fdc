// Vectors, and the maps that every model is made of. A vector is an array; all is computed in float64.

/** A parameter as it was exported: base64 of little-endian float32, row by row. */
function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}

/** x -> x W + b, with W as `inputs` rows of `outputs` numbers. */
function linear(weights, name) {
  const weight = weights[`${name}.weight`];
  const bias = weights[`${name}.bias`];
  return (x) => {
    const y = Float64Array.from(bias);
    for (let i = 0; i < x.length; i++) {
      for (let j = 0; j < y.length; j++) y[j] += x[i] * weight[i * y.length + j];
    }
    return y;
  };
}

/** The post's map of three layers, with ReLU between. */
function threeLayers(weights, name) {
  const [first, second, third] = [0, 2, 4].map((place) => linear(weights, `${name}.${place}`));
  return (x) => third(relu(second(relu(first(x)))));
}

/** token -> its row of the embedding. */
function embedding(weights, tokens) {
  const table = weights["embedding.weight"];
  const width = table.length / tokens;
  return (token) => table.slice(token * width, (token + 1) * width);
}

const relu = (x) => x.map((value) => Math.max(value, 0));
const tanh = (x) => x.map(Math.tanh);
const sigmoid = (x) => x.map((value) => 1 / (1 + Math.exp(-value)));
const add = (x, y) => x.map((value, i) => value + y[i]);
const multiply = (x, y) => x.map((value, i) => value * y[i]);
const dot = (x, y) => x.reduce((sum, value, i) => sum + value * y[i], 0);
const join = (x, y) => Float64Array.from([...x, ...y]);

function softmax(x) {
  const largest = Math.max(...x);
  const powers = x.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}
