// Figure 4: where the attention looks at each step of the answer.

const CELL = 25;
const LEFT = 34;

function alignmentTitle(results, task) {
  const weights = results.flatMap((result) => weightsOnAnswers(result, task));
  if (!weights.length) return "Where the attention looks";
  return `LSTM with attention: on average ${percent(mean(weights))} of the attention is on the prime that is answered`;
}

/** At each step that answers a prime of the source: the weight where that prime was read. */
function weightsOnAnswers({ source, steps }, task) {
  return steps
    .filter(({ token }) => token !== task.eos && source.includes(token))
    .map(({ token, alignment }) => alignment.filter((_, i) => source[i] === token).reduce((a, b) => a + b));
}

function alignmentMap(training, { source, steps }, task) {
  const columns = source.map((token, i) =>
    svg(
      "text",
      { x: LEFT + CELL * (i + 0.5), y: 16, class: isPrime(token) ? "middle prime" : "middle axis" },
      tokenName(token, task),
    ),
  );
  const rows = steps.map((step, row) => alignmentRow(step, row, source, task));
  const label = `The weight of each number read, at each step of the answer, ${direction(training)}`;
  return drawing(LEFT + CELL * source.length + 2, 24 + CELL * steps.length + 2, label, ...columns, ...rows);
}

function alignmentRow({ token, alignment }, row, source, task) {
  const y = 24 + CELL * row;
  const cells = alignment.map((weight, i) =>
    svg(
      "g",
      {},
      svg("title", {}, `answering ${tokenName(token, task)}: ${percent(weight)} on ${tokenName(source[i], task)}`),
      svg("rect", { x: LEFT + CELL * i, y, width: CELL, height: CELL, class: "grid" }),
      svg("rect", { x: LEFT + CELL * i, y, width: CELL, height: CELL, class: "weight", "fill-opacity": weight }),
    ),
  );
  const name = svg("text", { x: LEFT - 7, y: y + CELL / 2 + 4.5, class: "end prime" }, tokenName(token, task));
  return svg("g", {}, name, ...cells);
}
