"""The best distinct answers of a search: paths through its hypotheses, from the end to the beginning."""

import heapq
from itertools import count
from typing import NamedTuple

import numpy as np

from replicate.tasks.translation.phrases.decoder import Arc, Hypothesis
from replicate.tasks.translation.phrases.table import Words

PATHS = 20  # that are followed for each answer wanted: many have equal words


class Answer(NamedTuple):
    """A translation, without EOS, and what its score is the weighted sum of."""

    words: Words
    score: float
    features: np.ndarray  # as `decoder.Features`


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
            arcs = _arcs(later)
            words = tuple(word for arc in arcs for word in arc.phrase.target)
            if words not in found:
                found[words] = Answer(words, -best, np.sum([arc.features for arc in arcs], axis=0))
        for arc in hypothesis.arcs:
            score = best + hypothesis.score - arc.before.score - arc.score
            heapq.heappush(heap, (score, next(order), arc.before, (arc, later)))
    return list(found.values())


def _arcs(path: tuple[Arc, tuple | None] | None) -> list[Arc]:
    """Of a path from its first arc on, each with what comes later."""
    arcs = []
    while path:
        arc, path = path
        arcs.append(arc)
    return arcs
