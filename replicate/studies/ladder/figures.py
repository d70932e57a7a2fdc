"""The ladder from the published model to one that solves the task."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from replicate.figures.language import say
from replicate.figures.style import COLOURS, DIRECTIONS, MARKS, entitle, subplots

LABELS = {"published_geo_mean": "GeoMean, published protocol", "exact_match": "exact match"}


def rungs(
    scores: Mapping[str, Mapping[str, pd.DataFrame]], marks: Mapping[str, Mapping[str, float]]
) -> Figure:
    """One line a rung, both scores: every training a dot, a bar at the mean of each direction.

    Args:
        scores: by rung and direction, one row a training with published_geo_mean and exact_match.
        marks: by metric, labelled scores to draw as lines, such as the ceiling.
    """
    figure, panels = subplots(1, 2, height=0.9 + 0.55 * len(scores), sharey=True)
    for axes, metric in zip(panels, LABELS, strict=True):
        for label, score in marks[metric].items():
            axes.axvline(score, linewidth=1.6, zorder=1, **MARKS[label])
            axes.annotate(
                say(label),
                (score, 1),
                xycoords=("data", "axes fraction"),
                ha="center",
                va="bottom",
                color=MARKS[label]["color"],
            )
        for y, directions in enumerate(scores.values()):
            for offset, (direction, table) in zip(_offsets(len(directions)), directions.items(), strict=True):
                _trainings(axes, y + offset, table[metric], COLOURS[direction])
        axes.set(xlabel=say(LABELS[metric]), xlim=(-0.02, 1.02), ylim=(len(scores) - 0.5, -0.5))
        axes.grid(axis="y", visible=False)
    panels[0].set_yticks(range(len(scores)), map(say, scores))
    for direction in ("forward", "reverse"):
        panels[0].plot([], [], "o", color=COLOURS[direction], label=say(DIRECTIONS[direction]))
    count = max(len(table) for directions in scores.values() for table in directions.values())
    title = say("{count} trainings a rung and direction; bar: mean", count=count)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, title=title)
    entitle(figure, _largest_step(scores))
    return figure


def _largest_step(scores: Mapping[str, Mapping[str, pd.DataFrame]]) -> str:
    """Which rung adds most exact match, with reversed sources, to the one before it."""
    exact = pd.Series({name: both["reverse"].exact_match.mean() for name, both in scores.items()})
    steps = exact.diff()
    return say(
        "Exact match rises from {first:.2f} to {last:.2f}, most of all by {name} ({step:+.2f})",
        first=exact.iloc[0],
        last=exact.iloc[-1],
        name=say(steps.idxmax()),
        step=steps.max(),
    )


def _offsets(count: int) -> list[float]:
    return [0.0] if count == 1 else [-0.2, 0.2]


def _trainings(axes: Axes, y: float, values: pd.Series, colour: str) -> None:
    spread = y + np.linspace(-0.07, 0.07, len(values))
    axes.scatter(values, spread, s=18, color=colour, alpha=0.55, linewidths=0)
    axes.plot([values.mean()] * 2, [y - 0.17, y + 0.17], color=colour, linewidth=2.5)
