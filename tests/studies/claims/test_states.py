"""Distances and a map of encoder states: made-up encoders, and models that were never trained."""

from types import SimpleNamespace

import pytest
import torch
from shared import TINY, primes

from replicate.models import build
from replicate.presets import PAPER
from replicate.randomness import make_generator
from replicate.studies.claims.states import (
    LENGTH,
    ORIGINAL,
    PRIMES,
    distance,
    distance_table,
    encoder_table,
    rearranged,
    state_map,
)
from replicate.tasks import task_of


def test_every_round_and_both_encoders_read_sources_of_their_own_round(runs):
    config = TINY.changed(vocab_size=61, max_length=20, rounds=2)
    started = SimpleNamespace(
        config=config, task=task_of(config.task), load_model=lambda: build(config, range(2))
    )
    table = encoder_table(started, 40)
    by_encoder = table.pivot(index=["round", "rearrangement"], columns="encoder", values="distance")
    assert (by_encoder.trained == by_encoder.untrained).all()  # this one was never trained
    elsewhere = build(config.changed(seed=9), range(2))
    moved = encoder_table(
        SimpleNamespace(config=config, task=task_of(config.task), load_model=lambda: elsewhere), 40
    )
    moved = moved.pivot(index=["round", "rearrangement"], columns="encoder", values="distance")
    assert moved.untrained.equals(by_encoder.untrained) and not moved.trained.equals(by_encoder.trained)
    task = task_of(config.task)
    for r in range(2):
        sources = rearranged(task, 40, make_generator(config.training.seed, r, "encoder"))
        states = {}
        for name, values in sources.items():
            batch = task.batch_of(values.expand(2, -1, -1), torch.full((2, 40), LENGTH))
            states[name] = build(config, range(2)).encode(batch.source, batch.source_length)
        original = states.pop(ORIGINAL)
        unit = distance(original, original.roll(1, dims=1))[r]
        for name, state in states.items():
            expected = (distance(original, state)[r] / unit).item()
            assert by_encoder.trained[r, name] == pytest.approx(expected, rel=1e-4)


def test_rearrangements_keep_what_they_say():
    task = primes(101, 30)
    moved = rearranged(task, 50, make_generator(0, 0, "x"))
    values = moved.pop(ORIGINAL)

    def primes_of(rows):
        return [[x for x in row if task.is_prime[x]] for row in rows.tolist()]

    assert values.shape == (50, LENGTH) and {len(row) for row in primes_of(values)} == {PRIMES}
    for name, rows in moved.items():
        assert torch.equal(rows.sort(dim=1).values, values.sort(dim=1).values)
        same = primes_of(rows) == primes_of(values)
        assert same == (name != "primes swapped")
    swapped = (moved["primes swapped"] != values).sum(1), (moved["others swapped"] != values).sum(1)
    assert swapped[0].tolist() == swapped[1].tolist() == [PRIMES] * 50
    assert torch.equal(task.is_prime[moved["others swapped"]], task.is_prime[values])
    assert (task.is_prime[moved["others moved"]] != task.is_prime[values]).any(1).float().mean() > 0.9


def made_up(encode, config=PAPER):
    """A run of one round whose state is what `encode` makes of the sources."""
    model = torch.nn.Linear(1, 1)
    model.encode = lambda source, length: encode(source[:, :, :LENGTH]).unsqueeze(2).float()
    return SimpleNamespace(
        config=config.changed(rounds=1), task=task_of(config.changed(rounds=1).task), load_model=lambda: model
    )


def primes_in_order(source):
    """A number that depends on the primes and their order, and on nothing else."""
    prime = task_of(PAPER.task).is_prime[source]
    return (source * prime * prime.cumsum(2)).sum(2)


def test_a_state_of_the_primes_in_order_is_moved_by_swapping_primes_alone():
    table = distance_table(made_up(primes_in_order), 500).set_index("rearrangement").distance
    assert table["others swapped"] == table["others moved"] == 0
    assert table["primes swapped"] > 0.3


def test_unrelated_sources_are_at_distance_1():
    table = distance_table(made_up(lambda source: torch.randn(source.shape[:2])), 5000)
    assert table.distance.tolist() == pytest.approx([1, 1, 1], abs=0.06)


def test_the_map_has_every_order_of_three_primes_and_centred_axes():
    config = PAPER.changed(rounds=1)
    run = SimpleNamespace(
        config=config, task=task_of(config.task), load_model=lambda: build(config, range(1))
    )
    table = state_map(run, fillings=4)
    assert table.groupby("primes").size().tolist() == [4] * 6
    assert (table.x.mean(), table.y.mean()) == pytest.approx((0, 0), abs=1e-4)
    assert table.share_x[0] > table.share_y[0] > 0
    assert table.x.var() / table.y.var() == pytest.approx(table.share_x[0] / table.share_y[0])
