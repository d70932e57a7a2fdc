"""Retrieval by the words that sentences share."""

import pytest
import torch

from replicate.tasks.batch import Batch
from replicate.tasks.translation.baselines import Retrieval, empty_answer
from replicate.tasks.translation.tokens import EOS, UNK

SOURCES = [[4, 5, 6, 7], [4, 5], [5, 5, 8, UNK, 9], [6, 7]]
TARGETS = torch.tensor([[14, EOS], [15, EOS], [16, EOS], [17, EOS]])


def batch_of(rows: list[list[int]], target: torch.Tensor | None = None) -> Batch:
    """The rows as one training's sources, padded."""
    length = torch.tensor([[len(row) for row in rows]])
    source = torch.tensor([[row + [0] * (int(length.max()) - len(row)) for row in rows]])
    target = torch.full((1, len(rows), 3), EOS) if target is None else target.unsqueeze(0)
    return Batch(source, length, target, length)


@pytest.mark.parametrize(
    ("source", "nearest"),
    [
        ([4, 5], 15),  # 2 of 2 words; the longer one shares as many, but 2 of 4
        ([7, 5, 4], 14),  # 3 of 4, and 2 of 3; the order does not count
        ([5, 8, EOS], 16),  # 2 of 3: a word that is there twice counts once, EOS and UNK do not
        ([5], 15),  # 1 of 2, not 2 of 3
        ([7, 10], 17),
        ([UNK], 14),  # nothing is known: the first
    ],
)
def test_the_nearest_shares_most_of_all_the_words_of_both(source, nearest):
    answer = Retrieval(batch_of(SOURCES, TARGETS), 12)(batch_of([source]))
    assert answer.tolist() == [[[nearest, EOS]]]


def test_every_training_and_sample_has_its_own_answer():
    batch = batch_of([[6, 7], [4, 5], [6, 7], [8, 9]])
    halves = Batch(*(tensor.unflatten(1, (2, 2)).squeeze(0) for tensor in vars(batch).values()))
    answers = Retrieval(batch_of(SOURCES, TARGETS), 12)(halves)
    assert answers[:, :, 0].tolist() == [[17, 15], [17, 16]]


def test_silence_is_eos_at_once():
    batch = batch_of([[4, 5]])
    assert empty_answer(batch).tolist() == [[[EOS] * 3]]
