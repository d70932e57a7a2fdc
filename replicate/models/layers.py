"""Layers with a rounds axis: R independent trainings side by side in every parameter.

A parameter is `[R, ...]`, and round r of an output depends on round r of the input alone, so that one batched
product serves all rounds.
"""

import copy
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from replicate.randomness import drawing_by_seed

LARGE = 1_000  # tokens; of a larger vocabulary neither all tokens are mapped nor all logits kept at once


class Linear(nn.Module):
    """y = x W + b in every round: `[R, N, inputs]` -> `[R, N, outputs]`."""

    def __init__(self, rounds: int, inputs: int, outputs: int, bound: float | None = None):
        super().__init__()
        self.bound = bound or inputs**-0.5  # of the initialisation, as torch.nn.Linear
        self.weight = nn.Parameter(torch.empty(rounds, inputs, outputs))
        self.bias = nn.Parameter(torch.empty(rounds, 1, outputs))

    def draw(self, round_index: int, generator: torch.Generator, bound: float | None) -> None:
        """Initialise one round: U(-bound, bound), by default the layer's own bound."""
        bound = bound or self.bound
        for parameter in (self.weight, self.bias):
            parameter[round_index].uniform_(-bound, bound, generator=generator)

    def forward(self, x: Tensor) -> Tensor:
        return torch.baddbmm(self.bias, x, self.weight)


class Embedding(nn.Module):
    """A table a round, `weight [R, V, E]`; looked up with `take`."""

    def __init__(self, rounds: int, vocab_size: int, size: int):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(rounds, vocab_size, size))

    def draw(self, round_index: int, generator: torch.Generator, bound: float | None) -> None:
        """Initialise one round: U(-bound, bound), by default N(0, 1) as `torch.nn.Embedding`."""
        if bound is None:
            self.weight[round_index].normal_(generator=generator)
        else:
            self.weight[round_index].uniform_(-bound, bound, generator=generator)


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
    """Rows of each round's own table: `[R, V, H]` and `[R, N]`, there or on the CPU -> `[R, N, H]`."""
    rounds, rows, _ = table.shape
    first = torch.arange(rounds, device=index.device).unsqueeze(1) * rows  # [R, 1]
    return F.embedding(moved(index + first, table), table.flatten(0, 1))


def moved(tensor: Tensor, other: Tensor) -> Tensor:
    """A tensor of the CPU on the device of another; a GPU's queue of work is not waited for."""
    return tensor.to(other.device, non_blocking=True)


@torch.no_grad()
def initialise(model: nn.Module, generators: list[torch.Generator], bound: float | None) -> None:
    """Draw every layer's parameters, round r from `generators[r]` alone.

    Raises:
        ValueError: the model's state is not R trainings of parameters, a layer draws without its generator
            or more than one training, or none draws a parameter, which would be what memory held.
    """
    _check_state(model, len(generators))
    for parameter in model.parameters():
        parameter.fill_(torch.nan)
    for layer in model.modules():
        if hasattr(layer, "draw"):
            with drawing_by_seed(f"the `draw` of {type(layer).__name__}"):
                undrawn = [p for p in layer.parameters(recurse=False) if p[1:].isnan().all()]
                for round_index, generator in enumerate(generators):
                    layer.draw(round_index, generator, bound)
                    if round_index == 0 and not all(parameter[1:].isnan().all() for parameter in undrawn):
                        raise ValueError(f"the `draw` of {type(layer).__name__} must draw one training alone")
    for name, parameter in model.named_parameters():
        if parameter.isnan().any():
            raise ValueError(f"{name} is not drawn for every training: its layer needs a `draw`")


def _check_state(model: nn.Module, rounds: int) -> None:
    """See that trainings can be parted, joined and picked by their parameters."""
    parameters = {name for name, _ in model.named_parameters(remove_duplicate=False)}
    if others := model.state_dict().keys() - parameters:
        raise ValueError(
            f"{min(others)} is no parameter: what is learnt must be one, and what all trainings share a "
            "buffer with persistent=False"
        )
    for name, parameter in model.named_parameters():
        size, kind = list(parameter.shape), str(parameter.dtype).removeprefix("torch.")
        if size[:1] != [rounds]:
            raise ValueError(f"{name} is {size}: its first axis must be of the {rounds} trainings")
        if not (parameter.is_floating_point() and parameter.requires_grad):
            raise ValueError(f"{name} cannot be trained: it is of {kind}, or does not require a gradient")


def pick_rounds(models: Sequence[nn.Module], rounds: Sequence[int]) -> nn.Module:
    """One model of some rounds, counted over all the models in turn, such as the members of an ensemble.

    Raises:
        ValueError: the models differ in size.
    """
    parameters = [dict(model.named_parameters()) for model in models]
    for name in {name: None for own in parameters for name in own}:
        sizes = [list(own[name].shape[1:]) if name in own else "missing" for own in parameters]
        if sizes.count(sizes[0]) < len(sizes):
            raise ValueError(f"the models differ: the sizes of {name} are {' and '.join(map(str, sizes))}")
    picked = copy.deepcopy(models[0])
    with torch.no_grad():
        for name, parameter in picked.named_parameters():
            parameter.data = torch.cat([own[name] for own in parameters])[list(rounds)]
    return picked
