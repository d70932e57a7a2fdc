"""What tells a model from another of equal settings, whose code was changed: what it gives of some pairs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache

import numpy as np
import torch
from torch import nn

from replicate.decoding import token_log_probability
from replicate.fields import ModelSettings, TaskSettings
from replicate.models.layers import initialise
from replicate.randomness import make_generators
from replicate.tasks import task_of

PAIRS = 20
ROUNDING = 1e-4  # by which the numbers of two machines may differ; of single precision it is 1e-7


@cache
def model_probe(task_settings: TaskSettings, settings: ModelSettings) -> list[float]:
    """What a training of the model has of it.

    The size of the parameters as they are drawn; with fixed ones, the loss of some pairs in training, its
    gradient's norm, and each pair's nats by the steps of an answer. Nothing where the model cannot give them:
    what it lacks is told where it is tried.
    """
    task = task_of(task_settings)
    batch = task.sample(make_generators(0, range(1), "probe"), PAIRS)
    target = batch.target.unsqueeze(2)
    try:
        model = settings.build(task, 1)
        initialise(model, make_generators(0, range(1), "probe"), settings.init_bound)
        drawn = sum(parameter.abs().sum() for parameter in model.parameters())
        with redrawn(model):
            with torch.enable_grad():
                loss = model.loss(batch, make_generators(0, range(1), "probe")).sum()
                loss.backward()
            norm = sum(p.grad.square().sum() for p in model.parameters() if p.grad is not None) ** 0.5
            logs = token_log_probability(model, batch.source, batch.source_length, target)
        found = [drawn, loss, norm, *-logs.sum((2, 3))[0]]
        return [float(f"{value.item():.6g}") for value in found]
    except Exception:
        return []


def is_probed_alike(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether two probes are of the same model, but for rounding, as far as there are any."""
    if not (one and other):
        return True
    try:
        return len(one) == len(other) and np.allclose(one, other, rtol=ROUNDING, equal_nan=True)
    except (TypeError, ValueError):  # of no probe
        return False


@contextmanager
def redrawn(model: nn.Module) -> Iterator[None]:
    """Give a model other parameters meanwhile: of tiny ones all tokens and all pairs are alike."""
    before = [parameter.detach().clone() for parameter in model.parameters()]
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            bound = min(parameter.shape[1:], default=1) ** -0.5
            parameter.copy_(torch.empty(parameter.shape).uniform_(-bound, bound, generator=generator))
        try:
            yield
        finally:
            for parameter, values in zip(model.parameters(), before, strict=True):
                parameter.copy_(values)
