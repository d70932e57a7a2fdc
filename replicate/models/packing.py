"""Packed samples: sorted by length and laid out step by step, so that finished samples cost nothing."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Packing:
    """Where each step of each sample stands.

    Step t is a block of `sizes[t]` rows, one row a sample that is still running, longest samples first; the
    blocks follow one another, `N = sum(sizes)` rows in all. Rounds share the blocks: a block is as tall as
    the round with most samples running, so other rounds have spare rows in it, which nobody reads.
    """

    sizes: list[int]
    order: Tensor  # [R, B] the sample at each place of a block
    last: Tensor  # [R, B] the row of each sample's last step
    step: Tensor  # [N] the step of each row
    place: Tensor  # [N] the place of each row in its block

    @classmethod
    def of(cls, length: Tensor) -> "Packing":
        """From each sample's number of steps `[R, B]`, at least 1."""
        order = length.argsort(dim=1, descending=True, stable=True)
        steps = torch.arange(int(length.max()), device=length.device)
        sizes = (length.unsqueeze(2) > steps).sum(1).amax(0)  # [T]
        starts = sizes.cumsum(0) - sizes
        step = torch.repeat_interleave(steps, sizes)  # [N]
        place = torch.arange(len(step), device=length.device) - starts[step]
        last = starts[length - 1] + order.argsort(dim=1)
        return cls(sizes.tolist(), order, last, step, place)

    def pack(self, tokens: Tensor) -> Tensor:
        """Tokens `[R, B, T]` to rows `[R, N]`."""
        sample = self.order[:, self.place]  # [R, N]
        return tokens.flatten(1).gather(1, sample * tokens.shape[2] + self.step)
