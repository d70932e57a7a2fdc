"""Packed samples: sorted by length and laid out step by step, so that finished samples cost nothing."""

from dataclasses import dataclass

import torch
from torch import Tensor

from replicate.models.layers import take


@dataclass(frozen=True)
class Packing:
    """Where each step of each sample stands.

    Step t is a block of `sizes[t]` rows, one row a sample that is still running, longest samples first; the
    blocks follow one another, `N = sum(sizes)` rows in all. Rounds share the blocks: a block is as tall as
    the round with most samples running, so other rounds have spare rows in it, which nobody reads.

    All of it is on the CPU: the host needs the sizes, and on a GPU each would be a wait for all work before.
    """

    sizes: list[int]
    order: Tensor  # [R, B] the sample at each place of a block
    rank: Tensor  # [R, B] the place of each sample in a block
    last: Tensor  # [R, B] the row of each sample's last step
    step: Tensor  # [N] the step of each row
    place: Tensor  # [N] the place of each row in its block

    @classmethod
    def of(cls, length: Tensor) -> "Packing":
        """From each sample's number of steps `[R, B]`, at least 1."""
        order = length.argsort(dim=1, descending=True, stable=True)
        steps = torch.arange(int(length.max()))
        sizes = (length.unsqueeze(2) > steps).sum(1).amax(0)  # [T]
        starts = sizes.cumsum(0) - sizes
        step = torch.repeat_interleave(steps, sizes)  # [N]
        place = torch.arange(len(step)) - starts[step]
        rank = order.argsort(dim=1)
        last = starts[length - 1] + rank
        return cls(sizes.tolist(), order, rank, last, step, place)

    def unpack(self, rows: Tensor) -> Tensor:
        """Rows `[R, N, H]` to `[R, B, T, H]`; where a sample has ended, its last row again."""
        sizes = torch.tensor(self.sizes)
        starts = sizes.cumsum(0) - sizes
        row = (starts + self.rank.unsqueeze(2)).minimum(self.last.unsqueeze(2))  # [R, B, T]
        return take(rows, row.flatten(1)).unflatten(1, row.shape[1:])

    @property
    def samples(self) -> Tensor:
        """The sample of each row, `[R, N]`."""
        return self.order[:, self.place]

    def pack(self, tokens: Tensor) -> Tensor:
        """Tokens `[R, B, T]` to rows `[R, N]`."""
        return tokens.flatten(1).gather(1, self.samples * tokens.shape[2] + self.step)
