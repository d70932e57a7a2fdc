"""`make bench`: the library against its plain reference and independent libraries, in one run.

Every figure is a ratio of medians over interleaved repeats, so that a slow spell of the machine hits both
sides. Writes report/bench.json.
"""

import json
import multiprocessing
import random
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import torch
from cost import bench_cost
from products import bench_products
from rapidfuzz.distance import LCSseq
from text import bench_text
from timing import CORES, interleaved, seconds
from training import bench_lstm, bench_post

from replicate.presets import PUBLISHED
from replicate.randomness import make_generator
from replicate.tasks import task_of
from replicate.tasks.pairs import answer_length, longest_common_subsequence
from replicate.tasks.primes import reference


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
        ratios = bench_post(pool) | bench_lstm(pool) | bench_text(pool)
        ratios |= bench_cost(pool) | bench_products(pool)
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
