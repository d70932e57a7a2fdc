"""The data in the figure of the schedule."""

import matplotlib.pyplot as plt
import pandas as pd

from replicate.figures.style import COLOURS
from replicate.studies.published.schedule_figures import norms


def test_every_arm_has_its_two_curves_in_its_look():
    arms = ["cuts", "constant-clipped"]
    curves = pd.DataFrame(
        [(arm, step, 1 + i, i / 2) for i, arm in enumerate(arms) for step in (500, 1000)],
        columns=["arm", "step", "norm", "off"],
    )
    figure = norms(curves, [750])
    top, bottom = figure.axes
    for axes, values in ((top, (1, 2)), (bottom, (0, 1 / 2))):
        for line, value in zip(axes.lines, values, strict=False):
            assert line.get_xdata().tolist() == [500, 1000] and line.get_ydata().tolist() == [value] * 2
        assert axes.lines[2].get_xdata() == [750, 750]
    looks = [(line.get_color(), line.get_linestyle(), line.get_label()) for line in top.lines[:2]]
    assert looks == [
        (COLOURS["forward"], "-", "cuts"),
        (COLOURS["highlight"], "--", "constant, clipped"),
    ]
    plt.close(figure)
