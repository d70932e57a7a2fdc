"""What the encoder's state keeps: how far it moves when the source is rearranged, and its map (Fig. 2)."""

import itertools

import pandas as pd
import torch
from torch import Tensor

from replicate.models import build
from replicate.randomness import make_generator, make_generators
from replicate.runs.folder import Run
from replicate.tasks.primes.task import PrimeTask

LENGTH = 12  # values of a source here, without EOS
PRIMES = 4  # of them
ORIGINAL = "original"


def distance_table(run: Run, samples: int) -> pd.DataFrame:
    """One row a round and rearrangement: the mean distance it moves the state; all rounds read the same.

    The distance of two unrelated sources is 1. *primes swapped* moves each prime to the place of the next,
    which changes the target; *others swapped* does the same to as many other values, the first of the source;
    *others moved* puts the non-primes elsewhere between the primes. Neither of these changes the target.
    """
    task = run.task
    sources = rearranged(task, samples, make_generator(run.config.training.seed, 0, "states"))
    alike = {name: values.expand(run.config.training.rounds, -1, -1) for name, values in sources.items()}
    return _moves(run.load_model(), task, alike)


def encoder_table(run: Run, samples: int) -> pd.DataFrame:
    """As `distance_table`, with sources of its own for every round, and the encoder before its training."""
    task, rounds = run.task, range(run.config.training.rounds)
    own = [rearranged(task, samples, g) for g in make_generators(run.config.training.seed, rounds, "encoder")]
    sources = {name: torch.stack([values[name] for values in own]) for name in own[0]}
    encoders = {"trained": run.load_model(), "untrained": build(run.config, rounds)}
    tables = [_moves(model, task, sources).assign(encoder=name) for name, model in encoders.items()]
    return pd.concat(tables, ignore_index=True)


def _moves(model: torch.nn.Module, task: PrimeTask, sources: dict[str, Tensor]) -> pd.DataFrame:
    """How far each rearrangement of ORIGINAL, `[R, B, S]`, moves the state."""
    state = encoded(model, task, sources[ORIGINAL])
    unrelated = distance(state, state.roll(1, dims=1))
    rows = []
    for name, values in sources.items():
        if name != ORIGINAL:
            moved = distance(state, encoded(model, task, values)) / unrelated  # [R]
            rows += [{"round": r, "rearrangement": name, "distance": d} for r, d in enumerate(moved.tolist())]
    return pd.DataFrame(rows)


def rearranged(task: PrimeTask, samples: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Sources of PRIMES different primes among other values, `[B, LENGTH]`, and their rearrangements."""
    values = torch.arange(1, task.max_value + 1)
    prime = task.is_prime[1 : task.max_value + 1]
    primes = _choose(values[prime], samples, PRIMES, generator)
    others = _choose(values[~prime], samples, LENGTH - PRIMES, generator)
    places, elsewhere = (_places(samples, PRIMES, generator) for _ in range(2))
    swapped = torch.cat([others[:, :PRIMES].roll(1, dims=1), others[:, PRIMES:]], dim=1)
    return {
        ORIGINAL: _merge(primes, others, places),
        "primes swapped": _merge(primes.roll(1, dims=1), others, places),
        "others swapped": _merge(primes, swapped, places),
        "others moved": _merge(primes, others, elsewhere),
    }


def _choose(values: Tensor, samples: int, count: int, generator: torch.Generator) -> Tensor:
    """`[B, count]` different values a row."""
    order = torch.rand(samples, len(values), generator=generator).argsort(dim=1)
    return values[order[:, :count]]


def _places(samples: int, primes: int, generator: torch.Generator) -> Tensor:
    """`[B, primes]`, rising: where the primes stand."""
    order = torch.rand(samples, LENGTH, generator=generator).argsort(dim=1)
    return order[:, :primes].sort(dim=1).values


def _merge(primes: Tensor, others: Tensor, places: Tensor) -> Tensor:
    """The primes at their places, the others in order at all the rest: `[B, LENGTH]`."""
    is_prime = torch.zeros(len(primes), LENGTH, dtype=torch.bool).scatter(1, places, True)
    merged = torch.empty(len(primes), LENGTH, dtype=primes.dtype)
    merged[is_prime], merged[~is_prime] = primes.flatten(), others.flatten()
    return merged


def encoded(model: torch.nn.Module, task: PrimeTask, values: Tensor) -> Tensor:
    """The state after each source: values `[R, B, S]` -> `[R, B, state]`."""
    batch = task.batch_of(values, torch.full(values.shape[:2], values.shape[2]))
    with torch.no_grad():
        return model.encode(batch.source, batch.source_length)


def distance(a: Tensor, b: Tensor) -> Tensor:
    """The mean Euclidean distance of paired states in every round: `[R, B, state]` -> `[R]`."""
    return (a - b).norm(dim=2).mean(1)


def state_map(run: Run, fillings: int, round_index: int = 0) -> pd.DataFrame:
    """Fig. 2 for this task: the states of sources with the same three primes, in two dimensions.

    One row a source: the order of its primes, its place along the first two principal components of all these
    states, and the share of their variance that each component has. Sources of one order differ in their
    other values and in where the primes stand.
    """
    task, model = run.task, run.load_model()
    generator = make_generator(run.config.training.seed, round_index, "map")
    values = torch.arange(1, task.max_value + 1)
    prime = task.is_prime[1 : task.max_value + 1]
    chosen = values[prime][:: int(prime.sum()) // 3][:3].tolist()  # of each third, the smallest
    orders = torch.tensor(list(itertools.permutations(chosen))).repeat_interleave(fillings, dim=0)
    others = _choose(values[~prime], len(orders), LENGTH - 3, generator)
    sources = _merge(orders, others, _places(len(orders), 3, generator))
    state = encoded(model, task, sources.expand(run.config.training.rounds, -1, -1))[round_index].double()
    names = [" ".join(map(str, order)) for order in orders.tolist()]
    return pd.DataFrame({"primes": names}).join(in_two_dimensions(state))


def in_two_dimensions(state: Tensor) -> pd.DataFrame:
    """States `[N, state]` along their first two principal components, and the variance that each has."""
    state = state - state.mean(0)
    _, singular, axes = torch.linalg.svd(state, full_matrices=False)
    share = (singular**2 / (singular**2).sum())[:2].tolist()
    x, y = (state @ axes[:2].T).T.tolist()
    return pd.DataFrame({"x": x, "y": y, "share_x": share[0], "share_y": share[1]})
