"""The models, one a file: each has a function that builds it from a config."""

from torch import nn

from replicate.models.attention import build_attention
from replicate.models.layers import initialise
from replicate.models.lstm import build_lstm
from replicate.models.post import build_post
from replicate.models.rnn import build_rnn
from replicate.randomness import make_generators

MODELS = {"post": build_post, "rnn": build_rnn, "lstm": build_lstm, "attention": build_attention}


def build(config, rounds: range) -> nn.Module:
    """The model of a `RunConfig` for some of its rounds, freshly initialised on the CPU."""
    model = MODELS[config.model](config, len(rounds))
    initialise(model, make_generators(config.seed, rounds, "initialisation"), config.init_bound)
    return model
