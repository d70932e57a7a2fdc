"""Models of one's own that break their contract are refused before their first update."""

import random
import threading
from dataclasses import replace
from typing import NamedTuple

import pytest
import torch
from shared import SMALL, task_with

from replicate.models import build
from replicate.studies.plan import studies
from replicate.tasks import task_of
from replicate.tasks.batch import PAD
from replicate.tasks.primes.settings import PrimeSettings
from replicate.training.model_trial import try_model
from replicate.training.task_trial import try_task

ROUNDS, BATCH = range(3), 100
EOS = 30  # of the task of SMALL


def test_what_is_as_asked_is_tried_and_changes_nothing():
    model = build(SMALL, ROUNDS)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    try_model(task_with(), model, ROUNDS, BATCH)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda loss: loss.mean(), r"the loss is \[\]: it must be \[3\], a number a training"),
        (lambda loss: loss.unsqueeze(1), r"the loss is \[3, 1\]: it must be \[3\]"),
        (lambda loss: loss.mean().expand(3), "the loss of the first training depends on .* of the others"),
        (lambda loss: loss.cumsum(0).flip(0), "the loss of the first training depends on .* of the others"),
        (lambda loss: loss.cumsum(0), "the loss of the last training depends on .* of the others"),
        (lambda loss: loss.detach(), "the loss depends on no parameter that could learn"),
        (lambda loss: loss * 2, "the loss has .* nats, and by decode_step .*, of training .: a loss"),
        (lambda loss: loss + torch.rand(3), "the model's loss draws from torch's own generator"),
        (lambda loss: loss * (1 + random.random()), "the loss draws what its generators do not set"),
    ],
)
def test_a_loss_that_is_not_each_trainings_own_is_refused(change, message):
    model = build(SMALL, ROUNDS)
    loss = model.loss
    model.loss = lambda *given: change(loss(*given))
    with pytest.raises(ValueError, match=message):
        try_model(task_with(), model, ROUNDS, BATCH)


@pytest.mark.parametrize("which", [0, -1])
def test_trainings_that_draw_from_one_generator_are_refused(which):
    model = build(SMALL.changed(model="rnn", dropout=0.3), ROUNDS)
    loss = model.loss

    def of_one(batch, generators=None):
        scale = 1 if generators is None else 1 + torch.rand((), generator=generators[which])
        return loss(batch) * scale

    model.loss = of_one
    with pytest.raises(ValueError, match=r"the loss of training \d draws from the generators of others"):
        try_model(task_with(), model, ROUNDS, BATCH)


def test_a_loss_whose_decoder_sees_the_answer_is_refused():
    model = build(SMALL, ROUNDS)
    loss = model.loss

    def told(batch, generators=None):
        target = batch.target.roll(-1, 2)  # what comes next
        return loss(replace(batch, target=torch.where(target == PAD, EOS, target)), generators)

    model.loss = told
    with pytest.raises(ValueError, match=r"the loss has .* nats, and by decode_step"):
        try_model(task_with(), model, ROUNDS, BATCH)


def test_tiny_parameters_hide_no_fault():
    model = build(SMALL.changed(init_bound=1e-3), ROUNDS)
    loss, step = model.loss, model.decode_step
    model.decode_step = lambda state, previous: (step(state, previous)[0], step(state, previous)[1].flip(2))
    with pytest.raises(ValueError, match=r"the loss has .* nats, and by decode_step"):
        try_model(task_with(), model, ROUNDS, BATCH)
    model.loss = lambda batch, generators=None: loss(batch, generators) * 1.1
    model.decode_step = step
    with pytest.raises(ValueError, match=r"the loss has .* nats, and by decode_step"):
        try_model(task_with(), model, ROUNDS, BATCH)


def test_an_answer_that_depends_on_the_pair_beside_it_is_refused():
    model = build(SMALL, ROUNDS)
    encode = model.encode
    model.encode = lambda *given: 1000 * encode(*given).cumsum(1)
    with pytest.raises(ValueError, match=r"nats, and (by decode_step|beside another) .* of training"):
        try_model(task_with(), model, ROUNDS, BATCH)


@pytest.mark.parametrize("which", [0, -1])
@pytest.mark.parametrize("part", ["lengths", "sources"])
def test_a_model_that_gives_all_trainings_what_one_reads_is_refused(which, part):
    model = build(SMALL.changed(model="lstm"), ROUNDS)
    encode = model.encode

    def of_one(source, length):
        if part == "lengths":
            return encode(source, length[[which] * 3])
        return encode(source[[which] * 3], length)

    model.encode = of_one
    model.loss = lambda batch, generators=None: loss_of(model, batch)
    with pytest.raises(ValueError, match=r"a training beside others of its pairs has .* nats, and of other"):
        try_model(task_with(), model, ROUNDS, BATCH)


def loss_of(model, batch):
    """The mean nats of the tokens by the steps of an answer, with a gradient."""
    state, previous, nats = model.encode(batch.source, batch.source_length), None, 0
    previous = torch.full_like(batch.target_length, model.bos)
    for t in range(batch.target.shape[2]):
        state, logits = model.decode_step(state, previous)
        previous = batch.target[:, :, t]
        of_token = logits.log_softmax(2).gather(2, previous.unsqueeze(2)).squeeze(2)
        nats = nats - (of_token * (t < batch.target_length)).sum(1)
    return nats / batch.target_length.sum(1)


