"""The data in the task's figures."""

import matplotlib.pyplot as plt
import pytest

from replicate.tasks.primes.figures import ceiling, lengths


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_lengths_are_shares_in_per_cent_and_name_the_empty_targets():
    figure = lengths(source=[0, 6, 2], target=[2, 5, 1])
    left, right = figure.axes
    assert [bar.get_height() for bar in left.patches] == [0, 75, 25]
    assert [bar.get_height() for bar in right.patches[:3]] == [25, 62.5, 12.5]
    title = figure.get_suptitle().replace("\n", " ")
    assert "1.2 values on average, targets 0.9 primes; 25% hold none" in title
    assert "8 samples" in left.get_ylabel()


def test_ceiling_marks_the_given_lengths_on_the_curve():
    (axes,) = ceiling({1: 0.25, 2: 0.5, 3: 0.625}, marked=[1, 3]).axes
    curve, dots = axes.lines
    assert curve.get_ydata().tolist() == [0.25, 0.5, 0.625]
    assert (dots.get_xdata().tolist(), dots.get_ydata().tolist()) == ([1, 3], [0.25, 0.625])
    assert [text.get_text() for text in axes.texts[:2]] == ["0.250 at 1", "0.625 at 3"]
