"""What the cuts of the learning rate and clipping do: large gradients, and trainings off the plateau."""

from collections.abc import Iterable

import pandas as pd
from matplotlib.figure import Figure

from replicate.figures.style import COLOURS, subplots


def norms(curves: pd.DataFrame, cuts: Iterable[int]) -> Figure:
    """Over the updates, by arm: the share of gradients with a norm above 1, and of trainings off the plateau.

    Args:
        curves: as `schedule.norm_curves` makes it; arms that are clipped share a colour, those at a constant
            rate a dashed line.
    """
    figure, axes = subplots(rows=2, height=4.6, sharex=True)
    for name, arm in curves.groupby("arm", sort=False):
        look = {
            "color": COLOURS["highlight" if name.endswith("clipped") else "forward"],
            "linestyle": "--" if name.startswith("constant") else "-",
            "label": name.replace("-", ", "),
        }
        axes[0].plot(arm.step, arm.large, **look)
        axes[1].plot(arm.step, arm.off, **look)
    for axis in axes:
        axis.set_ylim(-0.02, 1.02)
        for cut in cuts:
            axis.axvline(cut, color=COLOURS["ceiling"], linestyle=":", linewidth=1)
    axes[0].set(ylabel="share of updates", title="Gradients with a norm above 1")
    axes[1].set(
        ylabel="share of trainings", xlabel="updates", title="Trainings whose score is off the plateau"
    )
    axes[0].legend(loc="upper left", ncols=2, fontsize=9)
    return figure
