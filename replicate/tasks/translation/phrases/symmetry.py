"""Two alignments of one pair, a direction each, made one: grow-diag-final-and (Koehn, Och and Marcu 2003)."""

from collections.abc import Sequence

Link = tuple[int, int]  # the places of a source and a target word
NEIGHBOURS = [(-1, 0), (0, -1), (1, 0), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1)]


def symmetrised(to_source: Sequence[int], to_target: Sequence[int]) -> set[Link]:
    """The links of both directions, grown by neighbouring ones of either, then by those of words without any.

    Args:
        to_source: for each target word the place of its source word, or -1.
        to_target: for each source word the place of its target word, or -1.
    """
    forward = {(i, j) for j, i in enumerate(to_source) if i >= 0}
    backward = {(i, j) for i, j in enumerate(to_target) if j >= 0}
    links = forward & backward
    sources, targets = {i for i, _ in links}, {j for _, j in links}

    def add(link: Link) -> None:
        links.add(link)
        sources.add(link[0])
        targets.add(link[1])

    queue = sorted(links)
    for i, j in queue:  # which grows
        for down, right in NEIGHBOURS:
            link = i + down, j + right
            if link in (forward | backward) - links and not (link[0] in sources and link[1] in targets):
                add(link)
                queue.append(link)
    for link in [*sorted(forward), *sorted(backward)]:
        if link[0] not in sources and link[1] not in targets:
            add(link)
    return links
