"""One source followed through models."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from replicate.evaluation.explorer import SHOWN, in_words
from replicate.figures.labels import label_points
from replicate.figures.style import COLOURS, subplots

DISC = 620  # points squared of a probability of 1, where there is room
WIDTH = 400  # points that the panels beside each other have together, about
LETTER = 4  # points of a letter of a token, about
NUMBER = len("EOS")  # letters that are always written


def answers(models: Mapping[str, Mapping[str, pd.DataFrame]]) -> Figure:
    """The most probable tokens at each step: a column a model, a row a way of reading the source.

    Models whose tokens are words stand below each other, as words need the room; a word that is too long for
    it is cut, with a point. Area is probability; the chosen token is dark, the right one ringed, below the
    line where it ranks lower.

    Args:
        models: by the model's name, an `Explorer.answer` by the way of reading.
    """
    ways = list(next(iter(models.values())))
    every = pd.concat([table for tables in models.values() for table in tables.values()])
    columns = 1 if every.token.str.len().max() > NUMBER else len(models)
    rows = len(ways) * len(models) // columns
    figure, panels = subplots(rows, columns, height=0.5 + 2.4 * rows, sharex=True, sharey=True, squeeze=False)
    steps = every.step.max()
    room = WIDTH / columns / steps
    for (name, tables), own in zip(models.items(), panels.T.reshape(len(models), -1), strict=True):
        for axes, way in zip(own, ways, strict=True):
            _, verdict = in_words(tables[way])
            _draw(axes, tables[way], room)
            axes.set_title(f"{name}\n{way}: {verdict}" if way == ways[0] else f"{way}: {verdict}")
    for axes in panels[:, 0]:
        axes.set(ylim=(SHOWN + 2, 0.4), ylabel="rank of the token")
        axes.set_yticks([*range(1, SHOWN + 1), SHOWN + 1], [*map(str, range(1, SHOWN + 1)), "lower"])
    for axes in panels[-1]:
        axes.set(xlim=(0.4, steps + 0.6), xticks=range(1, steps + 1), xlabel="step of the answer")
    return figure


def _draw(axes: Axes, table: pd.DataFrame, room: float) -> None:
    """One answer, with so many points from step to step."""
    disc, letters = min(DISC, room**2), max(NUMBER, int(room / LETTER))
    height = table["rank"].clip(upper=SHOWN + 1)
    colours = [COLOURS["forward"] if chosen else COLOURS["plain"] for chosen in table.chosen]
    axes.scatter(table.step, height, s=disc * table.probability, c=colours, alpha=0.5, linewidths=0)
    right = table[table.right]
    axes.scatter(
        right.step, height[right.index], s=330, facecolors="none", edgecolors=COLOURS["lcsr"], linewidths=1.6
    )
    for row, y in zip(table.itertuples(), height, strict=True):
        token = row.token if len(row.token) <= letters else f"{row.token[: letters - 1]}."
        size = min(8, room / 2)
        axes.annotate(token, (row.step, y), ha="center", va="center", fontsize=size, parse_math=False)
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
