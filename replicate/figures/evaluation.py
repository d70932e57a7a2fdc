"""Where a run is right and where it is wrong: scores by length and by target position."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure

from replicate.figures.style import COLOURS, metric_colours, reference_line, subplots
from replicate.tasks.task import Metric


def scores_by_length(by_length: pd.DataFrame, metrics: Sequence[Metric]) -> Figure:
    """Metrics by source and by target length: dots are trainings, lines their means."""
    metrics = [metric for metric in metrics if metric.by_length]
    figure, panels = subplots(1, 2, height=3.2, sharey=True)
    for axes, kind in zip(panels, ("source", "target"), strict=True):
        table = by_length.query("kind == @kind")
        for metric, colour in zip(metrics, metric_colours(metrics), strict=True):
            mean = table.groupby("length")[metric.name].mean()
            axes.scatter(table.length, table[metric.name], s=8, color=colour, alpha=0.4, linewidths=0)
            axes.plot(mean.index, mean, color=colour, label=metric.label)
        axes.set(xlabel=f"{kind} length", ylim=metrics[0].limits, xticks=sorted(table.length.unique()))
    panels[0].set_ylabel("score")
    panels[0].legend(loc="lower left")
    panels[1].set_xlabel("target length, without EOS")
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


def accuracy_by_direction(by_position: Mapping[str, Mapping[str, pd.DataFrame]], chance: float) -> Figure:
    """Accuracy by target position, forward and reversed: dots are trainings, lines their means.

    Args:
        by_position: a panel each, by its title; in it, by direction, one row a round and position.
        chance: the score of one constant prime.
    """
    figure, panels = subplots(1, len(by_position), height=3.0, sharey=True, squeeze=False)
    for axes, (title, directions) in zip(panels[0], by_position.items(), strict=True):
        for direction, table in directions.items():
            mean = table.groupby("position").accuracy.mean()
            axes.scatter(
                table.position, table.accuracy, s=10, color=COLOURS[direction], alpha=0.35, linewidths=0
            )
            axes.plot(mean.index, mean, color=COLOURS[direction], label=direction)
        reference_line(axes, chance, "chance", "ceiling")
        axes.set(xlabel="position in the target", xticks=mean.index[::2])
        axes.set_title(f"{title}: {table['round'].nunique()} trainings each")
    panels[0, 0].set(ylabel="accuracy", ylim=(0, None))
    panels[0, 0].legend()
    return figure
