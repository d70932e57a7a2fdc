"""Phrases: the pieces of two aligned sentences that translate each other."""

from collections.abc import Iterator, Set
from typing import NamedTuple

from replicate.tasks.translation.phrases.symmetry import Link


class Piece(NamedTuple):
    """Words from a first to before an end, of a source and of its translation."""

    source_first: int
    source_end: int
    target_first: int
    target_end: int


def pieces(links: Set[Link], source_length: int, target_length: int, longest: int) -> Iterator[Piece]:
    """All pieces of at most `longest` words a side that are consistent with an alignment.

    Consistent (Och, Tillmann and Ney 1999): some link is inside, and none leads from inside to outside. Words
    without a link may stand at the edges of a piece.
    """
    of_source = [[j for i, j in links if i == place] for place in range(source_length)]
    of_target = [[i for i, j in links if j == place] for place in range(target_length)]
    for first in range(source_length):
        inside: list[int] = []
        for end in range(first + 1, min(first + longest, source_length) + 1):
            inside += of_source[end - 1]
            if not inside:
                continue
            low, high = min(inside), max(inside) + 1
            if high - low > longest:
                break
            if all(first <= i < end for j in range(low, high) for i in of_target[j]):
                for target_first, target_end in _widened(low, high, of_target, longest):
                    yield Piece(first, end, target_first, target_end)


def _widened(low: int, high: int, links: list[list[int]], longest: int) -> Iterator[tuple[int, int]]:
    """The span, and all that have words without a link beside it."""
    first = low
    while first >= 0 and (first == low or not links[first]):
        end = high
        while end <= len(links) and end - first <= longest and (end == high or not links[end - 1]):
            yield first, end
            end += 1
        first -= 1
