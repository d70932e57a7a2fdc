"""The paper's claims: depth, search, length, rare values, the encoder's state and attention."""

from collections.abc import Mapping
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.spatial import cKDTree

from replicate.figures.alignment import heat_map
from replicate.figures.language import say
from replicate.figures.style import ARBITRARY, COLOURS, entitle, subplots
from replicate.statistics import mean_interval, weighted_means

NATS = "nats a token"


def dots_with_means(
    groups: Mapping[str, pd.Series], ylabel: str, colours: Mapping[str, str], finding: str
) -> Figure:
    """One column a group: every training a dot, the mean and its 95% interval beside them."""
    figure, axes = subplots(height=3.4)
    for x, (name, values) in enumerate(groups.items()):
        colour = COLOURS[colours[name]]
        spread = x + np.linspace(-0.12, 0.12, len(values))
        axes.scatter(spread, values, s=16, color=colour, alpha=0.55, linewidths=0)
        mean, low, high = mean_interval(values)
        axes.errorbar(x + 0.25, mean, yerr=[[mean - low], [high - mean]], color=colour, fmt="o", capsize=4)
    names = [f"{fill(name, 10)}\nn = {values.count()}" for name, values in groups.items()]
    axes.set_xticks(range(len(groups)), names)
    axes.set(ylabel=ylabel, xlim=(-0.5, len(groups) - 0.3))
    axes.grid(axis="x", visible=False)
    axes.set_title(say("beside the dots their mean and its 95% interval"))
    entitle(figure, finding)
    return figure


def reversal_losses(groups: Mapping[str, pd.Series]) -> Figure:
    """The loss of each training, forward and reversed, by depth.

    Args:
        groups: by "1 layer, forward", "1 layer, reversed" and so on, nats of each training.
    """
    colours = {name: "reverse" if name.endswith("reversed") else "forward" for name in groups}
    means = {name: values.mean() for name, values in groups.items()}
    falls = ", ".join(
        f"{means[name] - means[name.replace('forward', 'reversed')]:+.3f} ({name.partition(',')[0]})"
        for name in groups
        if name.endswith("forward")
    )
    return dots_with_means(groups, NATS, colours, f"Reversing lowers the loss by, in nats: {falls}")


def depth_losses(groups: Mapping[str, pd.Series]) -> Figure:
    """The loss of each training by the number of layers.

    Args:
        groups: by "1 layer", "2 layers" and so on, nats of each training; those of a narrower model, of as
            many parameters as one layer has, end in ", narrow".
    """
    colours = {say(name): "plain" if name.endswith("narrow") else "reverse" for name in groups}
    shown = {say(name): values for name, values in groups.items()}
    finding = say(
        "With one layer the mean loss is {one:.2f} nats a token, with four {four:.2f}",
        one=groups["1 layer"].mean(),
        four=groups["4 layers"].mean(),
    )
    return dots_with_means(shown, say(NATS), colours, finding)


def by_length(tables: Mapping[str, pd.DataFrame], trained: int) -> Figure:
    """LCS F1 by source length: each arm's mean over trainings and their middle 90%."""
    figure, axes = subplots(height=3.6)
    axes.axvspan(trained, 2 * trained, color="#F2F2F2", zorder=0)
    axes.annotate(say("longer than any in training"), (trained + 0.5, 0.03), fontsize=9)
    ends = []
    for name, table in tables.items():
        groups = table.groupby("length").lcs_f1
        low, mean, high = groups.quantile(0.05), groups.mean(), groups.quantile(0.95)
        axes.fill_between(mean.index, low, high, color=COLOURS[name], alpha=0.25, linewidth=0)
        axes.plot(mean, color=COLOURS[name], label=f"{say(name)} (n = {table['round'].nunique()})")
        ends.append(f"{mean.iloc[-1]:.2f} ({say(name)})")
    axes.set(xlabel=say("values in the source"), ylabel="LCS F1", ylim=(0, 1.02), xlim=(1, 2 * trained))
    axes.set_title(say("means over trainings, and the middle 90% of them"))
    axes.legend(loc="lower left")
    longest = mean.index[-1]
    entitle(figure, say("At {n} values the LCS F1 is {ends}", n=longest, ends=say(", ").join(ends)))
    return figure


