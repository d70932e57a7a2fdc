// Elements of HTML and SVG, and how numbers are put into words.

/** An element with its attributes and children, which are elements or texts. */
function html(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** A drawing of its natural size, which scrolls in itself where the page is narrower; `label` says what it is. */
function drawing(width, height, label, ...children) {
  const size = { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label };
  return html("div", { class: "drawing", tabindex: 0 }, svg("svg", size, ...children));
}

const direction = (training) => (training.reverse ? "reversed" : "forward");

const tokenName = (token, task) => (token === task.eos ? "end" : String(token));

/** A probability as a reader sees it; 0% and 100% are kept for what is certain. */
function percent(probability) {
  const rounded = Math.round(100 * probability);
  if (rounded === 0 && probability > 0) return "<1%";
  if (rounded === 100 && probability < 1) return ">99%";
  return `${rounded}%`;
}

/** A share of many thousand sources. */
const share = (value) => (value < 1 && value >= 0.9995 ? ">99.9%" : `${(100 * value).toFixed(1)}%`);

const mean = (values) => values.reduce((a, b) => a + b) / values.length;

const count = (number, one) => `${number} ${one}${number === 1 ? "" : "s"}`;
