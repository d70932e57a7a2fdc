"""What the cuts of the learning rate do to the post's model: when trainings take off, and how they score."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from replicate.runs.folder import Run
from replicate.statistics import Interval, permutation_p, welch_interval
from replicate.studies.takeoff import takeoff_times, threshold

RESAMPLES = 19_999


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
        return np.round(stats.ttest_ind(x, y, equal_var=False, axis=axis).statistic, 9)  # else ties are lost

    studentised = stats.permutation_test(
        (first, second), welch_t, n_resamples=RESAMPLES, vectorized=True, rng=0
    )
    return Comparison(
        welch_interval(first, second),
        stats.ttest_ind(first, second, equal_var=False).pvalue,
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
