"""The curves of a run: every round, their mean, and where one diverged."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from replicate.figures.training import loss_curve, metric_curves
from replicate.tasks.primes.metrics import METRICS

NAN = float("nan")
HISTORY = pd.DataFrame(
    [
        # round, step, loss, psa, diverged
        (0, 0, NAN, 0.1, 0),
        (0, 10, 3.0, 0.3, 0),
        (0, 20, 1.0, 0.5, 0),
        (1, 0, NAN, 0.3, 0),
        (1, 10, 5.0, 0.5, 0),
        (1, 20, NAN, NAN, 13),
    ],
    columns=["round", "step", "loss", "psa", "diverged"],
)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def crosses(axes) -> list[tuple[float, float]]:
    return [(line.get_xdata()[0], line.get_ydata()[0]) for line in axes.lines if line.get_marker() == "X"]


def test_the_mean_is_of_the_rounds_that_go_on_and_a_cross_marks_the_one_that_does_not():
    (axes,) = loss_curve(HISTORY).axes
    (mean,) = [line for line in axes.lines if line.get_linewidth() == 2.2]
    assert mean.get_xydata().tolist() == [[10, 4], [20, 1]]
    assert crosses(axes) == [(10, 5.0)]
    assert [text.get_text() for text in axes.texts] == ["diverged"]


def test_metric_curves_mark_it_at_its_last_score():
    first, second = metric_curves(HISTORY.assign(lcsr=HISTORY.psa), METRICS[:2]).axes
    assert crosses(first) == crosses(second) == [(10, 0.5)]


def test_a_round_that_diverged_before_the_first_point_is_marked_at_the_top():
    history = HISTORY.assign(diverged=[0, 0, 0, 3, 3, 3], loss=[NAN, 3.0, 1.0, NAN, NAN, NAN])
    (axes,) = loss_curve(history[history.step > 0]).axes
    assert crosses(axes) == [(10, 1)]  # the panel's height is 1
    assert next(line for line in axes.lines if line.get_marker() == "X").get_transform() != axes.transData


def test_histories_from_before_divergence_was_watched_are_drawn():
    (axes,) = loss_curve(HISTORY.drop(columns="diverged").dropna()).axes
    assert crosses(axes) == []


def title_of(figure) -> str:
    return figure.get_suptitle().replace("\n", " ")


def test_titles_speak_of_the_rounds_that_go_on_and_count_those_that_do_not():
    assert title_of(loss_curve(HISTORY)) == (
        "The training loss goes from 3.00 nats a token at 10 updates to 1.00 at 20; 1 of 2 trainings diverged"
    )
    history = HISTORY.assign(lcsr=HISTORY.psa)
    assert title_of(metric_curves(history, METRICS[:2])) == (
        "After 20 updates: PSA 0.50, LCSR 0.50; 1 of 2 trainings diverged"
    )
    assert (
        title_of(metric_curves(history[history["round"] == 0], METRICS[:1])) == "After 20 updates: PSA 0.50"
    )


def test_where_every_round_diverged_the_titles_say_so():
    history = HISTORY.assign(diverged=[0, 9, 9, 0, 0, 13])
    assert (
        title_of(loss_curve(history))
        == title_of(metric_curves(history, METRICS[:1]))
        == ("Every training diverged")
    )
