"""Scores beyond the trained lengths and by how common a prime is."""

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from replicate.decoding import greedy
from replicate.randomness import make_generators
from replicate.runs.folder import Run
from replicate.tasks import task_of
from replicate.tasks.pairs import position_matches


def length_table(run: Run, samples: int) -> pd.DataFrame:
    """One row a round and source length, up to twice the trained one, over the targets that hold a prime.

    Short sources often hold none, and the empty answer to those would flatter them.
    """
    longer = run.config.changed(max_length=2 * run.config.task.max_length)
    task, rounds = task_of(longer.task), run.config.training.rounds
    model, tables = run.load_model(), []
    for batch in task.batches(
        "test", make_generators(run.config.training.seed, range(rounds), "lengths"), samples
    ):
        prediction = greedy(model, batch.source, batch.source_length, task.max_target_length)
        scores = task.statistics(prediction.flatten(0, 1), batch.target.flatten(0, 1))
        table = pd.DataFrame(
            {
                "round": torch.arange(rounds).repeat_interleave(batch.source.shape[1]),
                "length": batch.source_length.flatten() - int(task.source_eos),
                "exact_match": scores["exact_match"],
                "lcs_f1": scores["lcs_f1"],
            }
        )
        tables.append(table[batch.target_length.flatten().numpy() > 1])
    groups = pd.concat(tables).groupby(["round", "length"])
    return groups.mean().assign(samples=groups.size()).reset_index()


def commonness_table(run: Run, samples: int) -> pd.DataFrame:
    """One row a round and prime: its probability as a value, and how often it is answered at its place.

    `half` says whether that probability is above or below the median of the primes'.
    """
    task, rounds = run.task, run.config.training.rounds
    model = run.load_model()
    counts = torch.zeros(2, rounds, run.config.task.vocab_size)
    for batch in task.batches(
        "test", make_generators(run.config.training.seed, range(rounds), "commonness"), samples
    ):
        prediction = greedy(model, batch.source, batch.source_length, task.max_target_length)
        for r in range(rounds):
            counts[:, r] += _token_counts(prediction[r], batch.target[r], task.eos)
    primes = task.is_prime.nonzero().flatten()
    median = task.probability[primes].quantile(0.5).item()
    halves = {1: "common", 0: "median", -1: "rare"}
    rows = [
        {
            "round": r,
            "prime": prime,
            "probability": task.probability[prime].item(),
            "half": halves[int(np.sign(task.probability[prime].item() - median))],
            "samples": int(counts[0, r, prime]),
            "accuracy": (counts[1, r, prime] / counts[0, r, prime]).item(),
        }
        for r in range(rounds)
        for prime in primes.tolist()
    ]
    return pd.DataFrame(rows)


def _token_counts(prediction: Tensor, target: Tensor, eos: int) -> Tensor:
    """`[2, V]`: how often each token is in the targets, and how often it is answered at its place there."""
    matches = position_matches(prediction, target, eos)
    return torch.stack(
        [torch.bincount(tokens, minlength=eos + 1) for tokens in (target.flatten(), target[matches])]
    )
