"""A language model: how likely a sentence is, word by word, given a few words before each.

N-grams by interpolated modified Kneser-Ney smoothing (Chen and Goodman 1998): what is taken off the counts of
the n-grams that were seen goes to all words in proportion to the model of shorter contexts, which counts not
how often a word came but after how many different ones.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

Words = tuple[int, ...]
DISCOUNTS = (0.5, 1.0, 1.5)  # where a text is too small to estimate them


class LanguageModel:
    """p(word | up to order - 1 words before it), of sentences that begin with `bos` and end with `eos`."""

    def __init__(self, sentences: Iterable[Sequence[int]], order: int, size: int, bos: int, eos: int):
        """Args: size: how many words there are that can come, `eos` among them."""
        self.order, self.bos, self.eos = order, bos, eos
        self.seen: dict[Words, float] = {}  # the log probability of an n-gram's last word
        self.left: dict[Words, float] = {(): 0.0}  # of a context: the log of what its discounts took off
        self.nothing = -math.log(size)  # log p of a word without any count
        for counts in _adjusted([(bos, *sentence, eos) for sentence in sentences], order):
            self._add(counts)

    def log_probability(self, word: int, context: Words) -> float:
        """Of a word after a context of at most `order - 1` words."""
        seen = self.seen.get((*context, word))
        if seen is not None:
            return seen
        shorter = self.log_probability(word, context[1:]) if context else self.nothing
        return self.left.get(context, 0.0) + shorter

    def extend(self, context: Words, words: Words) -> tuple[float, Words]:
        """The log probability of words after a context, and the context after them."""
        total = 0.0
        for word in words:
            total += self.log_probability(word, context)
            context = (*context, word)[-self.order + 1 :] if self.order > 1 else ()
        return total, context

    def _add(self, counts: Counter) -> None:
        """The n-grams of one length, after all shorter ones."""
        discounts = _discounts(counts)
        by_context: dict[Words, list[tuple[Words, int]]] = defaultdict(list)
        for gram, count in counts.items():
            by_context[gram[:-1]].append((gram, count))
        for context, grams in by_context.items():
            total = sum(count for _, count in grams)
            left = sum(discounts[min(count, 3) - 1] for _, count in grams) / total
            shorter = {
                gram: self.log_probability(gram[-1], context[1:]) if context else self.nothing
                for gram, _ in grams
            }
            for gram, count in grams:
                kept = (count - discounts[min(count, 3) - 1]) / total
                self.seen[gram] = math.log(kept + left * math.exp(shorter[gram]))
            self.left[context] = math.log(left)


def _adjusted(sentences: list[Words], order: int) -> list[Counter]:
    """The counts of n-grams of each length from 1: of the longest and of those at a beginning, how often they
    came; of all others, after how many different words."""
    raw = [
        Counter(
            sentence[place : place + n] for sentence in sentences for place in range(len(sentence) - n + 1)
        )
        for n in range(1, order + 1)
    ]
    bos = sentences[0][0]
    del raw[0][bos,]  # which is never predicted
    adjusted = [raw[-1]]
    for longer, own in zip(reversed(raw[1:]), reversed(raw[:-1]), strict=True):
        after = Counter(gram[1:] for gram in longer)
        adjusted.append(
            Counter({gram: count if gram[0] == bos else after[gram] for gram, count in own.items()})
        )
    return adjusted[::-1]


def _discounts(counts: Counter) -> Sequence[float]:
    """What is taken off counts of 1, 2 and more (Chen and Goodman 1998, equation 26)."""
    ones, twos, threes, fours = (sum(count == n for count in counts.values()) for n in (1, 2, 3, 4))
    if not (ones and twos and threes):
        return DISCOUNTS
    share = ones / (ones + 2 * twos)
    found = 1 - 2 * share * twos / ones, 2 - 3 * share * threes / twos, 3 - 4 * share * fours / threes
    return found if all(0 < discount < n for n, discount in enumerate(found, 1)) else DISCOUNTS
