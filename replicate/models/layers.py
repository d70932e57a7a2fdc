"""Layers with a rounds axis: R independent trainings side by side in every parameter.

A parameter is `[R, ...]`, and round r of an output depends on round r of the input alone, so that one batched
product serves all rounds.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Linear(nn.Module):
    """y = x W + b in every round: `[R, N, inputs]` -> `[R, N, outputs]`."""

    def __init__(self, rounds: int, inputs: int, outputs: int, bound: float | None = None):
        super().__init__()
        self.bound = bound or inputs**-0.5  # of the initialisation, as torch.nn.Linear
        self.weight = nn.Parameter(torch.empty(rounds, inputs, outputs))
        self.bias = nn.Parameter(torch.empty(rounds, 1, outputs))

    def draw(self, round_index: int, generator: torch.Generator) -> None:
        """Initialise one round: U(-bound, bound)."""
        for parameter in (self.weight, self.bias):
            parameter[round_index].uniform_(-self.bound, self.bound, generator=generator)

    def forward(self, x: Tensor) -> Tensor:
        return torch.baddbmm(self.bias, x, self.weight)


class Embedding(nn.Module):
    """A table a round, `weight [R, V, E]`; looked up with `take`."""

    def __init__(self, rounds: int, vocab_size: int, size: int):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(rounds, vocab_size, size))

    def draw(self, round_index: int, generator: torch.Generator) -> None:
        """Initialise one round as `torch.nn.Embedding` does: N(0, 1)."""
        self.weight[round_index].normal_(generator=generator)


def mlp(rounds: int, inputs: int, hidden_size: int, outputs: int) -> nn.Sequential:
    """The post's three-layer map: hidden*2, hidden//2, outputs, with ReLU between."""
    return nn.Sequential(
        Linear(rounds, inputs, hidden_size * 2),
        nn.ReLU(inplace=True),
        Linear(rounds, hidden_size * 2, hidden_size // 2),
        nn.ReLU(inplace=True),
        Linear(rounds, hidden_size // 2, outputs),
    )


def take(table: Tensor, index: Tensor) -> Tensor:
    """Rows of each round's own table: `[R, V, H]` and `[R, N]` -> `[R, N, H]`."""
    rounds, rows, _ = table.shape
    first = torch.arange(rounds, device=index.device).unsqueeze(1) * rows  # [R, 1]
    return F.embedding(index + first, table.flatten(0, 1))


@torch.no_grad()
def initialise(model: nn.Module, generators: list[torch.Generator]) -> None:
    """Draw every layer's parameters, round r from `generators[r]` alone."""
    for layer in model.modules():
        if hasattr(layer, "draw"):
            for round_index, generator in enumerate(generators):
                layer.draw(round_index, generator)
