"""The vectorised generator against the plain one, hand-made cases and its distribution."""

import random

import pytest
import torch
from scipy.stats import chisquare
from shared import primes

from replicate.randomness import make_generator
from replicate.tasks.primes import reference
from replicate.tasks.primes.task import mirror, prime_table


def generators(rounds: int, seed: int = 0) -> list[torch.Generator]:
    return [make_generator(seed, r, "test") for r in range(rounds)]


def test_prime_table_equals_trial_division():
    assert prime_table(2000).tolist() == [reference.is_prime(x) for x in range(2000)]


@pytest.mark.parametrize("reverse", [False, True])
def test_hand_made_batch(reverse):
    task = primes(vocab_size=101, max_length=4, reverse=reverse)
    values = torch.tensor([[[4, 7, 9, 2], [8, 1, 3, 97], [2, 3, 5, 7], [6, 8, 5, 5]]])
    batch = task.batch_of(values, torch.tensor([[4, 2, 4, 3]]))
    forward = [[4, 7, 9, 2], [8, 1, 0, 0], [2, 3, 5, 7], [6, 8, 5, 0]]
    backward = [[2, 9, 7, 4], [1, 8, 0, 0], [7, 5, 3, 2], [5, 8, 6, 0]]
    assert batch.source[0].tolist() == (backward if reverse else forward)
    assert batch.target[0].tolist() == [
        [7, 2, 100, 0, 0],
        [100, 0, 0, 0, 0],
        [2, 3, 5, 7, 100],
        [5, 100, 0, 0, 0],
    ]
    assert batch.target_length[0].tolist() == [3, 1, 5, 2]


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
def test_targets_are_the_primes_of_the_sources(shared, reverse):
    task = primes(101, 15, reverse, eos_is_a_value=shared)
    batch = task.sample(generators(3), 400)
    assert batch.source.shape == (3, 400, 15) and batch.target.shape == (3, 400, 16)
    for source, n, target, m in zip(*(t.flatten(0, 1).tolist() for t in vars(batch).values()), strict=True):
        inside = source[:n]
        assert all(1 <= x <= (100 if shared else 99) for x in inside) and not any(source[n:])
        wanted = [x for x in (inside[::-1] if reverse else inside) if reference.is_prime(x)]
        assert target == [*wanted, 100] + [0] * (15 - len(wanted)) and m == len(wanted) + 1


def test_a_prime_eos_is_never_a_target():
    task = primes(vocab_size=12, max_length=6, eos_is_a_value=True)  # EOS is 11
    batch = task.sample(generators(1), 2000)
    assert (batch.source == 11).any()
    assert torch.equal((batch.target == 11).sum(2), torch.ones(1, 2000, dtype=torch.long))


def test_lengths_and_values_are_uniform():
    batch = primes(101, 15, eos_is_a_value=True).sample(generators(2), 20_000)
    lengths = torch.bincount(batch.source_length.flatten())[1:]
    values = torch.bincount(batch.source.flatten(), minlength=101)[1:]
    assert len(lengths) == 15 and len(values) == 100
    assert chisquare(lengths).pvalue > 1e-4 and chisquare(values).pvalue > 1e-4


def test_skewed_values_follow_their_weights():
    task = primes(31, 10, skew=1.0)
    batch = task.sample(generators(1), 20_000)
    counts = torch.bincount(batch.source.flatten(), minlength=30)[1:]
    weights = 1 / torch.arange(1, 30, dtype=torch.float64)
    expected = weights / weights.sum() * counts.sum()
    commonest_first = task.probability[1:].argsort(descending=True)
    assert chisquare(counts[commonest_first], expected).pvalue > 1e-4
    empty = (batch.target_length == 1).double().mean().item()
    assert empty == pytest.approx(task.empty_share(), abs=4 * 0.5 / 20_000**0.5)


def test_another_order_gives_other_values_the_same_weights():
    first, same, other = (primes(31, 10, skew=1.0, skew_order=k).probability for k in (1, 1, 2))
    assert torch.equal(first, same) and not torch.equal(first, other)
    torch.testing.assert_close(first.sort().values, other.sort().values)


def test_no_skew_is_uniform():
    assert primes(31, 10).probability.tolist() == pytest.approx([0, *[1 / 29] * 29])


@pytest.mark.parametrize("reverse", [False, True])
def test_source_eos_comes_last_either_way_and_is_counted(reverse):
    plain, marked = (primes(101, 3, reverse, source_eos=eos) for eos in (False, True))
    values, length = torch.tensor([[[4, 7, 9], [8, 1, 3]]]), torch.tensor([[3, 2]])
    batch, other = marked.batch_of(values, length), plain.batch_of(values, length)
    assert batch.source.tolist() == [
        [[9, 7, 4, 100], [1, 8, 100, 0]] if reverse else [[4, 7, 9, 100], [8, 1, 100, 0]]
    ]
    assert batch.source_length.tolist() == [[4, 3]]
    assert torch.equal(batch.target, other.target)


def test_a_round_draws_the_same_whatever_runs_beside_it():
    task = primes(101, 10)
    alone = task.sample([make_generator(0, 2, "test")], 16)
    among = task.sample(generators(4), 16)
    assert torch.equal(alone.source[0], among.source[2]) and torch.equal(alone.target[0], among.target[2])


@pytest.mark.parametrize(("max_length", "ceiling"), [(5, 0.542), (10, 0.717), (15, 0.803)])
def test_empty_share_by_theory_and_by_the_plain_generator(max_length, ceiling):
    task = primes(101, max_length, eos_is_a_value=True)
    assert 1 - task.empty_share() == pytest.approx(ceiling, abs=5e-4)
    rng = random.Random(0)
    empty = [not reference.sample_pair(rng, max_length, 100)[1] for _ in range(20_000)]
    assert sum(empty) / len(empty) == pytest.approx(task.empty_share(), abs=4 * 0.5 / 20_000**0.5)


def test_a_mirrored_source_is_the_other_directions():
    forward, reverse = (primes(31, 5, reverse, source_eos=True) for reverse in (False, True))
    generator = [make_generator(0, 0, "x")]
    batch = forward.sample(generator, 50)
    other = reverse.sample([make_generator(0, 0, "x")], 50)
    assert torch.equal(mirror(batch.source, batch.source_length - 1), other.source)
