"""The models, one a file. A model has `of(config, rounds)`, `loss`, `encode`, `generate`; see `post.py`."""

from torch import nn

from ..randomness import make_generator
from .layers import initialise
from .post import PostModel

MODELS = {"post": PostModel}


def build(config, rounds: range) -> nn.Module:
    """The model of a `RunConfig` for some of its rounds, freshly initialised on the CPU."""
    model = MODELS[config.model].of(config, len(rounds))
    initialise(model, [make_generator(config.seed, r, "initialisation") for r in rounds])
    return model