def by_commonness(table: pd.DataFrame) -> Figure:
    """Right answers over samples at each prime, of all trainings, from the rarest prime to the commonest."""
    figure, axes = subplots(height=3.4)
    primes = table.groupby("prime")[["probability"]].first().sort_values("probability")
    primes["accuracy"] = weighted_means(table, "accuracy", "prime")
    axes.plot(range(len(primes)), primes.accuracy, "o", color=COLOURS["reverse"])
    axes.set_xticks(range(len(primes)), primes.index, fontsize=8)
    low, high = primes.probability.iloc[[0, -1]]
    axes.set(
        xlabel=f"primes, from the rarest ({low:.2%} of the values) to the commonest ({high:.0%})",
        ylabel="accuracy at its place",
        title=f"{table['round'].nunique()} trainings together",
    )
    side = np.sign(table.probability - primes.probability.median())
    halves = weighted_means(table.assign(side=side), "accuracy", "side")
    entitle(
        figure,
        f"Accuracy is {halves[1]:.2f} in the commoner half of the primes and {halves[-1]:.2f} in the rarer",
    )
    return figure


def state_map(table: pd.DataFrame) -> Figure:
    """Encoder states along their first two principal components, a colour an order of the primes."""
    figure, axes = subplots(height=4.4)
    for (name, points), colour in zip(table.groupby("primes"), ARBITRARY, strict=True):
        axes.scatter(points.x, points.y, s=18, color=colour, alpha=0.75, linewidths=0, label=name)
    axes.set_xlabel(f"first component ({table.share_x[0]:.0%} of the variance)")
    axes.set_ylabel(f"second component ({table.share_y[0]:.0%})")
    axes.set_title(f"{len(table)} sources of one training: the same three primes, other values around them")
    axes.legend(title="order of the primes", loc="center left", bbox_to_anchor=(1, 0.5))
    entitle(figure, f"{_alike(table):.0%} of the sources lie nearest, on this map, to one of the same order")
    return figure


def _alike(table: pd.DataFrame) -> float:
    """The share of the points whose nearest other one has the same order of primes."""
    _, nearest = cKDTree(table[["x", "y"]]).query(table[["x", "y"]], k=2)
    orders = table.primes.to_numpy()
    return (orders[nearest[:, 1]] == orders).mean()


def alignment(table: pd.DataFrame, eos: int) -> Figure:
    """A heat map of the attention: a row a token of the answer, a column a value of the source as read."""
    figure, axes = subplots(height=3.4)
    names = table[["source", "answer"]].astype(str).replace(str(eos), "EOS")
    image = heat_map(axes, table.assign(**names))
    figure.colorbar(image, label="attention weight")
    heaviest = table.loc[table.groupby("step").weight.idxmax()]
    found = (heaviest.source == heaviest.answer).sum()
    entitle(
        figure, f"At {found} of {len(heaviest)} steps the heaviest weight is on the token that is answered"
    )
    return figure


def search(table: pd.DataFrame) -> Figure:
    """Exact match of one model and of ensembles, narrow and wide beams: dots are groups of five models."""
    groups = {key: group.exact_match for key, group in table.groupby(["models", "width"])}
    names = {
        (models, width): say(
            "1 model, beam {width}" if models == 1 else "{models} models, beam {width}",
            models=models,
            width=width,
        )
        for models, width in groups
    }
    shown = {names[key]: values for key, values in groups.items()}
    colours = {names[key]: "plain" if key[0] == 1 else "reverse" for key in groups}
    finding = say(
        "Exact match: {five:.3f} by five models with a beam of 1, {one:.3f} by one with 12",
        five=groups[5, 1].mean(),
        one=groups[1, 12].mean(),
    )
    return dots_with_means(shown, say("exact match"), colours, finding)


def reversal_gains(by_length: pd.DataFrame, by_position: pd.DataFrame) -> Figure:
    """Where reversal helps: by source length in exact match, by place in long targets in nats."""
    figure, axes = subplots(columns=2, height=3.6)
    panels = (
        (by_length, say("values in the source"), say("gain in exact match")),
        (by_position, say("place in targets of 6 primes or more"), say("gain in nats a token")),
    )
    for axis, (table, xlabel, ylabel) in zip(axes, panels, strict=True):
        axis.axhline(0, color=COLOURS["published"], linewidth=0.8)
        axis.fill_between(
            table.index, table.low, table.high, color=COLOURS["reverse"], alpha=0.3, linewidth=0
        )
        axis.plot(table.index, table["mean"], "o-", color=COLOURS["reverse"], markersize=4)
        axis.set(xlabel=xlabel, ylabel=ylabel)
    axes[0].set_title(say("bands: 95% intervals"))
    finding = say(
        "At {n} values reversing adds {long:+.3f} exact match; at place {place}, {late:+.2f} nats",
        long=by_length["mean"].iloc[-1],
        n=by_length.index[-1],
        late=by_position["mean"].iloc[-1],
        place=by_position.index[-1],
    )
    entitle(figure, finding)
    return figure
