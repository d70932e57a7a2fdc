"""Scores by length and by prime, on tiny runs, against plain restatements."""

import pytest
from shared import TINY, primes

from replicate.decoding import greedy
from replicate.randomness import make_generator
from replicate.studies.claims.lengths import commonness_table, length_table
from replicate.tasks import task_of


def test_lengths_reach_twice_the_trained_one_and_count_targets_with_primes(runs):
    table = length_table(runs["base"], samples=400)
    task, model = primes(31, 8, reverse=True, source_eos=True), runs["base"].load_model()
    batch = task.sample([make_generator(TINY.training.seed, r, "lengths") for r in range(5)], 400)
    right = (greedy(model, batch.source, batch.source_length, 9) == batch.target).all(2)
    kept = batch.target_length > 1
    for length in range(1, 9):
        chosen = kept & (batch.source_length == length + 1)
        rows = table[table.length == length].set_index("round")
        assert rows.samples.tolist() == chosen.sum(1).tolist()
        expected = (right & chosen).sum(1) / chosen.sum(1)
        assert rows.exact_match.tolist() == pytest.approx(expected.tolist())
    assert sorted(table.length.unique()) == list(range(1, 9))


def test_commonness_counts_every_prime_of_the_targets(runs):
    table = commonness_table(runs["skewed"], samples=700)
    config = runs["skewed"].config
    task, model = task_of(config.task), runs["skewed"].load_model()
    generators = [make_generator(config.training.seed, r, "commonness") for r in range(5)]
    right, seen = {}, {}
    for size in (500, 200):
        batch = task.sample(generators, size)
        answers = greedy(model, batch.source, batch.source_length, 5).tolist()
        for r, (targets, given) in enumerate(zip(batch.target.tolist(), answers, strict=True)):
            for target, answer in zip(targets, given, strict=True):
                for place, token in enumerate(target[: target.index(30)]):
                    seen[r, token] = seen.get((r, token), 0) + 1
                    right[r, token] = right.get((r, token), 0) + (
                        answer[place] == token and 30 not in answer[:place]
                    )
    for row in table.itertuples():
        count = seen.get((row.round, row.prime), 0)
        assert row.samples == count
        if count:
            assert row.accuracy == pytest.approx(right[row.round, row.prime] / count)
    assert len(table) == 5 * 10
    assert table.groupby("half").size().to_dict() == {"common": 25, "rare": 25}
    rare, common = (table[table.half == half].probability for half in ("rare", "common"))
    assert rare.max() < common.min()
