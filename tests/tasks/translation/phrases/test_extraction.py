"""Phrases, against the definition of a consistent pair."""

import itertools
import random

import pytest

from replicate.tasks.translation.phrases.extraction import Piece, pieces


def by_definition(links: set, source_length: int, target_length: int, longest: int) -> set:
    found = set()
    for i, i_end in itertools.combinations(range(source_length + 1), 2):
        for j, j_end in itertools.combinations(range(target_length + 1), 2):
            inside = [i <= a < i_end and j <= b < j_end for a, b in links]
            across = [(i <= a < i_end) != (j <= b < j_end) for a, b in links]
            if max(i_end - i, j_end - j) <= longest and any(inside) and not any(across):
                found.add(Piece(i, i_end, j, j_end))
    return found


@pytest.mark.parametrize("seed", range(100))
def test_they_are_all_consistent_pairs(seed):
    rng = random.Random(seed)
    sizes = rng.randint(1, 6), rng.randint(1, 6)
    links = {(rng.randrange(sizes[0]), rng.randrange(sizes[1])) for _ in range(rng.randint(0, 6))}
    found = list(pieces(links, *sizes, longest := rng.randint(1, 6)))
    assert len(found) == len(set(found))
    assert set(found) == by_definition(links, *sizes, longest)
