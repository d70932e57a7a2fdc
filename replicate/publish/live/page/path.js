// Figure 3: the path of the encoder's state through the plane of its two principal components.

const PLANE = { width: 340, height: 290, margin: 22 }; // at most, and lower where the plane is flat

function pathTitle(results, task) {
  const moves = results.flatMap(({ source, path }) => stepLengths(source, path, task));
  const ofPrimes = moves.filter(({ prime }) => prime).map(({ length }) => length);
  const ofOthers = moves.filter(({ prime }) => !prime).map(({ length }) => length);
  if (!ofPrimes.length || !ofOthers.length) return "The encoder's state after each token";
  const ratio = mean(ofPrimes) / mean(ofOthers);
  return `Here a prime moves the encoder's state ${ratio.toFixed(ratio < 10 ? 1 : 0)} times as far as another number`;
}

function pathCaption(pair) {
  const [forward, reversed] = pair.map(({ plane }) => percent(plane.share));
  return (
    "The state after each number read, primes as full dots, the last one ringed: the decoder starts there. Numbers " +
    "that hardly move the state share a label. Small dots are the states after random sources, the stronger the " +
    "more primes in the source. Their two principal components span the plane and hold " +
    `${forward} of their variance forward, ${reversed} reversed; each training has a plane of its own.`
  );
}

/** How far each number moves the state in the plane, the first left out, whose state before is not drawn. */
function stepLengths(source, path, task) {
  const length = (i) => Math.hypot(path[i][0] - path[i - 1][0], path[i][1] - path[i - 1][1]);
  return source
    .map((token, i) => ({ token, prime: isPrime(token), length: i && length(i) }))
    .filter(({ token }, i) => i && token !== task.eos);
}

function planeOfPath(training, { source, path }, task) {
  const { height, toPage } = scaled([...training.plane.cloud, ...path]);
  const points = path.map(toPage);
  const [lastX, lastY] = points.at(-1);
  const isFull = (i) => isPrime(source[i]);
  const dots = points.map(([cx, cy], i) => svg("circle", { cx, cy, r: 4, class: isFull(i) ? "dot" : "dot open" }));
  return drawing(
    PLANE.width,
    height,
    `The path of the state, ${direction(training)}, among those of random sources`,
    cloud(training.plane, toPage),
    svg("polyline", { class: "path", points: points.map((point) => point.join()).join(" ") }),
    ...dots.toSorted((a, b) => b.classList.length - a.classList.length), // primes above what lies on them
    svg("circle", { cx: lastX, cy: lastY, r: 7.5, class: "last" }),
    ...labels(points, source.map((token) => tokenName(token, task))),
  );
}

/** The states of random sources: the more primes in a source, the stronger its dot. */
function cloud({ cloud, primes }, toPage) {
  const most = Math.max(...primes);
  const dots = cloud.map((place, i) => {
    const [cx, cy] = toPage(place);
    const fill = `fill: color-mix(in srgb, var(--many) ${(100 * primes[i]) / most}%, var(--few))`;
    return svg("circle", { cx, cy, r: 2, style: fill });
  });
  return svg("g", {}, ...dots);
}

/** From the plane to the page, and its height there: one scale for both components, all points inside. */
function scaled(points) {
  const { width, margin } = PLANE;
  const [xs, ys] = [0, 1].map((k) => points.map((point) => point[k]));
  const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const scale = Math.min((width - 2 * margin) / (right - left), (PLANE.height - 2 * margin) / (high - low));
  const height = scale * (high - low) + 2 * margin;
  const toPage = ([x, y]) => [width / 2 + scale * (x - (left + right) / 2), margin + scale * (high - y)];
  return { height, toPage };
}
