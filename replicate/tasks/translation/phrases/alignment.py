"""Word alignment: which word of a sentence each word of its translation comes from.

A model tells how a sentence is made of another, word by word. In the hidden Markov model (Vogel, Ney and
Tillmann 1996) each word is translated from one that stands some jump away from the one used last, or from
none, the empty word (Och and Ney 2003). Its table of words begins as that of IBM model 1 (Brown et al. 1993),
for which all places are equally likely. Both are trained by expectation maximisation.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

EMPTY = 0  # the id of the empty word, at place 0 of every source; no vocabulary has a word of this id
FROM_EMPTY = 0.2  # the probability that a word comes from it
PASSES = 5  # over the text, for each of the two models


class Group(NamedTuple):
    """N pairs with sources of equal length I."""

    pairs: np.ndarray  # [N], their places in the text
    links: np.ndarray  # [J, N, I + 1], the entry of the table for each target and source word
    inside: np.ndarray  # [J, N], whether the target is that long


def align(sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> list[list[int]]:
    """For each pair and word of its target, the most probable place in its source, or -1 for none.

    Args:
        sources, targets: ids of words from 1 up.
    """
    groups, given = _groups(sources, targets)
    words = np.ones(len(given))  # p(target word | source word), as far as they meet in a pair
    for _ in range(PASSES):
        found = [(group, model_1(words[group.links], group.inside)) for group in groups]
        words = _normalised(sum(_counts(*links, len(given)) for links in found), given)
    longest = max(map(len, sources))
    jumps = np.ones(2 * longest + 1)  # how likely each jump is, from -longest to longest
    for _ in range(PASSES):
        counts, jumped = np.zeros(len(given)), np.zeros_like(jumps)
        for group in groups:
            posterior, moves = hidden_markov(words[group.links], group.inside, transitions(jumps, group))
            counts += _counts(group, posterior, len(given))
            jumped += _by_jump(moves, longest)
        words, jumps = _normalised(counts, given), jumped + 1  # no jump is impossible
    aligned: list[list[int]] = [[]] * len(sources)
    for group in groups:
        posterior, _ = hidden_markov(words[group.links], group.inside, transitions(jumps, group))
        places = posterior.argmax(2).T - 1  # [N, J]
        for pair, row in zip(group.pairs.tolist(), places.tolist(), strict=True):
            aligned[pair] = row[: len(targets[pair])]
    return aligned


def model_1(emission: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """The probability of each link, `[J, N, I + 1]`, by IBM model 1; arguments as of `hidden_markov`."""
    total = emission.sum(2, keepdims=True)
    return np.divide(emission, total, out=np.zeros_like(emission), where=inside[:, :, np.newaxis])


def hidden_markov(
    emission: np.ndarray, inside: np.ndarray, transition: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The probability of each link, and how often each move is expected: the forward-backward algorithm.

    A state is the place of the source word used last, 0 before the first; a word of the empty one keeps it.

    Args:
        emission: `[J, N, I + 1]`, p(target word | source word), the empty word's at place 0.
        inside: `[J, N]`, whether the target is that long.
        transition: `[I + 1, I + 1]`, from a state (row) to the next (column, never 0).

    Returns:
        Links `[J, N, I + 1]` that sum to 1 for each word, and moves `[I + 1, I + 1]`.
    """
    steps = len(emission)
    real, none = (1 - FROM_EMPTY) * transition, FROM_EMPTY
    state = np.zeros((steps + 1, *emission.shape[1:]))  # p(state | the words so far)
    state[0, :, 0] = 1
    scale = np.ones(inside.shape)
    for j in range(steps):
        new = (state[j] @ real) * emission[j] + none * state[j] * emission[j, :, :1]
        new = np.where(inside[j, :, np.newaxis], new, state[j])
        scale[j] = new.sum(1)
        state[j + 1] = new / scale[j, :, np.newaxis]
    posterior, moves = np.zeros_like(emission), np.zeros_like(transition)
    later = np.ones(emission.shape[1:])  # p(the words to come | state), on the scale of the forward pass
    for j in reversed(range(steps)):
        # p of this word and those to come: from a source word, by its place; from the empty one, by state.
        here = np.where(inside[j], 1 / scale[j], 0)[:, np.newaxis]
        used, empty = emission[j] * later * here, none * emission[j, :, :1] * later * here
        posterior[j] = (state[j] @ real) * used
        posterior[j, :, 0] = (state[j] * empty).sum(1)
        moves += real * (state[j].T @ used)
        later = np.where(inside[j, :, np.newaxis], used @ real.T + empty, later)
    return posterior, moves


def transitions(jumps: np.ndarray, group: Group) -> np.ndarray:
    """The probabilities of moves between the places of a source, `[I + 1, I + 1]`."""
    states = np.arange(group.links.shape[2])
    weight = jumps[states - states[:, np.newaxis] + len(jumps) // 2]
    weight[:, 0] = 0
    return weight / weight.sum(1, keepdims=True)


def _by_jump(moves: np.ndarray, longest: int) -> np.ndarray:
    """Moves between places -> jumps, as `align` has them."""
    states = np.arange(len(moves))
    jump = states - states[:, np.newaxis] + longest
    return np.bincount(jump.ravel(), moves.ravel(), minlength=2 * longest + 1)


def _groups(
    sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]
) -> tuple[list[Group], np.ndarray]:
    """The pairs by length of source, and the source word of each entry of the table of words."""
    lengths = np.array([len(source) for source in sources])
    size = 1 + max(max(target) for target in targets)
    places, codes = [], []
    for length in np.unique(lengths):
        chosen = np.flatnonzero(lengths == length)
        source = np.array([[EMPTY, *sources[n]] for n in chosen])  # [N, I + 1]
        rows = [targets[n] for n in chosen]
        target = np.zeros((len(rows), max(map(len, rows))), int)  # [N, J]
        for row, own in zip(target, rows, strict=True):
            row[: len(own)] = own
        places.append((chosen, target.T > 0))
        codes.append(source * size + target.T[:, :, np.newaxis])  # [J, N, I + 1]
    known, links = np.unique(np.concatenate([code.ravel() for code in codes]), return_inverse=True)
    groups, first = [], 0
    for (chosen, inside), code in zip(places, codes, strict=True):
        groups.append(Group(chosen, links[first : first + code.size].reshape(code.shape), inside))
        first += code.size
    return groups, known // size


def _counts(group: Group, posterior: np.ndarray, size: int) -> np.ndarray:
    """How often each pair of words is expected to be linked."""
    return np.bincount(group.links.ravel(), posterior.ravel(), minlength=size)


def _normalised(counts: np.ndarray, given: np.ndarray) -> np.ndarray:
    """Counts -> probabilities given the source word."""
    return counts / np.maximum(np.bincount(given, counts), 1e-300)[given]
