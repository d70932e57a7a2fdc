"""The published table beside the reproduced one."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from replicate.figures.language import say
from replicate.figures.style import COLOURS, MARKS, entitle, subplots
from replicate.statistics import Interval, mean_interval, welch_interval
from replicate.studies.published.verdicts import ROW_VERDICTS, row_verdicts
from replicate.tasks.primes.metrics import LABELS


def published_and_reproduced(
    ours: pd.DataFrame,
    published: pd.DataFrame,
    author: pd.DataFrame,
    ceilings: Mapping[int, float],
    chances: Mapping[int, float],
    metric: str,
) -> Figure:
    """One line a published row: every training a dot, means, ceiling and chance.

    Args:
        ours: one row a training, with max_length, reverse and the metric.
        published: one row a published row, likewise.
        author: the author's single trainings, likewise, where they are public.
        ceilings, chances: by max_length.
    """
    figure, axes = subplots(height=5.2)
    for y, row in enumerate(published.itertuples()):
        colour = COLOURS["reverse" if row.reverse else "forward"]
        _bar(axes, y, ceilings[row.max_length], "ceiling")
        _bar(axes, y, chances[row.max_length], "chance")
        _dots(axes, y - 0.2, _same_row(author, row)[metric], facecolors="none", edgecolors="black")
        values = _same_row(ours, row)[metric]
        _dots(axes, y, values, color=colour, alpha=0.55, linewidths=0)
        _mean(axes, y + 0.24, values, colour)
        axes.plot(getattr(row, metric), y + 0.24, "D", color="black", markersize=6, zorder=4)
    labels = [
        f"{row.max_length} {say('reversed' if row.reverse else 'forward')}" for row in published.itertuples()
    ]
    axes.set_yticks(range(len(published)), labels)
    axes.set(ylim=(len(published) - 0.5, -0.7), xlim=(0, None), ylabel=say("max_length, source"))
    axes.set_xlabel(say(LABELS[metric]))
    axes.grid(axis="y", visible=False)
    _explain(axes, ours.groupby(["max_length", "reverse"]).size().max())
    verdicts = row_verdicts(ours, metric).verdict
    found = [f"{(verdicts == verdict).sum()} {say(verdict)}" for verdict in ROW_VERDICTS]
    entitle(figure, say("Of {n} published means: {found}", n=len(published), found=say(", ").join(found)))
    return figure


def reversal_study(study: pd.DataFrame, ceiling: float, chance: float, metric: str) -> Figure:
    """Every training of both directions as a dot, their means with intervals, ceiling and chance.

    Args:
        study: one row a training, with max_length, the same for all, reverse and the metric.
    """
    figure, axes = subplots(height=3.4)
    for y, (reverse, arm) in enumerate(study.groupby("reverse")):
        colour = COLOURS["reverse" if reverse else "forward"]
        _dots(axes, y - 0.06, arm[metric], 0.16, s=16, color=colour, alpha=0.5, linewidths=0)
        mean, _, high = _mean(axes, y + 0.25, arm[metric], colour)
        axes.annotate(
            say("mean {mean:.3f}", mean=mean),
            (high, y + 0.25),
            (8, 0),
            textcoords="offset points",
            va="center",
        )
        for x, name in ((ceiling, "ceiling"), (chance, "chance")):
            _bar(axes, y, x, name)
            if y == 0:
                axes.annotate(say(name), (x, -0.4), ha="center", va="bottom", color=COLOURS[name])
    arms = {reverse: arm[metric].dropna() for reverse, arm in study.groupby("reverse")}
    names = [say("{n} trainings", n=len(arms[reverse])) for reverse in (False, True)]
    axes.set_yticks([0, 1], [f"{say('forward')}\n{names[0]}", f"{say('reversed')}\n{names[1]}"])
    axes.set(ylim=(1.5, -0.7), xlim=(0, None), xlabel=say(LABELS[metric]))
    axes.grid(axis="y", visible=False)
    gain = welch_interval(arms[True], arms[False])._asdict()
    text = "At max_length {n} reversing changes the mean by {mean:+.3f} [{low:+.3f}, {high:+.3f}]"
    entitle(figure, say(text, n=study.max_length.iloc[0], **gain))
    return figure


def _same_row(table: pd.DataFrame, row) -> pd.DataFrame:
    return table[(table.max_length == row.max_length) & (table.reverse == row.reverse)]


def _bar(axes: Axes, y: float, x: float, mark: str) -> None:
    axes.plot([x, x], [y - 0.35, y + 0.35], linewidth=2.5, solid_capstyle="butt", **MARKS[mark])


def _dots(axes: Axes, y: float, values: pd.Series, spread: float = 0.06, s: float = 22, **style) -> None:
    axes.scatter(values, y + np.linspace(-spread, spread, len(values)), s=s, **style)


def _mean(axes: Axes, y: float, values: pd.Series, colour: str) -> Interval:
    """Draw the mean and its 95% interval."""
    mean, low, high = interval = mean_interval(values)
    axes.errorbar(mean, y, xerr=[[mean - low], [high - mean]], color=colour, fmt="o", capsize=4)
    return interval


def _explain(axes: Axes, n: int) -> None:
    """A legend in one colour: what a mark means does not depend on the row."""
    marks = {
        say("our trainings ({n} a row)", n=n): {
            "marker": "o",
            "alpha": 0.55,
            "color": COLOURS["loss"],
            "ls": "none",
        },
        say("our mean, 95% interval"): {"marker": "o", "color": COLOURS["loss"]},
        say("published mean"): {"marker": "D", "color": "black", "ls": "none"},
        say("author's trainings"): {"marker": "o", "mfc": "none", "mec": "black", "ls": "none"},
        say("ceiling"): {"linewidth": 2.5, **MARKS["ceiling"]},
        say("chance"): {"linewidth": 2.5, **MARKS["chance"]},
    }
    for label, style in marks.items():
        axes.plot([], [], label=label, **style)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3, fontsize=9)
