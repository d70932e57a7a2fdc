// Whose answers these are: the run and the training behind each model.

const HEADINGS = ["run", "seed, training", "updates", "right on, all trainings", "checkpoint (SHA-256)"];

function originInWords(trainings) {
  const { samples } = trainings[0].origin;
  const commits = [...new Set(trainings.map(({ origin }) => origin.commit.slice(0, 12)))];
  return (
    `Every answer is computed here, from the weights of one training of each run: its median by exact match, the ` +
    `share of ${samples.toLocaleString("en")} random sources that it answers without a mistake. ` +
    `The runs were made at commit ${commits.join(" and ")}; ` +
    "results/live/ has them, and replicate/publish/live/ this page."
  );
}

function originRows(trainings) {
  const head = html("tr", {}, ...HEADINGS.map((heading) => html("th", { scope: "col" }, heading)));
  return [head, ...trainings.map(originRow)];
}

function originRow({ name, exactMatches, origin }) {
  const cells = [
    `${origin.seed}, ${origin.training}`,
    origin.updates.toLocaleString("en"),
    exactMatches.map(share).join(", "),
    origin.checkpoint.slice(0, 12),
  ];
  return html("tr", {}, html("th", { scope: "row" }, name), ...cells.map((text) => html("td", {}, text)));
}
