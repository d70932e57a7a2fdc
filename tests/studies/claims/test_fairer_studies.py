"""What is read from the fairer studies, on made-up tables, against statements by hand."""

import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from replicate.presets import PAPER
from replicate.studies.claims.clipping import clipping_table
from replicate.studies.claims.memory import difference
from replicate.studies.claims.rare import rarity_effect
from replicate.tasks import task_of


def test_a_difference_by_length_is_welchs_over_rounds_weighted_by_samples():
    def table(values):
        rows = [(r, 5, n, v + 0.1 * n) for r, v in enumerate(values) for n in (1, 3)]
        return pd.DataFrame(rows, columns=["round", "length", "samples", "exact_match"])

    first, second = [0.2, 0.4, 0.3], [0.1, 0.05, 0.2, 0.1]
    found = difference(table(first), table(second), "length", "exact_match").loc[5]
    interval = stats.ttest_ind(first, second, equal_var=False).confidence_interval()
    assert found["mean"] == pytest.approx(0.3 - 0.1125)  # the shift of 0.25 by samples is common to both
    assert (found.low, found.high) == pytest.approx(tuple(interval))


def made_up_orders(accuracy):
    """Four orders of two trainings; `accuracy(order, round, prime, half)` of three primes a half."""
    rows = [
        (f"order-{k}", r, prime, half, 10, accuracy(k, r, prime, half))
        for k in range(4)
        for r in range(2)
        for half, primes in (("common", (2, 3, 5)), ("rare", (7, 11, 13)))
        for prime in primes
    ]
    return pd.DataFrame(rows, columns=["arm", "round", "prime", "half", "samples", "accuracy"])


def test_the_rarity_bootstrap_resamples_orders_trainings_and_primes():
    gap = {"common": 0.1, "rare": 0.0}
    found = rarity_effect(made_up_orders(lambda k, r, p, half: 0.5 + gap[half]), 200)
    assert found == pytest.approx((0.1, 0.1, 0.1))  # nothing varies
    spread = {
        "orders": lambda k, r, p, half: 0.5 + gap[half] * (k + 1),
        "trainings": lambda k, r, p, half: 0.5 + gap[half] * (r + 1),
        "primes": lambda k, r, p, half: 0.5 + gap[half] + p / 100 * (half == "rare"),
    }
    for name, accuracy in spread.items():
        found = rarity_effect(made_up_orders(accuracy), 400)
        assert found.low < found.mean - 0.01 and found.high > found.mean + 0.01, name
    orders = [0.1, 0.2, 0.3, 0.4]  # the four effects; the middle 95% of the means of four drawn from them
    means = np.random.default_rng(1).choice(orders, (20_000, 4)).mean(1)
    found = rarity_effect(made_up_orders(spread["orders"]), 4_000)
    assert found[1:] == pytest.approx(tuple(np.quantile(means, [0.025, 0.975])), abs=0.026)


def test_clipping_is_told_by_how_often_it_binds_and_what_fails():
    history = pd.DataFrame(
        {
            "round": [0, 0, 1, 1],
            "step": [0, 100] * 2,
            "published_psa": [0.0, 0.5, 0.0, math.nan],
            "large_share": [math.nan, 0.2, math.nan, 0.4],
            "gradient_norm_max": [math.nan, 3.0, math.nan, 7.5],
            "diverged": [0, 0, 0, 37],
        }
    )

    def run(rate, limit):
        config = PAPER.changed(learning_rate=rate, clip_norm=limit)
        scores = pd.DataFrame({"round": [0, 1], "nats": [0.25, math.nan]})
        return SimpleNamespace(
            config=config, task=task_of(config.task), history=history, scores=scores, diverged={1: 37}
        )

    table = clipping_table([run(10.4, 1.4), run(2.6, None), run(2.6, 1.4)])
    assert table.rate.tolist() == [2.6, 2.6, 10.4] and table.limit.tolist() == [1.4, "none", 1.4]
    row = table.iloc[0]
    assert row["large gradients"] == "30.0%" and row["largest norm"] == "7.5"
    assert (row["failed"], row["diverged"], row["nats"]) == ("1 of 2", 1, "0.250")
