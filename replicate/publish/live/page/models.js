// The three models, as replicate/models/ defines them: post.py, lstm.py and attention.py.
//
// A model has two functions.
//   encode(tokens): the encoder's state after each token.
//   decode(state, previous, states): one step of the decoder, from its state, the token before and the encoder's
//     states; gives its next state, the logits of every token and, with attention, the weight of each state.

/** h = tanh(xh(x) + hh(h)); the decoder is fed nothing: h = relu(hh(h)). */
function postModel(weights, tokens, cells) {
  const embed = embedding(weights, tokens);
  const fromInput = threeLayers(weights, "encoder.xh");
  const fromState = threeLayers(weights, "encoder.hh");
  const decoder = threeLayers(weights, "decoder.hh");
  const readout = threeLayers(weights, "readout");
  return {
    encode: (source) =>
      scan(source, new Float64Array(cells), (h, token) => tanh(add(fromInput(embed(token)), fromState(h)))),
    decode(h) {
      const state = relu(decoder(h));
      return { state, logits: readout(state) };
    },
  };
}

/** An LSTM reads; another starts from its last state and is fed the token before. */
function lstmModel(weights, tokens, cells) {
  const embed = embedding(weights, tokens);
  const encoder = lstmStep(weights, "encoder");
  const decoder = lstmStep(weights, "decoder");
  const readout = linear(weights, "readout");
  return {
    encode: (source) => scan(source, new Float64Array(2 * cells), (state, token) => encoder(state, embed(token))),
    decode(before, previous) {
      const state = decoder(before, embed(previous));
      return { state, logits: readout(hidden(state)) };
    },
  };
}

/** The same, but the decoder is also fed a mean of the encoder's states, weighted anew at each step. */
function attentionModel(weights, tokens, cells) {
  const embed = embedding(weights, tokens);
  const encoder = lstmStep(weights, "encoder");
  const decoder = lstmStep(weights, "decoder");
  const lookBack = additiveAttention(weights);
  const readout = linear(weights, "readout");
  return {
    encode: (source) => scan(source, new Float64Array(2 * cells), (state, token) => encoder(state, embed(token))),
    decode(before, previous, states) {
      const { context, alignment } = lookBack(hidden(before), states.map(hidden));
      const state = decoder(before, join(embed(previous), context));
      return { state, logits: readout(join(hidden(state), context)), alignment };
    },
  };
}

const MODELS = { post: postModel, lstm: lstmModel, attention: attentionModel };

/** One step of an LSTM; a state is h and c side by side, and so are the gates i, f, o and g. */
function lstmStep(weights, name) {
  const fromInput = linear(weights, `${name}.xh.0`);
  const fromHidden = linear(weights, `${name}.hh.0`);
  return (state, x) => {
    const cells = state.length / 2;
    const sums = add(fromInput(x), fromHidden(hidden(state)));
    const part = (k) => sums.slice(k * cells, (k + 1) * cells);
    const [i, f, o] = [0, 1, 2].map((k) => sigmoid(part(k)));
    const g = tanh(part(3));
    const c = add(multiply(f, state.slice(cells)), multiply(i, g));
    return join(multiply(o, tanh(c)), c);
  };
}

/** The h of an LSTM's state. */
const hidden = (state) => state.slice(0, state.length / 2);

/** Bahdanau's attention: the softmax of tanh(s W + h U) v over the encoder's h. */
function additiveAttention(weights) {
  const [query, key, score] = ["query", "key", "score"].map((name) => linear(weights, name));
  return (s, memory) => {
    const asked = query(s);
    const alignment = softmax(memory.map((h) => score(tanh(add(asked, key(h))))[0]));
    const context = memory[0].map((_, cell) => dot(alignment, memory.map((h) => h[cell])));
    return { context, alignment };
  };
}

/** The state after each token. */
function scan(source, start, step) {
  let state = start;
  return source.map((token) => (state = step(state, token)));
}
