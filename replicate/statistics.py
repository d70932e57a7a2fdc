"""Intervals over few independent trainings; scipy does the work."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats


class Interval(NamedTuple):
    mean: float
    low: float
    high: float


def mean_interval(values: Sequence[float], confidence: float = 0.95) -> Interval:
    """The mean and its Student t interval; NaN values are left out, and one value alone has NaN bounds."""
    values = np.asarray(values, dtype=float)
    values = values[~np.isnan(values)]
    if len(values) == 0:
        return Interval(np.nan, np.nan, np.nan)
    mean = values.mean()
    if len(values) == 1:
        return Interval(mean, np.nan, np.nan)
    margin = stats.t.ppf((1 + confidence) / 2, len(values) - 1) * stats.sem(values)
    return Interval(mean, mean - margin, mean + margin)


def describe(values: Sequence[float]) -> str:
    """`0.512 [0.487, 0.537]`: the mean and its 95% interval."""
    mean, low, high = mean_interval(values)
    return f"{mean:.3f}" if np.isnan(low) else f"{mean:.3f} [{low:.3f}, {high:.3f}]"
