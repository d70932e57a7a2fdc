"""BLEU of a corpus, as sacrebleu computes it of tokens, and two metrics that ask for the very translation.

Source of BLEU: Papineni et al. 2002. Like the paper's, it is of tokenised text that keeps its case.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from replicate.tasks.pairs import answer_length, position_matches
from replicate.tasks.task import Metric

ORDERS = (1, 2, 3, 4)  # the lengths of the n-grams that BLEU counts

METRICS = [
    Metric("bleu", "BLEU", (0, 100)),
    Metric("token_accuracy", "token accuracy", curve=False, by_length=False),
    Metric("exact_match", "exact match", curve=False),
]


def score_pairs(prediction: Tensor, target: Tensor, eos: int) -> dict[str, Tensor]:
    """What is known of each pair, `[N, P]` and `[N, T]` -> float64 `[N]` by name.

    - matches_n, ngrams_n: the answer's n-grams that the target has too, each at most as often as there, and
      all of them.
    - answered, wanted: tokens before EOS; right: those of the target that the answer has at their place.
    """
    answered, wanted = answer_length(prediction, eos), answer_length(target, eos)  # [N]
    right = position_matches(prediction, target, eos).sum(1)
    matches = ngram_matches(prediction, answered, target, wanted)
    counts = {
        **{f"matches_{n}": count for n, count in zip(ORDERS, matches, strict=True)},
        **{f"ngrams_{n}": (answered - n + 1).clamp(min=0) for n in ORDERS},
        "answered": answered,
        "wanted": wanted,
        "right": right,
        "exact_match": (right == wanted) & (answered == wanted),
    }
    return {name: count.double() for name, count in counts.items()}


def ngram_matches(prediction: Tensor, answered: Tensor, target: Tensor, wanted: Tensor) -> tuple[Tensor, ...]:
    """The clipped matches of each order, `[N]` each, of sequences that end at their lengths `[N]`.

    An n-gram of the answer counts where fewer of its kind stand before it than the target has. Two n-grams
    are equal where the shorter ones at their beginnings are, and their last tokens.
    """
    inside = _inside(prediction, answered).unsqueeze(2) & _inside(target, wanted).unsqueeze(1)
    to_target = (prediction.unsqueeze(2) == target.unsqueeze(1)) & inside  # [N, P, T]
    to_itself = prediction.unsqueeze(2) == prediction.unsqueeze(1)  # [N, P, P]
    matches = []
    same, repeated = to_target, to_itself
    for n in ORDERS:
        if n > 1:
            same = same[:, :-1, :-1] & to_target[:, n - 1 :, n - 1 :]
            repeated = repeated[:, :-1, :-1] & to_itself[:, n - 1 :, n - 1 :]
        matches.append((repeated.tril(-1).sum(2) < same.sum(2)).sum(1))
    return tuple(matches)


def corpus_scores(means: Mapping[str, float]) -> dict[str, float]:
    """Every metric, from the means of what `score_pairs` gives and the number of `samples`."""
    return {
        "bleu": float(bleu(means)),
        "token_accuracy": means["right"] / means["wanted"] if means["wanted"] else 0.0,
        "exact_match": means["exact_match"],
    }


def bleu(means: Mapping[str, Any]) -> Any:
    """0..100: the geometric mean of the precisions, made smaller where the answers are too short.

    A precision of zero is smoothed as in mteval-v13a ("exp"): the k-th such gets 1 / 2^k of a match in the
    whole corpus, for which the number of pairs is needed. Without any match, or any n-gram of some order,
    BLEU is 0. Numbers, or arrays of them, one corpus each.
    """
    matches = np.array([means[f"matches_{n}"] for n in ORDERS], float)
    ngrams = np.array([means[f"ngrams_{n}"] for n in ORDERS], float)
    none = matches == 0
    smoothed = 1 / (2.0 ** none.cumsum(0) * means["samples"])
    with np.errstate(divide="ignore", invalid="ignore"):  # of corpora that have 0 anyway
        logs = np.log(np.where(none, smoothed, matches) / ngrams).mean(0)
        brevity = np.minimum(0, 1 - np.divide(means["wanted"], means["answered"]))
        score = 100 * np.exp(brevity + logs)
    return np.where(none[0] | (ngrams[-1] == 0), 0, score)[()]


def _inside(tokens: Tensor, length: Tensor) -> Tensor:
    """`[N, T]` of bool: before each sequence's end."""
    return torch.arange(tokens.shape[1], device=tokens.device) < length.unsqueeze(1)
