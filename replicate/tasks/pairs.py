"""Answers held against targets, for the metrics of any task: N pairs at once, on any device.

`prediction [N, P]` and `target [N, T]` are token ids, each ending at its first EOS (a prediction without one
ends at P).
"""

import torch
from torch import Tensor

from replicate.tasks.task import Vocabulary, unknown_of

NEVER_RIGHT = -1  # no answer has it


def until_eos(tokens: list[int], eos: int) -> list[int]:
    """The tokens before the first EOS."""
    return tokens[: tokens.index(eos)] if eos in tokens else tokens


def without_unknown(target: Tensor, vocabulary: Vocabulary) -> Tensor:
    """A target in which what the vocabulary lacks is nothing that an answer could give."""
    unknown = unknown_of(vocabulary)
    return target if unknown is None else target.masked_fill(target == unknown, NEVER_RIGHT)


def answer_length(tokens: Tensor, eos: int) -> Tensor:
    """`[N, T]` -> the number of tokens before the first EOS, `[N]`."""
    return (tokens == eos).cumsum(1).eq(0).sum(1)


def position_matches(prediction: Tensor, target: Tensor, eos: int) -> Tensor:
    """`[N, T]` of bool: whether the prediction has the target's token at its place, before its own EOS."""
    steps = min(prediction.shape[1], target.shape[1])
    position = torch.arange(steps, device=target.device)
    shorter = answer_length(prediction, eos).minimum(answer_length(target, eos))
    matches = torch.zeros_like(target, dtype=torch.bool)
    matches[:, :steps] = (prediction[:, :steps] == target[:, :steps]) & (position < shorter.unsqueeze(1))
    return matches


def longest_common_subsequence(a: Tensor, a_length: Tensor, b: Tensor, b_length: Tensor) -> Tensor:
    """The length of each pair's longest common subsequence, `[N]`.

    The textbook table, one row for each position of `a`, every pair at once. A row is the best of the row
    above and, where tokens match, one more than its upper left neighbour; then the running maximum along `b`.
    """
    # Positions first, so that each step works on contiguous memory; small integers, so that it stays cached.
    a, b = _mark_outside(a, a_length, -1), _mark_outside(b, b_length, -2)  # [A, N], [B, N]
    row = torch.zeros(len(b) + 1, b.shape[1], dtype=torch.int16, device=b.device)  # [B + 1, N]
    for token in a:
        new = row[:-1] + (b == token)
        torch.maximum(new, row[1:], out=row[1:])
        for j in range(2, len(row)):
            torch.maximum(row[j], row[j - 1], out=row[j])
    return row[-1].long()


def _mark_outside(tokens: Tensor, length: Tensor, mark: int) -> Tensor:
    """`[N, T]` -> `[longest, N]` of int32, with `mark` from each sequence's end on."""
    tokens = tokens[:, : int(length.max()) if len(length) else 0].to(torch.int32)
    outside = torch.arange(tokens.shape[1], device=tokens.device) >= length.unsqueeze(1)
    return tokens.masked_fill(outside, mark).T.contiguous()
