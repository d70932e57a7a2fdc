"""The one look: findings above figures, dark pages, who never took off."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex, to_rgb

from replicate.errors import ParameterError
from replicate.figures.style import DARK, MARKS, darken, entitle, sequence, show, subplots
from replicate.figures.takeoff import plateau


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def luminance(colour) -> float:
    """The WCAG's relative luminance."""
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_a_dot_of_half_its_strength_is_seen_on_a_dark_page():
    for colour in ("#0072B2", "#D55E00", "#882255", to_hex(sequence(6)[0])):
        figure, axes = subplots()
        dots = axes.scatter([1], [1], color=colour, alpha=0.5)
        darken(figure)
        seen = 0.5 * np.array(dots.get_facecolor()[0][:3]) + 0.5 * np.array(DARK)
        contrast = (luminance(seen) + 0.05) / (luminance(DARK) + 0.05)
        assert contrast > 1.9, colour


def test_chance_and_ceiling_differ_in_colour_and_in_line():
    chance, ceiling = MARKS["chance"], MARKS["ceiling"]
    assert chance["linestyle"] != ceiling["linestyle"]
    assert np.ptp(to_rgb(chance["color"])) > 0.2 > np.ptp(to_rgb(ceiling["color"]))  # one is no grey


def test_a_finding_stands_above_its_figure_in_lines_that_fit():
    figure, _ = subplots()
    entitle(figure, "word " * 40)
    figure.draw_without_rendering()
    assert figure._suptitle.get_window_extent().width < figure.bbox.width


def test_the_plateau_names_who_never_took_off():
    times = {
        "slow": pd.DataFrame({"step": [30, 30, 10], "censored": [True, True, False]}),
        "quick": pd.DataFrame({"step": [10, 20], "censored": [False, False]}),
    }
    figure = plateau(times, ["black", "red"], [15], 30)
    assert figure.get_suptitle() == "Never took off: 2/3 (slow), none of the others"
    slow, quick = figure.axes[0].lines[:2]
    assert slow.get_ydata()[-1] == pytest.approx(2 / 3) and quick.get_ydata()[-1] == 0
    only = plateau({"quick": times["quick"]}, ["red"], [15], 30)
    assert only.get_suptitle() == "Never took off: none"


def test_a_figure_of_ones_own_needs_a_caption():
    with pytest.raises(ParameterError, match="'my-own' is in no catalogue, so it needs a caption"):
        show(plt.figure(), "my-own")
