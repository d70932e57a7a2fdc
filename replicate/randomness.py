"""Explicit randomness: every stream is a generator of its own, made from (seed, round, purpose)."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

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


@contextmanager
def drawing_by_seed(what: str) -> Iterator[None]:
    """See that what is done meanwhile leaves torch's own generator (of the CPU), which no seed sets, alone.

    Raises:
        ValueError: it drew from it, so that equal seeds would give other numbers.
    """
    before = torch.get_rng_state()
    yield
    if not torch.equal(torch.get_rng_state(), before):
        raise ValueError(f"{what} draws from torch's own generator, which no seed of a run sets")
