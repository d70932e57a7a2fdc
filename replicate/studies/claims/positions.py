"""How well each place of a target is answered, by the length of the target."""

import pandas as pd
import torch

from replicate.decoding import greedy, token_log_probability
from replicate.randomness import make_generators
from replicate.runs.folder import Run
from replicate.tasks.pairs import position_matches


def position_table(run: Run, samples: int) -> pd.DataFrame:
    """One row a round, number of primes in the target, and position: `samples`, `nats` and `accuracy`.

    Nats are those of the right token given the right ones before it (teacher forcing), accuracy that of the
    model's own answer. EOS has no row.
    """
    task, rounds = run.task, range(run.config.training.rounds)
    model, sums = run.load_model(), 0
    for batch in task.batches(
        "test", make_generators(run.config.training.seed, rounds, "positions"), samples
    ):
        target = batch.target
        logs = token_log_probability(model, batch.source, batch.source_length, target.unsqueeze(2)).squeeze(2)
        answer = greedy(model, batch.source, batch.source_length, task.max_target_length)
        right = position_matches(answer.flatten(0, 1), target.flatten(0, 1), task.eos).view(target.shape)
        is_prime = (target > 0) & (target != task.eos)  # [R, B, T]
        values = torch.stack([is_prime.double(), -logs.double() * is_prime, (right & is_prime).double()])
        # The samples of each length of target together: [3, R, L, T].
        length = (batch.target_length - 1).unsqueeze(2).expand(target.shape).expand_as(values)
        shape = (*values.shape[:2], task.max_length + 1, values.shape[3])
        sums = sums + torch.zeros(shape, dtype=torch.float64).scatter_add(2, length, values)
    return _rows(sums)


def _rows(sums: torch.Tensor) -> pd.DataFrame:
    """`[3, R, L, T]`, sums of ones, nats and right answers -> one row for each that has samples."""
    places = (sums[0] > 0).nonzero()
    count, nats, right = (table[tuple(places.T)] for table in sums)
    return pd.DataFrame(
        {
            "round": places[:, 0],
            "primes": places[:, 1],
            "position": places[:, 2] + 1,
            "samples": count.long(),
            "nats": nats / count,
            "accuracy": right / count,
        }
    )
