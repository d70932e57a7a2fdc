"""Scores by place in the target on a tiny run, against one target at a time."""

import pytest
import torch
from shared import TINY

from replicate.decoding import greedy
from replicate.randomness import make_generator
from replicate.studies.claims.positions import position_table
from replicate.tasks import task_of


def test_positions_are_scored_as_one_target_at_a_time_would_be(runs):
    table = position_table(runs["base"], samples=700).set_index(["round", "primes", "position"])
    task, model = task_of(TINY.task), runs["base"].load_model()
    generators = [make_generator(TINY.training.seed, r, "positions") for r in range(5)]
    first, rest = task.sample(generators, 500), task.sample(generators, 200)
    seen = {}
    for batch in (first, rest):
        state = model.encode(batch.source, batch.source_length)
        answer = greedy(model, batch.source, batch.source_length, 5)
        previous = torch.full_like(batch.source_length, task.eos)
        for t in range(4):
            with torch.no_grad():
                state, logits = model.decode_step(state, previous)
            previous = batch.target[:, :, t]
            nats = torch.nn.functional.cross_entropy(
                logits.flatten(0, 1), previous.flatten(), reduction="none"
            ).view(5, -1)
            for r, b in ((previous > 0) & (previous != task.eos)).nonzero().tolist():
                right = answer[r, b, t] == previous[r, b]
                place = (r, int(batch.target_length[r, b]) - 1, t + 1)
                seen.setdefault(place, []).append((nats[r, b].item(), float(right)))
    assert set(seen) == set(table.index)
    for place, values in seen.items():
        row = table.loc[place]
        expected = (len(values), *torch.tensor(values, dtype=torch.float64).mean(0).tolist())
        assert (row.samples, row.nats, row.accuracy) == pytest.approx(expected, rel=1e-4)
