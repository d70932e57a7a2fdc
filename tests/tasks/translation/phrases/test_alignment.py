"""Word alignments: against the sum over all alignments of a pair, and on a text whose alignment is known."""

import itertools
import random

import numpy as np
import pytest

from replicate.tasks.translation.phrases.alignment import FROM_EMPTY, align, hidden_markov, model_1


def random_model(source: int, target: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of words `[J, I + 1]` and of moves `[I + 1, I + 1]`."""
    rng = np.random.default_rng(seed)
    transition = rng.random((source + 1, source + 1))
    transition[:, 0] = 0
    return rng.random((target, source + 1)), transition / transition.sum(1, keepdims=True)


def all_alignments(emission: np.ndarray, transition: np.ndarray):
    """Every alignment of a pair, 0 for the empty word, with its probability: the model in its own words."""
    for alignment in itertools.product(range(emission.shape[1]), repeat=len(emission)):
        last, probability = 0, 1.0
        for j, place in enumerate(alignment):
            move = (1 - FROM_EMPTY) * transition[last, place] if place else FROM_EMPTY
            probability *= move * emission[j, place]
            last = place or last
        yield alignment, probability


@pytest.mark.parametrize(("source", "target"), [(1, 1), (2, 3), (3, 4), (4, 2)])
def test_links_and_moves_are_those_of_the_sum_over_all_alignments(source, target):
    emission, transition = random_model(source, target, seed=source)
    links, moves, total = np.zeros_like(emission), np.zeros_like(transition), 0.0
    for alignment, probability in all_alignments(emission, transition):
        total += probability
        last = 0
        for j, place in enumerate(alignment):
            links[j, place] += probability
            if place:
                moves[last, place] += probability
            last = place or last
    # Beside it a shorter target: what is behind its end has no part in anything.
    both = np.stack([emission, emission], 1)
    inside = np.ones((target, 2), bool)
    inside[-1, 1] = target == 1
    both[-1, 1] *= inside[-1, 1] or 7
    found, found_moves = hidden_markov(both, inside, transition)
    assert found[:, 0] == pytest.approx(links / total)
    assert found[:, 0].sum(1) == pytest.approx(1)
    alone, alone_moves = hidden_markov(both[: target - 1, 1:], inside[: target - 1, 1:], transition)
    if target > 1:
        assert found[:-1, 1:] == pytest.approx(alone) and not found[-1, 1].any()
        assert found_moves == pytest.approx(moves / total + alone_moves)


def test_model_1_shares_a_word_out_by_the_probabilities_of_its_links():
    emission = np.array([[[0.1, 0.3]], [[0.5, 0.0]], [[0.0, 0.0]]])
    found = model_1(emission, np.array([[True], [True], [False]]))
    assert found[:, 0] == pytest.approx(np.array([[0.25, 0.75], [1, 0], [0, 0]]))


def test_a_text_of_which_the_alignment_is_known():
    """A word is translated by itself plus 100; two kinds change places, and 199 comes from nothing."""
    rng = random.Random(0)
    sources, targets, wanted = [], [], []
    for _ in range(400):
        source = rng.sample(range(1, 21), rng.randint(2, 6))
        order = list(range(len(source)))
        for place in range(len(source) - 1):
            if source[place] <= 5 and source[place + 1] > 15:
                order[place], order[place + 1] = order[place + 1], order[place]
        target = [100 + source[place] for place in order]
        if rng.random() < 0.3:
            target, order = [*target, 199], [*order, -1]
        sources.append(source)
        targets.append(target)
        wanted.append(order)
    found = [place for row in align(sources, targets) for place in row]
    known = [place for row in wanted for place in row]
    right = [a == b for a, b in zip(found, known, strict=True)]
    assert sum(right) / len(right) > 0.95
