"""What the cuts of the learning rate do to the post's model: when trainings take off, and how they score."""

import warnings
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from replicate.runs.folder import Run
from replicate.statistics import Interval, contrast, permutation_p, welch_interval
from replicate.studies.takeoff import takeoff_times, threshold

RESAMPLES = 19_999
ENDLESS = 1e12  # a t beyond every other


class Comparison(NamedTuple):
    """Two samples' means, compared by three tests that differ where the spreads do."""

    difference: Interval  # Welch's
    welch_p: float  # trusts the normal approximation and both estimated spreads
    permutation_p: float  # of the means: takes both samples for one, with one spread
    studentised_p: float  # a permutation of Welch's t, which lets the spreads differ
    spreads: tuple[float, float]  # standard deviations


def compare(first: pd.Series, second: pd.Series) -> Comparison:
    """First minus second."""

    def welch_t(x, y, axis):
        with warnings.catch_warnings(action="ignore", category=RuntimeWarning):  # where nothing spreads
            t = stats.ttest_ind(x, y, equal_var=False, axis=axis).statistic
        return np.nan_to_num(t, nan=0, posinf=ENDLESS, neginf=-ENDLESS)

    observed = welch_t(first, second, axis=0)

    def beyond_observed(x, y, axis):
        return np.round(welch_t(x, y, axis) - observed, 9)  # else ties are lost to rounding

    studentised = stats.permutation_test(
        (first, second), beyond_observed, n_resamples=RESAMPLES, vectorized=True, rng=0
    )
    return Comparison(
        welch_interval(first, second),
        contrast([first, second], [1, -1]).p,
        permutation_p(first, second),
        studentised.pvalue,
        (first.std(), second.std()),
    )


def takeoff_phases(runs: list[Run]) -> pd.Series:
    """How many trainings took off in each phase between the cuts of the rate, and how many never did."""
    config = runs[0].config
    times = pd.concat([takeoff_times(run.history, run.task) for run in runs])
    edges = [*range(0, config.training.steps, config.training.lr_step_size), config.training.steps]
    phase = pd.cut(times.step[~times.censored], edges, include_lowest=True)
    counts = phase.value_counts(sort=False)
    counts.index = [f"{int(i.left) if i.left > 0 else 0:,} to {int(i.right):,}" for i in counts.index]
    return pd.concat([counts, pd.Series({"never": int(times.censored.sum())})])


def norm_curves(runs: dict[str, Run]) -> pd.DataFrame:
    """One row an arm and evaluation point: the median norm, and the share of trainings off the plateau."""
    rows = []
    for name, run in runs.items():
        height = threshold(run.task)
        for step, points in run.history[run.history.step > 0].groupby("step"):
            rows.append(
                {
                    "arm": name,
                    "step": step,
                    "norm": points.gradient_norm.median(),
                    "off": (points.published_psa >= height).mean(),
                }
            )
    return pd.DataFrame(rows)
