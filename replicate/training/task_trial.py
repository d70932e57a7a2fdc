"""A task tried before a model trains on it: what breaks its contract is learnt wrongly."""

import itertools
from collections.abc import Callable, Iterable
from typing import get_args

import torch
from torch import Tensor, nn

from replicate.evaluation.evaluate import metrics_of, pair_means
from replicate.randomness import make_generators
from replicate.tasks.batch import PAD, Batch
from replicate.tasks.batch_check import check_batch
from replicate.tasks.pairs import without_unknown
from replicate.tasks.task import Split, Task, Vocabulary, unknown_of

Draw = Callable[[list[torch.Generator]], Batch]

SAMPLES = 100  # of each training and split, that the task is asked for


def try_task(task: Task, rounds: range, batch_size: int) -> None:
    """See that a task does what is asked of it, for R trainings.

    Raises:
        ValueError: a batch is none, samples draw what no seed sets, or a right answer scores beyond a
            metric's bounds.
    """
    _check_unknown(task.target)
    one = _drawn("sample", lambda own: task.sample(own, batch_size), task, rounds, batch_size)
    last = task.sample(make_generators(0, rounds[-1:], "trial"), batch_size)
    _check_equal("sample", one.part(rounds=slice(-1, None)), last, "the generators of other trainings set")
    for split in get_args(Split):
        scored = _drawn(f"batches({split!r})", _first_to_score(task, split), task, rounds)
    target = scored.target.flatten(0, 1)  # of the last split, the test's
    _check_bounds(task, target)
    _check_never_right(task, target)


def _check_unknown(vocabulary: Vocabulary) -> None:
    unknown = unknown_of(vocabulary)
    tokens = set(range(1, vocabulary.size)) - {vocabulary.bos, vocabulary.eos}
    if unknown is not None and unknown not in tokens:
        raise ValueError(f"the vocabulary's unknown is {unknown!r}: it must be the id of a token, or None")


def _first_to_score(task: Task, split: Split) -> Draw:
    def draw(generators: list[torch.Generator]) -> Batch:
        found = task.batches(split, generators, SAMPLES)
        if not isinstance(found, Iterable):
            raise ValueError(f"the task's batches({split!r}) must yield batches, and returns {found!r:.60}")
        batches = list(itertools.islice(found, SAMPLES + 1))
        if not batches:
            raise ValueError(f"the task has no pairs to score in {split}")
        pairs = sum(batch.source.shape[1] for batch in batches if isinstance(batch, Batch))
        if pairs > SAMPLES:
            raise ValueError(f"asked for at most {SAMPLES} pairs of {split}, the task gives {pairs} or more")
        return batches[0]

    return draw


def _drawn(of: str, draw: Draw, task: Task, rounds: range, samples: int | None = None) -> Batch:
    """What is drawn: a batch, of so many samples where that is known, which its generators alone set."""
    one, other = (draw(make_generators(0, rounds, "trial")) for _ in range(2))
    check_batch(of, one, task, len(rounds), samples)
    _check_equal(of, one, other, "its generators do not set")
    return one


def _check_equal(of: str, one: Batch, other: Batch, what: str) -> None:
    """See that two batches are alike but for padding."""
    for name, values in vars(one).items():
        theirs = vars(other)[name]
        if values.dim() == 3:
            width = max(values.shape[2], theirs.shape[2])
            values, theirs = (
                nn.functional.pad(v, (0, width - v.shape[2]), value=PAD) for v in (values, theirs)
            )
        if not torch.equal(values, theirs):
            raise ValueError(f"the task's {of} draws a {name} that {what}")


def _check_bounds(task: Task, target: Tensor) -> None:
    """See that the right answers themselves, `[N, T]`, score within every metric's bounds."""
    scores = metrics_of(task, pair_means(task, target, target))
    for metric in task.metrics:
        low, high = metric.bounds
        score, rounding = scores[metric.name], 1e-5 * (high - low)
        if not low - rounding <= score <= high + rounding:
            raise ValueError(
                f"{metric.name} of right answers is {score:g}, beyond its bounds, {low:g} and {high:g}"
            )


def _check_never_right(task: Task, target: Tensor) -> None:
    """See that what the vocabulary lacks scores nothing where it stands in answer and target, `[N, T]`."""
    unknown = unknown_of(task.target)
    if unknown is None:
        return
    lacking = target.clone()
    lacking[lacking[:, 0] != task.target.eos, 0] = unknown
    try:
        masked = metrics_of(task, pair_means(task, lacking, without_unknown(lacking, task.target)))
    except Exception:  # statistics that read no such target have other means against it
        return
    if metrics_of(task, pair_means(task, lacking, lacking))[task.headline] != masked[task.headline]:
        raise ValueError(
            f"an unknown word counts as right in {task.headline}: it never is, which `without_unknown` of "
            "tasks/pairs.py makes of a target"
        )
