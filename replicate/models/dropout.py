"""Dropout with the same zeros at every step of a sentence (Gal and Ghahramani 2016).

A mask has as many rows as there are samples, so that what a training draws does not depend on how its
samples are packed with those of others. Round r's zeros are drawn from `generators[r]` alone.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from replicate.models.layers import moved, take
from replicate.models.packing import Packing

Generators = Sequence[torch.Generator] | None  # one a round; None where nothing is learnt
Drop = Callable[[Tensor], Tensor]  # sets a share of the numbers to zero and scales the others up


def row_dropout(rate: float, generators: Generators, packing: Packing) -> Drop | None:
    """Dropout of packed samples `[R, N, H]`, or None where there is none."""
    if not rate or generators is None:
        return None
    samples = packing.order.shape[1]
    return lambda x: x * take(_mask(rate, generators, samples, x), packing.samples)


def _mask(rate: float, generators: Sequence[torch.Generator], samples: int, x: Tensor) -> Tensor:
    """`[R, B, H]`: 0, or what keeps the mean."""
    kept = [torch.empty(samples, x.shape[-1]).bernoulli_(1 - rate, generator=g) for g in generators]
    return moved(torch.stack(kept) / (1 - rate), x)
