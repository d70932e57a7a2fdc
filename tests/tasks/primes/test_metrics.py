"""The metrics against hand-computed cases, the plain LCS and rapidfuzz."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import LCSseq
from shared import primes

from replicate.tasks.pairs import answer_length, longest_common_subsequence
from replicate.tasks.primes import reference
from replicate.tasks.primes.metrics import score_pairs

EOS = 100


def padded(answers: list[list[int]], end: bool = True) -> torch.Tensor:
    """Answers as the rows of a token tensor, each with EOS where `end`, then PAD."""
    rows = [[*answer, EOS] if end else answer for answer in answers]
    width = max(map(len, rows))
    return torch.tensor([row + [0] * (width - len(row)) for row in rows])


def scores_of(prediction: list[int], target: list[int]) -> dict[str, float]:
    scores = score_pairs(padded([prediction]), padded([target]), EOS)
    return {name: values.item() for name, values in scores.items()}


@pytest.mark.parametrize(
    ("prediction", "target", "psa", "lcsr", "exact", "f1", "published_psa", "published_lcsr"),
    [
        ([2, 3, 5], [2, 3, 5], 1, 1, 1, 1, 1, 1),
        ([3, 5], [2, 3, 5], 0, 2 / 3, 0, 4 / 5, 0, 2 / 3),  # one missing at the front shifts every place
        ([2, 7, 5], [2, 3, 5], 2 / 3, 2 / 3, 0, 2 / 3, 2 / 3, 2 / 3),
        ([2, 3, 5, 7, 7, 7], [2, 3, 5], 1, 1, 0, 6 / 9, 1, 1),  # PSA and LCSR forgive over-long output
        ([7, 2, 3], [2, 3], 0, 1, 0, 4 / 5, 0, 1 / 2),  # the published protocol cuts before LCS too
        ([5, 3], [3, 5], 0, 1 / 2, 0, 1 / 2, 0, 1 / 2),
        ([], [2, 3], 0, 0, 0, 0, 0, 0),
        ([], [], 1, 1, 1, 1, 0, 0),  # undefined by the formula; the published protocol scores 0
        ([2], [], 0, 0, 0, 0, 0, 0),
    ],
)
def test_hand_computed_scores(prediction, target, psa, lcsr, exact, f1, published_psa, published_lcsr):
    scores = scores_of(prediction, target)
    assert scores == pytest.approx(
        {
            "psa": psa,
            "lcsr": lcsr,
            "exact_match": exact,
            "lcs_f1": f1,
            "published_psa": published_psa,
            "published_lcsr": published_lcsr,
            "published_geo_mean": (published_psa * published_lcsr) ** 0.5,
        }
    )


def test_an_answer_ends_at_its_first_eos():
    prediction = torch.tensor([[2, EOS, 3, 5], [2, 3, 5, 7], [EOS, 2, 2, 2]])
    assert answer_length(prediction, EOS).tolist() == [1, 4, 0]
    target = padded([[2, 3, 5]] * 3)
    assert score_pairs(prediction, target, EOS)["psa"].tolist() == pytest.approx([1 / 3, 1, 0])


def test_an_answer_without_eos_that_is_cut_by_the_decoder_is_no_exact_match():
    scores = score_pairs(torch.tensor([[2, 3]]), padded([[2, 3, 5]]), EOS)
    assert scores["exact_match"].item() == 0
    assert scores["psa"].item() == pytest.approx(2 / 3)


def test_geo_mean_is_of_the_means_by_the_text_and_of_each_sample_by_the_notebook():
    prediction, target = padded([[2, 3], [3]]), padded([[2, 3], [2, 3]])
    scores = score_pairs(prediction, target, EOS)  # psa 1, 0; lcsr 1, 1/2
    means = {name: values.mean().item() for name, values in scores.items()}
    assert primes(101, 5).scores(means)["geo_mean"] == pytest.approx((1 / 2 * 3 / 4) ** 0.5)
    assert means["published_geo_mean"] == pytest.approx((1 + 0) / 2)


ANSWERS = st.lists(st.integers(1, 6), max_size=9)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(ANSWERS, ANSWERS), min_size=40, max_size=60))
def test_lcs_equals_the_plain_table_and_rapidfuzz(pairs):
    a, b = padded([p for p, _ in pairs]), padded([t for _, t in pairs])
    found = longest_common_subsequence(a, answer_length(a, EOS), b, answer_length(b, EOS)).tolist()
    assert found == [reference.longest_common_subsequence(p, t) for p, t in pairs]
    assert found == [LCSseq.similarity(p, t) for p, t in pairs]


@settings(max_examples=200, deadline=None)
@given(ANSWERS, ANSWERS)
def test_scores_follow_the_formulas(prediction, target):
    scores = scores_of(prediction, target)
    common = LCSseq.similarity(prediction, target)
    length = len(target)
    assert scores["exact_match"] == (prediction == target)
    if length:
        assert scores["psa"] == pytest.approx(sum(map(int.__eq__, prediction, target)) / length)
        assert scores["lcsr"] == pytest.approx(common / length)
        cut = (prediction + [EOS] * length)[:length]  # the notebook's fill, which no target can match
        assert scores["published_psa"] == pytest.approx(sum(map(int.__eq__, cut, target)) / length)
        assert scores["published_lcsr"] == pytest.approx(LCSseq.similarity(cut, target) / length)
    if length or prediction:
        assert scores["lcs_f1"] == pytest.approx(2 * common / (length + len(prediction)))
