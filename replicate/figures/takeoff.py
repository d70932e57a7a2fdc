"""When trainings leave their plateau."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure

from replicate.figures.language import say
from replicate.figures.style import COLOURS, entitle, subplots
from replicate.studies.takeoff import still_on_plateau


def plateau(
    times: Mapping[str, pd.DataFrame], colours: Sequence[str], cuts: Sequence[int], steps: int
) -> Figure:
    """The share of trainings still on the plateau over the updates, a line an arm.

    Args:
        times: `takeoff_times` of each arm.
        colours: one for each arm.
        cuts: the updates at which the learning rate is cut tenfold.
        steps: the updates of a full training.
    """
    figure, axes = subplots(height=3.6)
    for (name, arm), colour in zip(times.items(), colours, strict=True):
        table = still_on_plateau(arm)
        share = [*table.share, table.share.iloc[-1]]
        axes.step([*table.step, steps], share, where="post", color=colour, label=name)
    for cut in cuts:
        axes.axvline(cut, color=COLOURS["ceiling"], linestyle=":", linewidth=1.2)
        axes.annotate(
            say("learning rate / 10"), (cut, 1.02), xytext=(4, 2), textcoords="offset points", fontsize=9
        )
    axes.set(xlim=(0, steps), ylim=(-0.02, 1.12), xlabel=say("updates"))
    axes.set_ylabel(say("share still on the plateau"))
    axes.set_title(say("By Kaplan and Meier's estimate"))
    figure.legend(loc="outside lower center", ncols=4)
    entitle(figure, _stuck(times))
    return figure


def _stuck(times: Mapping[str, pd.DataFrame]) -> str:
    """How many trainings never took off, by arm."""
    counts = {name: (arm.censored.sum(), len(arm)) for name, arm in times.items()}
    stuck = [f"{count}/{n} ({name})" for name, (count, n) in counts.items() if count]
    if len(stuck) < len(counts):
        stuck.append(say("none of the others") if stuck else say("none"))
    return say("Never took off: {arms}", arms=say(", ").join(stuck))
