"""Tasks and models of one's own that break their contract are refused before their first update."""

import random
import threading
from dataclasses import replace
from typing import NamedTuple

import pytest
import torch
from shared import SMALL, primes

from replicate.models import build
from replicate.studies.plan import studies
from replicate.tasks import task_of
from replicate.tasks.batch import PAD, Batch
from replicate.tasks.primes.settings import PrimeSettings
from replicate.training.trial import try_model, try_task

ROUNDS, BATCH = range(3), 100
EOS = 30  # of the task of SMALL


def try_out(task, model, rounds, batch_size):
    try_task(task, rounds, batch_size)
    try_model(task, model, rounds, batch_size)


def task_with(batch=None, **own):
    """The task of SMALL, whose batches are changed by a function, with members of its own."""
    task = primes(vocab_size=31, max_length=5)
    if batch is not None:
        sample = task.sample
        task.sample = lambda generators, size: batch(sample(generators, size))
    for name, member in own.items():
        setattr(task, name, member)
    return task


def without_eos(batch):
    return replace(batch, target_length=(batch.target_length - 1).clamp(min=1))


def with_length_of_padding(batch):
    return replace(batch, target_length=torch.full_like(batch.target_length, batch.target.shape[2]))


def with_tokens_after_the_end(batch):
    padded = torch.nn.functional.pad(batch.target, (0, 1), value=7)
    return replace(batch, target=padded)


def with_an_end_before_the_end(batch):
    return replace(batch, target=torch.where(batch.target == 2, EOS, batch.target))


def test_what_is_as_asked_is_tried_and_changes_nothing():
    model = build(SMALL, ROUNDS)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    try_out(task_with(), model, ROUNDS, BATCH)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda batch: replace(batch, source=batch.source.int()), "source .* or its length is not of int64"),
        (lambda batch: replace(batch, target=batch.target[0]), r"target .* must be \[3, 100, 'T'\]"),
        (
            lambda batch: replace(batch, source_length=batch.source_length + 90),
            "source .* lengths 9. to 9. in",
        ),
        (lambda batch: replace(batch, source_length=batch.source_length * 0), "source .* lengths 0 to 0 in"),
        (lambda batch: replace(batch, source=batch.source + 90), "source .* has ids 9.* of 31"),
        (without_eos, "target .* is not PAD after its length|target .* does not end in EOS"),
        (with_length_of_padding, "target .* has id 0 within its length, which is PAD and no token"),
        (lambda batch: tuple(vars(batch).values()), "sample of the task gives a tuple, not a Batch"),
        (with_an_end_before_the_end, "target .* has EOS, 30, before its end"),
        (with_tokens_after_the_end, "target .* is not PAD after its length"),
    ],
)
def test_a_batch_that_is_none_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        try_out(task_with(change), build(SMALL, ROUNDS), ROUNDS, BATCH)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"max_target_length": 3}, "target .* has . tokens, and the task says that 3 are the most"),
        ({"max_source_length": 3}, "source .* has 5 tokens, and the task says that 3 are the most"),
        ({"batches": lambda *given: iter([])}, "the task has no pairs to score in validation"),
        (
            {
                "batches": lambda split, generators, samples: iter(
                    [task_with(without_eos).sample(generators, 9)]
                )
            },
            r"target of the task's batches\('validation'\) is not PAD",
        ),
        (
            {"batches": lambda split, generators, samples: iter([task_with().sample(generators[:1], 9)])},
            r"source of the task's batches\('validation'\) is \[1, 9, 5\], .*: they must be \[3, 9, 'T'\]",
        ),
    ],
)
def test_a_task_that_is_not_as_it_says_is_refused(members, message):
    with pytest.raises(ValueError, match=message):
        try_out(task_with(**members), build(SMALL, ROUNDS), ROUNDS, BATCH)


def test_samples_that_their_generators_do_not_set_are_refused():
    task = task_with()
    sample, others = task.sample, [torch.Generator().manual_seed(i) for i in ROUNDS]
    task.sample = lambda generators, size: sample(others, size)  # which go on from draw to draw
    with pytest.raises(ValueError, match="sample draws a source that its generators do not set"):
        try_out(task, build(SMALL, ROUNDS), ROUNDS, BATCH)


@pytest.mark.parametrize("draw", [random.random, lambda: torch.rand(()).item()])
def test_pairs_to_score_that_their_generators_do_not_set_are_refused(draw):
    task = task_with()

    def batches(split, generators, samples):
        return [task.sample([torch.Generator().manual_seed(int(2**31 * draw())) for _ in generators], 9)]

    task.batches = batches
    with pytest.raises(ValueError, match=r"the task's batches\('validation'\) draws a source that its gen"):
        try_out(task, build(SMALL, ROUNDS), ROUNDS, BATCH)


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
        try_out(task_with(), model, ROUNDS, BATCH)


def test_a_loss_whose_decoder_sees_the_answer_is_refused():
    model = build(SMALL, ROUNDS)
    loss = model.loss

    def told(batch, generators=None):
        target = batch.target.roll(-1, 2)  # what comes next
        return loss(replace(batch, target=torch.where(target == PAD, EOS, target)), generators)

    model.loss = told
    with pytest.raises(ValueError, match=r"the loss has .* nats, and by decode_step"):
        try_out(task_with(), model, ROUNDS, BATCH)


