// One source followed through one training: what it reads, where its state goes, what it answers.

/** A training as it was exported, made ready to answer. */
function prepared(training, task) {
  const weights = Object.fromEntries(
    Object.entries(training.weights).map(([name, text]) => [name, unpacked(text)]),
  );
  return { ...training, model: MODELS[training.kind](weights, task.eos + 1, training.cells) };
}

/**
 * The answer to a list of numbers, the most probable token at each step.
 *
 * Gives `source`, the tokens in the order read; `path`, where the encoder's state is in its plane after each of
 * them; `right`, whether the answer is; and `steps`, of which each has the `token`, the `wanted` one, the
 * `probabilities` of all tokens and, with attention, the `alignment`.
 */
function follow(training, values, task) {
  const { model, plane } = training;
  const source = training.reverse ? values.toReversed() : [...values];
  if (training.sourceEos) source.push(task.eos);
  const states = model.encode(source);
  const target = rightAnswer(values, task);
  const steps = [];
  let state = states.at(-1);
  let previous = task.eos; // what a decoder is fed at first
  do {
    const step = model.decode(state, previous, states);
    const probabilities = softmax(step.logits);
    previous = probabilities.indexOf(Math.max(...probabilities));
    state = step.state;
    steps.push({ token: previous, wanted: target[steps.length], probabilities, alignment: step.alignment });
  } while (previous !== task.eos && steps.length <= task.longest);
  return {
    source,
    path: states.map((point) => project(point, plane)),
    right: steps.length === target.length && steps.every(({ token, wanted }) => token === wanted),
    steps,
  };
}

/** Where a state stands along the plane's two components. */
function project(state, { mean, axes }) {
  const centred = state.map((value, i) => value - mean[i]);
  return axes.map((axis) => dot(centred, axis));
}
