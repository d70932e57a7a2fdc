"""What batches of similar length save where a batch is padded to its longest sample, as in the paper.

This project packs its samples and pays for none that has ended, so the claim is measured on a padded
`torch.nn.LSTM` of the same size.
"""

import time

import pandas as pd
import torch
from torch import Tensor, nn

from replicate.randomness import make_generator
from replicate.settings import RunConfig
from replicate.tasks import task_of
from replicate.tasks.batch import Batch

POOL = 50  # batches drawn at once and, in the bucketed arm, sorted by source length before they are cut


class PaddedLSTM(nn.Module):
    """Encoder and decoder over padded sequences; the decoder starts from the last h, and c = 0."""

    def __init__(self, config: RunConfig):
        super().__init__()
        task, width = task_of(config.task), config.model.hidden_size
        vocabularies = (task.source, task.target)
        self.source, self.target = (
            nn.Embedding(vocabulary.size, config.model.embedding_size) for vocabulary in vocabularies
        )
        self.encoder, self.decoder = (
            nn.LSTM(config.model.embedding_size, width, batch_first=True) for _ in range(2)
        )
        self.readout = nn.Linear(width, task.target.size)

    def loss(self, source: Tensor, source_length: Tensor, target: Tensor) -> Tensor:
        """`[B, S]`, `[B]`, `[B, T]` -> the mean cross entropy."""
        states, _ = self.encoder(self.source(source))  # [B, S, H]
        last = states[torch.arange(len(source)), source_length - 1].unsqueeze(0)
        previous = nn.functional.pad(target[:, :-1], (1, 0))
        states, _ = self.decoder(self.target(previous), (last, torch.zeros_like(last)))
        return nn.functional.cross_entropy(
            self.readout(states).flatten(0, 1), target.flatten(), ignore_index=0
        )


def bucketing_table(config: RunConfig, repeats: int) -> pd.DataFrame:
    """One row a repeat and arm: seconds a batch, forward and backward, and the share of padding read."""
    task = task_of(config.task)
    generators = [make_generator(config.training.seed, 0, "bucketing")]
    model = PaddedLSTM(config)
    rows = []
    for repeat in range(-1, repeats):  # the first is a warm-up
        pool = task.sample(generators, POOL * config.training.batch_size)
        arms = {
            "random": torch.randperm(POOL * config.training.batch_size, generator=generators[0]),
            "bucketed": pool.source_length[0].argsort(),
        }
        for arm, order in sorted(arms.items(), reverse=repeat % 2 == 0):  # neither is always the first
            batches = [_cut(pool, chosen) for chosen in order.split(config.training.batch_size)]
            began = time.perf_counter()
            for source, source_length, target in batches:
                model.loss(source, source_length, target).backward()
            seconds = (time.perf_counter() - began) / POOL
            read = sum(source.numel() for source, _, _ in batches)
            padding = 1 - pool.source_length.sum().item() / read
            rows.append({"repeat": repeat, "arm": arm, "seconds": seconds, "padding": padding})
    table = pd.DataFrame(rows)
    return table[table.repeat >= 0].reset_index(drop=True)


def _cut(pool: Batch, chosen: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Some samples of a pool, padded to the longest among them."""
    length = pool.source_length[0, chosen]
    source = pool.source[0, chosen, : int(length.max())]
    target = pool.target[0, chosen, : int(pool.target_length[0, chosen].max())]
    return source, length, target
