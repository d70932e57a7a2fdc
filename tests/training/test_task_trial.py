"""Tasks of one's own that break their contract are refused before the first update."""

import random
from dataclasses import replace

import pytest
import torch
from shared import task_with

from replicate.tasks.batch import Batch
from replicate.tasks.pairs import without_unknown
from replicate.training.task_trial import try_task

ROUNDS, BATCH = range(3), 100
EOS = 30  # of the task


def without_eos(batch):
    return replace(batch, target_length=(batch.target_length - 1).clamp(min=1))


def with_length_of_padding(batch):
    return replace(batch, target_length=torch.full_like(batch.target_length, batch.target.shape[2]))


def with_tokens_after_the_end(batch):
    padded = torch.nn.functional.pad(batch.target, (0, 1), value=7)
    return replace(batch, target=padded)


def with_an_end_before_the_end(batch):
    return replace(batch, target=torch.where(batch.target == 2, EOS, batch.target))


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
        try_task(task_with(change), ROUNDS, BATCH)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"max_target_length": 3}, "target .* has . tokens, and the task says that 3 are the most"),
        ({"max_source_length": 3}, "source .* has 5 tokens, and the task says that 3 are the most"),
        ({"batches": lambda *given: iter([])}, "the task has no pairs to score in validation"),
        ({"batches": lambda *given: None}, r"batches\('validation'\) must yield batches, and returns None"),
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
        try_task(task_with(**members), ROUNDS, BATCH)


@pytest.mark.parametrize("size", [9, 101])
def test_pairs_to_score_without_end_are_refused(size):
    task = task_with()
    task.batches = lambda split, generators, samples: iter(lambda: task.sample(generators, size), None)
    with pytest.raises(ValueError, match="asked for at most 100 pairs of validation, the task gives"):
        try_task(task, ROUNDS, BATCH)


@pytest.mark.parametrize("unknown", ["<unk>", 0, 30, 31, -1])
def test_an_unknown_that_is_no_token_is_refused(unknown):
    task = task_with()
    task.target.unknown = unknown
    with pytest.raises(ValueError, match=r"the vocabulary's unknown is .*: it must be the id of a token"):
        try_task(task, ROUNDS, BATCH)


def test_an_unknown_that_is_right_as_any_token_is_refused():
    task = task_with()
    task.target.unknown = 7
    with pytest.raises(ValueError, match="an unknown word counts as right in geo_mean: it never is"):
        try_task(task, ROUNDS, BATCH)
    statistics = task.statistics
    task.statistics = lambda given, wanted: statistics(given, without_unknown(wanted, task.target))
    try_task(task, ROUNDS, BATCH)


def test_statistics_that_read_no_unknown_or_give_a_word_nothing_are_taken():
    """What is tried is the task's own pairs: others may be what its statistics cannot read."""
    task = task_with()
    task.target.unknown = 7
    statistics = task.statistics

    def reading(given, wanted):
        assert wanted.min() >= 0 and wanted.shape[1] > 2  # as one that looks ids up
        return statistics(given, wanted)

    task.statistics = reading
    try_task(task, ROUNDS, BATCH)


def test_samples_that_their_generators_do_not_set_are_refused():
    task = task_with()
    sample, others = task.sample, [torch.Generator().manual_seed(i) for i in ROUNDS]
    task.sample = lambda generators, size: sample(others, size)  # which go on from draw to draw
    with pytest.raises(ValueError, match="sample draws a source that its generators do not set"):
        try_task(task, ROUNDS, BATCH)


@pytest.mark.parametrize("draw", [random.random, lambda: torch.rand(()).item()])
def test_pairs_to_score_that_their_generators_do_not_set_are_refused(draw):
    task = task_with()

    def batches(split, generators, samples):
        return [task.sample([torch.Generator().manual_seed(int(2**31 * draw())) for _ in generators], 9)]

    task.batches = batches
    with pytest.raises(ValueError, match=r"the task's batches\('validation'\) draws a source that its gen"):
        try_task(task, ROUNDS, BATCH)


def test_a_metric_of_rare_counts_is_tried_on_the_samples_to_score():
    def share(means):
        assert means["samples"] == 300
        return dict.fromkeys((metric.name for metric in task.metrics), 1.0)

    task = task_with()
    task.scores = share
    try_task(task, ROUNDS, 1)


def test_trainings_that_share_their_draws_are_refused():
    def of_the_first(batch):
        return Batch(**{name: values[:1].expand_as(values) for name, values in vars(batch).items()})

    task = task_with(of_the_first)
    with pytest.raises(ValueError, match="sample draws a source that the generators of other trainings set"):
        try_task(task, ROUNDS, BATCH)


@pytest.mark.parametrize("size", [1, 8])
def test_a_task_is_asked_for_batches_of_the_runs_size_alone(size):
    asked, task = set(), task_with()
    sample = task.sample
    task.sample = lambda own, size: asked.add(size) or sample(own, size)
    try_task(task, ROUNDS, size)
    assert size in asked and asked <= {size, 100}  # those to score are drawn alike


def test_statistics_of_truth_values_and_scores_that_rounding_lifts_are_taken():
    task = task_with(statistics=lambda p, t: {"exact": (p == t).all(1)})
    task.scores = lambda means: dict.fromkeys((metric.name for metric in task.metrics), 1 + 1e-15)
    try_task(task, ROUNDS, BATCH)


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
        try_task(task_with(**members), ROUNDS, BATCH)


def test_a_metric_whose_right_answers_are_beyond_its_bounds_is_named():
    task = task_with()
    task.scores = lambda means: dict.fromkeys((metric.name for metric in task.metrics), 100.0)
    with pytest.raises(ValueError, match="psa of right answers is 100, beyond its bounds, 0 and 1"):
        try_task(task, ROUNDS, BATCH)
