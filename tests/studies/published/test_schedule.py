"""What stands behind the means: take-off by phase, the two parts of a mixture, two tests side by side."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from replicate.presets import PUBLISHED
from replicate.studies.published.reversal import mixture, stuck
from replicate.studies.published.schedule import compare, norm_curves, takeoff_phases
from replicate.tasks import task_of

CONFIG = PUBLISHED.changed(max_length=15)  # a training takes off at a PSA of 0.0803


def made_up(off_at, scores):
    """A run whose trainings take off at these updates, None for never."""
    rows = [
        {
            "round": r,
            "step": step,
            "published_psa": 0.2 if at is not None and step >= at else 0.03,
            "gradient_norm": 1.0 + r,
            "large_share": 0.5 * (r == 0) if step else float("nan"),
        }
        for r, at in enumerate(off_at)
        for step in range(0, 15_001, 2_500)
    ]
    table = pd.DataFrame({"round": range(len(scores)), "geo_mean": scores})
    return SimpleNamespace(config=CONFIG, task=task_of(CONFIG.task), history=pd.DataFrame(rows), scores=table)


def test_take_offs_are_counted_between_the_cuts():
    runs = [made_up([2_500, 5_000, 7_500, None], [0] * 4), made_up([15_000, None], [0] * 2)]
    assert takeoff_phases(runs).to_dict() == {
        "0 to 5,000": 2,
        "5,000 to 10,000": 1,
        "10,000 to 15,000": 1,
        "never": 2,
    }


def test_a_mixture_is_taken_apart_into_how_many_and_how_far():
    forward = made_up([2_500, 5_000, 5_000, None], [0.1, 0.2, 0.3, 0.9])
    backward = made_up([2_500, 5_000, None, None], [0.5, 0.7, 0.04, 0.06])
    table = mixture({"forward": forward, "reversed": backward}, "geo_mean")
    assert table.forward.tolist() == ["3 of 4", "0.200"] and table.reversed.tolist() == ["2 of 4", "0.600"]
    assert table.difference.iloc[0].startswith("-0.250 [")
    low, high = stats.ttest_ind([0.5, 0.7], [0.1, 0.2, 0.3], equal_var=False).confidence_interval()
    assert table.difference.iloc[1] == f"+0.400 [{low:+.3f}, {high:+.3f}]"
    assert stuck([forward, backward], "geo_mean") == pytest.approx((0.9 + 0.04 + 0.06) / 3)


def test_welch_and_the_permutation_test_differ_where_the_spreads_do():
    rng = np.random.default_rng(0)
    few, many = pd.Series(rng.normal(0, 0.02, 10)), pd.Series(rng.normal(0.05, 0.1, 80))
    found = compare(few, many)
    assert found.welch_p == pytest.approx(stats.ttest_ind(few, many, equal_var=False).pvalue)
    assert found.welch_p < found.permutation_p / 5

    def t(x, y):
        return (x.mean() - y.mean()) / (x.var() / len(x) + y.var() / len(y)) ** 0.5

    both, seen = pd.concat([few, many], ignore_index=True), abs(t(few, many))
    shuffled = (both.sample(frac=1, random_state=i) for i in range(2_000))
    share = np.mean([abs(t(x[:10], x[10:])) >= seen for x in shuffled])
    assert found.studentised_p == pytest.approx(share, abs=0.02)
    assert found.spreads == (few.std(), many.std())
    alike = compare(many[:40], many[40:])
    assert alike.welch_p == pytest.approx(alike.permutation_p, abs=0.03)


def test_equal_relabellings_are_ties_for_all_three_tests_whatever_the_unit():
    rng = np.random.default_rng(1)
    for _ in range(20):
        units = pd.Series(np.rint(9970 + rng.normal(0, 6, 12)))
        whole, shares = (compare(values[:6], values[6:]) for values in (units, units / 10_000))
        assert (whole.studentised_p, whole.permutation_p) == (shares.studentised_p, shares.permutation_p)


def test_samples_that_do_not_spread_are_compared_too():
    apart = compare(pd.Series([0.0] * 3), pd.Series([1.0] * 3))
    assert apart.studentised_p == apart.permutation_p == pytest.approx(0.1)
    alike = compare(pd.Series([0.7] * 5), pd.Series([0.1 + 0.6] * 5))  # but for rounding
    assert (alike.welch_p, alike.studentised_p, alike.permutation_p) == (1, 1, 1)


def test_norm_curves_are_means_over_the_trainings_at_each_point():
    curves = norm_curves({"arm": made_up([2_500, 5_000], [0, 0])}).set_index("step")
    assert 0 not in curves.index
    assert curves.norm.tolist() == [1.5] * 6
    assert curves.off.tolist() == [0.5, 1, 1, 1, 1, 1]
