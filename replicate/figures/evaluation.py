"""Where a run is right and where it is wrong: scores by length and by target position."""

import pandas as pd
from matplotlib.figure import Figure

from .style import COLOURS, METRIC_NAMES, reference_line, subplots


def scores_by_length(by_length: pd.DataFrame) -> Figure:
    """Exact match and PSA by source and by target length: dots are trainings, lines their means."""
    figure, panels = subplots(1, 2, height=3.2, sharey=True)
    for axes, kind in zip(panels, ("source", "target"), strict=True):
        table = by_length.query("kind == @kind")
        for metric in ("psa", "exact_match"):
            mean = table.groupby("length")[metric].mean()
            axes.scatter(table.length, table[metric], s=8, color=COLOURS[metric], alpha=0.4, linewidths=0)
            axes.plot(mean.index, mean, color=COLOURS[metric], label=METRIC_NAMES[metric])
        axes.set(xlabel=f"{kind} length", ylim=(-0.02, 1.02), xticks=sorted(table.length.unique()))
    panels[0].set_ylabel("score")
    panels[0].legend(loc="lower left")
    panels[1].set_xlabel("target length (number of primes)")
    count, rounds = table.groupby("round").samples.sum().iloc[0], table["round"].nunique()
    figure.suptitle(
        f"Score by length: {rounds} trainings (dots), {count} samples each", x=0.01, ha="left", fontsize=11
    )
    return figure


def accuracy_by_position(by_position: pd.DataFrame) -> Figure:
    """The share of targets answered correctly at each position they reach."""
    figure, axes = subplots(height=3.0)
    mean = by_position.groupby("position").accuracy.mean()
    axes.scatter(
        by_position.position, by_position.accuracy, s=12, color=COLOURS["psa"], alpha=0.4, linewidths=0
    )
    axes.plot(mean.index, mean, color=COLOURS["psa"])
    axes.set(xlabel="position in the target", ylabel="accuracy", ylim=(-0.02, 1.02), xticks=mean.index)
    axes.set_title(
        f"Accuracy by target position: {by_position['round'].nunique()} trainings (dots), line: their mean"
    )
    return figure


def accuracy_by_direction(forward: pd.DataFrame, reverse: pd.DataFrame, chance: float) -> Figure:
    """Accuracy by target position of a forward and a reversed run: dots are trainings, lines their means."""
    figure, axes = subplots(height=3.0)
    for direction, table in {"forward": forward, "reverse": reverse}.items():
        mean = table.groupby("position").accuracy.mean()
        axes.scatter(table.position, table.accuracy, s=10, color=COLOURS[direction], alpha=0.35, linewidths=0)
        axes.plot(mean.index, mean, color=COLOURS[direction], label=direction)
    axes.set_title(
        f"Accuracy by target position: {table['round'].nunique()} trainings each (dots), their means"
    )
    reference_line(axes, chance, "chance", "ceiling")
    axes.set(xlabel="position in the target", ylabel="accuracy", ylim=(0, None), xticks=mean.index)
    axes.legend()
    return figure
