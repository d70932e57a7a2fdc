"""The plane in which an encoder's state is drawn: the first two principal components of many states."""

import torch
from torch import nn

from replicate.evaluation.explorer import encoder_state
from replicate.randomness import make_generator
from replicate.tasks.primes.task import PrimeTask

SOURCES = 400  # random ones, which span the plane and are drawn in it


def plane_of(model: nn.Module, task: PrimeTask, seed: int) -> dict:
    """The mean and the two components of the states of random sources, and each one's place and primes.

    Args:
        model: of one training, R = 1.
    """
    batch = task.sample([make_generator(seed, 0, "plane")], SOURCES)
    states = encoder_state(model, batch.source, batch.source_length)[0].double()  # [B, state]
    mean = states.mean(0)
    _, singular, axes = torch.linalg.svd(states - mean, full_matrices=False)
    return {
        "mean": mean.tolist(),
        "axes": axes[:2].tolist(),
        "share": (singular[:2].square().sum() / singular.square().sum()).item(),
        "cloud": ((states - mean) @ axes[:2].T).round(decimals=4).tolist(),  # to be drawn alone
        "primes": (batch.target_length[0] - 1).tolist(),
    }
