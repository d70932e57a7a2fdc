"""When trainings leave their plateau."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure

from replicate.figures.style import COLOURS, subplots


def plateau(
    shares: Mapping[str, pd.DataFrame], colours: Sequence[str], cuts: Sequence[int], steps: int
) -> Figure:
    """The share of trainings still on the plateau over the updates, a line an arm.

    Args:
        shares: `takeoff.still_on_plateau` of each arm.
        colours: one for each arm.
        cuts: the updates at which the learning rate is cut tenfold.
        steps: the updates of a full training.
    """
    figure, axes = subplots(height=3.4)
    for (name, table), colour in zip(shares.items(), colours, strict=True):
        share = [*table.share, table.share.iloc[-1]]
        axes.step([*table.step, steps], share, where="post", color=colour, label=name)
    for cut in cuts:
        axes.axvline(cut, color=COLOURS["ceiling"], linestyle=":", linewidth=1.2)
        axes.annotate(
            "learning rate / 10", (cut, 1.02), xytext=(4, 2), textcoords="offset points", fontsize=9
        )
    axes.set(xlim=(0, steps), ylim=(-0.02, 1.12), xlabel="updates", ylabel="share still on the plateau")
    axes.set_title("Trainings that have not taken off, by Kaplan and Meier")
    figure.legend(loc="outside lower center", ncols=4)
    return figure
