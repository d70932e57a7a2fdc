// The page: what is typed is followed through every training, and every figure is drawn anew.

const { task } = DATA;
const trainings = DATA.trainings.map((training) => prepared(training, task));
const host = document.currentScript.previousElementSibling;
const page = host.attachShadow({ mode: "open" }); // no style of the page around gets in, none gets out
page.innerHTML = `<style>${STYLE}</style>${BODY}`;
const find = (selector) => page.querySelector(selector);
const input = find("#source");

/** Read what is typed; draw it, or say in one line what is wrong with it. */
function look() {
  let values = null;
  try {
    values = readNumbers(input.value, task);
    say(rightAnswerInWords(values));
  } catch (error) {
    say([error.message]);
  }
  input.setAttribute("aria-invalid", values === null);
  find(".figures").classList.toggle("stale", values === null); // those of the last source that could be read
  if (values !== null) draw(values);
}

function say(words) {
  find("#said").replaceChildren(...words);
}

function rightAnswerInWords(values) {
  const words = values.flatMap((value) => [isPrime(value) ? html("b", {}, String(value)) : String(value), " "]);
  const primes = values.filter(isPrime);
  const answer = primes.length ? html("b", {}, primes.join(" ")) : "no prime: the answer ends at once";
  return [...words, "→ ", answer, values.join() === DATA.example.join() ? `. ${DATA.rule}` : ""];
}

function draw(values) {
  const results = new Map(trainings.map((training) => [training, follow(training, values, task)]));
  drawAnswers(results);
  drawInside(results);
  drawAlignment(results);
}

function drawAnswers(results) {
  find("#answers .title").replaceChildren(answersTitle([...results.values()]));
  const sections = Object.keys(TITLES).map((kind) => modelAnswers(both(kind), results, task));
  find("#answers .models").replaceChildren(...sections);
}

/** Figures 2 and 3, of the model that is chosen. */
function drawInside(results) {
  const pair = both(find("input[name=inside]:checked").value);
  const found = pair.map((training) => results.get(training));
  fill("#candidates", candidatesTitle(pair[0], found), pair, results, candidates);
  fill("#path", pathTitle(found, task), pair, results, planeOfPath);
  find("#path figcaption").replaceChildren(pathCaption(pair));
}

function drawAlignment(results) {
  const pair = both("attention");
  const title = alignmentTitle(pair.map((training) => results.get(training)), task);
  fill("#alignment", title, pair, results, alignmentMap);
}

/** A figure's title, and a drawing for each direction. */
function fill(figure, title, pair, results, drawn) {
  find(`${figure} .title`).replaceChildren(title);
  const sides = pair.map((training) =>
    html(
      "div",
      { class: direction(training) },
      html("b", { class: "direction" }, direction(training)),
      drawn(training, results.get(training), task),
    ),
  );
  find(`${figure} .pair`).replaceChildren(...sides);
}

/** A model's two trainings, forward and reversed. */
function both(kind) {
  return [false, true].map((reverse) => trainings.find((t) => t.kind === kind && t.reverse === reverse));
}

function choose(values) {
  input.value = values.join(" ");
  look();
}

find(".range").textContent = `1 to ${task.longest} whole numbers from 1 to ${task.largest}`;
find("#answers figcaption").textContent = answersCaption(task);
find(".choices").append(...Object.entries(TITLES).map(([kind, title]) => choice(kind, title)));
find(".origin").textContent = originInWords(trainings);
find("table").append(...originRows(trainings));
find("form").addEventListener("submit", (event) => event.preventDefault());
find("fieldset").addEventListener("change", look);
find("#random").addEventListener("click", () => choose(randomSource(task, 8)));
find("#example").addEventListener("click", () => choose(DATA.example));
input.addEventListener("input", look);
choose(DATA.example);

function choice(kind, title) {
  const radio = html("input", { type: "radio", name: "inside", value: kind });
  radio.checked = kind === "post";
  return html("label", {}, radio, ` ${title}`);
}

// For whoever wants the numbers behind the figures: host.follow("lstm", true, [4, 7, 11, 2]).
host.follow = (kind, reverse, values) => follow(both(kind)[Number(reverse)], values, task);
