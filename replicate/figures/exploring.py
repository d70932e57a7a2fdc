"""One source followed through models."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from replicate.evaluation.explorer import SHOWN, in_words
from replicate.figures.labels import label_points
from replicate.figures.style import COLOURS, subplots

DISC = 620  # points squared of a probability of 1, where there is room
PANEL = 200  # points that two panels beside each other have each, about


def answers(models: Mapping[str, Mapping[str, pd.DataFrame]]) -> Figure:
    """The most probable tokens at each step: a column a model, a row a way of reading the source.

    Area is probability; the chosen token is dark, the right one ringed, below the line where it ranks lower.

    Args:
        models: by the model's name, an `Explorer.answer` by the way of reading.
    """
    ways = list(next(iter(models.values())))
    figure, panels = subplots(
        len(ways), len(models), height=0.5 + 2.4 * len(ways), sharex=True, sharey=True, squeeze=False
    )
    steps = max(table.step.max() for tables in models.values() for table in tables.values())
    for column, (name, tables) in enumerate(models.items()):
        for row, way in enumerate(ways):
            _, verdict = in_words(tables[way])
            axes = panels[row, column]
            _draw(axes, tables[way], min(DISC, (PANEL * 2 / len(models) / steps) ** 2))
            axes.set_title(f"{name}\n{way}: {verdict}" if row == 0 else f"{way}: {verdict}", fontsize=10)
    for axes in panels[:, 0]:
        axes.set(ylim=(SHOWN + 2, 0.4), ylabel="rank of the token")
        axes.set_yticks([*range(1, SHOWN + 1), SHOWN + 1], [*map(str, range(1, SHOWN + 1)), "lower"])
    for axes in panels[-1]:
        axes.set(xlim=(0.4, steps + 0.6), xticks=range(1, steps + 1), xlabel="step of the answer")
    return figure


def _draw(axes: Axes, table: pd.DataFrame, disc: float) -> None:
    height = table["rank"].clip(upper=SHOWN + 1)
    colours = [COLOURS["forward"] if chosen else COLOURS["plain"] for chosen in table.chosen]
    axes.scatter(table.step, height, s=disc * table.probability, c=colours, alpha=0.5, linewidths=0)
    right = table[table.right]
    axes.scatter(
        right.step, height[right.index], s=330, facecolors="none", edgecolors=COLOURS["lcsr"], linewidths=1.6
    )
    for row, y in zip(table.itertuples(), height, strict=True):
        axes.annotate(row.token, (row.step, y), ha="center", va="center", fontsize=8)
        if row.rank > SHOWN:
            axes.annotate(
                f"rank {row.rank}",
                (row.step, y),
                xytext=(0, -15),
                textcoords="offset points",
                ha="center",
                va="center",
                fontsize=7,
            )
    if table.ended.any():
        first = table[table.ended].step.min()
        axes.axvspan(first - 0.5, table.step.max() + 0.5, color=COLOURS["ceiling"], alpha=0.25, linewidth=0)
        axes.annotate(
            "after its end", (first - 0.42, SHOWN + 1.9), fontsize=7, va="bottom", color=COLOURS["loss"]
        )
    axes.axhline(SHOWN + 0.5, color=COLOURS["ceiling"], linewidth=0.6)
    axes.grid(visible=False)


def state_path(models: Mapping[str, tuple[pd.DataFrame, Mapping[str, pd.DataFrame]]]) -> Figure:
    """The encoder's state after each token, among the states of random sources; a panel a model.

    Args:
        models: by the model's name, x and y of random sources, and x, y and token in reading order by the
            direction of reading, which is a key of COLOURS.
    """
    figure, panels = subplots(1, len(models), height=3.9, squeeze=False)
    for axes, (name, (cloud, paths)) in zip(panels[0], models.items(), strict=True):
        axes.scatter(
            cloud.x, cloud.y, s=8, color=COLOURS["ceiling"], alpha=0.5, linewidths=0, label="random sources"
        )
        for direction, path in paths.items():
            axes.plot(path.x, path.y, "o-", color=COLOURS[direction], markersize=4, label=f"read {direction}")
        axes.set(xlabel="first principal component", ylabel="second")
        axes.set_title(name, fontsize=10)
    panels[0, 0].legend(fontsize=8)
    for axes, (_, paths) in zip(panels[0], models.values(), strict=True):
        steps = pd.concat([path.assign(direction=direction) for direction, path in paths.items()])
        labels = label_points(axes, list(zip(steps.x, steps.y, strict=True)), list(steps.token))
        for label, direction in zip(labels, steps.direction, strict=True):
            label.set_color(COLOURS[direction])
    return figure
