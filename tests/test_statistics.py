"""Intervals and tests against hand-computed cases, simulations and scipy's own tests."""

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from replicate.statistics import (
    compare_to_reported_mean,
    contrast,
    describe,
    holm,
    mean_interval,
    permutation_p,
    share_difference,
    welch_interval,
)


def test_mean_interval_of_a_textbook_sample():
    # mean 3, s = sqrt(2.5), t(.975, 4) = 2.776
    mean, low, high = mean_interval([1, 2, 3, 4, 5, np.nan])
    assert (mean, low, high) == pytest.approx((3, 3 - 2.776 * 0.7071, 3 + 2.776 * 0.7071), abs=1e-3)
    assert np.isnan(mean_interval([7])[1]) and describe([7]) == "7.000"
    assert describe([1, 2, 3, 4, 5]) == "3.000 [1.037, 4.963]"


def test_holm_by_hand():
    # Sorted .01 .02 .03 .04 times 4 3 2 1 gives .04 .06 .06 .04; the running maximum makes the last .06.
    assert holm([0.03, 0.01, 0.04, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.9, 0.5]) == pytest.approx([1, 1])


def test_a_true_replication_is_rejected_5_percent_of_the_time():
    rng = np.random.default_rng(0)
    p = [compare_to_reported_mean(rng.normal(size=10), rng.normal(size=10).mean(), 10).p for _ in range(4000)]
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.015)


def test_our_interval_alone_would_reject_a_true_replication_far_more_often():
    rng = np.random.default_rng(0)
    missed = 0
    for _ in range(2000):
        _, low, high = mean_interval(rng.normal(size=10))
        missed += not low < rng.normal(size=10).mean() < high
    assert missed / 2000 > 0.12


def test_permutation_p_of_a_case_that_can_be_counted():
    # Of the 20 relabellings of 3 + 3 values, the two extreme ones are as far apart as the observed.
    assert permutation_p([1, 2, 3], [4, 5, 6]) == pytest.approx(2 / 20)


def test_newcombes_interval_of_a_published_example():
    # Newcombe 1998, table II, row (a): 56/70 - 48/80 has [0.0524, 0.3339] by method 10.
    found = share_difference(56, 70, 48, 80)
    assert found.mean == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


@pytest.mark.parametrize(
    "test", [permutation_p, welch_interval, lambda a, b: compare_to_reported_mean(a, 0.5, 10)]
)
def test_a_missing_value_is_refused_and_not_tested(test):
    values = np.linspace(0, 1, 10)
    with pytest.raises(ValueError, match="a value is missing"):
        test([*values, np.nan], values)


def test_a_contrast_of_two_is_welchs_test_and_of_one_the_paired_test():
    rng = np.random.default_rng(0)
    a, b = rng.normal(1, 1, 12), rng.normal(0, 3, 7)
    welch = stats.ttest_ind(a, b, equal_var=False)
    assert contrast([a, b], [1, -1]).p == pytest.approx(welch.pvalue)
    assert contrast([a, b], [1, -1])[:3] == pytest.approx((a.mean() - b.mean(), *welch.confidence_interval()))
    paired = stats.ttest_rel(a[:7], b)
    assert contrast([a[:7] - b], [1]).p == pytest.approx(paired.pvalue)


def test_a_contrast_of_four_by_hand_and_its_coverage():
    # Variances 1 each of 3: error sqrt(4/3), 8 degrees of freedom, t = 2.306.
    group = [0.0, 1.0, 2.0]
    found = contrast([group] * 3 + [[x + 5 for x in group]], [1, -1, -1, 1])
    assert found.estimate == pytest.approx(5)
    assert found.high - 5 == pytest.approx(2.306 * (4 / 3) ** 0.5, abs=2e-3)
    rng = np.random.default_rng(1)
    covered = []
    for _ in range(400):
        samples = [rng.normal(0, sd, n) for sd, n in ((1, 10), (2, 5), (0.5, 10), (1, 20))]
        _, low, high, _ = contrast(samples, [1, -1, -1, 1])
        covered.append(low <= 0 <= high)
    assert 0.91 < np.mean(covered) < 0.985


