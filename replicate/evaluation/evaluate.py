"""Scores on fresh samples: by round, by length and by target position, for a model or a baseline."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import pandas as pd
import torch
from torch import Tensor, nn

from replicate.decoding import greedy
from replicate.tasks.batch import Batch
from replicate.tasks.primes.metrics import answer_length, position_matches, score_pairs, summarise
from replicate.tasks.primes.task import PrimeTask

CHUNK = 500  # samples of each round decoded at once
METRICS = ["psa", "lcsr", "geo_mean", "exact_match", "lcs_f1"]
PUBLISHED_METRICS = ["published_psa", "published_lcsr", "published_geo_mean"]

Answer = Callable[[Batch], Tensor]  # a batch -> predictions [R, B, P]


@dataclass(frozen=True)
class Evaluation:
    """Tables of one evaluation of R rounds."""

    scores: pd.DataFrame  # one row a round: METRICS and PUBLISHED_METRICS
    by_length: pd.DataFrame  # one row a round, kind of length ("source" or "target") and length
    by_position: pd.DataFrame  # one row a round and target position (from 1)

    def without(self, rounds: list[int]) -> "Evaluation":
        """The same with no score for some rounds: those that diverged have none."""
        tables = [table.copy() for table in (self.scores, self.by_length, self.by_position)]
        for table in tables:
            scores = [name for name in table if name in {*METRICS, *PUBLISHED_METRICS, "accuracy"}]
            table.loc[table["round"].isin(rounds), scores] = float("nan")
        return Evaluation(*tables)


def model_answer(model: nn.Module, max_steps: int) -> Answer:
    """A model's own answers, at most `max_steps` tokens long."""
    device = next(model.parameters()).device
    return lambda batch: greedy(
        model, batch.source.to(device), batch.source_length.to(device), max_steps
    ).cpu()


def evaluate(
    answer: Answer, task: PrimeTask, generators: list[torch.Generator], rounds: range, samples: int
) -> Evaluation:
    """Score `samples` fresh samples a round, drawn from the round's own generator."""
    pairs, positions = [], []
    for batch in batches(task, generators, samples):
        prediction = answer(batch).flatten(0, 1)  # [R * B, P]
        target = batch.target.flatten(0, 1)  # [R * B, T]
        round_of = torch.tensor(rounds).repeat_interleave(batch.source.shape[1])
        pairs.append(
            pd.DataFrame(
                {
                    "round": round_of,
                    "source_length": batch.source_length.flatten() - int(task.source_eos),
                    "target_length": answer_length(target, task.eos),
                    **{
                        name: values.numpy()
                        for name, values in asdict(score_pairs(prediction, target, task.eos)).items()
                    },
                }
            )
        )
        positions.append(_position_counts(prediction, target, task.eos, len(rounds)))
    pairs = pd.concat(pairs)
    return Evaluation(
        _by_round(pairs), _by_length(pairs), _by_position(torch.stack(positions).sum(0), rounds)
    )


@torch.no_grad()
def nats_per_token(
    model: nn.Module, task: PrimeTask, generators: list[torch.Generator], samples: int
) -> Tensor:
    """Each round's mean cross entropy over the tokens of fresh targets, EOS counted: `[R]`.

    Its exponential is the perplexity; a model that solves the task has 0 nats, perplexity 1.
    """
    device = next(model.parameters()).device
    nats = tokens = 0
    for batch in batches(task, generators, samples):
        count = batch.target_length.sum(1)
        nats += model.loss(batch.to(device)).double().cpu() * count
        tokens += count
    return nats / tokens


def batches(task: PrimeTask, generators: list[torch.Generator], samples: int) -> Iterator[Batch]:
    """Fresh samples of every round, CHUNK at a time."""
    for first in range(0, samples, CHUNK):
        yield task.sample(generators, min(CHUNK, samples - first))


def _by_round(pairs: pd.DataFrame) -> pd.DataFrame:
    means = pairs.drop(columns=["source_length", "target_length"]).groupby("round").mean()
    rows = [{"round": r, **summarise(row)} for r, row in means.to_dict("index").items()]
    return pd.DataFrame(rows)[["round", *METRICS, *PUBLISHED_METRICS]]


def _by_length(pairs: pd.DataFrame) -> pd.DataFrame:
    tables = []
    for kind in ("source", "target"):
        groups = pairs.groupby(["round", f"{kind}_length"])[["psa", "lcsr", "exact_match", "lcs_f1"]]
        table = groups.mean().assign(samples=groups.size()).rename_axis(["round", "length"]).reset_index()
        tables.append(table.assign(kind=kind))
    columns = ["round", "kind", "length", "samples", "psa", "lcsr", "exact_match", "lcs_f1"]
    return pd.concat(tables, ignore_index=True)[columns]


def _position_counts(prediction: Tensor, target: Tensor, eos: int, rounds: int) -> Tensor:
    """`[2, R, T]`: at each position, the targets that reach it and those answered correctly there."""
    position = torch.arange(target.shape[1])
    reached = position < answer_length(target, eos).unsqueeze(1)
    counts = torch.stack([reached, position_matches(prediction, target, eos)])
    return counts.unflatten(1, (rounds, -1)).sum(2)


def _by_position(counts: Tensor, rounds: range) -> pd.DataFrame:
    _, height, width = counts.shape
    table = pd.DataFrame(
        {
            "round": [r for r in rounds for _ in range(width)],
            "position": list(range(1, width + 1)) * height,
            "samples": counts[0].flatten().numpy(),
            "accuracy": (counts[1] / counts[0]).flatten().numpy(),
        }
    )
    return table[table.samples > 0].reset_index(drop=True)
