"""The paper's claims: depth, search, length, rare values, the encoder's state and attention."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from replicate.figures.style import ARBITRARY, COLOURS, subplots
from replicate.statistics import mean_interval


def dots_with_means(
    groups: Mapping[str, pd.Series], ylabel: str, colours: Mapping[str, str], title: str
) -> Figure:
    """One column a group: every training a dot, the mean and its 95% interval beside them."""
    figure, axes = subplots(height=3.0)
    for x, (name, values) in enumerate(groups.items()):
        colour = COLOURS[colours[name]]
        spread = x + np.linspace(-0.12, 0.12, len(values))
        axes.scatter(spread, values, s=16, color=colour, alpha=0.45, linewidths=0)
        mean, low, high = mean_interval(values)
        axes.errorbar(x + 0.25, mean, yerr=[[mean - low], [high - mean]], color=colour, fmt="o", capsize=4)
    axes.set_xticks(range(len(groups)), [f"{name}\nn = {values.count()}" for name, values in groups.items()])
    axes.set(ylabel=ylabel, xlim=(-0.5, len(groups) - 0.3))
    axes.grid(axis="x", visible=False)
    axes.set_title(title)
    return figure


def by_length(tables: Mapping[str, pd.DataFrame], trained: int) -> Figure:
    """LCS F1 by source length: each arm's mean over trainings and their middle 90%."""
    figure, axes = subplots(height=3.4)
    axes.axvspan(trained, 2 * trained, color="#F2F2F2", zorder=0)
    axes.annotate("longer than any in training", (trained + 0.5, 0.03), fontsize=9)
    for name, table in tables.items():
        groups = table.groupby("length").lcs_f1
        axes.fill_between(
            groups.mean().index,
            groups.quantile(0.05),
            groups.quantile(0.95),
            color=COLOURS[name],
            alpha=0.2,
            linewidth=0,
        )
        label = f"{name} (n = {table['round'].nunique()})"
        axes.plot(groups.mean(), color=COLOURS[name], label=label)
    axes.set(xlabel="values in the source", ylabel="LCS F1", ylim=(0, 1.02), xlim=(1, 2 * trained))
    axes.set_title("Mean over trainings, and the middle 90% of them")
    axes.legend(loc="lower left")
    return figure


def by_commonness(table: pd.DataFrame) -> Figure:
    """Accuracy of each prime over how likely a value is this prime: dots are primes, means over trainings."""
    figure, axes = subplots(height=3.0)
    primes = table.groupby("prime")[["probability", "accuracy"]].mean().sort_values("probability")
    axes.semilogx(primes.probability, primes.accuracy, "o", color=COLOURS["reverse"])
    for prime, row in primes.iterrows():
        axes.annotate(
            str(prime), (row.probability, row.accuracy), xytext=(4, 4), textcoords="offset points", fontsize=8
        )
    axes.set(xlabel="probability of the value (log scale)", ylabel="accuracy at its place")
    axes.set_title(f"Each prime, mean of {table['round'].nunique()} trainings")
    return figure


def state_map(table: pd.DataFrame) -> Figure:
    """Encoder states along their first two principal components, a colour an order of the primes."""
    figure, axes = subplots(height=4.2)
    for (name, points), colour in zip(table.groupby("primes"), ARBITRARY, strict=True):
        axes.scatter(points.x, points.y, s=18, color=colour, alpha=0.75, linewidths=0, label=name)
    axes.set_xlabel(f"first component ({table.share_x[0]:.0%} of the variance)")
    axes.set_ylabel(f"second component ({table.share_y[0]:.0%})")
    axes.set_title(f"{len(table)} sources of one training: the same three primes, other values around them")
    axes.legend(title="order of the primes", loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def alignment(table: pd.DataFrame, eos: int) -> Figure:
    """A heat map of the attention: a row a token of the answer, a column a value of the source as read."""
    figure, axes = subplots(height=3.2)
    weights = table.pivot(index="step", columns="position", values="weight")
    image = axes.imshow(weights, cmap="Greys", vmin=0, vmax=1, aspect="auto")
    _token_ticks(axes.set_xticks, table.groupby("position").source.first(), eos)
    _token_ticks(axes.set_yticks, table.groupby("step").answer.first(), eos)
    axes.set(xlabel="source, as the encoder reads it", ylabel="answer")
    axes.grid(visible=False)
    figure.colorbar(image, label="attention weight")
    return figure


def _token_ticks(set_ticks, tokens: pd.Series, eos: int) -> None:
    set_ticks(range(len(tokens)), ["EOS" if token == eos else str(token) for token in tokens])


def search(table: pd.DataFrame) -> Figure:
    """Exact match of one model and of ensembles, narrow and wide beams: dots are groups of five models."""
    groups = {
        f"{models} model{'s' if models > 1 else ''},\nbeam {width}": group.exact_match
        for (models, width), group in table.groupby(["models", "width"])
    }
    colours = {name: "plain" if name.startswith("1 ") else "reverse" for name in groups}
    return dots_with_means(groups, "exact match", colours, "The same samples of each group, six ways")


def reversal_gains(by_length: pd.DataFrame, by_position: pd.DataFrame) -> Figure:
    """Where reversal helps: by source length in exact match, by place in long targets in nats."""
    figure, axes = subplots(columns=2, height=3.2)
    panels = (
        (by_length, "values in the source", "gain in exact match", "By source length"),
        (
            by_position,
            "place in targets of 6 primes or more",
            "gain in nats a token",
            "By place in long targets",
        ),
    )
    for axis, (table, xlabel, ylabel, title) in zip(axes, panels, strict=True):
        axis.axhline(0, color=COLOURS["published"], linewidth=0.8)
        axis.fill_between(
            table.index, table.low, table.high, color=COLOURS["reverse"], alpha=0.25, linewidth=0
        )
        axis.plot(table.index, table["mean"], "o-", color=COLOURS["reverse"], markersize=4)
        axis.set(xlabel=xlabel, ylabel=ylabel, title=title)
    return figure
