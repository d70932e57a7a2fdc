"""`make bench`: the library against its plain reference and independent libraries, in one run.

Every figure is a ratio of medians over interleaved repeats, so that a slow spell of the machine hits both
sides. Writes report/bench.json.
"""

import itertools
import json
import multiprocessing
import os
import random
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import torch
import torch.nn.functional as F
from rapidfuzz.distance import LCSseq
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from replicate.randomness import make_generator
from replicate.settings import PUBLISHED, RunConfig
from replicate.tasks import task_of
from replicate.tasks.batch import PAD, Batch
from replicate.tasks.primes import reference
from replicate.tasks.primes.metrics import answer_length, longest_common_subsequence
from replicate.training.loop import start, update

REPEATS = 5
CORES = os.cpu_count() or 1


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def interleaved(**works: Callable[[], float]) -> dict[str, float]:
    """The median of each work's own measure over interleaved repeats, after one warm-up each."""
    for work in works.values():
        work()
    measured = {name: [] for name in works}
    for _ in range(REPEATS):
        for name, work in works.items():
            measured[name].append(work())
    return {name: statistics.median(values) for name, values in measured.items()}


# Training: updates a second of one training -------------------------------------------------------------


def reference_rate(threads: int, updates: int = 25) -> float:
    """The plain model and loop, plain samples included, at one thread count."""
    torch.set_num_threads(threads)
    model, rng = reference.Seq2Seq(), random.Random(0)
    batches = (reference.sample_batch(rng, 32, 15, 100, 100) for _ in range(updates))
    rate = updates / seconds(lambda: reference.train(model, batches))
    torch.set_num_threads(1)
    return rate


_states = {}  # in a worker: its trainings, kept between repeats


def advance(config: RunConfig, rounds: range, updates: int) -> None:
    """Some updates of some rounds, sampling included; runs in a worker process."""
    torch.set_num_threads(1)
    task = task_of(config.task)
    key = (config, rounds)
    if key not in _states:
        _states[key] = start(config, rounds)
    state = _states[key]
    for _ in range(updates):
        update(
            state, task.sample(state.generators, config.training.batch_size), config.training.learning_rate
        )


