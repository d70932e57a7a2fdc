"""Intervals and tests over few independent trainings; scipy does the work."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

RESAMPLES = 99_999


class Interval(NamedTuple):
    mean: float
    low: float
    high: float


def mean_interval(values: Sequence[float], confidence: float = 0.95) -> Interval:
    """The mean and its Student t interval; NaN values are left out, and one value alone has NaN bounds."""
    values = np.asarray(values, dtype=float)
    values = values[~np.isnan(values)]
    if len(values) < 2:
        return Interval(values.mean() if len(values) else np.nan, np.nan, np.nan)
    margin = stats.t.ppf((1 + confidence) / 2, len(values) - 1) * stats.sem(values)
    return Interval(values.mean(), values.mean() - margin, values.mean() + margin)


def weighted_means(table: pd.DataFrame, column: str, by: str = "round") -> pd.Series:
    """By each value of `by`, the mean of a column over its rows, weighted by their samples if they have any.

    A row without a value, such as a place that no sample reaches, counts for nothing.
    """
    weight = table["samples"] if "samples" in table else pd.Series(1, index=table.index)
    weight = weight.where(table[column].notna(), 0)
    sums = (table[column].fillna(0) * weight).groupby(table[by]).sum()
    return sums / weight.groupby(table[by]).sum()


def describe(values: Sequence[float]) -> str:
    """`0.512 [0.487, 0.537]`: the mean and its 95% interval."""
    mean, low, high = mean_interval(values)
    return f"{mean:.3f}" if np.isnan(low) else f"{mean:.3f} [{low:.3f}, {high:.3f}]"


def readable_p(p: float) -> str:
    """`0.042`, or `below 0.001`; empty where there is none."""
    if np.isnan(p):
        return ""
    return f"{p:.3f}" if p >= 0.001 else "below 0.001"


class Replication(NamedTuple):
    """A reported mean against a sample of ours."""

    difference: float  # reported - ours
    p: float  # two-sided: how often a true replication's mean would lie farther off
    standard_error: float  # of the difference, the reported sample's own error included
    freedom: int

    def margin(self, confidence: float) -> float:
        """Half the width of the difference's interval."""
        return stats.t.ppf((1 + confidence) / 2, self.freedom) * self.standard_error

    def interval(self, confidence: float) -> tuple[float, float]:
        """Of the difference."""
        return self.difference - self.margin(confidence), self.difference + self.margin(confidence)


def compare_to_reported_mean(values: Sequence[float], reported: float, reported_n: int) -> Replication:
    """Compare a mean of `reported_n` trainings with our values, assuming that they spread as ours do.

    Raises:
        ValueError: a value is missing.
    """
    values = _complete(values)
    error = values.std(ddof=1) * np.sqrt(1 / reported_n + 1 / len(values))
    difference = reported - values.mean()
    difference, error = beyond_rounding([difference, error], abs(reported))
    freedom = len(values) - 1
    if error == 0:
        return Replication(difference, float(difference == 0), error, freedom)
    return Replication(difference, 2 * stats.t.sf(abs(difference) / error, freedom), error, freedom)


def holm(p: Sequence[float]) -> np.ndarray:
    """Holm's step-down correction: adjusted p-values, in the order given."""
    p = np.asarray(p, dtype=float)
    order = p.argsort()
    factors = np.arange(len(p), 0, -1)
    adjusted = np.minimum(np.maximum.accumulate(p[order] * factors), 1)
    return adjusted[order.argsort()]


def permutation_p(a: Sequence[float], b: Sequence[float]) -> float:
    """Two-sided p of the difference of means under all, or 99,999 seeded random, relabellings.

    Raises:
        ValueError: a value is missing.
    """
    a, b = _complete(a), _complete(b)
    size = np.abs([*a, *b]).max() or 1
    a, b = a / size, b / size
    observed = a.mean() - b.mean()

    def beyond_observed(x, y, axis):
        # Relabellings with the observed difference are ties, which rounding would tell apart.
        return beyond_rounding(x.mean(axis=axis) - y.mean(axis=axis) - observed)

    test = stats.permutation_test(
        (a, b),
        beyond_observed,
        n_resamples=RESAMPLES,
        vectorized=True,
        rng=0,
    )
    return test.pvalue


def welch_interval(a: Sequence[float], b: Sequence[float], confidence: float = 0.95) -> Interval:
    """The difference of means a - b and Welch's interval.

    Raises:
        ValueError: a value is missing.
    """
    found = contrast([a, b], [1, -1], confidence)
    return Interval(found.estimate, found.low, found.high)


def share_difference(a: int, n_a: int, b: int, n_b: int) -> Interval:
    """The difference of two shares a / n_a - b / n_b and Newcombe's 95% interval, from Wilson's of each."""
    shares = a / n_a, b / n_b
    (low_a, high_a), (low_b, high_b) = (
        stats.binomtest(k, n).proportion_ci(method="wilson") for k, n in ((a, n_a), (b, n_b))
    )
    difference = shares[0] - shares[1]
    below = np.hypot(shares[0] - low_a, high_b - shares[1])
    above = np.hypot(high_a - shares[0], shares[1] - low_b)
    return Interval(difference, difference - below, difference + above)


class Contrast(NamedTuple):
    """A weighted sum of means, its interval and two-sided p against 0."""

    estimate: float
    low: float
    high: float
    p: float


def contrast(
    samples: Sequence[Sequence[float]], weights: Sequence[float], confidence: float = 0.95
) -> Contrast:
    """A weighted sum of the means of independent samples, with Satterthwaite's degrees of freedom.

    One sample of paired differences with weight 1 is the paired t test, two with 1 and -1 Welch's.

    Raises:
        ValueError: a value is missing.
    """
    samples = [_complete(sample) for sample in samples]
    pairs = list(zip(samples, weights, strict=True))
    parts = [weight**2 * sample.var(ddof=1) / len(sample) for sample, weight in pairs]
    means = [weight * sample.mean() for sample, weight in pairs]
    estimate, error = beyond_rounding([sum(means), sum(parts) ** 0.5], np.abs(means).max())
    if error == 0:
        return Contrast(estimate, estimate, estimate, 1.0 if estimate == 0 else 0.0)
    freedom = sum(parts) ** 2 / sum(
        part**2 / (len(sample) - 1) for part, sample in zip(parts, samples, strict=True)
    )
    margin = stats.t.ppf((1 + confidence) / 2, freedom) * error
    return Contrast(
        estimate, estimate - margin, estimate + margin, 2 * stats.t.sf(abs(estimate) / error, freedom)
    )


def beyond_rounding(values: Sequence[float], size: float = 1) -> np.ndarray:
    """The values, but 0 for what rounding leaves where numbers of this size cancel: equal arms are equal."""
    values = np.asarray(values, dtype=float)
    return np.where(np.abs(values) < 1e-12 * max(1, size), 0.0, values)


def _complete(values: Sequence[float]) -> np.ndarray:
    """Refuse missing values: a test that meets one is silently wrong."""
    values = np.asarray(values, dtype=float)
    if np.isnan(values).any():
        raise ValueError("a value is missing; leave out the trainings that have no scores")
    return values
