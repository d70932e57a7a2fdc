"""Whether an arm learnt, and whether it still falls, of made-up losses."""

import pytest
from judged import made_up

from replicate.studies.convergence import fall, learnt, validation_fall


def test_the_fall_is_read_before_the_first_cut_of_the_rate():
    losses = [5.0] * 8 + [4.0, 3.0] + [1.0] * 10  # the rate is cut after update 100
    whole = made_up([0.5], losses=losses, lr_hold=60, lr_step_size=40, lr_gamma=0.5)
    assert fall(whole) == pytest.approx(1 - 3 / 4)
    assert fall(made_up([0.5], losses=losses)) == pytest.approx(0)


def test_a_tenth_shorter_than_the_evaluations_is_widened_to_one():
    run = made_up([0.5], losses=[9.0, 8.0, 4.0, 2.0], evaluate_every=10)  # a tenth is 4 updates
    assert fall(run) == pytest.approx(1 - 2 / 4)


def test_an_arm_learnt_if_half_of_its_trainings_took_off():
    runs = [made_up([0.5] * 4) for _ in range(2)]
    for off, run in zip((2, 1), runs, strict=True):
        run.history.loc[run.history["round"] >= off, "published_psa"] = 0.0
    assert [learnt(run) for run in runs] == [True, False]


def test_a_training_that_diverges_says_nothing_of_whether_the_others_fall():
    run = made_up([0.5] * 3, losses=[1.0] * 20)
    losses = run.history["round"].map({0: 1.0, 1: 1.0, 2: 3.0})
    run.history["loss"] = losses.where((run.history["round"] < 2) | (run.history.step < 190))
    run.diverged = {2: 185}
    assert fall(run) == pytest.approx(0)

    run.history["nats"] = (2 - 0.003 * run.history.step).where(
        (run.history["round"] < 1) | (run.history.step < 60)
    )
    run.diverged = {1: 55, 2: 55}
    assert validation_fall(run) == pytest.approx(1 - (2 - 0.003 * 200) / (2 - 0.003 * 180))