def test_tiny_parameters_hide_no_fault():
    model = build(SMALL.changed(init_bound=1e-3), ROUNDS)
    loss, step = model.loss, model.decode_step
    model.decode_step = lambda state, previous: (step(state, previous)[0], step(state, previous)[1].flip(2))
    with pytest.raises(ValueError, match=r"the loss has .* nats, and by decode_step"):
        try_out(task_with(), model, ROUNDS, BATCH)
    model.loss = lambda batch, generators=None: loss(batch, generators) * 1.1
    model.decode_step = step
    with pytest.raises(ValueError, match=r"the loss has .* nats, and by decode_step"):
        try_out(task_with(), model, ROUNDS, BATCH)


def test_an_answer_that_depends_on_the_pair_beside_it_is_refused():
    model = build(SMALL, ROUNDS)
    encode = model.encode
    model.encode = lambda *given: 1000 * encode(*given).cumsum(1)
    with pytest.raises(ValueError, match=r"nats, and (by decode_step|beside another) .* of training"):
        try_out(task_with(), model, ROUNDS, BATCH)


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
        try_out(task_with(), model, rounds, BATCH)


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
    try_out(task_with(), model, ROUNDS, BATCH)


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
    try_out(task_with(), model, ROUNDS, BATCH)


def test_a_metric_of_rare_counts_is_tried_on_the_samples_to_score():
    def share(means):
        assert means["samples"] == 300
        return dict.fromkeys((metric.name for metric in task.metrics), 1.0)

    task = task_with()
    task.scores = share
    try_out(task, build(SMALL, ROUNDS), ROUNDS, 1)


def test_trainings_that_share_their_draws_are_refused():
    def of_the_first(batch):
        return Batch(**{name: values[:1].expand_as(values) for name, values in vars(batch).items()})

    task = task_with(of_the_first)
    with pytest.raises(ValueError, match="sample draws a source that the generators of other trainings set"):
        try_out(task, build(SMALL, ROUNDS), ROUNDS, BATCH)


@pytest.mark.parametrize("size", [1, 8])
def test_a_task_is_asked_for_batches_of_the_runs_size_alone(size):
    asked, task = set(), task_with()
    sample = task.sample
    task.sample = lambda own, size: asked.add(size) or sample(own, size)
    try_out(task, build(SMALL, ROUNDS), ROUNDS, size)
    assert size in asked and asked <= {size, 100}  # those to score are drawn alike


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
    try_out(task_of(config.task), build(config, ROUNDS), ROUNDS, config.training.batch_size)


def test_every_run_that_is_kept_would_be_trained_again():
    configs = [config for plan in studies().values() for config in plan.values()]
    tried = [config for config in configs if isinstance(config.task, PrimeSettings)]
    assert len(tried) > 50
    for config in tried:
        rounds = range(min(2, config.training.rounds))
        try_out(task_of(config.task), build(config, rounds), rounds, config.training.batch_size)


def test_a_loss_that_cannot_be_scored_is_told_before_training():
    model = build(SMALL, ROUNDS)
    loss = model.loss
    model.loss = lambda batch, generators: loss(batch, generators)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'generators'"):
        try_out(task_with(), model, ROUNDS, BATCH)


def test_answers_that_draw_what_no_seed_sets_are_refused():
    model = build(SMALL, ROUNDS)
    step = model.decode_step

    def dropping(state, previous):
        state, logits = step(state, previous)
        return state, torch.nn.functional.dropout(logits, 0.5)

    model.decode_step = dropping
    with pytest.raises(ValueError, match="the model's answer draws from torch's own generator"):
        try_out(task_with(), model, ROUNDS, BATCH)


def test_statistics_of_truth_values_and_scores_that_rounding_lifts_are_taken():
    task = task_with(statistics=lambda p, t: {"exact": (p == t).all(1)})
    task.scores = lambda means: dict.fromkeys((metric.name for metric in task.metrics), 1 + 1e-15)
    try_out(task, build(SMALL, ROUNDS), ROUNDS, BATCH)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            {"statistics": lambda p, t: {"a": torch.tensor(0.5)}},
            "statistic 'a' must be a number for each of 300",
        ),
        (
            {"statistics": lambda p, t: {"a": torch.ones(300, 1)}},
            "statistic 'a' must be a number for each of 300",
        ),
        ({"statistics": lambda p, t: {"a": torch.full((300,), torch.nan)}}, "statistic 'a' must be a number"),
        ({"statistics": lambda p, t: {"samples": torch.ones(300)}}, "and not 'samples'"),
        ({"scores": lambda means: {}}, "the metric 'psa' must be a number of Python, not None"),
        ({"scores": lambda means: dict.fromkeys(["psa"], torch.tensor(1.0))}, "not tensor"),
    ],
)
def test_statistics_and_metrics_that_are_no_numbers_are_named(members, message):
    with pytest.raises(ValueError, match=message):
        try_out(task_with(**members), build(SMALL, ROUNDS), ROUNDS, BATCH)


def test_a_metric_whose_right_answers_are_beyond_its_bounds_is_named():
    task = task_with()
    task.scores = lambda means: dict.fromkeys((metric.name for metric in task.metrics), 100.0)
    with pytest.raises(ValueError, match="psa of right answers is 100, beyond its bounds, 0 and 1"):
        try_out(task, build(SMALL, ROUNDS), ROUNDS, BATCH)
