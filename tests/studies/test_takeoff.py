"""Take-off times of made-up curves, and Kaplan and Meier's estimate by hand."""

import math

import pandas as pd
import pytest
from shared import primes

from replicate.studies.takeoff import median_takeoff, outcomes, still_on_plateau, takeoff_times


def test_take_off_is_the_first_point_at_a_tenth_of_the_ceiling():
    task = primes(101, 15, eos_is_a_value=True)  # ceiling 0.803
    curves = {0: [0.0, 0.03, 0.0804, 0.02], 1: [0.0, 0.03, 0.03, 0.0802], 2: [0.0, 0.9, 0.9, 0.9]}
    history = pd.DataFrame(
        [
            {"round": r, "step": 100 * i, "published_psa": psa}
            for r, curve in curves.items()
            for i, psa in enumerate(curve)
        ]
    )
    times = takeoff_times(history.sample(frac=1, random_state=0), task)
    assert times.step.tolist() == [200, 300, 100]
    assert times.censored.tolist() == [False, True, False]


def test_a_training_that_diverges_on_the_plateau_is_censored_there():
    history = pd.DataFrame(
        {
            "round": [0, 0, 0, 1, 1, 1],
            "step": [0, 100, 200] * 2,
            "published_psa": [0.0, math.nan, math.nan, 0.0, 0.5, math.nan],
            "diverged": [0, 37, 37, 0, 0, 150],
        }
    )
    task = primes(101, 15, eos_is_a_value=True)
    times = takeoff_times(history, task)
    assert times.step.tolist() == [37, 100] and times.censored.tolist() == [True, False]
    found = outcomes(history, task)
    assert found.failed.tolist() == [1, 1] and found.below.isna().all()  # both diverged


def test_a_training_fails_if_it_never_takes_off_and_falls_back_where_it_is_below_again():
    task = primes(101, 15, eos_is_a_value=True)  # the threshold is 0.0803
    curves = {0: [0.0, 0.03, 0.03, 0.03, 0.03], 1: [0.0, 0.1, 0.03, 0.2, 0.07], 2: [0.0, 0.0, 0.0, 0.0, 0.2]}
    history = pd.DataFrame(
        [
            {"round": r, "step": 100 * i, "published_psa": psa}
            for r, curve in curves.items()
            for i, psa in enumerate(curve)
        ]
    )
    found = outcomes(history, task)
    assert found.failed.tolist() == [1, 0, 0]
    assert found.below[1] == pytest.approx(2 / 3)
    assert found.below[[0, 2]].isna().all()


def test_kaplan_meier_by_hand():
    # At 100 one of 5 takes off: 4/5. One is lost at 150. At 200 one of the 3 left: 4/5 * 2/3.
    times = pd.DataFrame({"step": [100, 150, 200, 300, 300], "censored": [False, True, False, True, True]})
    share = still_on_plateau(times).set_index("step").share
    assert share[0] == 1
    assert share[100] == pytest.approx(4 / 5)
    assert share[150] == pytest.approx(4 / 5)
    assert share[200] == share[300] == pytest.approx(4 / 5 * 2 / 3)


@pytest.mark.parametrize("censored", [True, False])
def test_all_or_none_take_off(censored):
    times = pd.DataFrame({"step": [100, 100], "censored": [censored] * 2})
    assert still_on_plateau(times).share.tolist() == [1, 1 if censored else 0]


def test_the_median_take_off_counts_the_censored():
    # Shares after 100, 200, 300: 3/4, 3/8 (one of two left), and the last is censored.
    times = pd.DataFrame({"step": [100, 150, 200, 300], "censored": [False, True, False, True]})
    assert median_takeoff(times) == 200
    assert median_takeoff(times.assign(censored=[False, True, True, True])) == math.inf


@pytest.mark.parametrize("count", [10, 24, 38, 80])  # of 24 and 38 the product comes out just above one half
def test_the_median_take_off_is_the_step_by_which_exactly_half_have(count):
    early = pd.DataFrame({"step": range(1, count // 2 + 1), "censored": False})
    late = pd.DataFrame({"step": [1_000] * (count // 2), "censored": True})
    assert median_takeoff(pd.concat([early, late])) == count // 2
