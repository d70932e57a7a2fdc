"""The post's metrics, by its text and by what its author's notebook computed, and a fuller ruler beside them.

All functions score N pairs at once, on any device: `prediction [N, P]` and `target [N, T]` of token ids, each
answer ending at its first EOS (a prediction without one ends at P). L is the target's number of primes.
Source of PSA, LCSR and GeoMean: the post, section 3.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class PairScores:
    """One value a pair, `[N]` each, float64."""

    psa: Tensor  # by the post's formula; 1 for an empty answer where L = 0, else 0
    lcsr: Tensor  # likewise
    exact_match: Tensor  # 1 where the answer is the target, nothing missing and nothing added
    lcs_f1: Tensor  # 2 LCS / (L + length of the answer): LCSR made to pay for over-long answers
    published_psa: Tensor
    published_lcsr: Tensor
    published_geo_mean: Tensor  # sqrt(psa lcsr) of each pair


def score_pairs(prediction: Tensor, target: Tensor, eos: int) -> PairScores:
    """Score every pair by every metric."""
    answered, wanted = answer_length(prediction, eos), answer_length(target, eos)  # [N]
    matches = position_matches(prediction, target, eos).sum(1)
    common = longest_common_subsequence(prediction, answered, target, wanted)
    both_empty = (answered == 0) & (wanted == 0)
    # The published protocol cuts the answer to the target's length before either metric.
    common_cut = longest_common_subsequence(prediction, answered.minimum(wanted), target, wanted)
    published_psa, published_lcsr = _ratio(matches, wanted, 0), _ratio(common_cut, wanted, 0)
    return PairScores(
        psa=_ratio(matches, wanted, both_empty),
        lcsr=_ratio(common, wanted, both_empty),
        exact_match=((matches == wanted) & (answered == wanted)).double(),
        lcs_f1=_ratio(2 * common, answered + wanted, 1),
        published_psa=published_psa,
        published_lcsr=published_lcsr,
        published_geo_mean=(published_psa * published_lcsr).sqrt(),
    )


def summarise(scores: dict[str, float]) -> dict[str, float]:
    """Add the text's GeoMean, sqrt(PSA LCSR) of the two means, to means of `PairScores`."""
    return scores | {"geo_mean": (scores["psa"] * scores["lcsr"]) ** 0.5}


def answer_length(tokens: Tensor, eos: int) -> Tensor:
    """`[N, T]` -> the number of tokens before the first EOS, `[N]`."""
    return (tokens == eos).cumsum(1).eq(0).sum(1)


def position_matches(prediction: Tensor, target: Tensor, eos: int) -> Tensor:
    """`[N, T]` of bool: whether the prediction has the target's prime at its place, before its own EOS."""
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


def _ratio(numerator: Tensor, denominator: Tensor, where_zero: Tensor | float) -> Tensor:
    """numerator / denominator, or `where_zero` where the denominator is 0."""
    ratio = numerator / denominator.clamp(min=1).double()
    where_zero = torch.as_tensor(where_zero, dtype=torch.float64, device=ratio.device)
    return torch.where(denominator == 0, where_zero, ratio)
