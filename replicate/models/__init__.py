"""The models, one a file, named here."""

from collections.abc import Callable
from typing import NamedTuple

from torch import nn

from replicate.fields import ModelSettings
from replicate.models.attention import AttentionSettings, build_attention
from replicate.models.layers import initialise
from replicate.models.lstm import LSTMSettings, build_lstm
from replicate.models.post import PostSettings, build_post
from replicate.models.rnn import RNNSettings, build_rnn
from replicate.randomness import make_generators
from replicate.tasks import task_of


class Model(NamedTuple):
    """What a model can be told, and how it is built: from that, the task and a number of trainings."""

    Settings: type[ModelSettings]
    build: Callable[..., nn.Module]


MODELS = {
    model.Settings.kind: model
    for model in (
        Model(PostSettings, build_post),
        Model(RNNSettings, build_rnn),
        Model(LSTMSettings, build_lstm),
        Model(AttentionSettings, build_attention),
    )
}


def build(config, rounds: range) -> nn.Module:
    """The model of a `RunConfig` for some of its trainings, freshly initialised on the CPU."""
    settings = config.model
    model = MODELS[settings.kind].build(settings, task_of(config.task), len(rounds))
    initialise(model, make_generators(config.training.seed, rounds, "initialisation"), settings.init_bound)
    return model