@pytest.mark.parametrize("rounds", [range(1), ROUNDS])
def test_a_model_that_reads_padding_is_refused(rounds):
    model = build(SMALL.changed(model="lstm", hidden_size=30), rounds)
    encode = model.encode
    model.encode = lambda source, length, *given: encode(source, length * 0 + source.shape[2], *given)
    with pytest.raises(ValueError, match=r"a pair without padding has .* nats, and with it"):
        try_model(task_with(), model, rounds, BATCH)


def test_a_model_for_sources_of_one_width_that_keeps_what_it_computed_is_taken():
    model = build(SMALL, ROUNDS)
    encode, loss = model.encode, model.loss

    def of_one_width(source, length, *given):
        assert source.shape[2] == 5
        return encode(source, length, *given)

    def kept(*given):
        model.latest = loss(*given)
        return model.latest

    model.encode, model.loss, model.lock = of_one_width, kept, threading.Lock()
    try_model(task_with(), model, ROUNDS, BATCH)


@pytest.mark.parametrize("packed", [lambda state: state, lambda state: (state, state)])
def test_a_state_with_layers_first_is_refused(packed):
    model = build(SMALL, ROUNDS)
    encode, step = model.encode, model.decode_step

    def step_of(state, previous):
        state, logits = step((state if isinstance(state, torch.Tensor) else state[0])[0], previous)
        return packed(state.unsqueeze(0)), logits

    model.encode, model.decode_step = lambda *given: packed(encode(*given).unsqueeze(0)), step_of
    model.loss = lambda batch, generators=None: loss_of(model, batch)
    with pytest.raises(ValueError, match=r"the state of a model is \[1, 3, 2, \d+\]: its first axes must"):
        try_model(task_with(), model, ROUNDS, BATCH)


@pytest.mark.parametrize("packed", [lambda s: {"state": s}, lambda s: (s, None), lambda s: ((s, s), s)])
def test_a_state_of_other_things_than_tensors_is_refused(packed):
    model = build(SMALL, ROUNDS)
    encode = model.encode
    model.loss = lambda batch, generators=None: model.embedding.weight.sum((1, 2)).square()
    model.encode = lambda *given: packed(encode(*given))
    with pytest.raises(ValueError, match="the state of a model must be a tensor or a tuple of tensors"):
        try_model(task_with(), model, ROUNDS, BATCH)


class NamedState(NamedTuple):
    vector: torch.Tensor


def test_a_state_may_be_a_tuple_with_names():
    model = build(SMALL, ROUNDS)
    encode, step = model.encode, model.decode_step

    def named_step(state, previous):
        vector, logits = step(state.vector, previous)
        return NamedState(vector), logits

    model.encode, model.decode_step = lambda *given: NamedState(encode(*given)), named_step
    model.loss = lambda batch, generators=None: loss_of(model, batch)
    try_model(task_with(), model, ROUNDS, BATCH)


@pytest.mark.parametrize("model", ["rnn", "lstm", "attention", "post"])
@pytest.mark.parametrize(
    "change",
    [
        *({"init_bound": bound} for bound in (1e-30, 0.08, 10.0, 1000.0)),
        *({"eos_is_a_value": True}, {"eos_is_a_value": True, "vocab_size": 32}, {"reverse": True}),
        *({"source_eos": True}, {"max_length": 60}, {"vocab_size": 5}, {"skew": 1e3}, {"batch_size": 1}),
    ],
)
def test_what_the_settings_allow_is_taken(model, change):
    own = {"feed_previous": True} if model == "attention" else {}
    config = SMALL.changed(model=model, **own, **change)
    task, size = task_of(config.task), config.training.batch_size
    try_task(task, ROUNDS, size)
    try_model(task, build(config, ROUNDS), ROUNDS, size)


def test_every_run_that_is_kept_would_be_trained_again():
    configs = [config for plan in studies().values() for config in plan.values()]
    tried = [config for config in configs if isinstance(config.task, PrimeSettings)]
    assert len(tried) > 50
    for config in tried:
        rounds = range(min(2, config.training.rounds))
        task, size = task_of(config.task), config.training.batch_size
        try_task(task, rounds, size)
        try_model(task, build(config, rounds), rounds, size)


def test_a_loss_that_cannot_be_scored_is_told_before_training():
    model = build(SMALL, ROUNDS)
    loss = model.loss
    model.loss = lambda batch, generators: loss(batch, generators)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'generators'"):
        try_model(task_with(), model, ROUNDS, BATCH)


def test_answers_that_draw_what_no_seed_sets_are_refused():
    model = build(SMALL, ROUNDS)
    step = model.decode_step

    def dropping(state, previous):
        state, logits = step(state, previous)
        return state, torch.nn.functional.dropout(logits, 0.5)

    model.decode_step = dropping
    with pytest.raises(ValueError, match="the model's answer draws from torch's own generator"):
        try_model(task_with(), model, ROUNDS, BATCH)
