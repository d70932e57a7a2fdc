"""The models, one a file, their settings named here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from replicate.fields import by_kind
from replicate.models.settings import AttentionSettings, LSTMSettings, PostSettings, RNNSettings

if TYPE_CHECKING:  # torch takes seconds to import, and settings are checked without it
    from torch import nn

MODELS = by_kind((PostSettings, RNNSettings, LSTMSettings, AttentionSettings))


def build(config, rounds: range) -> nn.Module:
    """The model of a `RunConfig` for some of its trainings, freshly initialised on the CPU."""
    from replicate.models.layers import initialise
    from replicate.randomness import make_generators
    from replicate.tasks import task_of

    settings = config.model
    model = settings.build(task_of(config.task), len(rounds))
    initialise(model, make_generators(config.training.seed, rounds, "initialisation"), settings.init_bound)
    return model
