"""How the benchmarks measure: ratios of medians over interleaved repeats."""

import os
import statistics
import time
from collections.abc import Callable

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
