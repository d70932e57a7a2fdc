"""The post's metrics, by its text and as its author's notebook computed them, and two stricter ones.

Source of PSA, LCSR and GeoMean: the post, section 3. L is the target's number of primes.
"""

import torch
from torch import Tensor

from replicate.tasks.pairs import answer_length, longest_common_subsequence, position_matches
from replicate.tasks.task import Metric

METRICS = [
    Metric("psa", "PSA"),
    Metric("lcsr", "LCSR", by_length=False),
    Metric("geo_mean", "GeoMean", by_length=False),
    Metric("exact_match", "exact match", curve=False),
    Metric("lcs_f1", "LCS F1", curve=False, by_length=False),
    Metric("published_psa", "PSA, published protocol", curve=False, by_length=False),
    Metric("published_lcsr", "LCSR, published protocol", curve=False, by_length=False),
    Metric("published_geo_mean", "GeoMean, published protocol", curve=False, by_length=False),
]
LABELS = {metric.name: metric.label for metric in METRICS}


def score_pairs(prediction: Tensor, target: Tensor, eos: int) -> dict[str, Tensor]:
    """What is known of each pair, `[N, P]` and `[N, T]` -> float64 `[N]` by name.

    - psa, lcsr: by the post's formulas; 1 for an empty answer where L = 0, else 0.
    - exact_match: 1 where the answer is the target, nothing missing and nothing added.
    - lcs_f1: 2 LCS / (L + length of the answer), which is LCSR made to pay for over-long answers.
    - published_psa, published_lcsr: by the author's notebook, and sqrt(psa lcsr) of each pair.
    """
    answered, wanted = answer_length(prediction, eos), answer_length(target, eos)  # [N]
    matches = position_matches(prediction, target, eos).sum(1)
    common = longest_common_subsequence(prediction, answered, target, wanted)
    both_empty = (answered == 0) & (wanted == 0)
    # The published protocol cuts the answer to the target's length before either metric.
    common_cut = longest_common_subsequence(prediction, answered.minimum(wanted), target, wanted)
    published_psa, published_lcsr = _ratio(matches, wanted, 0), _ratio(common_cut, wanted, 0)
    return {
        "psa": _ratio(matches, wanted, both_empty),
        "lcsr": _ratio(common, wanted, both_empty),
        "exact_match": ((matches == wanted) & (answered == wanted)).double(),
        "lcs_f1": _ratio(2 * common, answered + wanted, 1),
        "published_psa": published_psa,
        "published_lcsr": published_lcsr,
        "published_geo_mean": (published_psa * published_lcsr).sqrt(),
    }


def _ratio(numerator: Tensor, denominator: Tensor, where_zero: Tensor | float) -> Tensor:
    """numerator / denominator, or `where_zero` where the denominator is 0."""
    ratio = numerator / denominator.clamp(min=1).double()
    where_zero = torch.as_tensor(where_zero, dtype=torch.float64, device=ratio.device)
    return torch.where(denominator == 0, where_zero, ratio)
