"""Two models of equal settings are told apart by what they give of the same pairs."""

import pytest
import torch

from replicate.models import build
from replicate.models.probe import is_probed_alike, model_probe, redrawn
from replicate.models.seq2seq import Seq2Seq
from replicate.models.settings import RNNSettings
from replicate.settings import RunConfig


def probe(**given):
    config = RunConfig.of(**given)
    return model_probe.__wrapped__(config.task, config.model)


@pytest.mark.parametrize("task", ["primes", "translation"])
def test_a_probe_is_of_the_models_code_and_settings_alone(task):
    ours = probe(task=task, model="rnn")
    assert len(ours) == 23 and ours == probe(task=task, model="rnn", seed=9, rounds=3)
    assert is_probed_alike(ours, [value * (1 + 1e-6) for value in ours])  # as another machine rounds
    assert not is_probed_alike(ours, probe(task=task, model="post"))


@pytest.mark.parametrize("name", ["backward", "draw", "dropout"])
def test_what_shows_in_training_alone_is_noticed(monkeypatch, name):
    ours = probe(model="lstm", dropout=0.5)
    if name == "backward":
        real = Seq2Seq.loss
        monkeypatch.setattr(Seq2Seq, "loss", lambda *given: _with_half_the_gradient(real(*given)))
    elif name == "draw":
        monkeypatch.setattr("replicate.models.probe.initialise", lambda model, *given: _shrink(model))
    else:
        monkeypatch.setattr("replicate.models.seq2seq.row_dropout", lambda *given: None)
    assert not is_probed_alike(ours, probe(model="lstm", dropout=0.5))


def _with_half_the_gradient(loss):
    return loss / 2 + (loss / 2).detach()


def _shrink(model):
    for parameter in model.parameters():
        parameter.data.fill_(1e-3)


@pytest.mark.parametrize("part", ["loss", "decode_step", "encode"])
def test_code_that_was_changed_is_noticed(monkeypatch, part):
    ours, whole = probe(model="rnn"), RNNSettings.build

    def changed(settings, task, rounds):
        model = whole(settings, task, rounds)
        real = getattr(model, part)
        halved = {"decode_step": lambda state, logits: (state, logits / 2)}.get(part)
        setattr(model, part, lambda *given: halved(*real(*given)) if halved else _half(real(*given)))
        return model

    monkeypatch.setattr(RNNSettings, "build", changed)
    assert not is_probed_alike(ours, probe(model="rnn"))


def _half(value):
    return tuple(part / 2 for part in value) if isinstance(value, tuple) else value / 2


def test_a_model_that_gives_nothing_has_no_probe_and_damage_is_none(monkeypatch):
    monkeypatch.setattr(RNNSettings, "build", lambda *given: None)
    assert probe(model="rnn") == [] and is_probed_alike([], [1.0]) and is_probed_alike([1.0], [])
    for damaged in (3, "text", ["a"], [1.0, 2.0]):
        assert not is_probed_alike(damaged, [1.0])


def test_a_model_has_its_own_parameters_again():
    config = RunConfig.of(model="lstm")
    model = build(config, range(2))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with redrawn(model):
        meanwhile = {name: value.clone() for name, value in model.state_dict().items()}
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(torch.equal(value, before[name]) for name, value in meanwhile.items())
