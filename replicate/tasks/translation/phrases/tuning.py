"""Weights by minimum error rate training (Och 2003): those whose best answers have the highest BLEU.

Along a line through the weights the score of every answer is a straight line, so that the answer chosen for a
sentence changes at few points only. BLEU is constant between these, and its best interval is found exactly.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from replicate.tasks.translation.phrases.nbest import Answer

Score = Callable[[Mapping[str, float]], float]  # of means of counts over sentences, and their `samples`
NARROW = 1e-9  # an interval, or a difference of slopes, that is none
GAIN = 0.01  # BLEU: less ends a search
PASSES = 5  # of decoding
STARTS = 4  # of each search: the weights so far, and others drawn around them


class Pool:
    """Answers to S sentences that weights choose from: their features and what is counted of them."""

    def __init__(self, sentences: int):
        self.names: list[str] = []
        self._known: list[dict[tuple, tuple]] = [{} for _ in range(sentences)]

    def add(self, lists: Sequence[Sequence[Answer]], counts: Sequence[Mapping[str, np.ndarray]]) -> bool:
        """More answers to each sentence; whether any is new."""
        before = sum(map(len, self._known))
        for known, answers, own in zip(self._known, lists, counts, strict=True):
            self.names = list(own)
            for answer, row in zip(answers, np.stack(list(own.values()), 1), strict=True):
                known.setdefault((answer.words, answer.features.tobytes()), (answer.features, row))
        longest = max(map(len, self._known))
        rows = [list(known.values()) for known in self._known]
        self.features = np.stack([_padded([row for row, _ in own], longest) for own in rows])  # [S, K, F]
        self.counts = np.stack([_padded([row for _, row in own], longest) for own in rows])  # [S, K, C]
        self.there = np.arange(longest) < np.array(list(map(len, rows)))[:, np.newaxis]  # [S, K]
        return sum(map(len, self._known)) > before

    def score(self, totals: np.ndarray, score: Score) -> float:
        """Of the sums of the counts of an answer to each sentence, `[C]`."""
        means = dict(zip(self.names, (totals / len(self.counts)).tolist(), strict=True))
        return score(means | {"samples": len(self.counts)})


def tune(
    decode: Callable[[np.ndarray], list[list[Answer]]],
    judge: Callable[[list[list[Answer]]], list[Mapping[str, np.ndarray]]],
    score: Score,
    start: np.ndarray,
    passes: int = PASSES,
) -> np.ndarray:
    """The weights whose best answers score most, of those that each pass found in all answers so far."""
    rng = np.random.default_rng(0)
    weights, tried, pool = normalised(start), [], None
    for left in reversed(range(passes)):
        lists = decode(weights)
        counts = judge(lists)
        pool = pool or Pool(len(lists))
        new = pool.add(lists, counts)
        first = sum(np.array([own[name][0] for name in pool.names]) for own in counts)
        tried.append((pool.score(first, score), weights))
        if not (new and left):
            break
        weights, _ = tuned(pool, weights, score, rng)
    return max(tried, key=lambda pair: pair[0])[1]


def tuned(pool: Pool, start: np.ndarray, score: Score, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """The best weights that searches from several starts find in a pool, and their score."""
    starts = [start, *(start + rng.normal(0, np.abs(start).mean(), (STARTS - 1, len(start))))]
    found = [_climbed(pool, weights, score, rng) for weights in starts]
    return max(found, key=lambda pair: pair[1])


def _climbed(
    pool: Pool, weights: np.ndarray, score: Score, rng: np.random.Generator
) -> tuple[np.ndarray, float]:
    """Steps along the axes and as many random directions, in turn, until a round of them gains too little."""
    reached, before = 0.0, -1.0
    while reached >= before + GAIN:
        before = reached
        for direction in (*np.eye(len(weights)), *rng.normal(size=(len(weights), len(weights)))):
            step, found = line_search(pool, weights, direction, score)
            if found > reached:
                weights, reached = weights + step * direction, found
    return normalised(weights), reached


def line_search(pool: Pool, weights: np.ndarray, direction: np.ndarray, score: Score) -> tuple[float, float]:
    """The step along a direction with the highest score, in the middle of its interval, and that score."""
    totals, steps, changes = _changes(pool, weights, direction)
    order = steps.argsort(kind="stable")
    edges = [steps.min(initial=0) - 2, *steps[order], steps.max(initial=0) + 2]
    wide = np.flatnonzero(np.diff(edges) > NARROW)
    totals = np.cumsum([totals, *changes[order]], axis=0)  # [E + 1, C]
    scores = [pool.score(totals[k], score) for k in wide]
    best = int(np.argmax(scores))
    return float(edges[wide[best]] + edges[wide[best] + 1]) / 2, scores[best]


def _changes(
    pool: Pool, weights: np.ndarray, direction: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The counts of the answers chosen far to the left, `[C]`; then the steps `[E]` at which an answer is
    replaced by another, and what this changes, `[E, C]`: the upper envelope of each sentence's lines."""
    offset = np.where(pool.there, pool.features @ weights, -np.inf)  # [S, K]
    slope = np.where(pool.there, pool.features @ direction, -np.inf)
    # Far to the left the line of the smallest slope is on top; of parallel ones the higher.
    least = np.where(pool.there, slope, np.inf).min(1, keepdims=True)
    top = np.where(slope == least, offset, -np.inf).argmax(1)
    rows = np.arange(len(top))  # the sentences whose line is still to be replaced
    totals = pool.counts[rows, top].sum(0)
    steps, changes = [np.zeros(0)], [np.zeros((0, len(totals)))]
    while len(rows):
        here = np.arange(len(rows)), top
        rise = slope[rows] - slope[rows][here][:, np.newaxis]
        lead = offset[rows][here][:, np.newaxis] - offset[rows]
        crossing = np.divide(lead, rise, out=np.full_like(lead, np.inf), where=rise > NARROW)
        nearest = crossing.min(1)
        # Of lines that cross at one point the steepest is the next.
        following = np.where(crossing <= nearest[:, np.newaxis], rise, -np.inf).argmax(1)
        more = np.isfinite(nearest)
        rows, top, following = rows[more], top[more], following[more]
        steps.append(nearest[more])
        changes.append(pool.counts[rows, following] - pool.counts[rows, top])
        top = following
    return totals, np.concatenate(steps), np.concatenate(changes)


def normalised(weights: np.ndarray) -> np.ndarray:
    """The same order of answers, the weights' absolute values summing to 1."""
    return weights / np.abs(weights).sum()


def _padded(rows: list[np.ndarray], length: int) -> np.ndarray:
    return np.pad(np.stack(rows), ((0, length - len(rows)), (0, 0)))
