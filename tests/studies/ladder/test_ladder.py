"""What the ladder's table and figure say of made-up runs."""

import math
from types import SimpleNamespace

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from replicate.presets import PUBLISHED
from replicate.studies.directions import gain_by_position
from replicate.studies.ladder.figures import rungs
from replicate.studies.ladder.plan import LEFT_OUT, RUNGS, ladder_runs
from replicate.studies.ladder.rungs import compare, steps_up, updates_to
from replicate.tasks import task_of


def made_up(exact, psa):
    """A run of two trainings: final exact match, and the published PSA of every 100th update."""
    rows = [(r, 100 * i, p, p) for r, curve in enumerate(psa) for i, p in enumerate(curve)]
    return SimpleNamespace(
        config=PUBLISHED.changed(max_length=15),
        task=task_of(PUBLISHED.changed(max_length=15).task),
        steps=200,
        scores=pd.DataFrame({"exact_match": exact, "published_geo_mean": [0.1, 0.3]}),
        history=pd.DataFrame(rows, columns=["round", "step", "published_psa", "exact_match"]),
    )


@pytest.fixture
def runs():
    slow = made_up([0.2, 0.3], [[0.0, 0.0, 0.1], [0.0, 0.0, 0.0]])
    return {"slow": slow, "quick": made_up([0.8, 1.0], [[0.0, 0.5, 0.9], [0.0, 0.7, 0.5]])}


def test_the_table_gives_both_scores_take_off_and_time_to_the_goal(runs):
    table = compare(runs, goal=0.6)
    assert table.loc["slow", "took off"] == "1 of 2"
    assert table.loc["slow", "median take-off"] == "200"
    assert table.loc["quick", "median take-off"] == "100"
    assert table.loc["quick", "of its ceiling"] == "25%"  # 0.2 of 0.803
    assert table.loc["quick", "exact match"].startswith("0.900 [")
    assert table["median at 0.6"].tolist() == ["over 200", "100"]


def test_updates_to_a_goal_follow_the_median_training(runs):
    assert updates_to(runs["quick"].history, 0.65) == 200  # medians 0, 0.6, 0.7
    assert updates_to(runs["quick"].history, 0.8) == math.inf


def test_a_step_up_is_the_rung_minus_the_one_before(runs):
    steps = steps_up(runs)
    assert list(steps.index) == ["quick"]
    assert steps.difference["quick"] == pytest.approx(0.65)
    assert steps.low["quick"] < 0.65 < steps.high["quick"]


def test_every_dot_of_the_figure_is_a_training_at_its_rung(runs):
    scores = {name: {"reverse": run.scores} for name, run in runs.items()}
    scores["quick"]["forward"] = runs["slow"].scores
    marks = {"published_geo_mean": {"ceiling": 0.8}, "exact_match": {}}
    figure = rungs(scores, marks)
    _, exact = figure.axes
    dots = [collection.get_offsets() for collection in exact.collections]
    assert [sorted(d[:, 0]) for d in dots] == [[0.2, 0.3], [0.8, 1.0], [0.2, 0.3]]
    assert [round(d[:, 1].mean(), 2) for d in dots] == [0, 0.8, 1.2]
    plt.close(figure)


def test_what_is_left_out_of_the_last_rung_is_what_a_rung_added():
    runs = ladder_runs()
    top = runs[f"ladder-{list(RUNGS)[-1]}"].flat()
    for name in LEFT_OUT:
        changed = {
            field: value for field, value in runs[f"ladder-{name}"].flat().items() if value != top.get(field)
        }
        changed.pop("seed")
        ((field, value),) = changed.items()
        assert value == PUBLISHED.flat()[field]
        assert any(field in change for change in RUNGS.values())


def test_the_gain_by_position_is_reversed_minus_forward_where_all_rounds_reach():
    forward = pd.DataFrame(
        {"round": [0, 1, 0, 1, 0], "position": [1, 1, 2, 2, 3], "accuracy": [0.5, 0.7, 0.2, 0.4, 0]}
    )
    reverse = forward.assign(accuracy=[0.6, 0.8, 0.8, 0.6, 1])
    gains = gain_by_position(forward, reverse)
    assert gains.gain.to_dict() == pytest.approx({1: 0.1, 2: 0.4})
    assert (gains.low < gains.gain).all() and (gains.gain < gains.high).all()
