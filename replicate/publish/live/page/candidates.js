// Figure 2: the most probable tokens at each step, as discs; the right token is ringed wherever it ranks.

const SHOWN = 5; // most probable tokens at a step
const COLUMN = 46;
const ROW = 42;

/** A step's tokens, the most probable first. */
const ranked = (probabilities) =>
  [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]);

function candidatesTitle(training, results) {
  const [forward, reversed] = results.map(stepsRight);
  const where = forward === reversed ? `${forward} in each direction` : `${forward} forward, ${reversed} reversed`;
  return `${TITLES[training.kind]}: the right token comes first at ${where}`;
}

function stepsRight({ steps }) {
  const right = steps.filter(({ token, wanted }) => token === wanted).length;
  return right === steps.length ? "every step" : `${right} of ${count(steps.length, "step")}`;
}

function candidates(training, { steps }, task) {
  const behind = steps.some((step) => rankOfWanted(step) >= SHOWN);
  const height = ROW * (SHOWN + (behind ? 1 : 0)) + 36;
  const columns = steps.map((step, i) => column(step, i, task));
  const label = `The ${SHOWN} most probable tokens at each of ${count(steps.length, "step")}, ${direction(training)}`;
  const axis = svg("text", { x: 4, y: 14, class: "axis" }, "step");
  return drawing(36 + COLUMN * steps.length + 12, height, label, axis, ...columns);
}

function column(step, i, task) {
  const x = 36 + COLUMN * (i + 0.5);
  const order = ranked(step.probabilities);
  const shown = order.slice(0, SHOWN).map((token, rank) => disc(step, token, x, 40 + ROW * rank, task));
  const number = svg("text", { x, y: 14, class: "axis middle" }, String(i + 1));
  return svg("g", {}, number, ...shown, ...wantedBelow(step, x, task));
}

/** The right token where it is not among those shown, with its rank. */
function wantedBelow(step, x, task) {
  const rank = rankOfWanted(step);
  if (rank < SHOWN) return [];
  const y = 40 + ROW * SHOWN;
  return [
    disc(step, step.wanted, x, y, task),
    svg("text", { x: x + 13, y: y - 10, class: "rank" }, String(rank + 1)),
  ];
}

const rankOfWanted = ({ wanted, probabilities }) =>
  wanted === undefined ? -1 : ranked(probabilities).indexOf(wanted);

/** The disc's area is the probability. */
function disc({ wanted, probabilities }, token, x, y, task) {
  const probability = probabilities[token];
  const name = tokenName(token, task);
  const parts = [
    svg("title", {}, `${name}: ${percent(probability)}`),
    svg("circle", { cx: x, cy: y, r: 19 * Math.sqrt(probability), class: "disc" }),
    svg("text", { x, y: y + 4.5, class: "middle" }, name),
  ];
  if (token === wanted) parts.push(svg("circle", { cx: x, cy: y, r: 19, class: "ring" }));
  return svg("g", {}, ...parts);
}
