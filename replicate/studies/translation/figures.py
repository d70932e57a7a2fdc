"""The paper's Table 1 and its Figures 2 and 3, on text."""

from collections.abc import Mapping
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from replicate.figures.style import ARBITRARY, COLOURS, entitle, subplots

COLOUR_OF = {"forward": COLOURS["forward"], "reversed": COLOURS["reverse"]}
COLOUR_OF_KIND = {
    "LSTM": COLOURS["forward"],
    "LSTM, reversed": COLOURS["reverse"],
    "LSTM with attention": COLOURS["attention"],
}
SHIFT = {"forward": 0.16, "reversed": -0.16}  # rows, so that the directions stand one above the other
VOICES = {"active": "o", "passive": "s"}

Searches = Mapping[tuple[str, int, int], float]  # BLEU by direction, number of models and width of the beam


def table_one(ours: pd.DataFrame, paper: Searches, others: Mapping[str, float]) -> Figure:
    """BLEU by direction, number of models and width of the beam, here and in the paper.

    Args:
        ours: a row a training or ensemble: `direction`, `models`, `width`, `bleu`.
        others: BLEU of what is no LSTM on our sentences, by name.
    """
    figure, (here, there) = subplots(columns=2, height=4.2, sharey=True, width_ratios=[3, 2])
    kinds = sorted(set(ours[["models", "width"]].itertuples(index=False, name=None)), reverse=True)
    for (direction, *kind), group in ours.groupby(["direction", "models", "width"]):
        y, colour = kinds.index(tuple(kind)) + SHIFT[direction], COLOUR_OF[direction]
        here.plot(group.bleu, np.full(len(group), y), "o", color=colour, alpha=0.6, markersize=4)
        here.plot([group.bleu.mean()] * 2, [y - 0.14, y + 0.14], color=colour, linewidth=2.5)
    for (direction, *kind), bleu in paper.items():
        y = kinds.index(tuple(kind)) + SHIFT[direction]
        there.plot(bleu, y, "D", color=COLOUR_OF[direction], markersize=5)
    for name, bleu in others.items():
        here.axvline(bleu, color=COLOURS["ceiling"], linestyle=":", linewidth=1.4)
        here.annotate(fill(name, 12), (bleu, len(kinds) - 0.45), fontsize=8, ha="center", va="bottom")
    here.set_yticks(range(len(kinds)), [_search(*kind) for kind in kinds])
    here.set(xlabel="BLEU", title="here", ylim=(-0.6, len(kinds) + 0.5))
    there.set(xlabel="BLEU, on other text", title="the paper")
    handles = [
        Line2D([], [], color=colour, marker="o", linestyle="", label=f"source {direction}")
        for direction, colour in COLOUR_OF.items()
    ]
    grey = {"color": COLOURS["ceiling"], "linestyle": ""}
    handles.append(Line2D([], [], marker="o", label="a training or ensemble", **grey))
    handles.append(Line2D([], [], marker="|", markersize=12, markeredgewidth=2.5, label="their mean", **grey))
    figure.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=9)
    entitle(figure, _best_of(ours, others))
    return figure


def _search(models: int, width: int) -> str:
    return f"{models} model{'s' if models > 1 else ''}, beam {width}"


def _best_of(ours: pd.DataFrame, others: Mapping[str, float]) -> str:
    means = ours.groupby(["direction", "models", "width"]).bleu.mean()
    direction, models, width = means.idxmax()
    best = f"{_search(models, width)}, source {direction}"
    beside = ", ".join(f"{name} {bleu:.1f}" for name, bleu in others.items())
    return f"The highest mean BLEU of LSTMs is {means.max():.1f} ({best}); beside them: {beside}"


