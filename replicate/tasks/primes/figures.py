"""Figures of the task: how long its sequences are, and what that does to the published scores."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from replicate.figures.language import say
from replicate.figures.style import COLOURS, entitle, subplots


def lengths(source: Sequence[int], target: Sequence[int]) -> Figure:
    """How many samples have each source length and each number of primes.

    Args:
        source, target: counts, the samples of length k at index k.
    """
    figure, (left, right) = subplots(1, 2, height=3.0, sharex=True, sharey=True)
    samples = sum(target)
    _draw_shares(left, source, COLOURS["plain"])
    _draw_shares(right, target, COLOURS["plain"])
    right.bar(0, 100 * target[0] / samples, width=0.8, color=COLOURS["reverse"])
    right.text(0.97, 0.9, "no prime at all", transform=right.transAxes, ha="right", color=COLOURS["reverse"])
    right.xaxis.set_major_locator(MaxNLocator(integer=True))  # both panels, as they share the axis
    left.set(xlabel="source length", ylabel=f"% of {samples:,} samples", title="Sources")
    right.set(xlabel="primes in the target", title="Targets")
    mean = [sum(k * count for k, count in enumerate(counts)) / samples for counts in (source, target)]
    entitle(
        figure,
        f"Sources hold {mean[0]:.1f} values on average, targets {mean[1]:.1f} primes; "
        f"{target[0] / samples:.0%} hold none",
    )
    return figure


def ceiling(best: Mapping[int, float], marked: Sequence[int]) -> Figure:
    """The best possible score against max_length, some lengths marked with their value."""
    figure, axes = subplots(height=3.6)
    axes.plot(list(best), list(best.values()), color=COLOURS["ceiling"])
    axes.fill_between(list(best), list(best.values()), 1, color=COLOURS["ceiling"], alpha=0.15, linewidth=0)
    axes.plot(marked, [best[n] for n in marked], "o", color=COLOURS["published"])
    for n in marked:
        text = say("{score:.3f} at {n}", score=best[n], n=n)
        axes.annotate(text, (n, best[n]), (6, -4), textcoords="offset points", va="top")
    out_of_reach = say("out of reach: a target without primes scores 0")
    axes.text(1.5, 0.96, out_of_reach, va="top", color=COLOURS["loss"])
    axes.set_xticks([n for n in best if n == min(best) or n % 5 == 0])
    axes.set(
        xlim=(min(best), max(best)),
        ylim=(0, 1),
        xlabel="max_length",
        ylabel=say("score of a perfect model"),
        title=say("dots: the lengths of the post's table"),
    )
    scores = say(", ").join(say("{score:.3f} at {n}", score=best[n], n=n) for n in marked)
    entitle(figure, say("The published protocol gives perfection {scores}", scores=scores))
    return figure


def _draw_shares(axes: Axes, counts: Sequence[int], colour: str) -> None:
    total = sum(counts)
    axes.bar(range(len(counts)), [100 * count / total for count in counts], width=0.8, color=colour)
    axes.grid(axis="x", visible=False)
