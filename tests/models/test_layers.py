"""How layers are initialised: each training from its own generator, and nothing left out."""

import pytest
import torch
from torch import nn

from replicate.models.layers import Embedding, Linear, initialise
from replicate.randomness import make_generators


class HalfDrawn(Linear):
    def draw(self, round_index, generator, bound):
        if round_index == 0:
            super().draw(round_index, generator, bound)


class Careless(Linear):
    def draw(self, round_index, generator, bound):
        nn.init.uniform_(self.weight[round_index])


class Greedy(Linear):
    def draw(self, round_index, generator, bound):
        for parameter in (self.weight, self.bias):
            parameter.normal_(generator=generator)


class Frozen(Linear):
    def __init__(self):
        super().__init__(3, 4, 4)
        self.bias.requires_grad = False


class Counting(Linear):
    """Counts its calls, as batch norm does."""

    def __init__(self, persistent: bool):
        super().__init__(3, 4, 4)
        self.register_buffer("calls", torch.zeros(()), persistent=persistent)


class WithGate(nn.Module):
    """A newcomer's stack: its own parameter is of no layer that draws it."""

    def __init__(self):
        super().__init__()
        self.hidden = Linear(3, 4, 4)
        self.gate = nn.Parameter(torch.ones(3, 1, 4))


def generators(rounds=range(3)):
    return make_generators(5, rounds, "initialisation")


def test_a_training_is_drawn_as_it_is_alone():
    together = nn.Sequential(Embedding(3, 7, 4), Linear(3, 4, 2))
    initialise(together, generators(), None)
    alone = nn.Sequential(Embedding(1, 7, 4), Linear(1, 4, 2))
    initialise(alone, generators(range(1, 2)), None)
    for many, one in zip(together.parameters(), alone.parameters(), strict=True):
        assert torch.equal(many[1:2], one) and not torch.equal(many[:1], one)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (WithGate(), "gate is not drawn for every training: its layer needs a `draw`"),
        (nn.Sequential(HalfDrawn(3, 4, 4)), "0.weight is not drawn for every training"),
        (nn.Sequential(nn.LayerNorm(4)), r"0.weight is \[4\]: its first axis must be of the 3 trainings"),
        (nn.Sequential(nn.Linear(4, 8)), r"0.weight is \[8, 4\]: its first axis"),
        (nn.Sequential(Frozen()), "0.bias cannot be trained: it is of float32, or does not require"),
        (nn.Sequential(Greedy(3, 4, 4)), "the `draw` of Greedy must draw one training alone"),
        (nn.Sequential(Careless(3, 4, 4)), "the `draw` of Careless draws from torch's own generator"),
        (Counting(persistent=True), "calls is no parameter: what is learnt must be one"),
    ],
)
def test_what_could_not_be_drawn_trained_or_kept_for_each_training_is_refused(model, message):
    with pytest.raises(ValueError, match=message):
        initialise(model, generators(), None)


def test_what_all_trainings_share_may_be_a_buffer_and_layers_may_share_parameters():
    initialise(model := Counting(persistent=False), generators(), None)
    assert not model.weight.isnan().any()
    layer = Linear(3, 4, 4)
    initialise(nn.ModuleDict({"encoder": layer, "decoder": layer}), generators(), None)
