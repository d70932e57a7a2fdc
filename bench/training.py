"""Updates a second of one training: the library's runs beside training loops written plainly."""

import itertools
import random
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from shutil import which

import torch
import torch.nn.functional as F
from timing import CORES, interleaved, seconds
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from replicate.presets import PUBLISHED
from replicate.randomness import make_generator
from replicate.settings import RunConfig
from replicate.tasks import task_of
from replicate.tasks.batch import PAD, Batch
from replicate.tasks.primes import reference
from replicate.training.loop import start, update

POST = PUBLISHED.changed(max_length=15)
LSTM = RunConfig.of(model="lstm", layers=2)


def reference_rate(model: reference.Seq2Seq, threads: int, updates: int = 25) -> float:
    """A plain model in the plain loop, plain samples included, at one thread count."""
    torch.set_num_threads(threads)
    rng = random.Random(0)
    batches = (reference.sample_batch(rng, 32, 15, 100, 100) for _ in range(updates))
    rate = updates / seconds(lambda: reference.train(model, batches))
    torch.set_num_threads(1)
    return rate


class Compiled(reference.Seq2Seq):
    """The plain model by `torch.compile`, which wants batches of one shape: all are padded to the longest."""

    def __init__(self):
        super().__init__()
        self.compiled = torch.compile(super().loss, dynamic=False)

    def loss(self, source: Tensor, source_length: Tensor, target: Tensor) -> Tensor:
        source = F.pad(source, (0, 15 - source.shape[1]), value=PAD)
        target = F.pad(target, (0, 16 - target.shape[1]), value=PAD)
        return self.compiled(source, source_length, target)


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
        batch = task.sample(state.generators, config.training.batch_size)
        update(state, batch, config.training.learning_rate, config.training.clip_norm)


def library_rate(pool: ProcessPoolExecutor, config: RunConfig, updates: int = 25) -> float:
    """Updates a second, summed over the run's rounds, which are split over the cores as in a real run."""
    workers = min(CORES, config.training.rounds)
    edges = [config.training.rounds * i // workers for i in range(workers + 1)]
    parts = [range(*edge) for edge in itertools.pairwise(edges)]

    def advance_all():
        futures = [pool.submit(advance, config, part, updates) for part in parts]
        return [future.result() for future in futures]

    return config.training.rounds * updates / seconds(advance_all)


def bench_post(pool: ProcessPoolExecutor) -> dict[str, float]:
    works = {
        f"reference.py, {threads} threads": lambda threads=threads: reference_rate(
            reference.Seq2Seq(), threads
        )
        for threads in sorted({1, CORES})
    }
    if which("g++"):
        model = Compiled()
        works["padded and compiled"] = lambda: reference_rate(model, CORES)
    else:
        print("torch.compile is left out: it needs a C++ compiler")
    return {"post_training": _beside(pool, "The post's model", POST, works)}


class TorchSeq2Seq(nn.Module):
    """The LSTM encoder-decoder as one would write it with torch.nn: packed sources, padded targets."""

    def __init__(self, config: RunConfig):
        super().__init__()
        task, model = task_of(config.task), config.model
        self.source = nn.Embedding(task.source.size, model.embedding_size)
        shared = task.source is task.target
        self.target = self.source if shared else nn.Embedding(task.target.size, model.embedding_size)
        sizes = model.embedding_size, model.hidden_size, model.layers
        self.encoder, self.decoder = (nn.LSTM(*sizes, batch_first=True) for _ in range(2))
        self.readout = nn.Linear(model.hidden_size, task.target.size)
        self.dropout = nn.Dropout(model.dropout)
        self.bos = task.target.bos

    def loss(self, batch: Batch) -> torch.Tensor:
        source, length, target = batch.source[0], batch.source_length[0], batch.target[0]
        inputs = self.dropout(self.source(source))
        packed = pack_padded_sequence(inputs, length, batch_first=True, enforce_sorted=False)
        _, state = self.encoder(packed)
        target = target[:, : int(batch.target_length.max())]
        previous = F.pad(target[:, :-1], (1, 0), value=self.bos)
        output, _ = self.decoder(self.dropout(self.target(previous)), state)
        logits = self.readout(self.dropout(output))
        return F.cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=PAD)


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
            if config.training.clip_norm is not None:
                nn.utils.clip_grad_norm_(model.parameters(), config.training.clip_norm)
            optimizer.step()

    rate = updates / seconds(train)
    torch.set_num_threads(1)
    return rate


def bench_lstm(pool: ProcessPoolExecutor) -> dict[str, float]:
    works = {f"torch.nn.LSTM, {n} threads": lambda n=n: torch_rate(LSTM, n) for n in sorted({1, CORES})}
    return {"lstm_training": _beside(pool, "LSTM of 2 layers", LSTM, works)}


def _beside(
    pool: ProcessPoolExecutor, what: str, config: RunConfig, works: dict[str, Callable[[], float]]
) -> float:
    """Print the rates of some plain trainings and of the library; returns its ratio to their best."""
    rates = interleaved(library=lambda: library_rate(pool, config), **works)
    library, plain = rates.pop("library"), max(rates.values())
    print(f"{what}, 10 rounds, max_length 15, batch 32: updates a second of one training, {CORES} cores")
    for name, rate in rates.items():
        print(f"  {name:26} {rate:8.1f}")
    print(f"  {'library':26} {library:8.1f}   {library / plain:.1f}x the best of these\n")
    return library / plain
