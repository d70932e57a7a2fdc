// Figure 1: every model's answer, token by token, forward beside reversed.

const TITLES = { post: "The post's model", lstm: "LSTM", attention: "LSTM with attention" };

const DECODERS = {
  post: "its decoder sees its own state and nothing else",
  lstm: "its decoder also sees the token it gave before",
  attention: "its decoder also looks back at every state of the encoder",
};

function answersTitle(results) {
  const right = results.filter(({ right }) => right).length;
  if (right === results.length) return `All ${right} answers are right`;
  return `${right || "None"} of ${results.length} answers ${right > 1 ? "are" : "is"} right`;
}

function answersCaption({ emptyShare }) {
  return (
    "Each box is a token of an answer, under it the probability that the model gave it; a green frame with a tick " +
    "marks a token that is right at its place. A model that reads reversed is given the source backwards, here and " +
    "in its training. Beside each answer stands on what share of random sources this training answers without a " +
    `mistake; whoever always answers with the end alone does so on ${share(emptyShare)}.`
  );
}

/** One model: its name and size, then the answers of its two trainings. */
function modelAnswers([forward, reversed], results, task) {
  const size = `${forward.cells} cells, ${forward.parameters.toLocaleString("en")} weights`;
  const name = html("strong", {}, TITLES[forward.kind]);
  return html(
    "section",
    { class: "model" },
    html("p", { class: "name" }, name, ` ${size}; ${DECODERS[forward.kind]}`),
    html("div", { class: "pair" }, ...[forward, reversed].map((training) => answer(training, results, task))),
  );
}

function answer(training, results, task) {
  const { right, steps } = results.get(training);
  return html(
    "div",
    { class: `answer ${direction(training)}` },
    html(
      "p",
      { class: "verdict" },
      html("b", { class: "direction" }, direction(training)),
      html("span", { class: right ? "right" : "wrong" }, right ? "right" : "wrong"),
      html("span", { class: "score" }, `right on ${share(training.exactMatch)} of sources`),
    ),
    html("ol", { class: "tokens" }, ...steps.map((step) => tokenBox(step, task))),
  );
}

/** A token with its probability as a bar and in words; the right one has a ring. */
function tokenBox({ token, wanted, probabilities }, task) {
  const right = token === wanted;
  return html(
    "li",
    { class: right ? "right" : "wrong" },
    html("span", { class: "word" }, tokenName(token, task)),
    html("span", { class: "mark", "aria-label": right ? "right" : "wrong" }, right ? "✓" : "✗"),
    html("span", { class: "bar" }, html("span", { style: `width: ${100 * probabilities[token]}%` })),
    html("span", { class: "probability" }, percent(probabilities[token])),
  );
}
