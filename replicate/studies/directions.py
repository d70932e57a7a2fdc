"""Accuracy by target position, forward and reversed, and what reversal adds at each."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from replicate.figures.language import say
from replicate.figures.style import COLOURS, DIRECTIONS, entitle, reference_line, subplots
from replicate.statistics import welch_interval

ENOUGH = 100  # targets of each training that reach a position


def gain_by_position(forward: pd.DataFrame, reverse: pd.DataFrame) -> pd.DataFrame:
    """By target position, what reversal adds to the accuracy, with Welch's 95% interval.

    Args:
        forward, reverse: one row a round and position; positions that not every round reaches are left out.
    """
    both = [table.pivot(index="round", columns="position", values="accuracy") for table in (forward, reverse)]
    common = [p for p in both[0] if p in both[1] and not any(table[p].isna().any() for table in both)]
    rows = [welch_interval(both[1][p], both[0][p])._asdict() for p in common]
    return pd.DataFrame(rows, index=pd.Index(common, name="position")).rename(columns={"mean": "gain"})


def gain_where_reached(directions: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """`gain_by_position` at the positions that ENOUGH targets of every training reach."""
    reached = {name: table[table.samples >= ENOUGH] for name, table in directions.items()}
    return gain_by_position(reached["forward"], reached["reverse"])


def accuracy_by_direction(by_position: Mapping[str, Mapping[str, pd.DataFrame]], chance: float) -> Figure:
    """Accuracy by target position, forward and reversed: dots are trainings, lines their means.

    Args:
        by_position: a panel each, by its title; in it, by direction, one row a round and position.
        chance: the score of one constant prime.
    """
    figure, panels = subplots(1, len(by_position), height=3.2, sharey=True, squeeze=False)
    found = []
    for axes, (title, directions) in zip(panels[0], by_position.items(), strict=True):
        for direction, table in directions.items():
            mean = table.groupby("position").accuracy.mean()
            axes.scatter(
                table.position, table.accuracy, s=10, color=COLOURS[direction], alpha=0.45, linewidths=0
            )
            axes.plot(mean.index, mean, color=COLOURS[direction], label=say(DIRECTIONS[direction]))
        reference_line(axes, chance, "chance")
        axes.set(xlabel=say("position in the target"), xticks=mean.index[::2], title=title)
        gain = gain_where_reached(directions).iloc[-1]
        found.append(say("{gain:+.2f} at position {at} ({title})", gain=gain.gain, at=gain.name, title=title))
    panels[0, 0].set(ylabel=say("accuracy"), ylim=(0, None))
    panels[0, 0].legend()
    entitle(figure, say("Reversing changes the accuracy by {found}", found=say(", ").join(found)))
    return figure
