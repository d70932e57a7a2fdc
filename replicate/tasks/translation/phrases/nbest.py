"""The best distinct answers of a search: paths through its hypotheses, from the end to the beginning."""

import heapq
from itertools import count
from typing import NamedTuple

import numpy as np

from replicate.tasks.translation.phrases.decoder import Arc, Hypothesis
from replicate.tasks.translation.phrases.table import Words

PATHS = 50  # that are followed for each answer wanted: many have equal words


class Answer(NamedTuple):
    """A translation, without EOS, and what its score is the weighted sum of."""

    words: Words
    score: float
    features: np.ndarray  # as `decoder.FEATURES`


def best_answers(final: Hypothesis, wanted: int) -> list[Answer]:
    """The answers of the highest scores, best first; of those with equal words the best alone.

    At every hypothesis it is known how well a path can begin, so that paths which are followed backwards, the
    most promising first (A*), are complete in the order of their scores.
    """
    order = count()  # of equally good ones the first comes first
    heap = [(-final.score, next(order), final, None)]
    found: dict[Words, Answer] = {}
    paths = PATHS * wanted
    while heap and paths and len(found) < wanted:
        best, _, hypothesis, later = heapq.heappop(heap)
        if not hypothesis.arcs:  # the beginning
            paths -= 1
            answer = _answer(later, -best)
            found.setdefault(answer.words, answer)
        for arc in hypothesis.arcs:
            score = best + hypothesis.score - arc.before.score - arc.score
            heapq.heappush(heap, (score, next(order), arc.before, (arc, later)))
    return list(found.values())


def _answer(path: tuple[Arc, tuple | None] | None, score: float) -> Answer:
    words: Words = ()
    features = np.zeros(8)
    while path:
        arc, path = path
        words += arc.phrase.target
        features += (*arc.phrase.scores, 1, len(arc.phrase.target), -arc.jump, arc.language)
    return Answer(words, score, features)