def by_length_and_rarity(table: pd.DataFrame) -> Figure:
    """Fig. 3: BLEU by the words of the source, and by how rare its words are.

    Args:
        table: `direction`, `by` (length or rarity), `group`, `place`, and `estimate`, `low`, `high`.
    """
    figure, axes = subplots(columns=2, height=3.6, sharey=True, width_ratios=[3, 2])
    labels = {"length": "words in the source", "rarity": "its words, in thirds"}
    for axis, (kind, label) in zip(axes, labels.items(), strict=True):
        rows = table[table.by == kind]
        lines = {direction: (own, COLOUR_OF[direction]) for direction, own in rows.groupby("direction")}
        _lines(axis, lines, label)
    axes[0].set(ylabel="BLEU")
    axes[0].set_title("means over trainings, 95% intervals")
    axes[0].legend(title="source")
    entitle(figure, _ends_of(table[table.direction == "reversed"]))
    return figure


def attention_by_length(table: pd.DataFrame) -> Figure:
    """BLEU by the words of the source, of the base in both directions and with attention.

    Args:
        table: as `kinds.bleu_by_length` makes it.
    """
    figure, axes = subplots(height=3.4)
    lines = {kind: (own, COLOUR_OF_KIND[kind]) for kind, own in table.groupby("model", sort=False)}
    _lines(axes, lines, "words in the source")
    axes.set_ylabel("BLEU")
    axes.set_title("single models, beam of 12: means over trainings, 95% intervals")
    axes.legend()
    ends = table.sort_values("place").groupby("model", sort=False).estimate.agg(["first", "last"])
    found = "; ".join(f"{row.Index} {row.first:.1f} and {row.last:.1f}" for row in ends.itertuples())
    entitle(figure, f"BLEU of the shortest and of the longest sentences: {found}")
    return figure


def _lines(axes: Axes, lines: Mapping[str, tuple[pd.DataFrame, str]], label: str) -> None:
    """One line a name, in its colour, with its intervals, over groups of sentences."""
    shifts = np.linspace(-0.08, 0.08, len(lines))
    for shift, (name, (own, colour)) in zip(shifts, lines.items(), strict=True):
        errors = [own.estimate - own.low, own.high - own.estimate]
        axes.errorbar(own.place + shift, own.estimate, errors, fmt="o-", color=colour, capsize=3, label=name)
    own, _ = next(iter(lines.values()))
    axes.set_xticks(own.place, own.group)
    axes.set(xlabel=label, xmargin=0.12)


def _ends_of(table: pd.DataFrame) -> str:
    ends = {
        kind: own.sort_values("place").estimate.iloc[[0, -1]].tolist() for kind, own in table.groupby("by")
    }
    short, long = ends["length"]
    common, rare = ends["rarity"]
    return (
        f"Source reversed: BLEU is {short:.1f} for the shortest sentences and {long:.1f} for the longest, "
        f"{common:.1f} for the commonest words and {rare:.1f} for the rarest"
    )


def phrase_map(table: pd.DataFrame, distances: pd.DataFrame) -> Figure:
    """Fig. 2 with phrases of our own: encoder states in two dimensions.

    Args:
        table: a row a phrase, as `phrases.phrase_map` makes it.
        distances: as `phrases.phrase_distances` makes it.
    """
    figure, axes = subplots(height=4.2)
    for ((agent, patient), points), colour in zip(
        table.groupby(["agent", "patient"]), ARBITRARY, strict=True
    ):
        axes.plot(points.x, points.y, color=colour, linewidth=0.8, alpha=0.6)
        for row in points.itertuples():
            axes.plot(row.x, row.y, VOICES[row.voice], color=colour, markersize=7)
        axes.plot([], [], "o", color=colour, label=f"{agent} on {patient}")
    for voice, marker in VOICES.items():
        axes.plot([], [], marker, color=COLOURS["ceiling"], label=voice)
    axes.set_xlabel(f"first component ({table.share_x[0]:.0%} of the variance)")
    axes.set_ylabel(f"second component ({table.share_y[0]:.0%})")
    axes.set_title("one training; a line joins the two voices of one meaning")
    axes.legend(title="who acts on what", loc="center left", bbox_to_anchor=(1, 0.5))
    moved = distances[distances.encoder == "trained"].groupby("change").distance.mean()
    entitle(
        figure,
        f"Swapping the nouns moves the state by {moved['order']:.2f}, the other voice by "
        f"{moved['voice']:.2f}, where 1 is the distance of unrelated phrases",
    )
    return figure
