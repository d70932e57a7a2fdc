// Labels beside the points of a path: where points lie on one another, one label names them all.

const LETTER = 7.3; // about the width of a digit, in pixels
const LINE = 14; // and the height of a line
const NEAR = 8; // points closer than this share a label
// Where a label may stand, the best first: its middle from the point, in halves of its own size and a distance.
const SIDES = [[0, -1], [1, 0], [0, 1], [-1, 0], [1, -1], [-1, -1], [1, 1], [-1, 1]];
const DISTANCE = 9;

function labels(points, names) {
  const taken = [];
  return grouped(points, names).map(({ point, words }) => {
    const box = freest(sidesOf(point, words.join(" ")), taken, points);
    taken.push(box);
    return svg("text", { x: box.x, y: box.y + 4.5, class: "middle halo" }, words.join(" "));
  });
}

/** Neighbours on the path that lie on one another. */
function grouped(points, names) {
  const groups = [];
  points.forEach((point, i) => {
    const last = groups.at(-1);
    if (last && Math.hypot(point[0] - last.point[0], point[1] - last.point[1]) < NEAR) last.words.push(names[i]);
    else groups.push({ point, words: [names[i]] });
  });
  return groups;
}

/** The boxes, by their middles and half sizes, in which a text may stand beside a point. */
function sidesOf([x, y], text) {
  const [width, height] = [(LETTER * text.length) / 2, LINE / 2];
  return SIDES.map(([right, down]) => ({
    x: x + right * (width + (down ? DISTANCE / 2 : DISTANCE)),
    y: y + down * (height + (right ? DISTANCE / 3 : DISTANCE)),
    width,
    height,
  }));
}

/** The box that covers least: a label before it, the edge of the drawing, a point. */
function freest(boxes, taken, points) {
  const common = (a, b, middle, half) => Math.max(0, a[half] + b[half] - Math.abs(a[middle] - b[middle]));
  const overlap = (a, b) => common(a, b, "x", "width") * common(a, b, "y", "height");
  const dots = points.map(([x, y]) => ({ x, y, width: 4, height: 4 }));
  const outside = ({ x, width }) => Math.max(0, width - x, x + width - PLANE.width);
  const cost = (box) => [...taken, ...dots].reduce((sum, other) => sum + overlap(box, other), 50 * outside(box));
  return boxes.reduce((best, box) => (cost(box) < cost(best) ? box : best));
}