def library_rate(pool: ProcessPoolExecutor, config: RunConfig, updates: int = 25) -> float:
    """Updates a second, summed over the run's rounds, which are split over the cores as in a real run."""
    workers = min(CORES, config.training.rounds)
    edges = [config.training.rounds * i // workers for i in range(workers + 1)]
    parts = [range(*edge) for edge in itertools.pairwise(edges)]

    def advance_all():
        futures = [pool.submit(advance, config, part, updates) for part in parts]
        return [future.result() for future in futures]

    return config.training.rounds * updates / seconds(advance_all)


def bench_training(pool: ProcessPoolExecutor) -> dict[str, float]:
    config = PUBLISHED.changed(max_length=15)
    works = {f"{threads} threads": lambda threads=threads: reference_rate(threads) for threads in {1, CORES}}
    rates = interleaved(library=lambda: library_rate(pool, config), **works)
    library, plain = rates.pop("library"), max(rates.values())
    print(f"Training, 10 rounds, max_length 15, batch 32: updates a second of one training, {CORES} cores")
    for name, rate in rates.items():
        print(f"  reference.py, {name:10} {rate:8.1f}")
    print(f"  library                 {library:8.1f}   {library / plain:.1f}x the reference at its best\n")
    return {"post_training": library / plain}


class TorchSeq2Seq(nn.Module):
    """The LSTM encoder-decoder as one would write it with torch.nn: packed sources, padded targets."""

    def __init__(self, config: RunConfig):
        super().__init__()
        self.embedding = nn.Embedding(config.task.vocab_size, config.model.embedding_size)
        sizes = config.model.embedding_size, config.model.hidden_size, config.model.layers
        self.encoder, self.decoder = (nn.LSTM(*sizes, batch_first=True) for _ in range(2))
        self.readout = nn.Linear(config.model.hidden_size, config.task.vocab_size)
        self.eos = config.task.vocab_size - 1

    def loss(self, batch: Batch) -> torch.Tensor:
        source, length, target = batch.source[0], batch.source_length[0], batch.target[0]
        packed = pack_padded_sequence(self.embedding(source), length, batch_first=True, enforce_sorted=False)
        _, state = self.encoder(packed)
        target = target[:, : int(batch.target_length.max())]
        previous = F.pad(target[:, :-1], (1, 0), value=self.eos)
        output, _ = self.decoder(self.embedding(previous), state)
        return F.cross_entropy(self.readout(output).flatten(0, 1), target.flatten(), ignore_index=PAD)


def torch_rate(config: RunConfig, threads: int, updates: int = 25) -> float:
    """Updates a second of one such training at one thread count; samples are the library's."""
    torch.set_num_threads(threads)
    model, task = TorchSeq2Seq(config), task_of(config.task)
    optimizer = torch.optim.Adam(model.parameters(), lr=config.training.learning_rate, fused=True)
    generators = [make_generator(0, 0, "bench")]

    def train():
        for _ in range(updates):
            optimizer.zero_grad()
            model.loss(task.sample(generators, config.training.batch_size)).backward()
            optimizer.step()

    rate = updates / seconds(train)
    torch.set_num_threads(1)
    return rate


def bench_lstm(pool: ProcessPoolExecutor) -> dict[str, float]:
    config = RunConfig.of(model="lstm", layers=2)
    works = {f"{n} threads": lambda n=n: torch_rate(config, n) for n in {1, CORES}}
    rates = interleaved(library=lambda: library_rate(pool, config), **works)
    library, plain = rates.pop("library"), max(rates.values())
    print("LSTM of 2 layers, 10 rounds, max_length 15, batch 32: updates a second of one training")
    for name, rate in rates.items():
        print(f"  torch.nn.LSTM, {name:10} {rate:8.1f}")
    print(f"  library                   {library:8.1f}   {library / plain:.1f}x torch at its best\n")
    return {"lstm_training": library / plain}


def work(config: RunConfig) -> float:
    """Floating-point operations that one update of one of the post's trainings needs, on average.

    A product forward, two backward; the first step starts from zero, the input map is taken once a token id.
    """
    h = config.model.hidden_size

    def mlp(inputs: int, outputs: int) -> int:
        return inputs * 2 * h + 2 * h * (h // 2) + (h // 2) * outputs

    task = task_of(config.task)
    length = (config.task.max_length + 1) / 2
    primes = length * task.prime_share()
    embedding = config.task.vocab_size * mlp(config.model.embedding_size, h)
    encoder = config.training.batch_size * (length - 1) * mlp(h, h)
    decoder = config.training.batch_size * (primes + 1) * (mlp(h, h) + mlp(h, config.task.vocab_size))
    return 3 * 2 * (embedding + encoder + decoder)


def multiply(size: int = 1024, times: int = 20) -> float:
    """Operations a second of a large matrix product on one thread; runs in a worker process."""
    torch.set_num_threads(1)
    a = torch.randn(size, size)
    return 2 * size**3 * times / seconds(lambda: [a @ a for _ in range(times)])


def matrix_rate(pool: ProcessPoolExecutor) -> float:
    """The same on every core at once, summed."""
    futures = [pool.submit(multiply) for _ in range(CORES)]
    return sum(future.result() for future in futures)


def bench_cost(pool: ProcessPoolExecutor) -> dict[str, float]:
    """How the cost grows with length, size and rounds; the share of matrix-product speed sustained."""
    base = PUBLISHED.changed(max_length=15)
    changes = [("max_length", n) for n in (5, 10, 15, 30)]
    changes += [("hidden_size", n) for n in (64, 128, 256)] + [("rounds", n) for n in (2, 10, 20)]
    configs = {change: base.changed(**dict([change])) for change in changes}
    works = {f"{name} {n}": lambda c=c: library_rate(pool, c, 10) for (name, n), c in configs.items()}
    rates = interleaved(matrix=lambda: matrix_rate(pool), **works)
    peak = rates.pop("matrix")
    print("Cost of an update of one training around 10 rounds, max_length 15, hidden_size 128; its share of")
    print(f"the speed of a large matrix product, {peak / 1e9:.0f} GFLOP/s")
    for (name, rate), config in zip(rates.items(), configs.values(), strict=True):
        print(f"  {name:16} {1e3 / rate:7.2f} ms   {rate * work(config) / peak:4.0%}")
    print()
    return {"matrix_share": rates["rounds 10"] * work(base) / peak}


# Metrics and data ---------------------------------------------------------------------------------------


def bench_lcs(pairs: int = 32_000) -> dict[str, float]:
    task = task_of(PUBLISHED.task)
    batch = task.sample([make_generator(0, r, "bench") for r in range(2)], pairs)
    a, b = batch.target
    a_length, b_length = answer_length(a, task.eos), answer_length(b, task.eos)
    lists_a = [row[:n] for row, n in zip(a.tolist(), a_length.tolist(), strict=True)]
    lists_b = [row[:n] for row, n in zip(b.tolist(), b_length.tolist(), strict=True)]

    def each(function):
        return lambda: seconds(lambda: [function(x, y) for x, y in zip(lists_a, lists_b, strict=True)])

    times = interleaved(
        library=lambda: seconds(lambda: longest_common_subsequence(a, a_length, b, b_length)),
        rapidfuzz=each(LCSseq.similarity),
        plain=each(reference.longest_common_subsequence),
    )
    print(f"LCS of {pairs} pairs: milliseconds")
    for name, value in times.items():
        print(f"  {name:12} {value * 1e3:8.1f}   {value / times['library']:.1f}x the library's time")
    print()
    return {
        "lcs_plain": times["plain"] / times["library"],
        "lcs_rapidfuzz": times["rapidfuzz"] / times["library"],
    }


def bench_generator(samples: int = 20_000) -> dict[str, float]:
    task, rng = task_of(PUBLISHED.task), random.Random(0)
    generators = [make_generator(0, 0, "bench")]
    times = interleaved(
        library=lambda: seconds(lambda: task.sample(generators, samples)),
        plain=lambda: seconds(lambda: reference.sample_batch(rng, samples, 15, 100, 100)),
    )
    ratio = times["plain"] / times["library"]
    print(f"Generator, {samples} samples: {times['plain'] * 1e3:.1f} ms plain, ", end="")
    print(f"{times['library'] * 1e3:.1f} ms vectorised: {ratio:.0f}x\n")
    return {"generator": ratio}


def main() -> None:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(CORES, mp_context=context) as pool:
        ratios = bench_training(pool) | bench_lstm(pool) | bench_cost(pool)
    torch.set_num_threads(CORES)
    ratios |= bench_lcs() | bench_generator()
    output = Path(__file__).resolve().parent.parent / "report" / "bench.json"
    output.parent.mkdir(exist_ok=True)
    output.write_text(
        json.dumps({name: round(ratio, 2) for name, ratio in ratios.items()}, indent=2) + "\n",
        encoding="utf-8",
    )
    print(f"Ratios (the library over the other) are in {output.name}: {output.read_text(encoding='utf-8')}")


if __name__ == "__main__":
    main()
