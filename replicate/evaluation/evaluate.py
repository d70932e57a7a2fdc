"""Scores of answers: by training, by length and by target position, for a model or a baseline of any task."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Real

import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from replicate.decoding import greedy
from replicate.tasks.batch import Batch
from replicate.tasks.pairs import answer_length, position_matches, without_unknown
from replicate.tasks.task import Answer, Split, Task

# In notebooks: JupyterLab would take two dollars in a table's words for those of a formula.
pd.set_option("display.html.use_mathjax", False)

KINDS = ("source", "target")  # whose lengths a row by length is of
KEYS = ["round", "kind", "length", "position", "samples"]  # columns that are no scores


@dataclass(frozen=True)
class Evaluation:
    """Tables of one evaluation of R trainings."""

    scores: pd.DataFrame  # one row a training: the task's metrics
    by_length: pd.DataFrame  # one row a training, kind of length ("source" or "target") and length: likewise
    by_position: pd.DataFrame  # one row a training and target position (from 1)

    def without(self, rounds: list[int]) -> "Evaluation":
        """The same with no score for some trainings: those that diverged have none."""
        tables = [table.copy() for table in (self.scores, self.by_length, self.by_position)]
        for table in tables:
            scores = [name for name in table if name not in KEYS]
            table.loc[table["round"].isin(rounds), scores] = float("nan")
        return Evaluation(*tables)


def model_answer(model: nn.Module, max_steps: int) -> Answer:
    """A model's own answers, at most `max_steps` tokens long."""
    return lambda batch: greedy(model, batch.source, batch.source_length, max_steps)


def oracle_answer(batch: Batch) -> Tensor:
    """The target itself: what a perfect model scores, the ceiling of every metric."""
    return batch.target


def evaluate(
    answer: Answer,
    task: Task,
    generators: list[torch.Generator],
    rounds: range,
    samples: int,
    split: Split = "test",
    told: Callable[[int], None] = lambda samples: None,
) -> Evaluation:
    """Score the answers to `samples` samples a training, or to a task's fixed split of that name.

    `told` hears of the samples of every batch that is done.
    """
    pairs, positions = [], []
    for batch in task.batches(split, generators, samples):
        prediction = answer(batch).flatten(0, 1)  # [R * B, P]
        target = batch.target.flatten(0, 1)  # [R * B, T]
        index = {
            "round": torch.tensor(rounds).repeat_interleave(batch.source.shape[1]),
            "source": batch.source_length.flatten() - int(task.source_eos),
            "target": answer_length(target, task.target.eos),
        }
        statistics = {n: values.numpy() for n, values in pair_statistics(task, prediction, target).items()}
        pairs.append(pd.DataFrame(statistics, pd.MultiIndex.from_frame(pd.DataFrame(index))))
        wanted = without_unknown(target, task.target)
        positions.append(_position_counts(prediction, wanted, task.target.eos, len(rounds)))
        told(batch.source.shape[1])
    pairs = pd.concat(pairs)
    lengths = [_scores(task, pairs, kind).assign(kind=kind) for kind in KINDS]
    by_length = pd.concat(lengths, ignore_index=True)
    return Evaluation(
        _scores(task, pairs).drop(columns="samples"),
        by_length[["round", "kind", "length", "samples", *(metric.name for metric in task.metrics)]],
        # Batches of a text are as long as their longest targets.
        _by_position(pad_sequence(positions).sum(1), rounds),
    )


def pair_statistics(task: Task, prediction: Tensor, target: Tensor) -> dict[str, Tensor]:
    """A task's statistics of N pairs, `[N]` by name.

    Raises:
        ValueError: one is not a number for each pair, or has the name of their count.
    """
    statistics = task.statistics(prediction, target)
    for name, values in statistics.items():
        is_of_pairs = isinstance(values, Tensor) and values.shape == target.shape[:1]
        if name == "samples" or not is_of_pairs or values.isnan().any():
            raise ValueError(
                f"the statistic {name!r} must be a number for each of {len(target)} pairs, and not 'samples'"
            )
    return statistics


def pair_means(task: Task, prediction: Tensor, target: Tensor) -> dict[str, float]:
    """The means of a task's statistics of N pairs, and their number, from which it reckons its metrics."""
    statistics = pair_statistics(task, prediction, target)
    means = {name: values.double().mean().item() for name, values in statistics.items()}
    return means | {"samples": len(target)}


def metrics_of(task: Task, means: Mapping[str, float]) -> dict[str, float]:
    """A task's metrics of some pairs, from the means of their statistics and their number.

    Raises:
        ValueError: one is missing, or no number.
    """
    scores = task.scores(means)
    for metric in task.metrics:
        if not isinstance(scores.get(metric.name), Real):
            raise ValueError(
                f"the metric {metric.name!r} must be a number of Python, not {scores.get(metric.name)!r}"
            )
    return {metric.name: scores[metric.name] for metric in task.metrics}


@torch.no_grad()
def nats_per_token(
    model: nn.Module,
    task: Task,
    generators: list[torch.Generator],
    samples: int,
    split: Split = "test",
    told: Callable[[int], None] = lambda samples: None,
) -> Tensor:
    """Each training's mean cross entropy over the tokens of the targets, EOS counted: `[R]`.

    Its exponential is the perplexity; a model that solves the task has 0 nats, perplexity 1. `told` hears of
    the samples of every batch that is done.
    """
    nats = tokens = 0
    for batch in task.batches(split, generators, samples):
        count = batch.target_length.sum(1)
        nats += model.loss(batch).double().cpu() * count
        tokens += count
        told(batch.source.shape[1])
    return nats / tokens


def _scores(task: Task, pairs: pd.DataFrame, kind: str | None = None) -> pd.DataFrame:
    """One row a training, or a training and length of a kind: the number of samples, and every metric."""
    keys = ["round"] if kind is None else ["round", kind]
    groups = pairs.groupby(level=keys)
    means = groups.mean().assign(samples=groups.size())
    table = pd.DataFrame([metrics_of(task, row) for row in means.to_dict("records")], index=means.index)
    table = table.assign(samples=means.samples)
    return table.rename_axis(index={kind: "length"}).reset_index()


def _position_counts(prediction: Tensor, target: Tensor, eos: int, rounds: int) -> Tensor:
    """`[T, 2, R]`: at each position, the targets that reach it and those answered correctly there."""
    position = torch.arange(target.shape[1])
    reached = position < answer_length(target, eos).unsqueeze(1)
    counts = torch.stack([reached, position_matches(prediction, target, eos)])
    return counts.unflatten(1, (rounds, -1)).sum(2).movedim(2, 0)


def _by_position(counts: Tensor, rounds: range) -> pd.DataFrame:
    reached, right = counts.permute(1, 2, 0)  # [R, T]
    height, width = reached.shape
    table = pd.DataFrame(
        {
            "round": [r for r in rounds for _ in range(width)],
            "position": list(range(1, width + 1)) * height,
            "samples": reached.flatten().numpy(),
            "accuracy": (right / reached).flatten().numpy(),
        }
    )
    return table[table.samples > 0].reset_index(drop=True)
