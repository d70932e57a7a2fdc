"""Where a run is right and where it is wrong: scores by length and by target position."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from replicate.figures.style import COLOURS, entitle, metric_colours, subplots
from replicate.statistics import weighted_means
from replicate.tasks.task import Metric

DIVERGED = "Every training diverged, so there are no scores"


def scores_by_length(by_length: pd.DataFrame, metrics: Sequence[Metric]) -> Figure:
    """Metrics by source and by target length: dots are trainings, lines their means."""
    metrics = [metric for metric in metrics if metric.by_length]
    names = [metric.name for metric in metrics]
    # A training that diverged has no scores; another may lack some, such as a precision where all is empty.
    by_length = by_length.groupby("round").filter(lambda rows: rows[names].notna().any(axis=None))
    figure, panels = subplots(1, 2, height=3.2, sharey=True)
    if by_length.empty:
        entitle(figure, DIVERGED)
        return figure
    for axes, kind in zip(panels, ("source", "target"), strict=True):
        table = by_length.query("kind == @kind")
        for metric, colour in zip(metrics, metric_colours(metrics), strict=True):
            mean = table.groupby("length")[metric.name].mean().dropna()
            axes.scatter(table.length, table[metric.name], s=8, color=colour, alpha=0.4, linewidths=0)
            axes.plot(mean.index, mean, color=colour, label=metric.label)
        axes.set(xlabel=f"{kind} length", ylim=metrics[0].limits, xticks=sorted(table.length.unique()))
    panels[0].set_ylabel("score")
    panels[0].legend(loc="lower left")
    panels[1].set_xlabel("target length, without EOS")
    count, rounds = table.groupby("round").samples.sum().iloc[0], table["round"].nunique()
    panels[0].set_title(f"{rounds} trainings (dots), {count} samples each; lines: means")
    means = by_length.query("kind == 'source'").groupby("length")[names].mean()
    for metric in metrics:
        if len(mean := means[metric.name].dropna()):
            entitle(figure, _shortest_and_longest(metric, mean))
            break
    return figure


def _shortest_and_longest(metric: Metric, mean: pd.Series) -> str:
    return (
        f"{metric.label} is {mean.iloc[0]:.2f} on sources of length {mean.index[0]}, {mean.iloc[-1]:.2f} on "
        f"those of {mean.index[-1]}"
    )


def accuracy_by_position(by_position: pd.DataFrame) -> Figure:
    """The share of targets answered correctly at each position they reach."""
    figure, axes = subplots(height=3.0)
    known = by_position.dropna(subset="accuracy")  # a training that diverged has none
    if known.empty and len(by_position):
        entitle(figure, DIVERGED)
        return figure
    by_position, shares = known, weighted_means(known, "accuracy", "position")
    axes.scatter(
        by_position.position, by_position.accuracy, s=12, color=COLOURS["psa"], alpha=0.4, linewidths=0
    )
    axes.plot(shares.index, shares, color=COLOURS["psa"])
    axes.set(xlabel="position in the target", ylabel="accuracy", ylim=(-0.02, 1.02), xticks=shares.index)
    axes.set_title(f"{by_position['round'].nunique()} trainings (dots); line: all their targets")
    entitle(figure, _first_and_last(shares))
    return figure


def _first_and_last(shares: pd.Series) -> str:
    if shares.empty:
        return "Every target is empty, so no position is reached"
    first, last = shares.index[0], shares.index[-1]
    return f"{shares[first]:.0%} of the targets are right at position {first}, {shares[last]:.0%} at {last}"
