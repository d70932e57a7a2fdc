"""Verdicts of the published rows and of reversal, on samples of which the right ones are known."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from replicate.statistics import (
    compare_to_reported_mean,
    permutation_p,
    welch_interval,
)
from replicate.studies.published.reversal import readable_reversal, reversal_headline, reversal_verdicts
from replicate.studies.published.table import published_table, published_trainings
from replicate.studies.published.verdicts import (
    agreement,
    every_metric,
    largest_spread,
    row_against,
    row_verdicts,
)


def test_the_published_reversal_gain_is_not_distinguishable_from_noise():
    backward, forward = (published_trainings(15, reverse).published_psa for reverse in (True, False))
    difference, low, high = welch_interval(backward, forward)
    assert difference == pytest.approx(0.042, abs=1e-3) and low < 0 < high
    assert permutation_p(backward, forward) == pytest.approx(0.33, abs=0.02)
    assert stats.ttest_ind(backward, forward, equal_var=False).statistic == pytest.approx(0.98, abs=0.01)


def trainings(shift: float, spread: float, rows=None) -> pd.DataFrame:
    """Ten trainings a published row, their mean `shift` below it, with standard deviation about `spread`."""
    offsets = np.tile([-1.0, 1.0], 5) * spread
    tables = [
        pd.DataFrame(
            {
                "max_length": row.max_length,
                "reverse": row.reverse,
                "published_geo_mean": row.published_geo_mean - shift + offsets,
            }
        )
        for row in published_table().itertuples()
    ]
    return pd.concat(tables)


@pytest.mark.parametrize(
    ("shift", "spread", "verdict"),
    [
        (0.0, 0.01, "reproduced"),
        (
            0.04,
            0.05,
            "consistent",
        ),  # inside the prediction interval, but the difference may exceed the margin
        (0.04, 0.001, "not reproduced"),  # small, yet more than ten trainings each can explain
        (0.3, 0.01, "not reproduced"),
        (0.0, 0.2, "consistent"),
    ],
)
def test_verdicts_of_a_row(shift, spread, verdict):
    verdicts = row_verdicts(trainings(shift, spread))
    assert verdicts.verdict.tolist() == [verdict] * 6
    assert verdicts.difference.tolist() == pytest.approx([shift] * 6)


def test_the_largest_spread_is_where_a_row_without_a_difference_is_no_longer_reproduced():
    limit = largest_spread(10) * 0.9**0.5  # `trainings` has standard deviation spread * sqrt(10 / 9)
    assert set(row_verdicts(trainings(0.0, 0.999 * limit)).verdict) == {"reproduced"}
    assert set(row_verdicts(trainings(0.0, 1.001 * limit)).verdict) == {"consistent"}


def test_verdicts_of_reversal():
    def arms(gap: float) -> pd.DataFrame:
        noise = np.linspace(-0.05, 0.05, 10)
        return pd.DataFrame(
            {
                "max_length": [5] * 20,
                "reverse": [False] * 10 + [True] * 10,
                "published_geo_mean": np.concatenate([0.3 + noise, 0.3 + gap + noise]),
            }
        )

    assert reversal_verdicts(arms(0.2)).verdict.tolist() == ["supported"]
    assert reversal_verdicts(arms(-0.2)).verdict.tolist() == ["contradicted"]
    assert reversal_verdicts(arms(0.01)).verdict.tolist() == ["not shown"]
    found = reversal_verdicts(arms(-0.2))
    assert reversal_headline(found) == "Whether reversing the source helps: at max_length 5 contradicted."
    (row,) = readable_reversal(found).to_dict("records")
    assert row["published difference"] == "-0.006"  # .4780 reversed, .4838 forward
    assert row["reversed - forward"] == "-0.200"
    assert row["trainings"] == "10 and 10"


@pytest.mark.parametrize(("spread", "small"), [(0.02, True), (0.1, False)])
def test_a_difference_that_is_not_shown_may_be_known_to_be_small(spread, small):
    noise = np.linspace(-spread, spread, 10)
    both = pd.DataFrame(
        {
            "max_length": 5,
            "reverse": [False] * 10 + [True] * 10,
            "published_geo_mean": 0.3 + np.tile(noise, 2),
        }
    )
    found = reversal_verdicts(both)
    interval = stats.ttest_ind(noise, noise, equal_var=False).confidence_interval(0.9)
    assert (found.low_90[0], found.high_90[0]) == pytest.approx(tuple(interval))
    assert (interval.high < 0.05) == small == found.small[0]
    assert ("smaller than the margin of 0.05" in reversal_headline(found)) == small


def test_a_published_mean_agrees_up_to_the_ends_of_the_range_that_is_told():
    """The ends are those at which the corrected, or uncorrected, p is the level."""
    verdicts = row_verdicts(trainings(0.01, 0.1))
    sample = trainings(0.01, 0.1).query("max_length == 10 and not reverse").published_geo_mean
    row = verdicts[(verdicts.max_length == 10) & ~verdicts.reverse].iloc[0]
    for end, p in (
        (row.agrees_low, 0.05 / 6),
        (row.agrees_high, 0.05 / 6),
        (row.agrees_low_uncorrected, 0.05),
        (row.agrees_high_uncorrected, 0.05),
    ):
        assert compare_to_reported_mean(sample, end, 10).p == pytest.approx(p)
    told = agreement(verdicts, {5: 0.0, 10: 0.1, 15: 0.0}).set_axis(range(6))
    chance_inside = [row.agrees_low <= (row.max_length == 10) * 0.1 for row in verdicts.itertuples()]
    assert (told["tells it from chance"] == "no").tolist() == chance_inside
    assert any(chance_inside) and not all(chance_inside)


def test_a_row_against_more_trainings_is_judged_without_correction():
    sample = pd.Series(np.random.default_rng(1).normal(0.15, 0.05, 80))
    found = row_against(sample, 15, False)
    p = compare_to_reported_mean(sample, 0.1090, 10).p
    assert (found.p, found.n, found.verdict) == (pytest.approx(p), 80, "not reproduced") and p < 0.05
    assert row_against(sample - 0.04, 15, False).verdict == "reproduced"


def test_all_18_published_numbers_stand_beside_ours():
    table = trainings(0.0, 0.01).assign(published_psa=0.5, published_lcsr=0.6)
    shown = every_metric(table)
    assert shown.shape == (6, 3)
    for column, metric in (
        ("PSA", "published_psa"),
        ("LCSR", "published_lcsr"),
        ("GeoMean", "published_geo_mean"),
    ):
        for cell, row in zip(shown[column], published_table().itertuples(), strict=True):
            published, ours = cell.split("; ")
            assert float(published) == pytest.approx(getattr(row, metric), abs=5e-5)
            expected = {"published_psa": 0.5, "published_lcsr": 0.6}.get(metric, row.published_geo_mean)
            assert float(ours.split(" ")[0]) == pytest.approx(expected, abs=5e-4)


def test_a_training_without_scores_is_left_out_of_the_verdicts():
    noise = np.linspace(-0.05, 0.05, 9)
    arms = [[0.3 + noise, False], [0.31 + noise, True]]
    table = pd.concat(
        [pd.DataFrame({"published_geo_mean": [*v, np.nan], "reverse": r, "max_length": 5}) for v, r in arms]
    )
    (verdict,) = reversal_verdicts(table).itertuples()
    assert (verdict.verdict, verdict.n_forward, verdict.n_reverse) == ("not shown", 9, 9)
    rows = trainings(0.0, 0.01)
    lost = rows.assign(
        published_geo_mean=rows.published_geo_mean.where(
            rows.groupby(["max_length", "reverse"]).cumcount() > 0
        )
    )
    assert row_verdicts(lost).n.tolist() == [9] * 6
