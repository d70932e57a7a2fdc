"""The models, one a file: each has a function that builds it from a config."""

from torch import nn

from ..randomness import make_generators
from .attention import build_attention
from .layers import initialise
from .lstm import build_lstm
from .post import build_post
from .rnn import build_rnn

MODELS = {"post": build_post, "rnn": build_rnn, "lstm": build_lstm, "attention": build_attention}


def build(config, rounds: range) -> nn.Module:
    """The model of a `RunConfig` for some of its rounds, freshly initialised on the CPU."""
    model = MODELS[config.model](config, len(rounds))
    initialise(model, make_generators(config.seed, rounds, "initialisation"), config.init_bound)
    return model
