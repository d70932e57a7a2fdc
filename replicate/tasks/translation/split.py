"""Train, validation and test: fixed by the text alone, a page wholly in one of them."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from replicate.tasks.translation.corpus import CorpusError, Pair

VALIDATION, TEST = 0.02, 0.09  # shares of the groups


@dataclass(frozen=True)
class Splits:
    """The pairs of a text by what they are for."""

    train: list[Pair]
    validation: list[Pair]
    test: list[Pair]


def split(pairs: Sequence[Pair]) -> Splits:
    """Share out pairs by the hash of their group's name, or of their source where no group is named.

    Texts repeat themselves from page to page: a pair whose source stands in train, but for case and digits,
    is dropped from the other two. These come in an order of their own, so that the first ones of a split are
    not those of a few pages.
    """
    parts: dict[str, list[Pair]] = {"train": [], "validation": [], "test": []}
    names = shares(pairs)
    for pair in pairs:
        parts[names[_group(pair)]].append(pair)
    known = {masked(pair.source) for pair in parts["train"]}
    for name in ("validation", "test"):
        parts[name] = [pair for pair in parts[name] if masked(pair.source) not in known]
        parts[name].sort(key=lambda pair: (_fraction(pair.source), pair))
    return Splits(**parts)


def shares(pairs: Sequence[Pair]) -> dict[str, str]:
    """What each group is for; of few groups, one at least is for validation and one for the test.

    Raises:
        CorpusError: there are fewer than three.
    """
    groups = set(map(_group, pairs))
    if len(groups) < 3:
        raise CorpusError(
            "train, validation and test need a page each, or a sentence where no page is named; the text "
            f"has {len(groups)}"
        )
    places = {group: _fraction(group) for group in sorted(groups, key=_fraction)}
    names = {
        group: "test" if place < TEST else "validation" if place < TEST + VALIDATION else "train"
        for group, place in places.items()
    }
    for name in ("test", "validation", "train"):
        own = list(names.values())
        if name not in own:
            names[next(group for group, other in names.items() if own.count(other) > 1)] = name
    return names


def _group(pair: Pair) -> str:
    return pair.group or masked(pair.source)


def masked(text: str) -> str:
    """Lower case, every digit the same: what near duplicates share."""
    return re.sub(r"\d", "0", text.lower())


def _fraction(name: str) -> float:
    """A number in [0, 1) that depends on a name alone."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") / 2**64