def test_a_contrast_without_spread_says_so():
    assert contrast([[1.0, 1.0], [1.0, 1.0]], [1, -1]).p == 1
    assert contrast([[2.0, 2.0], [1.0, 1.0]], [1, -1])[:] == (1, 1, 1, 0)
    assert contrast([[0.1] * 30, [0.1] * 10], [1, -1])[:] == (0, 0, 0, 1)  # means that are rounded differ
    assert contrast([[0.1] * 3, [0.3] * 3, [0.1] * 4, [0.3] * 4], [1, -1, -1, 1]).p == 1


@pytest.mark.parametrize("weights", [[0.3, 0.1, -0.1, -0.3], [1 / 3, 1 / 3, 1 / 3, -1], [1, -1, -1, 1]])
@pytest.mark.parametrize("value", [0.1, 0.7, 1.0, 1e6])
def test_equal_arms_have_no_effect_whatever_rounding_leaves_of_their_weights(weights, value):
    """A trend's weights do not sum to 0 as floats, and equal trainings may differ in their last bit."""
    one_bit_off = [value, value, np.nextafter(value, 2 * value)]
    for arms in [value] * 4, [value] * 10, one_bit_off:
        samples = [np.roll(arms, place) for place in range(4)]
        assert contrast(samples, weights)[:] == (0, 0, 0, 1)
    noticed = contrast([[value], [value], [value], [value * (1 + 1e-6)]] * np.ones((4, 3)), weights)
    assert noticed.p == 0 and np.sign(noticed.estimate) == np.sign(weights[-1])


@pytest.mark.parametrize(
    ("center", "decimals", "n"), [(0.997, 3, 10), (0.9985, 4, 10), (3.2, 2, 9), (36, 1, 8), (1234.5, 1, 10)]
)
def test_relabellings_with_the_same_difference_are_ties_at_any_size_of_the_values(center, decimals, n):
    """Against an enumeration in whole numbers; p was half of it where the means are rounded."""
    rng = np.random.default_rng(1)
    for _ in range(20):
        units = np.rint(10**decimals * center + rng.normal(0, 3, n)).astype(int)
        values, half = units / 10**decimals, n // 2
        sums = np.array([sum(chosen) for chosen in combinations(units.tolist(), half)])
        found = units[:half].sum()
        share = 2 * min((sums <= found).mean(), (sums >= found).mean())
        assert permutation_p(values[:half], values[half:]) == pytest.approx(min(1, share), abs=1e-12)


def test_two_arms_that_differ_in_their_last_bit_are_no_different_when_relabelled():
    assert permutation_p([0.3] * 10, [0.1 + 0.2] * 10) == 1
    # Shares of 512,000: the differences end in a 5 at the twelfth decimal, where rounding parts them.
    a, b = [512_000, 496_553, 470_417, 498_359, 498_359], [470_417, 496_553, 496_553, 470_417, 470_417]
    assert permutation_p([x / 512_000 for x in a], [x / 512_000 for x in b]) == pytest.approx(36 / 252)


def test_the_interval_of_equal_arms_is_nothing():
    assert welch_interval([0.1] * 2, [0.1] * 12) == welch_interval([0.1] * 2, [0.1] * 7) == (0, 0, 0)


def test_trainings_that_differ_in_their_last_bit_are_at_the_reported_mean():
    assert compare_to_reported_mean([0.3, 0.1 + 0.2, 0.3], 0.3, 10)[:3] == (0, 1, 0)


@pytest.mark.parametrize("n", [3, 10, 20])
def test_equal_values_are_at_the_reported_mean_or_off_it_without_doubt(n):
    """The mean of n equal values is rounded, and so is their spread: one over the other is any number."""
    for value in np.arange(1, 1000) / 1000:
        assert compare_to_reported_mean([value] * n, value, 10)[:3] == (0, 1, 0)
    assert compare_to_reported_mean([0.1] * n, 0.2, 10).p == 0
