"""All claims at once: how large each effect is, beside the paper's where the units agree."""

from textwrap import fill

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from replicate.figures.style import COLOURS, entitle, subplots

VERDICT_COLOURS = {
    "supported": COLOURS["lcsr"],
    "contradicted": COLOURS["reverse"],
    "not shown": COLOURS["plain"],
    "not testable here": COLOURS["ceiling"],
    "smaller than the margin": COLOURS["highlight"],
}
NATS = "nats a token"
MARKERS = {"base": "D", "memory": "s", "depth": "^"}  # of `trainings`; all others have a circle
NAME_WIDTH = 44  # characters


def forest(table: pd.DataFrame) -> Figure:
    """A row an effect with its 95% interval, as `claims.sizes.sizes` has them, in three panels.

    Effects in the paper's unit are divided by the paper's; the others keep theirs: differences of scores that
    lie between 0 and 1, and differences in nats.
    """
    table = table.reset_index(drop=True)
    known = table["size"].notna()
    panels = {
        "Size divided by the paper's": table[known].assign(
            estimate=table.share, low=table.share_low, high=table.share_high
        ),
        "Difference of scores, shares or distances (0 to 1)": table[~known & (table.unit != NATS)],
        "Difference in nats a token": table[~known & (table.unit == NATS)],
    }
    panels = {title: rows for title, rows in panels.items() if len(rows)}
    heights = [sum(_name(row).count("\n") + 1 for row in rows.itertuples()) + 1 for rows in panels.values()]
    figure, axes = subplots(
        rows=len(panels), height=0.22 * sum(heights) + 1.4, height_ratios=heights, squeeze=False
    )
    for axis, (title, rows) in zip(axes[:, 0], panels.items(), strict=True):
        _panel(axis, rows)
        axis.set_title(title, fontsize=10)
    axes[0, 0].axvline(1, color=COLOURS["published"], linestyle=":", linewidth=1.2)
    handles = verdict_handles(table.verdict)
    handles += [
        Line2D(
            [], [], color=COLOURS["ceiling"], marker=marker, linestyle="", label=f"on the trainings of {name}"
        )
        for name, marker in MARKERS.items()
        if (table.trainings == name).any()
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=8, columnspacing=1)
    counts = table.verdict.value_counts()
    entitle(figure, f"Of {len(table)} tests: " + ", ".join(f"{n} {verdict}" for verdict, n in counts.items()))
    return figure


def verdict_handles(verdicts: pd.Series) -> list[Line2D]:
    """A legend's entries for the verdicts that occur."""
    return [
        Line2D([], [], color=colour, marker="o", linestyle="", label=verdict)
        for verdict, colour in VERDICT_COLOURS.items()
        if (verdicts == verdict).any()
    ]


def _panel(axes: Axes, rows: pd.DataFrame) -> None:
    axes.axvline(0, color=COLOURS["published"], linewidth=0.8)
    for y, row in enumerate(rows.itertuples()):
        colour = VERDICT_COLOURS.get(row.verdict, COLOURS["ceiling"])
        errors = [[row.estimate - row.low], [row.high - row.estimate]]
        marker = MARKERS.get(row.trainings, "o")
        axes.errorbar(row.estimate, y, xerr=errors, color=colour, fmt=marker, markersize=5, capsize=3)
    axes.set_yticks(range(len(rows)), map(_name, rows.itertuples()), fontsize=7.5)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)


def _name(row) -> str:
    """The claim, with its study in brackets where that is a fairer one, in short lines."""
    return fill(row.claim if row.study == "claims" else f"{row.claim} [{row.study}]", NAME_WIDTH)
