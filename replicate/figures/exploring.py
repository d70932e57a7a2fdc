"""One source followed through a model."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from replicate.figures.style import COLOURS, label_points, subplots


def answers(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """The most probable tokens at each step, a panel an answer: area is probability, the right one ringed."""
    figure, panels = subplots(len(tables), height=0.6 + 2.1 * len(tables), sharex=True, squeeze=False)
    for axes, (title, table) in zip(panels[:, 0], tables.items(), strict=True):
        rank = table.groupby("step").cumcount()
        colours = [COLOURS["forward"] if chosen else COLOURS["plain"] for chosen in table.chosen]
        axes.scatter(table.step, rank, s=900 * table.probability, c=colours, alpha=0.5, linewidths=0)
        right = table[table.right]
        axes.scatter(right.step, rank[right.index], s=480, facecolors="none", edgecolors=COLOURS["lcsr"])
        for row, y in zip(table.itertuples(), rank, strict=True):
            axes.annotate(row.token, (row.step, y), ha="center", va="center", fontsize=9)
        axes.set(ylim=(rank.max() + 0.7, -0.7), yticks=[], ylabel="most probable first", title=title)
        axes.grid(visible=False)
    panels[-1, 0].set(
        xlabel="step of the answer", xticks=range(1, 1 + max(t.step.max() for t in tables.values()))
    )
    return figure


def state_path(cloud: pd.DataFrame, paths: Mapping[str, pd.DataFrame]) -> Figure:
    """The encoder's state after each token, among the states of random sources.

    Args:
        cloud: x and y of random sources.
        paths: x, y and token in reading order, by name; a name is a key of COLOURS.
    """
    figure, axes = subplots(height=4.2)
    axes.scatter(
        cloud.x, cloud.y, s=8, color=COLOURS["ceiling"], alpha=0.5, linewidths=0, label="random sources"
    )
    for name, path in paths.items():
        axes.plot(path.x, path.y, "o-", color=COLOURS[name], markersize=4, label=name)
    axes.set(xlabel="first principal component", ylabel="second")
    axes.set_title("The encoder's state after each token")
    axes.legend()
    label_points(axes, [(row.token, row.x, row.y) for path in paths.values() for row in path.itertuples()])
    return figure
