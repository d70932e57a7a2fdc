"""The bootstrap over trainings and sentences: by hand, against scipy, and how often it errs."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from replicate.studies.bootstrap import Sample, bootstrap

MEAN = {"columns": ["hits"], "score": lambda means: means["hits"]}


def table(values):
    """A training a row of values `[R, S]`, one number a sentence."""
    values = np.asarray(values, dtype=float)
    units, sentences = np.indices(values.shape)
    return pd.DataFrame({"unit": units.ravel(), "sentence": sentences.ravel(), "hits": values.ravel()})


def test_the_estimate_is_the_weighted_sum_of_mean_scores():
    first, second = table([[1, 2, 3], [3, 4, 5]]), table([[1, 1, 1]])
    found = bootstrap([Sample(2, "a", first), Sample(-1, "b", second)], **MEAN, draws=50)
    assert found["estimate"] == pytest.approx(2 * 3 - 1)


def test_arms_are_compared_on_the_same_sentences():
    """Sentences differ by far more than the arms do, which are apart by 1 in each of them."""
    hard = np.random.default_rng(1).normal(0, 100, 40)
    first, second = table([hard + 1] * 3), table([hard] * 3)
    found = bootstrap([Sample(1, "a", first), Sample(-1, "b", second)], **MEAN, draws=500)
    assert (found["low"], found["high"]) == pytest.approx((1, 1))
    assert found["p"] == pytest.approx(2 / 501)


@pytest.mark.parametrize("weights", [(1, -1), (0.3, -0.3), (1 / 3, -1 / 3)])
def test_arms_that_are_equal_have_no_effect_whatever_rounding_leaves(weights):
    easy = np.random.default_rng(5).random(40)
    samples = [
        Sample(weight, arm, table([easy] * trainings))
        for weight, arm, trainings in zip(weights, "ab", (3, 7), strict=True)
    ]
    found = bootstrap(samples, **MEAN, draws=500)
    assert found == {"estimate": 0, "low": 0, "high": 0, "p": 1, "low_90": 0, "high_90": 0}


def test_searches_of_one_arm_are_compared_on_the_same_trainings():
    able = np.random.default_rng(2).normal(0, 100, 6)
    one, other = (table(able[:, None] + gain + np.zeros(30)) for gain in (0, 1))
    found = bootstrap([Sample(1, "a", other), Sample(-1, "a", one)], **MEAN, draws=500)
    assert (found["low"], found["high"]) == pytest.approx((1, 1))
    apart = bootstrap([Sample(1, "a", other), Sample(-1, "b", one)], **MEAN, draws=500)
    assert apart["low"] < 0 < apart["high"]


def test_the_interval_is_scipys_where_only_sentences_vary():
    values = np.random.default_rng(3).gamma(2, size=200)
    found = bootstrap([Sample(1, "a", table([values]))], **MEAN)
    theirs = stats.bootstrap((values,), np.mean, method="percentile", n_resamples=10_000, rng=1)
    wanted = theirs.confidence_interval
    assert (found["low"], found["high"]) == pytest.approx((wanted.low, wanted.high), abs=0.01)
    assert found["low"] < found["low_90"] < found["high_90"] < found["high"]


def test_the_interval_is_scipys_where_only_trainings_vary():
    values = np.random.default_rng(4).normal(size=30)
    found = bootstrap([Sample(1, "a", table(np.repeat(values[:, None], 5, axis=1)))], **MEAN)
    wanted = stats.bootstrap((values,), np.mean, method="percentile", n_resamples=10_000, rng=1)
    wanted = wanted.confidence_interval
    assert (found["low"], found["high"]) == pytest.approx((wanted.low, wanted.high), abs=0.02)


def test_a_score_is_of_the_sums_and_is_told_how_many_sentences():
    """A ratio of sums is no mean of ratios: 1 of 1 and 0 of 9 are 1 of 10, not a half."""
    ratio = pd.DataFrame({"unit": 0, "sentence": [4, 7], "hits": [1, 0], "of": [1, 9]})
    seen = set()

    def score(means):
        seen.update(means["samples"].flat)
        return means["hits"] / means["of"]

    found = bootstrap([Sample(1, "a", ratio)], ["hits", "of"], score, draws=50)
    assert found["estimate"] == pytest.approx(0.1) and seen == {2}


def test_too_few_sentences_for_every_draw_have_no_interval():
    table = pd.DataFrame({"unit": 0, "sentence": range(40), "hits": 1.0})
    for few, estimate in ((2, 0.0), (0, np.nan)):
        samples = [Sample(1, "a", table), Sample(-1, "a", table.head(few))]
        found = bootstrap(samples, ["hits"], lambda means: means["hits"])
        assert found.pop("estimate") == pytest.approx(estimate, nan_ok=True)
        assert np.isnan(list(found.values())).all() and len(found) == 5


def test_no_difference_is_seldom_found():
    """Of 200 pairs of arms without a difference about one in twenty has a p below 0.05."""
    rng = np.random.default_rng(5)
    found = []
    for _ in range(200):
        sentences = rng.normal(0, 1, 60)
        arms = [sentences + rng.normal(0, 0.3, (8, 1)) + rng.normal(0, 1, (8, 60)) for _ in "ab"]
        samples = [Sample(1, "a", table(arms[0])), Sample(-1, "b", table(arms[1]))]
        found.append(bootstrap(samples, **MEAN, draws=300)["p"] < 0.05)
    assert 0.01 < np.mean(found) < 0.13
