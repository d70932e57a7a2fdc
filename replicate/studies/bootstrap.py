"""Intervals over trainings and test sentences at once, for scores of a corpus.

Both are samples: other seeds give other models, other sentences another test set. A draw takes trainings with
replacement within each arm, and sentences with replacement for all arms together, so that arms are compared
on the same ones. A score is then computed anew from the sums over the sentences drawn.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from replicate.statistics import Contrast, beyond_rounding

DRAWS = 10_000
# Of the means of columns over sentences, and their `samples`; all are arrays, one number a draw and training.
Score = Callable[[Mapping[str, np.ndarray]], np.ndarray]


class Sample(NamedTuple):
    """Some rows of an arm's table, one a training and sentence, and the weight of their mean score."""

    weight: float
    arms: str  # what shares its trainings: samples of equal arms are drawn alike
    table: pd.DataFrame  # columns unit (the training), sentence, and what is counted


def bootstrap(samples: Sequence[Sample], columns: Sequence[str], score: Score, draws: int = DRAWS) -> dict:
    """A weighted sum of mean scores: estimate, p (two-sided), and the 95% and 90% percentile intervals.

    They are NaN, the estimate too if there is none, where a sample has so few sentences that a draw had none.

    Args:
        columns: the counts that the score is a function of.
    """
    if any(sample.table.empty for sample in samples):
        return _unknown(np.nan)
    sentences = np.unique(np.concatenate([sample.table.sentence.unique() for sample in samples]))
    counts, rng = _of_sentences(len(sentences), draws)
    rng = deepcopy(rng)
    chosen: dict[tuple[str, int], np.ndarray] = {}
    total = 0.0
    for sample in samples:
        scores = _scores(sample.table, sentences, counts, columns, score)  # [D + 1, units]
        units = scores.shape[1]
        if (sample.arms, units) not in chosen:
            chosen[sample.arms, units] = _draws(rng, units, draws) / units
        total = total + sample.weight * (scores * chosen[sample.arms, units]).sum(1)
    total = beyond_rounding(total)
    estimate, drawn = total[0], total[1:]
    if np.isnan(drawn).any():
        return _unknown(estimate)
    low, low_90, high_90, high = np.quantile(drawn, [0.025, 0.05, 0.95, 0.975])
    beyond = min((drawn <= 0).sum(), (drawn >= 0).sum())
    p = min(1.0, 2 * (beyond + 1) / (draws + 1))
    return Contrast(estimate, low, high, p)._asdict() | {"low_90": low_90, "high_90": high_90}


def _unknown(estimate: float) -> dict:
    return {"estimate": estimate} | dict.fromkeys(("low", "high", "p", "low_90", "high_90"), np.nan)


@lru_cache(maxsize=1)  # the effects of a study are nearly all on the same sentences
def _of_sentences(size: int, draws: int) -> tuple[np.ndarray, np.random.Generator]:
    """`_draws` as floats, for a fast product, and the generator as it stands after them."""
    rng = np.random.default_rng(0)
    return _draws(rng, size, draws).astype(float), rng


def _draws(rng: np.random.Generator, size: int, draws: int) -> np.ndarray:
    """How often each of `size` is drawn with replacement, `[draws + 1, size]`; at first once each."""
    drawn = rng.multinomial(size, np.full(size, 1 / size), draws)
    return np.concatenate([np.ones((1, size), int), drawn])


def _scores(
    table: pd.DataFrame, sentences: np.ndarray, counts: np.ndarray, columns: Sequence[str], score: Score
) -> np.ndarray:
    """The score of each training over each draw of sentences, `[D, U]`."""
    wide = table.pivot(index="sentence", columns="unit", values=list(columns)).reindex(sentences)
    values = wide.to_numpy(float).reshape(len(sentences), len(columns), -1)  # [S, K, U]
    present = ~np.isnan(values).any(1)  # [S, U]
    known = np.where(present[:, None], values, 0)
    number = counts @ present  # [D, U]
    means = (counts @ known.reshape(len(sentences), -1)).reshape(len(counts), *values.shape[1:])
    with np.errstate(invalid="ignore"):
        means /= number[:, None]  # [D, K, U]; NaN where a draw has none
    return score(dict(zip(columns, means.swapaxes(0, 1), strict=True)) | {"samples": number})
