"""Explicit randomness: every stream is a generator of its own, made from (seed, round, purpose)."""

import hashlib
from collections.abc import Iterable

import torch


def make_generator(seed: int, round_index: int, purpose: str) -> torch.Generator:
    """A CPU generator that depends on its three arguments alone.

    Training, evaluation and initialisation have purposes of their own, so evaluating more often changes no
    training, and a round draws the same numbers whatever other rounds run beside it.
    """
    digest = hashlib.sha256(f"{seed}/{round_index}/{purpose}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


def make_generators(seed: int, rounds: Iterable[int], purpose: str) -> list[torch.Generator]:
    """One a round."""
    return [make_generator(seed, r, purpose) for r in rounds]
