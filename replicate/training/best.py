"""The parameters of each training at the evaluation point where it did best on the validation split."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass
class Best:
    """Early stopping after the fact: training goes on, and what was best is kept beside it, on the CPU."""

    nats: Tensor  # [R] the lowest validation loss so far
    parameters: dict[str, Tensor]  # [R, ...] of that point

    @classmethod
    def none_yet(cls, model: nn.Module, rounds: int) -> "Best":
        return cls(torch.full((rounds,), float("inf"), dtype=torch.float64), _copy(model))

    def note(self, model: nn.Module, nats: Tensor) -> None:
        """Keep the parameters of the trainings whose validation loss `[R]` is lower than any before."""
        better = nats < self.nats  # no number is never better
        self.nats = torch.where(better, nats, self.nats)
        for name, now in _copy(model).items():
            self.parameters[name][better] = now[better]


def _copy(model: nn.Module) -> dict[str, Tensor]:
    return {name: parameter.detach().cpu().clone() for name, parameter in model.named_parameters()}
