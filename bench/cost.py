"""How the cost of an update grows, and its share of the speed of a large matrix product."""

from concurrent.futures import ProcessPoolExecutor

import torch
from timing import CORES, interleaved, seconds
from training import LSTM, POST, library_rate

from replicate.settings import RunConfig
from replicate.tasks import task_of


def work(config: RunConfig) -> float:
    """Floating-point operations that one update of one training needs, on average: the post's or an LSTM's.

    A product forward, two backward. The first step of the post's encoder starts from zero, and input maps of
    tokens are taken once a token id.
    """
    task, batch, vocab = task_of(config.task), config.training.batch_size, config.task.vocab_size
    length = (config.task.max_length + 1) / 2
    steps = length * task.prime_share() + 1  # of the decoder, EOS among them
    h, e = config.model.hidden_size, config.model.embedding_size
    if config.model.kind == "lstm":
        above = config.model.layers - 1  # layers over the first, whose inputs are no tokens
        maps = 2 * vocab * e * 4 * h
        layers = batch * (length + steps) * (config.model.layers + above) * h * 4 * h
        return 3 * 2 * (maps + layers + batch * steps * h * vocab)
    embedding = vocab * _mlp(e, h, h)
    encoder = batch * (length - 1) * _mlp(h, h, h)
    decoder = batch * steps * (_mlp(h, h, h) + _mlp(h, h, vocab))
    return 3 * 2 * (embedding + encoder + decoder)


def _mlp(inputs: int, hidden: int, outputs: int) -> int:
    """The products of the post's map of three layers."""
    return inputs * 2 * hidden + 2 * hidden * (hidden // 2) + (hidden // 2) * outputs


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
    changes = [("max_length", n) for n in (5, 10, 15, 30)]
    changes += [("hidden_size", n) for n in (64, 128, 256)] + [("rounds", n) for n in (2, 10, 20)]
    configs = {f"post, {name} {n}": POST.changed(**{name: n}) for name, n in changes}
    configs["LSTM of 2 layers"] = LSTM
    works = {name: lambda config=config: library_rate(pool, config, 10) for name, config in configs.items()}
    rates = interleaved(matrix=lambda: matrix_rate(pool), **works)
    peak = rates.pop("matrix")
    print("Cost of an update of one training around 10 rounds, max_length 15, hidden_size 128; its share of")
    print(f"the speed of a large matrix product, {peak / 1e9:.0f} GFLOP/s")
    shares = {name: rate * work(configs[name]) / peak for name, rate in rates.items()}
    for name, rate in rates.items():
        print(f"  {name:22} {1e3 / rate:7.2f} ms   {shares[name]:4.0%}")
    print()
    return {"matrix_share": shares["post, rounds 10"], "lstm_matrix_share": shares["LSTM of 2 layers"]}
