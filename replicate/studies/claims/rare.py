"""How sure the effect of rarity is: a bootstrap over orders of the values, trainings and primes at once."""

import numpy as np
import pandas as pd

from replicate.statistics import Interval

RESAMPLES = 5_000


def rarity_effect(table: pd.DataFrame, resamples: int = RESAMPLES) -> Interval:
    """Accuracy of the commoner half of the primes less the rarer, mean over orders, and a 95% interval.

    Each resample draws orders (arms), and within each its trainings and the primes of each half, all with
    replacement; the interval is the middle 95% of the resampled effects.

    Args:
        table: one row an arm, round and prime, as `lengths.commonness_table` makes it for each arm.
    """
    rng = np.random.default_rng(0)
    orders = [_order(group) for _, group in table.groupby("arm")]
    drawn = [
        np.mean([_effect(orders[i], rng) for i in rng.integers(len(orders), size=len(orders))])
        for _ in range(resamples)
    ]
    return Interval(np.mean([_effect(order) for order in orders]), *np.quantile(drawn, [0.025, 0.975]))


def _order(group: pd.DataFrame) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """By half: right answers and samples, each `[trainings, primes]`."""
    halves = {}
    for half in ("common", "rare"):
        rows = group[group.half == half].assign(right=lambda t: (t.accuracy * t.samples).fillna(0))
        halves[half] = tuple(
            rows.pivot(index="round", columns="prime", values=column).to_numpy()
            for column in ("right", "samples")
        )
    return halves


def _effect(order: dict, rng: np.random.Generator | None = None) -> float:
    """Of one order: the difference of accuracies, mean over trainings; resampled where rng is given."""
    rounds = len(order["common"][0])
    chosen = np.arange(rounds) if rng is None else rng.integers(rounds, size=rounds)
    accuracies = []
    for right, samples in (order["common"], order["rare"]):
        primes = right.shape[1]
        columns = np.arange(primes) if rng is None else rng.integers(primes, size=primes)
        picked = np.ix_(chosen, columns)
        accuracies.append(right[picked].sum(1) / samples[picked].sum(1))
    return float(np.mean(accuracies[0] - accuracies[1]))
