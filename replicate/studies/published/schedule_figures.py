"""What the cuts of the learning rate and clipping do: large gradients, and trainings off the plateau."""

from collections.abc import Iterable

import pandas as pd
from matplotlib.figure import Figure

from replicate.figures.language import say
from replicate.figures.style import COLOURS, entitle, subplots


def norms(curves: pd.DataFrame, cuts: Iterable[int]) -> Figure:
    """Over the updates, by arm: the median norm of a gradient, and the share of trainings off the plateau.

    Args:
        curves: as `schedule.norm_curves` makes it; arms that are clipped share a colour, those at a constant
            rate a dashed line.
    """
    figure, axes = subplots(rows=2, height=5.2, sharex=True)
    for name, arm in curves.groupby("arm", sort=False):
        look = {
            "color": COLOURS["highlight" if name.endswith("clipped") else "forward"],
            "linestyle": "--" if name.startswith("constant") else "-",
            "label": say(name.replace("-", ", ")),
        }
        axes[0].plot(arm.step, arm.norm, **look)
        axes[1].plot(arm.step, arm.off, **look)
    for axis in axes:
        for cut in cuts:
            axis.axvline(cut, color=COLOURS["ceiling"], linestyle=":", linewidth=1)
    axes[0].axhline(1, color=COLOURS["ceiling"], linewidth=1)
    axes[0].annotate(
        say("the limit of the clipped arms"), (0, 1), xytext=(0, 3), textcoords="offset points", fontsize=9
    )
    axes[0].set(
        yscale="log",
        ylabel=say("norm (log scale)"),
        title=say("The median norm of a gradient, before any clipping"),
    )
    axes[1].set(
        ylim=(-0.02, 1.02),
        ylabel=say("share of trainings"),
        xlabel=say("updates; dotted: the rate is cut tenfold"),
        title=say("Trainings whose score is off the plateau"),
    )
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    last = curves[curves.step == curves.step.max()]
    off = last.groupby(last.arm.str.endswith("clipped")).off.mean()
    entitle(
        figure,
        say(
            "Clipped, {clipped:.0%} of the trainings end off the plateau; not clipped, {free:.0%}",
            clipped=off[True],
            free=off[False],
        ),
    )
    return figure
