"""What tells a task from another: it must be one and the same in every process that has a part in a run."""

import hashlib
import itertools
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import get_args

from torch import Tensor

from replicate.fields import TaskSettings
from replicate.files import RunError
from replicate.randomness import make_generators
from replicate.tasks import task_of
from replicate.tasks.batch import PAD, Batch
from replicate.tasks.task import Split, Task, Vocabulary

PAIRS = 20  # of each kind


@cache
def task_digest(settings: TaskSettings) -> str:
    """The SHA-256 of some pairs to train on and to score, in ids and in words.

    A set of Python's, for one, has an order of its own in each process: of words, so have their ids.
    """
    task = task_of(settings)
    found = [_content(task, batch) for batch in few_batches(task)]
    return hashlib.sha256(json.dumps(found).encode()).hexdigest()


def few_batches(task: Task) -> list[Batch]:
    """Some pairs to train on, then some of each split."""
    splits = [itertools.islice(task.batches(split, _generators(), PAIRS), 1) for split in get_args(Split)]
    return [task.sample(_generators(), PAIRS), *itertools.chain(*splits)]


def refuse_another_task(settings: TaskSettings, digest: str, folder: Path) -> None:
    """See that a task is the one of a run: what was learnt with other words or pairs means nothing here.

    Raises:
        RunError: it is not.
    """
    if task_digest(settings) != digest:
        raise RunError(
            f"the task makes other pairs here than where {folder} was begun: it was changed since, or is "
            "another one in each process, as the order of a set and a draw without a seed are; make it the "
            "same in all, then delete that folder and start the run again"
        )


def of_other_pairs(runs: Iterable[tuple[Path, TaskSettings, dict]]) -> tuple[Path, Path] | None:
    """Two runs of one task that was changed between them, by their provenance, or None."""
    seen: dict[tuple, tuple[str, Path]] = {}
    for path, settings, record in runs:
        if digest := record.get("task"):  # runs of earlier versions have none
            key = settings.model_dump_json(), str(record.get("torch"))  # another one draws otherwise
            before, first = seen.setdefault(key, (digest, path))
            if digest != before:
                return first, path
    return None


def _generators() -> list:
    return make_generators(0, range(1), "digest")


def _content(task: Task, batch: Batch) -> list:
    """Both sides of a batch."""
    sides = (task.source, batch.source, task.reverse), (task.target, batch.target, False)
    return [[tokens.tolist(), _texts(vocabulary, tokens, turned)] for vocabulary, tokens, turned in sides]


def _texts(vocabulary: Vocabulary, tokens: Tensor, turned: bool) -> list[str]:
    """The texts of `[R, B, T]`, as they were before they were turned round."""
    special = {PAD, vocabulary.bos, vocabulary.eos}
    rows = [[token for token in row if token not in special] for row in tokens.flatten(0, 1).tolist()]
    return [vocabulary.decode(row[::-1] if turned else row) for row in rows]
