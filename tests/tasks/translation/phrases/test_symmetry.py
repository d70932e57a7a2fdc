"""One alignment of two."""

import random

import pytest

from replicate.tasks.translation.phrases.symmetry import symmetrised


def test_a_case_by_hand():
    # Agreed: 0-0. From it 1-1 is reached, by its corner; 3-3 stands alone, of words that have no link yet;
    # 0-3 is far away, and both its words are linked by then.
    assert symmetrised([0, 1, -1, 3], [0, -1, -1, -1]) == {(0, 0), (1, 1), (3, 3)}
    assert symmetrised([0, -1, -1, 0], [0, -1, -1, 3]) == {(0, 0), (3, 3)}
    # One word of 3-0 and of 0-3 has a link already.
    assert symmetrised([0, -1], [0, -1, -1, 0]) == symmetrised([0, -1, -1, 0], [0, -1]) == {(0, 0)}


@pytest.mark.parametrize("seed", range(50))
def test_what_must_hold_of_any(seed):
    rng = random.Random(seed)
    to_source = [rng.randint(-1, 4) for _ in range(6)]
    to_target = [rng.randint(-1, 5) for _ in range(5)]
    forward = {(i, j) for j, i in enumerate(to_source) if i >= 0}
    backward = {(i, j) for i, j in enumerate(to_target) if j >= 0}
    links = symmetrised(to_source, to_target)
    assert forward & backward <= links <= forward | backward
    sources, targets = {i for i, _ in links}, {j for _, j in links}
    for i, j in (forward | backward) - links:
        # "and": two words without any other link are linked.
        assert i in sources or j in targets
        # "grow": what is left out beside a link has both its words linked.
        if any(abs(i - i2) <= 1 and abs(j - j2) <= 1 for i2, j2 in grown(forward, backward)):
            assert i in sources and j in targets


def grown(forward: set, backward: set) -> set:
    """The links before the last step, as the definition says it: repeat until nothing changes."""
    links = forward & backward
    while True:
        for i, j in sorted((forward | backward) - links):
            near = any(abs(i - i2) <= 1 and abs(j - j2) <= 1 for i2, j2 in links)
            if near and not (any(i == i2 for i2, _ in links) and any(j == j2 for _, j2 in links)):
                links = links | {(i, j)}
                break
        else:
            return links
