"""How a run went: its loss and its metrics over the updates."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from replicate.figures.style import COLOURS, entitle, metric_colours, subplots
from replicate.statistics import mean_interval
from replicate.tasks.task import Metric


def loss_curve(history: pd.DataFrame) -> Figure:
    """The training loss of every round, thin, and their mean with its 95% interval."""
    figure, axes = subplots(height=3.0)
    _rounds_and_mean(axes, history[history.step > 0], "loss", COLOURS["loss"])
    axes.set(xlabel="updates", ylabel="loss (nats per token)", ylim=(0, None))
    axes.set_title(_drawn(history))
    going_on, note = _going_on(history[history.step > 0])
    loss = going_on.groupby("step").loss.mean()
    if not loss.empty:
        note = (
            f"The training loss goes from {loss.iloc[0]:.2f} nats a token at {loss.index[0]:,} updates to "
            f"{loss.iloc[-1]:.2f} at {loss.index[-1]:,}{note}"
        )
    entitle(figure, note)
    return figure


def metric_curves(history: pd.DataFrame, metrics: Sequence[Metric]) -> Figure:
    """A panel a metric over the updates: every round thin, their mean with its 95% interval."""
    metrics = [metric for metric in metrics if metric.curve]
    alike = len({metric.bounds for metric in metrics}) == 1
    figure, panels = subplots(1, len(metrics), height=3.0, sharey=alike, squeeze=False)
    for axes, metric, colour in zip(panels[0], metrics, metric_colours(metrics), strict=True):
        _rounds_and_mean(axes, history, metric.name, colour)
        axes.set(xlabel="updates", ylim=metric.limits, title=metric.label)
    panels[0, 0].set_ylabel("score")
    going_on, note = _going_on(history)
    ends = going_on[going_on.step == going_on.step.max()]
    if not ends.empty:
        scores = ", ".join(f"{metric.label} {ends[metric.name].mean():.2f}" for metric in metrics)
        note = f"After {ends.step.max():,} updates: {scores}{note}"
    entitle(figure, note)
    return figure


def _going_on(history: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The rounds that did not diverge, and what a title says of the others."""
    if "diverged" not in history:
        return history, ""
    lost = history.groupby("round").diverged.transform("max") > 0
    counts = history[lost]["round"].nunique(), history["round"].nunique()
    if lost.all():
        return history[~lost], "Every training diverged"
    return history[~lost], f"; {counts[0]} of {counts[1]} trainings diverged" if lost.any() else ""


def _drawn(history: pd.DataFrame) -> str:
    return f"{history['round'].nunique()} trainings (thin), their mean and its 95% interval"


def _rounds_and_mean(axes: Axes, history: pd.DataFrame, column: str, colour: str) -> None:
    table = history.pivot(index="step", columns="round", values=column)
    axes.plot(table.index, table, color=colour, alpha=0.35, linewidth=0.8)
    bands = pd.DataFrame([mean_interval(row) for row in table.to_numpy()], index=table.index)
    axes.fill_between(bands.index, bands.low, bands.high, color=colour, alpha=0.2, linewidth=0)
    axes.plot(bands.index, bands["mean"], color=colour, linewidth=2.2)
    _mark_diverged(axes, history, column)


def _mark_diverged(axes: Axes, history: pd.DataFrame, column: str) -> None:
    """A cross where a round was last seen before it diverged."""
    if "diverged" not in history:
        return
    for _, curve in history.groupby("round"):
        if not curve.diverged.any():
            continue
        seen = curve[curve.diverged == 0]
        if seen.empty:  # it diverged before the first point
            place, scale = (curve.step.iloc[0], 1), axes.get_xaxis_transform()  # at the top of the panel
        else:
            place, scale = (seen.step.iloc[-1], seen[column].iloc[-1]), axes.transData
        axes.plot(*place, "X", color="black", markersize=8, transform=scale, clip_on=False)
        axes.annotate("diverged", place, (6, 4), xycoords=scale, textcoords="offset points")
