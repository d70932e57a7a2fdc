"""From a config to a finished run folder: rounds over worker processes, and what they made put together."""

import hashlib
import itertools
import math
import multiprocessing
import os
import queue
import time
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

import pandas as pd
import torch

from .config import RunConfig
from .part import Part, train_part
from .progress import Progress
from .provenance import provenance
from .runs import (
    Run,
    RunError,
    is_finished,
    open_run,
    read_config,
    read_json,
    runs_root,
    write_checkpoint,
    write_json,
    write_table,
)

ROUNDS_AT_ONCE = 5  # more of them side by side outgrow the caches and train no faster


def run(
    config: RunConfig, folder: Path | None = None, device: str = "auto", workers: int | None = None
) -> Run:
    """Train and evaluate a config in its run folder, doing only what is missing.

    A finished folder with an equal config is reused, an unfinished one goes on where it was, anything else
    there is refused. On the same machine, equal config and workers give equal numbers to the last bit;
    another number of workers changes them by float rounding, which long trainings amplify.

    Args:
        folder: where; by default a name made from the config, under `runs.runs_root()`.
        device: "auto" (CUDA where there is one, else the CPU) or a name that PyTorch knows.
        workers: processes that share the rounds; by default one a core, and one on CUDA.

    Raises:
        RunError: the folder is not this run's, or the device is not there.
    """
    folder = folder or runs_root() / default_name(config)
    device = choose_device(device)
    if workers is None:
        workers = 1 if device.startswith("cuda") else os.cpu_count() or 1
    if workers < 1:
        raise RunError(f"workers is {workers}; it must be 1 or more")
    if _claim(folder, config):
        return open_run(folder)
    parts = _split(folder, config, workers)
    began = time.time()
    results = _train_parts(parts, device, min(workers, len(parts)))
    record = provenance() | {"device": device, "workers": workers, "seconds": round(time.time() - began, 1)}
    _finish(folder, parts, results, record)
    return open_run(folder)


def default_name(config: RunConfig) -> str:
    """A readable name that differs whenever the config does."""
    direction = "reverse" if config.reverse else "forward"
    digest = hashlib.sha256(config.model_dump_json().encode()).hexdigest()[:8]
    return f"{config.model}-{config.max_length}-{direction}-{digest}"


def choose_device(name: str) -> str:
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.zeros((), device=name)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise RunError(
            f"device {name!r} is not available here; it may be auto, cpu or, with a GPU, cuda"
        ) from error
    return name


def _claim(folder: Path, config: RunConfig) -> bool:
    """Make the folder this run's, or see that it is; returns whether the run is finished."""
    if (folder / "config.json").exists():
        theirs, ours = read_config(folder).model_dump(), config.model_dump()
        different = [
            f"{name} is {theirs[name]} there and {ours[name]} here"
            for name in ours
            if theirs[name] != ours[name]
        ]
        if different:
            raise RunError(f"{folder} holds another run ({'; '.join(different)}); choose another folder")
        return is_finished(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RunError(f"{folder} exists and is not a run folder; choose another one")
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "config.json", config.model_dump())
    return False


def _split(folder: Path, config: RunConfig, workers: int) -> list[Part]:
    """Contiguous shares of the rounds; a run that goes on keeps the split it began with."""
    plan = folder / "parts.json"
    if not plan.exists():
        parts = max(min(workers, config.rounds), math.ceil(config.rounds / ROUNDS_AT_ONCE))
        write_json(plan, {"edges": [config.rounds * i // parts for i in range(parts + 1)]})
    edges = read_json(plan)["edges"]
    return [Part(config, folder, range(first, stop)) for first, stop in itertools.pairwise(edges)]


def _train_parts(parts: list[Part], device: str, workers: int) -> list[dict]:
    """Every part's tables; with several workers, in processes that share the cores."""
    config = parts[0].config
    if workers == 1:
        results = []
        for part in parts:
            with Progress(config.steps) as progress:
                results.append(train_part(part, device, progress.show))
        return results
    context = multiprocessing.get_context("spawn")
    reports = context.Queue()
    threads = max(1, (os.cpu_count() or 1) // workers)
    with ProcessPoolExecutor(
        workers, mp_context=context, initializer=_start_worker, initargs=(reports, threads)
    ) as pool:
        futures = [pool.submit(_train_in_worker, i, part, device) for i, part in enumerate(parts)]
        _watch(futures, reports, config.steps)
        return [future.result() for future in futures]


def _watch(futures: list[Future], reports: multiprocessing.Queue, steps: int) -> None:
    """Show the parts' mean step and latest loss until every part has ended."""
    latest = dict.fromkeys(range(len(futures)), 0)
    with Progress(steps) as progress:
        while not all(future.done() for future in futures):
            try:
                part, latest_step, loss = reports.get(timeout=0.2)
            except queue.Empty:
                continue
            latest[part] = latest_step
            progress.show(sum(latest.values()) // len(latest), loss)


_reports = None  # in a worker: where it reports to


def _start_worker(reports: multiprocessing.Queue, threads: int) -> None:
    global _reports
    _reports = reports
    torch.set_num_threads(threads)


def _train_in_worker(index: int, part: Part, device: str) -> dict:
    return train_part(part, device, lambda step, loss: _reports.put((index, step, loss)))


def _finish(folder: Path, parts: list[Part], results: list[dict], record: dict) -> None:
    """Put the parts together; the provenance comes last and marks the run as finished."""
    history = pd.DataFrame([row for result in results for row in result["history"]])
    write_table(folder / "history.csv", history.sort_values(["round", "step"]))
    for name in ("scores", "by_length", "by_position"):
        write_table(folder / f"{name}.csv", pd.concat([result[name] for result in results]))
    names = results[0]["model"]
    write_checkpoint(
        folder / "checkpoint.pt",
        {name: torch.cat([result["model"][name] for result in results]) for name in names},
    )
    write_json(folder / "provenance.json", record)
    for part in parts:
        part.checkpoint.unlink(missing_ok=True)
    (folder / "parts.json").unlink()
