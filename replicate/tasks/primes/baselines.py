"""Answers without a model: what it costs to know nothing, and what is the most that can be had."""

import torch
from torch import Tensor

from replicate.tasks.batch import Batch


def chance_answer(batch: Batch) -> Tensor:
    """One constant prime, 2, at every position: what an answer blind to its input scores."""
    return torch.full_like(batch.target, 2)


def empty_answer(batch: Batch) -> Tensor:
    """EOS at once, whatever the source."""
    return torch.full_like(batch.target, int(batch.target.max()))


def over_long_answer(batch: Batch) -> Tensor:
    """The target, but never an EOS: the prime 2 follows for ever."""
    place = torch.arange(batch.target.shape[2])
    return batch.target.masked_fill(place >= batch.target_length.unsqueeze(2) - 1, 2)
