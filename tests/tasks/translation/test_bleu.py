"""BLEU against hand-computed cases and sacrebleu, of random and of real answers."""

import math

import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu import corpus_bleu

from replicate.tasks.translation.grammar import grammar_pairs
from replicate.tasks.translation.metrics import corpus_scores, score_pairs
from replicate.tasks.translation.tokens import EOS, Words

ROWS = st.lists(st.integers(4, 7), max_size=9)  # few words, so that n-grams repeat and match


def padded(rows: list[list[int]], end: bool = True) -> torch.Tensor:
    rows = [[*row, EOS] if end else row for row in rows]
    width = max(map(len, rows))
    return torch.tensor([row + [0] * (width - len(row)) for row in rows])


def scores_of(answers: list[list[int]], targets: list[list[int]]) -> dict[str, float]:
    """By way of means, as an evaluation goes."""
    statistics = score_pairs(padded(answers), padded(targets), EOS)
    table = pd.DataFrame({name: values.numpy() for name, values in statistics.items()})
    return corpus_scores(dict(table.mean()) | {"samples": len(table)})


def sacrebleu(answers: list[list[int]], targets: list[list[int]]) -> float:
    texts = [[" ".join(map(str, row)) for row in rows] for rows in (answers, targets)]
    return corpus_bleu(texts[0], [texts[1]], tokenize="none", force=True, smooth_method="exp").score


@pytest.mark.parametrize(
    ("answer", "target", "bleu"),
    [
        ([4, 5, 6, 7, 8], [4, 5, 6, 7, 8], 100),
        ([4, 4, 4, 4, 4], [4, 5, 6, 7, 8], 100 * (1 / 5 * 1 / 8 * 1 / 12 * 1 / 16) ** 0.25),  # clipped
        ([4, 5, 6, 7], [4, 5, 6, 7, 8], 100 * math.exp(1 - 5 / 4)),  # too short
        ([4, 5, 6, 7, 8, 9], [4, 5, 6, 7, 8], 100 * (5 / 6 * 4 / 5 * 3 / 4 * 2 / 3) ** 0.25),  # too long
        ([4, 5, 9, 7, 8], [4, 5, 6, 7, 8], 100 * (4 / 5 * 2 / 4 * 1 / 6 * 1 / 8) ** 0.25),
        ([9, 9, 9, 9, 9], [4, 5, 6, 7, 8], 0),
        ([4, 5, 6], [4, 5, 6], 0),  # no n-gram of four
        ([], [4, 5, 6, 7], 0),
    ],
)
def test_hand_computed_bleu(answer, target, bleu):
    assert scores_of([answer], [target])["bleu"] == pytest.approx(bleu)
    assert sacrebleu([answer], [target]) == pytest.approx(bleu)


@given(st.lists(st.tuples(ROWS, ROWS.filter(len)), min_size=1, max_size=8))
def test_bleu_is_sacrebleus_of_any_corpus(pairs):
    answers, targets = ([list(row) for row in rows] for rows in zip(*pairs, strict=True))
    assert scores_of(answers, targets)["bleu"] == pytest.approx(sacrebleu(answers, targets), abs=1e-9)


def test_bleu_is_sacrebleus_of_real_answers():
    targets = [pair.target for pair in grammar_pairs()[:800]]
    vocabulary = Words(targets, min_count=1)
    rows = list(map(vocabulary.encode, targets))
    answers = [[*row[: i % 9], *rows[i - 1][2:]] for i, row in enumerate(rows)]
    found = scores_of(answers, rows)["bleu"]
    assert 10 < found < 60 and found == pytest.approx(sacrebleu(answers, rows), abs=1e-9)


def test_smoothing_counts_the_pairs():
    one, two = ([[4, 5, 6, 9, 7]], [[4, 5, 9, 6, 7]]), ([[4, 5, 6, 9, 7]] * 2, [[4, 5, 9, 6, 7]] * 2)
    assert scores_of(*one)["bleu"] > scores_of(*two)["bleu"] + 1
    for case in (one, two):
        assert scores_of(*case)["bleu"] == pytest.approx(sacrebleu(*case), abs=1e-9)


def test_an_answer_ends_at_its_first_eos_or_where_it_is_cut():
    target = padded([[4, 5, 6, 7]])
    ended = score_pairs(torch.tensor([[4, 5, EOS, 6, 7, EOS]]), target, EOS)
    endless = score_pairs(torch.tensor([[4, 5]]), target, EOS)
    assert ended == endless and ended["answered"] == ended["matches_1"] == 2 and ended["matches_3"] == 0


def test_accuracies():
    scores = scores_of([[4, 5, 6], [4, 5], [4, 5, 6, 7], [4, 9, 6]], [[4, 5, 6]] * 4)
    assert scores["exact_match"] == pytest.approx(1 / 4)
    assert scores["token_accuracy"] == pytest.approx(10 / 12)
