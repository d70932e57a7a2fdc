"""From a config to a finished run folder: rounds over worker processes, and what they made put together."""

import multiprocessing
import os
import time
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path

import pandas as pd
import torch

from replicate.checkpoints import write_checkpoint
from replicate.files import RunError, locked, write_json, write_table
from replicate.runs.checks import check_device_name, check_workers, refuse_foreign, refuse_unwritable
from replicate.runs.earlier import take_earlier
from replicate.runs.folder import Run, checksums, open_run
from replicate.runs.places import PLAN, PROVENANCE, is_finished, runs_root
from replicate.runs.plan import Plan, begin
from replicate.runs.provenance import now
from replicate.settings import RunConfig
from replicate.telling import told_if_slow
from replicate.training.part import score_part, train_part
from replicate.training.progress import Stage, progress_style
from replicate.training.workers import Stopped, Workers

BATCH_COST = 0.15  # of answers to as many samples as an update has, in updates: 0.08 to 0.46 by model


def run(
    config: RunConfig, folder: Path | None = None, device: str = "auto", workers: int | None = None
) -> Run:
    """Train and evaluate a config in its run folder, doing only what is missing.

    A finished folder with an equal config is reused, an unfinished one goes on where it was, anything else
    there is refused. On the same machine, equal config, workers and threads of each give equal numbers to the
    last bit; other ones change them by float rounding, which long trainings amplify. The rounds are split
    into parts for the workers as the run begins; it goes on with these parts and threads, and the provenance
    has their numbers.

    Args:
        folder: where; by default a name made from the config, under `runs_root()`.
        device: "auto" (CUDA where there is one, else the CPU) or a name that PyTorch knows.
        workers: processes that share the rounds; by default one on CUDA, else as many as PyTorch may have
            threads: one a core, or what OMP_NUM_THREADS says.

    Raises:
        RunError: the folder is not this run's, or has a finished run of a task that was changed since, or
            the device is not there.
        KeyboardInterrupt: Ctrl-C, after what was trained has been saved.
    """
    folder = folder or runs_root() / config.name
    device = choose_device(device)
    if workers is None:
        workers = 1 if device.startswith("cuda") else torch.get_num_threads()
    check_workers(workers)
    is_heard = progress_style() != "off"  # which refuses a wrong one before any training
    with told_if_slow(f"reading task {config.task.kind}", is_heard):
        take_earlier(folder, config)
        refuse_foreign(folder, config)  # before a lock is put into it
        refuse_unwritable(folder)
        if finished := open_run(folder) if is_finished(folder) else None:
            finished.refuse_changed()
    # A finished run may be another person's, on a disk that is read-only, or asked for by several at once.
    if not finished or (_left_over(folder) and os.access(folder, os.W_OK)):
        if workers > 1 and getattr(multiprocessing.current_process(), "_inheriting", False):
            raise RunError(  # it is a worker, about to begin
                "a script whose run has several processes must call it under `if __name__ == '__main__':`"
            )
        _complete(folder, config, device, workers)
    # Its config is equal to the folder's, but its files are where they are now.
    return replace(finished or open_run(folder), config=config)


def _complete(folder: Path, config: RunConfig, device: str, workers: int) -> None:
    """Do what is missing, while no other process does."""
    with locked(folder):
        if not _claim(folder, config):
            with told_if_slow(f"trying task {config.task.kind}", progress_style() != "off"):
                plan = begin(folder, config, device, workers)
            began = time.monotonic()
            try:
                results = _train_and_score(plan, device, workers)
            except (KeyboardInterrupt, Stopped):
                message = f"stopped; {folder} keeps what was trained, and the same settings go on from there"
                raise KeyboardInterrupt(message) from None
            except BrokenProcessPool as error:
                raise RunError(
                    f"a process that worked on {folder} was killed, perhaps for lack of memory; what is "
                    "checkpointed is kept, and the same settings go on from there"
                ) from error
            seconds = round(time.monotonic() - began, 1)
            done = {"finished": now(), "device": device, "parts": len(plan.parts)}
            done |= {"workers": min(workers, len(plan.parts)), "threads": plan.threads, "seconds": seconds}
            refuse_foreign(folder, config)  # what would be signed is the config as it stands there now
            _finish(folder, results, plan.record | done)
        _remove_checkpoints(folder)  # also those that a run killed right after its last table has left


def choose_device(name: str) -> str:
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    check_device_name(name)
    known = ["cpu", "cuda", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
    if name not in known or (name == "cuda" and not torch.cuda.is_available()):
        raise RunError(f"device {name!r} is not available here; it may be auto, cpu or, with a GPU, cuda")
    return name


def _claim(folder: Path, config: RunConfig) -> bool:
    """Make the folder this run's, or see that it is; returns whether the run is finished."""
    refuse_foreign(folder, config)  # once more, now that no other process can change it
    if not (folder / "config.json").exists():
        write_json(folder / "config.json", config.flat())
    return is_finished(folder)


def _train_and_score(plan: Plan, device: str, workers: int) -> list[dict]:
    """Every part's tables. All rounds end at the same update, however they are split."""
    parts = plan.parts
    training, scoring = stages = _stages(parts[0].config)
    with Workers(min(workers, len(parts)), stages, plan.threads) as pool:
        steps = pool.map(training, train_part, parts, device, None)
        if behind := [part for part, step in zip(parts, steps, strict=True) if step < max(steps)]:
            pool.map(training, train_part, behind, device, max(steps))  # those that were good enough earlier
        return pool.map(scoring, score_part, parts, device)


def _stages(config: RunConfig) -> tuple[Stage, Stage]:
    """What a run does and how long that takes, in updates: each test sample is answered, and has its loss."""
    updates = config.training.steps
    samples = 2 * config.evaluation.evaluate_rounds * config.evaluation.evaluate_samples
    cost = BATCH_COST * samples / config.training.batch_size
    return Stage("training", "updates", updates, updates), Stage(
        "scoring", "answers and losses", samples, cost
    )


def _finish(folder: Path, results: list[dict], record: dict) -> None:
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
    write_json(folder / PROVENANCE, record | {"sha256": checksums(folder)})


def _remove_checkpoints(folder: Path) -> None:
    for path in _left_over(folder):
        path.unlink(missing_ok=True)


def _left_over(folder: Path) -> list[Path]:
    """What a run needs until it is finished, and no longer."""
    return [path for path in (*folder.glob("part-*.pt"), folder / PLAN) if path.exists()]
