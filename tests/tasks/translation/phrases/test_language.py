"""The language model: it sums to one, a case by hand, and the formulas as they are written in the paper."""

import math
import random

import pytest

from replicate.tasks.translation.phrases.language import DISCOUNTS, LanguageModel, _discounts

BOS, EOS, SIZE = 1, 2, 9  # words 3 to 9, UNK and EOS can come


def text(seed: int = 0, sentences: int = 60) -> list[list[int]]:
    rng = random.Random(seed)
    return [
        [rng.choice([4, 4, 4, 5, 5, 6, 7, 8]) for _ in range(rng.randint(0, 5))] for _ in range(sentences)
    ]


def direct(sentences, order, word, context):
    """p(word | context) from Chen and Goodman (1998), section 4.1.6, by counting anew at every use."""
    padded = [(BOS, *sentence, EOS) for sentence in sentences]
    grams = {
        n: [row[k : k + n] for row in padded for k in range(len(row) - n + 1) if row[k : k + n] != (BOS,)]
        for n in range(1, order + 1)
    }

    def count(gram):
        if len(gram) == order or gram[0] == BOS:
            return grams[len(gram)].count(gram)
        return len({longer for longer in grams[len(gram) + 1] if longer[1:] == gram})

    n = len(context) + 1
    followers = {gram: count(gram) for gram in set(grams[n]) if gram[:-1] == context}
    shorter = direct(sentences, order, word, context[1:]) if context else 1 / SIZE
    if not followers:
        return shorter
    every = [count(gram) for gram in set(grams[n])]
    ones, twos, threes, fours = (every.count(k) for k in (1, 2, 3, 4))
    off = DISCOUNTS
    if ones and twos and threes:
        y = ones / (ones + 2 * twos)
        formula = 1 - 2 * y * twos / ones, 2 - 3 * y * threes / twos, 3 - 4 * y * fours / threes
        off = formula if 0 < formula[0] < 1 and 0 < formula[1] < 2 and 0 < formula[2] < 3 else off
    total = sum(followers.values())
    own = followers.get((*context, word), 0)
    kept = (own - off[min(own, 3) - 1]) / total if own else 0
    left = sum(off[min(count, 3) - 1] for count in followers.values()) / total
    return kept + left * shorter


CONTEXTS = [(), (BOS,), (4,), (5, 4), (BOS, 4), (4, 4, 5), (9,), (9, 4, 4), (BOS, 5, 5)]


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_it_sums_to_one_after_any_context(order):
    model = LanguageModel(text(), order, SIZE - 1, BOS, EOS)
    for context in CONTEXTS:
        kept = context[-order + 1 :] if order > 1 else ()
        total = sum(math.exp(model.log_probability(word, kept)) for word in range(EOS, SIZE + 1))
        assert total == pytest.approx(1)


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("seed", [0, 1])
def test_it_is_what_the_paper_says(order, seed):
    sentences = text(seed)
    model = LanguageModel(sentences, order, SIZE, BOS, EOS)
    for context in CONTEXTS:
        kept = context[-order + 1 :] if order > 1 else ()
        for word in range(2, 10):
            wanted = direct(sentences, order, word, kept)
            assert math.exp(model.log_probability(word, kept)) == pytest.approx(wanted)


def test_a_bigram_by_hand():
    """Of "4 5" and "4 6": 4 comes after one word (the beginning), so does 5, 6; the end after two."""
    model = LanguageModel([[4, 5], [4, 6]], 2, 4, BOS, EOS)
    one, two, _ = DISCOUNTS  # so few counts estimate none
    # Unigrams, 5 in all (counts 1, 1, 1, 2): what is left goes to 4 words evenly.
    left = (3 * one + two) / 5
    four = (1 - one) / 5 + left / 4
    assert math.exp(model.log_probability(4, ())) == pytest.approx(four)
    # After the beginning 4 came twice, and nothing else.
    assert math.exp(model.log_probability(4, (BOS,))) == pytest.approx((2 - two) / 2 + two / 2 * four)


def test_the_discounts_of_many_counts():
    counts = {(k,): n for k, n in enumerate([1] * 8 + [2] * 4 + [3] * 2 + [4])}
    y = 8 / 16
    assert _discounts(counts) == pytest.approx((1 - 2 * y * 4 / 8, 2 - 3 * y * 2 / 4, 3 - 4 * y * 1 / 2))


def test_words_one_by_one():
    model = LanguageModel(text(), 3, SIZE, BOS, EOS)
    total, context = model.extend((BOS,), (4, 5, EOS))
    steps = [((BOS,), 4), ((BOS, 4), 5), ((4, 5), EOS)]
    assert total == pytest.approx(sum(model.log_probability(word, before) for before, word in steps))
    assert context == (5, EOS)
