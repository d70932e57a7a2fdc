// The cells of verdict tables know their columns' names, which a phone shows beside them: see book.css.
for (const table of document.querySelectorAll("article table")) {
  const headers = [];
  for (const row of table.tHead?.rows ?? []) [...row.cells].forEach((cell, i) => (headers[i] ||= cell.innerText.trim()));
  if (!headers.includes("verdict")) continue;
  table.classList.add("verdicts");
  for (const row of table.tBodies[0].rows) [...row.cells].forEach((cell, i) => (cell.dataset.label = headers[i]));
}

// Paper is white.
const page = document.documentElement.dataset;
let shown;
addEventListener("beforeprint", () => ([shown, page.theme] = [page.theme, "light"]));
addEventListener("afterprint", () => (page.theme = shown));
