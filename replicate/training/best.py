"""The parameters of each training at the evaluation point where it did best on the validation split."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass
class Best:
    """Early stopping after the fact: training goes on, and what was best is kept beside it, on the CPU."""

    nats: Tensor  # [R] the lowest validation loss so far
    # [R, ...] of that point, by all names in a model's state: layers may share them
    parameters: dict[str, Tensor]

    @classmethod
    def none_yet(cls, model: nn.Module, rounds: int) -> "Best":
        named = model.named_parameters(remove_duplicate=False)
        parameters = {name: p.detach().cpu().clone() for name, p in named}
        return cls(torch.full((rounds,), float("inf"), dtype=torch.float64), parameters)

    def note(self, model: nn.Module, nats: Tensor) -> None:
        """Keep the parameters of the trainings whose validation loss `[R]` is lower than any before."""
        better = nats < self.nats  # no number is never better
        self.nats = torch.where(better, nats, self.nats)
        for name, parameter in model.named_parameters(remove_duplicate=False):
            self.parameters[name][better] = parameter.detach().cpu()[better]
