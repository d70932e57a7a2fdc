"""What a task is. Training, decoding, evaluation and figures know no more of it than this."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

import torch
from torch import Tensor

from replicate.fields import TaskSettings
from replicate.tasks.batch import Batch

CHUNK = 500  # samples of each training that are decoded at once

Answer = Callable[[Batch], Tensor]  # a batch -> predictions [R, B, P]
Split = Literal["validation", "test"]  # of the metric curves, and of the scores after training


class Vocabulary(Protocol):
    """Tokens and their ids, from 0 (PAD, in every vocabulary) to size - 1."""

    size: int
    bos: int  # what a decoder is fed at first
    eos: int  # what ends an answer
    unknown: int | None  # what stands for all that it lacks, and is never right; may be left out

    def encode(self, text: str) -> list[int]:
        """The ids of a text, no special ones among them; ValueError says what is wrong with it."""

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of ids that are not special."""


def unknown_of(vocabulary: Vocabulary) -> int | None:
    """Its `unknown`, None where it says nothing of it."""
    return getattr(vocabulary, "unknown", None)


TAKEN = {  # the columns that the tables of a run, and of a sweep, have for every task
    *("round", "step", "loss", "nats", "learning_rate", "gradient_norm", "gradient_norm_max", "large_share"),
    *("diverged", "evaluation", "kind", "length", "position", "samples"),
    *("folder", "state", "error", "seconds", "machine"),
}
OWN_ROWS = {"trained", "untrained", "oracle"}  # beside a task's baselines


@dataclass(frozen=True)
class Metric:
    """A column of the tables of scores, and how a reader sees it.

    Its name is none of the tables' own, `TAKEN`.
    """

    name: str
    label: str
    bounds: tuple[float, float] = (0.0, 1.0)
    larger_is_better: bool = True
    curve: bool = True  # drawn over the updates
    by_length: bool = True  # drawn by length of source and target

    def better(self, score: float, other: float) -> bool:
        """Whether a score is better than another."""
        return score > other if self.larger_is_better else score < other

    @property
    def limits(self) -> tuple[float, float]:
        """Of an axis: its bounds and a little more, so that what lies on them is seen."""
        low, high = self.bounds
        return low - 0.02 * (high - low), high + 0.02 * (high - low)


class Task(Protocol):
    """Pairs of sequences, and what a good answer is."""

    Settings: ClassVar[type[TaskSettings]]
    source: Vocabulary
    target: Vocabulary  # the same object where both sides share one, and then one embedding
    max_source_length: int
    max_target_length: int  # EOS counted
    reverse: bool  # whether a source is read backwards
    source_eos: bool  # whether EOS ends a source, and counts in its length
    metrics: Sequence[Metric]  # in the order of the tables
    headline: str  # the name of the one that is shown first
    baselines: Mapping[str, Answer]  # such as chance; the right answers themselves are known to all

    def sample(self, generators: list[torch.Generator], batch_size: int) -> Batch:
        """One training batch for every training, each drawn from its own generator."""

    def batches(self, split: Split, generators: list[torch.Generator], samples: int) -> Iterator[Batch]:
        """Pairs to score, at most `samples` a training and CHUNK at a time: of a fixed split, or fresh ones.

        A task that draws fresh samples without end may ignore the split.
        """

    def statistics(self, prediction: Tensor, target: Tensor) -> dict[str, Tensor]:
        """What is known of single pairs: `[N, P]` and `[N, T]` -> float64 `[N]` by name.

        The name `samples` is taken.
        """

    def scores(self, means: Mapping[str, float]) -> dict[str, float]:
        """Every metric of some pairs, from the means of their statistics and their number, `samples`.

        A metric of a corpus, such as BLEU, is a function of sums over pairs, which these give.
        """

    def example(self, source: Sequence[int]) -> Batch:
        """One pair with a source of one's own, R = B = 1; its target has length 0 where none is known."""


def check_task(task: Task) -> None:
    """See that a task has what is asked of it, and metrics and baselines that tables and figures can have.

    Raises:
        ValueError: it lacks something, two columns would have one name, the headline is no metric, bounds are
            no interval, or a figure has no metric.
    """
    methods = [name for name in vars(Task) if not name.startswith("_")]
    for name in (*Task.__annotations__, *methods):
        if name not in dir(task) and not hasattr(task, name):  # asked for, one might read a text
            raise ValueError(f"{type(task).__name__} lacks {name}, which a task must have")
    names = [metric.name for metric in task.metrics]
    for name in names:
        if name in TAKEN or names.count(name) > 1:
            raise ValueError(f"the metric {name!r} needs another name: the tables have a column of this one")
    for metric in task.metrics:
        low, high = metric.bounds
        if not -math.inf < low < high < math.inf:
            raise ValueError(
                f"the bounds of the metric {metric.name!r} must be two numbers, the lower one first"
            )
    if task.headline not in names:
        raise ValueError(f"the headline {task.headline!r} is none of the metrics, {', '.join(names)}")
    if not any(metric.curve for metric in task.metrics):
        raise ValueError("no metric has curve=True, to be drawn over the updates")
    if not any(metric.by_length for metric in task.metrics):
        raise ValueError("no metric has by_length=True, to be drawn by length")
    if taken := sorted(OWN_ROWS & task.baselines.keys()):
        raise ValueError(f"the baseline {taken[0]!r} needs another name: every table has one of this name")
