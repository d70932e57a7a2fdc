"""The search and its n-best list, against every way to cover a sentence."""

import itertools
import random

import numpy as np
import pytest

from replicate.tasks.translation.phrases.decoder import UNSEEN, Decoder, Features, Limits, _Future
from replicate.tasks.translation.phrases.language import LanguageModel
from replicate.tasks.translation.phrases.nbest import best_answers
from replicate.tasks.translation.phrases.table import Phrase

BOS, EOS, UNK = 1, 2, 3
WEIGHTS = Features(0.2, 0.1, 0.3, 0.15, -0.2, 0.4, 0.3, 0.5)
SOURCE = [1, 2, 3, 4]
WIDE = 10**6  # a stack that leaves nothing out


def language(rng: random.Random) -> LanguageModel:
    text = [[rng.randint(4, 7) for _ in range(rng.randint(1, 6))] for _ in range(30)]
    return LanguageModel(text, 3, 6, BOS, EOS)


def table(rng: random.Random) -> dict:
    """Some phrases of one to three words, each with some translations; 4 has none of its own."""
    spans = [tuple(SOURCE[i:j]) for i, j in itertools.combinations(range(5), 2) if j - i <= 3]
    chosen = [span for span in spans if span != (4,) and (len(span) == 1 or rng.random() < 0.5)]
    return {span: [phrase(rng) for _ in range(rng.randint(1, 3))] for span in chosen}


def phrase(rng: random.Random) -> Phrase:
    words = tuple(rng.randint(4, 7) for _ in range(rng.randint(1, 2)))
    return Phrase(words, tuple(-3 * rng.random() for _ in range(4)))


def every_answer(phrases: dict, model: LanguageModel, distance: int) -> dict:
    """The best score of each sequence of words, and its features, over all ways to make it."""
    found: dict = {}

    def go_on(covered: frozenset, last: int, words: tuple, features: np.ndarray) -> None:
        if len(covered) == len(SOURCE):
            context, total = (BOS,), 0.0
            for word in (*words, EOS):
                total += model.log_probability(word, context[-2:])
                context += (word,)
            whole = features + np.array([0] * 7 + [total])
            score = float(np.dot(whole, WEIGHTS))
            if words not in found or score > found[words][0]:
                found[words] = score, whole
            return
        gap = min(set(range(len(SOURCE))) - covered)
        for first, end in itertools.combinations(range(len(SOURCE) + 1), 2):
            if covered & set(range(first, end)) or abs(first - last) > distance:
                continue
            if first > gap and end - gap > distance:
                continue
            given = phrases.get(tuple(SOURCE[first:end]), [])
            if not given and end == first + 1:
                given = [Phrase((UNK,), (UNSEEN,) * 4)]
            for own in given:
                added = [*own.scores, 1, len(own.target), -abs(first - last), 0]
                go_on(covered | set(range(first, end)), end, words + own.target, features + np.array(added))

    go_on(frozenset(), 0, (), np.zeros(8))
    return found


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("distance", [0, 1, 2, 9])
def test_the_answers_are_the_best_of_all(seed, distance):
    rng = random.Random(seed)
    phrases, model = table(rng), language(rng)
    wanted = every_answer(phrases, model, distance)
    decoder = Decoder(phrases, model, WEIGHTS, UNK, Limits(WIDE, distance))
    found = best_answers(decoder.search(SOURCE), 20)
    best = sorted(wanted.items(), key=lambda item: -item[1][0])[:20]
    assert [answer.score for answer in found] == pytest.approx([score for _, (score, _) in best])
    for answer in found:
        assert answer.score == pytest.approx(wanted[answer.words][0])
        assert answer.score == pytest.approx(float(np.dot(answer.features, WEIGHTS)))
    assert len({answer.words for answer in found}) == len(found)


def test_what_lies_ahead_is_never_thought_worse_than_it_is_without_order():
    """Of what a hypothesis still has to cover, the future is the best sum of parts, whatever their order."""
    rng = random.Random(1)
    phrases, model = table(rng), language(rng)
    decoder = Decoder(phrases, model, WEIGHTS, UNK, Limits(WIDE, 9))
    options = decoder._options(tuple(SOURCE))
    parts = {span: own[0].hope for span, own in options.items()}

    def best(places: frozenset) -> float:
        if not places:
            return 0.0
        first = min(places)
        spans = [(first, end) for end in range(first + 1, 5) if set(range(first, end)) <= places]
        return max(parts[span] + best(places - set(range(*span))) for span in spans if span in parts)

    future = _Future(options, 4)
    for covered in range(16):
        free = frozenset(place for place in range(4) if not covered >> place & 1)
        assert future.of(covered) == pytest.approx(best(free))


@pytest.mark.parametrize("stack", [1, 5])
def test_a_narrow_search_still_answers_and_never_beats_a_wide_one(stack):
    for seed in range(10):
        rng = random.Random(seed)
        phrases, model = table(rng), language(rng)
        wide, narrow = (
            best_answers(Decoder(phrases, model, WEIGHTS, UNK, Limits(size, 3)).search(SOURCE), 1)[0]
            for size in (WIDE, stack)
        )
        assert narrow.score <= wide.score + 1e-9
