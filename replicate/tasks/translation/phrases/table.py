"""The phrase table: what each phrase of the source was translated by, and how likely that is."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence, Set
from itertools import accumulate
from typing import NamedTuple

from replicate.tasks.translation.phrases.alignment import EMPTY
from replicate.tasks.translation.phrases.extraction import pieces
from replicate.tasks.translation.phrases.symmetry import Link

Words = tuple[int, ...]
Pair = tuple[Sequence[int], Sequence[int]]  # the ids of a sentence and of its translation
OPTIONS = 20  # translations of a phrase that are kept, the commonest


class Phrase(NamedTuple):
    """A translation of a phrase f, and the logarithms of its scores."""

    target: Words  # e
    scores: tuple[float, float, float, float]  # of p(e | f), p(f | e), and of the same word by word


def phrase_table(
    pairs: Sequence[Pair], alignments: Sequence[Set[Link]], longest: int
) -> dict[Words, list[Phrase]]:
    """By source phrase its commonest translations; no phrase is longer than `longest` words.

    p(e | f) is the share of e among the translations of f. Word by word (the lexical weight of Koehn, Och and
    Marcu 2003), it is the product over the words of e of their mean probability given the words of f that
    each is linked to, or the empty word; of several alignments of f and e the most probable counts.
    """
    counts: dict[Words, Counter] = defaultdict(Counter)
    lexical: dict[tuple[Words, Words], tuple[float, float]] = {}
    by_word = zip(*_lexical(pairs, alignments), strict=True)
    for (source, target), links, logs in zip(pairs, alignments, by_word, strict=True):
        # A piece holds all links of its words, so its weight is a sum over its words, wherever it stands.
        to_target, to_source = ([0.0, *accumulate(own)] for own in logs)
        for i, i_end, j, j_end in pieces(links, len(source), len(target), longest):
            f, e = tuple(source[i:i_end]), tuple(target[j:j_end])
            counts[f][e] += 1
            weights = to_target[j_end] - to_target[j], to_source[i_end] - to_source[i]
            lexical[f, e] = tuple(map(max, weights, lexical.get((f, e), weights)))
    totals: Counter = Counter()  # of e
    for translations in counts.values():
        totals.update(translations)
    return {
        f: [
            Phrase(e, (math.log(n / translations.total()), math.log(n / totals[e]), *lexical[f, e]))
            for e, n in sorted(translations.items(), key=lambda item: (-item[1], item[0]))[:OPTIONS]
        ]
        for f, translations in counts.items()
    }


def _lexical(
    pairs: Sequence[Pair], alignments: Sequence[Set[Link]]
) -> tuple[list[list[float]], list[list[float]]]:
    """Of every pair the log probability of each target word given the source, and of each source word."""
    to_target, to_source = [], []
    for (source, target), links in zip(pairs, alignments, strict=True):
        linked_source: list[list[int]] = [[] for _ in target]
        linked_target: list[list[int]] = [[] for _ in source]
        for i, j in links:
            linked_source[j].append(source[i])
            linked_target[i].append(target[j])
        to_target.append([(e, given or [EMPTY]) for e, given in zip(target, linked_source, strict=True)])
        to_source.append([(f, given or [EMPTY]) for f, given in zip(source, linked_target, strict=True)])
    return _log_probabilities(to_target), _log_probabilities(to_source)


def _log_probabilities(sentences: list[list[tuple[int, list[int]]]]) -> list[list[float]]:
    """Of each word given those it is linked to: the mean of its shares among all that these are linked to."""
    together = Counter((word, own) for row in sentences for word, given in row for own in given)
    alone: Counter = Counter()
    for (_, own), count in together.items():
        alone[own] += count
    return [
        [math.log(sum(together[word, own] / alone[own] for own in given) / len(given)) for word, given in row]
        for row in sentences
    ]
