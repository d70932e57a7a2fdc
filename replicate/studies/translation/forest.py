"""Claims that are tested on text, beside the tests of the same claims on primes."""

from textwrap import fill

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from replicate.figures.style import COLOURS, entitle, subplots
from replicate.studies.claims.forest import VERDICT_COLOURS, verdict_handles
from replicate.studies.claims.sizes import NATS
from replicate.studies.judging import NOT_RUN, NOT_TESTABLE
from replicate.studies.translation.counterparts import POINTS, TASKS

UNITS = {NATS: NATS, POINTS: "points of 100: exact match on primes, BLEU on text"}
NAME_WIDTH = 26  # characters


def side_by_side(table: pd.DataFrame) -> Figure:
    """The listed claims with a test on text, run or not, beside the tests of them on primes.

    Args:
        table: as `counterparts` makes it; a claim stands where its test on text has its unit. Kinds of
            models differ by so much that they have scales of their own.
    """
    tests = table[table.task == "text"].groupby(["kinds", "unit"]).claim
    order = [(kinds, unit) for kinds in (False, True) for unit in UNITS]
    blocks = {block: tests.get_group(block).tolist() for block in order if block in tests.groups}
    heights = [len(claims) + 1.2 for claims in blocks.values()]
    size = {"height": 0.36 * sum(heights) + 1.3, "height_ratios": heights}
    figure, axes = subplots(len(blocks), 2, sharex="row", squeeze=False, **size)
    for row, ((kinds, unit), claims) in zip(axes, blocks.items(), strict=True):
        for axis, task in zip(row, TASKS, strict=True):
            _panel(axis, claims, table[table.task == task].set_index("claim"), unit)
        row[0].set_yticks(range(len(claims)), [fill(claim, NAME_WIDTH) for claim in claims], fontsize=8)
        row[1].set_yticks(range(len(claims)), [])
        row[0].set_xlabel(
            UNITS[unit] + (", between kinds of models" if kinds else ""), loc="left", fontsize=9
        )
    for axis, task in zip(axes[0], TASKS, strict=True):
        axis.set_title(task)
    figure.legend(handles=verdict_handles(table.verdict), loc="outside lower center", ncols=5, fontsize=8)
    entitle(figure, _agreement(table))
    return figure


def _panel(axes: Axes, claims: list[str], tests: pd.DataFrame, unit: str) -> None:
    axes.axvline(0, color=COLOURS["published"], linewidth=0.8)
    for y, claim in enumerate(claims):
        if claim not in tests.index:
            _say(axes, y, "no test", COLOURS["loss"])
            continue
        row = tests.loc[claim]
        if row.verdict == NOT_RUN:
            _say(axes, y, NOT_RUN, COLOURS["loss"])
            continue
        colour = VERDICT_COLOURS[row.verdict]
        if row.unit == unit:
            errors = [[row.estimate - row.low], [row.high - row.estimate]]
            axes.errorbar(row.estimate, y, xerr=errors, color=colour, fmt="o", markersize=5, capsize=3)
        else:
            _say(axes, y, f"{row.estimate:+.1f} {row.unit}", colour)
    axes.set_ylim(len(claims) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)


def _say(axes: Axes, y: int, text: str, colour: str) -> None:
    """In place of a mark."""
    place = {"xycoords": ("axes fraction", "data"), "ha": "right", "va": "center"}
    axes.annotate(text, (0.98, y), fontsize=8, color=colour, **place)


def _agreement(table: pd.DataFrame) -> str:
    judged = table[~table.verdict.isin([NOT_RUN, NOT_TESTABLE])]
    verdicts = judged.pivot(index="claim", columns="task", values="verdict")
    both = verdicts.reindex(columns=TASKS).dropna()
    if both.empty:
        return "On text no claim has been judged yet; on primes some of these were"
    alike = (both.primes == both.text).sum()
    return f"Claims that are judged on both: {len(both)}; with the same verdict on both: {alike}"
