"""Weights: the best step along a line against a fine grid, and a task whose best weights are known."""

import numpy as np
import pytest

from replicate.tasks.translation.phrases.nbest import Answer
from replicate.tasks.translation.phrases.tuning import Pool, line_search, tune


def mean_of_right(means) -> float:
    return 100 * means["right"] / means["wanted"]


def pool(seed: int, sentences: int = 12) -> Pool:
    rng = np.random.default_rng(seed)
    made = Pool(sentences)
    sizes = rng.integers(1, 8, sentences)
    lists = [[Answer((k,), 0.0, rng.normal(size=3)) for k in range(size)] for size in sizes]
    counts = [{"right": rng.integers(0, 9, size) * 1.0, "wanted": np.full(size, 9.0)} for size in sizes]
    made.add(lists, counts)
    return made


def score_at(pool: Pool, weights: np.ndarray) -> float:
    scores = np.where(pool.there, pool.features @ weights, -np.inf)
    chosen = scores.argmax(1)
    return pool.score(pool.counts[np.arange(len(chosen)), chosen].sum(0), mean_of_right)


@pytest.mark.parametrize("seed", range(20))
def test_no_step_along_a_line_is_better(seed):
    given, rng = pool(seed), np.random.default_rng(seed + 100)
    weights, direction = rng.normal(size=3), rng.normal(size=3)
    step, score = line_search(given, weights, direction, mean_of_right)
    assert score_at(given, weights + step * direction) == pytest.approx(score)
    grid = [*np.linspace(-40, 40, 4001), -1e5, 1e5]
    assert max(score_at(given, weights + tried * direction) for tried in grid) <= score + 1e-9


def test_lines_that_are_parallel_or_one_leave_the_choice_as_it_is():
    given = Pool(1)
    answers = [Answer((4,), 0.0, np.array([1.0, 0])), Answer((5,), 0.0, np.array([2.0, 0]))]
    given.add([answers], [{"right": np.array([9.0, 1.0]), "wanted": np.array([9.0, 9.0])}])
    assert line_search(given, np.array([1.0, 0]), np.array([0.0, 1]), mean_of_right)[1] == pytest.approx(
        100 / 9
    )


def test_more_answers_are_added_once():
    given = Pool(1)
    answer = Answer((4,), 0.0, np.array([1.0, 0]))
    counts = [{"right": np.array([9.0])}]
    assert given.add([[answer]], counts) and not given.add([[answer._replace(score=3.0)]], counts)
    assert given.add([[answer._replace(features=np.array([1.0, 1]))]], counts)
    assert given.features.shape == (1, 2, 2)


def test_tuning_finds_the_feature_that_tells_what_is_right():
    """Each pass decodes with the weights found so far; the third feature alone says which answer is right."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(40, 30, 3))
    right = features[..., 2].argsort(1).argsort(1) * 1.0  # [40, 30]

    def decode(weights):
        order = np.argsort(-features @ weights, 1)[:, :5]
        return [[Answer((int(k),), 0.0, features[s, k]) for k in row] for s, row in enumerate(order)]

    def judge(lists):
        return [
            {"right": np.array([right[s, own.words[0]] for own in row]), "wanted": np.full(len(row), 29.0)}
            for s, row in enumerate(lists)
        ]

    weights = tune(decode, judge, mean_of_right, np.array([1.0, 1, 0.1]))
    assert weights[2] > 0.8 and np.abs(weights).sum() == pytest.approx(1)
    assert tune(decode, judge, mean_of_right, np.array([1.0, 1, 0.1])).tolist() == weights.tolist()
