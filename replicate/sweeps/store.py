"""A sweep's folder: one folder a run, put in place whole, and a table of all."""

import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd

from replicate.files import RunError, read_json, write_json
from replicate.runs.folder import Run, is_finished, open_run
from replicate.sweeps.spec import Job
from replicate.sweeps.work import Outcome

RECORD = "sweep.json"  # in every run's folder: what was asked for and how it ended


def state(folder: Path, job: Job) -> str:
    """`missing`, `failed`, `edited` (done, with other cells in its notebook) or `done`.

    Raises:
        RunError: the run's folder is another run's, or none of a sweep's.
    """
    place = folder / job.name
    if not place.exists():
        return "missing"
    if not (place / RECORD).exists():
        raise RunError(f"{place} exists and is no run of a sweep; move it or choose another folder")
    record = read_json(place / RECORD)
    if record.get("digest") != job.digest:
        raise RunError(f"{place} holds a run with other parameters; choose another folder")
    if record.get("error"):
        return "failed"
    return "done" if record.get("content") == job.content else "edited"


def with_earlier_run(folder: Path, job: Job) -> Job:
    """The job and the run that stands in its folder: a finished training of equal settings is used again."""
    place = folder / job.name
    files = [path for run in _runs(place) for path in run.rglob("*") if path.is_file()]
    return replace(job, earlier={path.relative_to(place).as_posix(): path.read_bytes() for path in files})


def clear_leftovers(folder: Path) -> None:
    """Remove what a sweep that was killed while it stored a run has left."""
    for left in [*folder.glob(".*.coming"), *folder.glob(".*.going")]:
        shutil.rmtree(left)


def store(folder: Path, job: Job, outcome: Outcome) -> None:
    """Put a run's files in place, all at once; an earlier failure makes room for them."""
    place, coming, going = folder / job.name, folder / f".{job.name}.coming", folder / f".{job.name}.going"
    coming.mkdir(parents=True)
    for name, content in outcome.files.items():
        path = coming / name
        if not path.resolve().is_relative_to(coming.resolve()):
            raise RunError(f"a worker sent {name!r}, which would leave {coming}; nothing of it was kept")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    record = {"notebook": job.notebook, "given": job.given, "digest": job.digest, "content": job.content}
    record["error"] = outcome.error
    write_json(coming / RECORD, record | {"seconds": round(outcome.seconds, 1), "machine": outcome.machine})
    if place.exists():
        place.rename(going)
    coming.rename(place)
    shutil.rmtree(going, ignore_errors=True)


def run_of(folder: Path) -> Run:
    """The run that a sweep's run made.

    Raises:
        RunError: it made none, or several.
    """
    runs = _runs(folder)
    if len(runs) != 1:
        raise RunError(f"{folder} holds {len(runs)} runs, not one")
    return open_run(runs[0])


def summary(folder: Path) -> pd.DataFrame:
    """One row a run: its parameters, how it ended, and the mean scores of its trainings if it has one run."""
    places = sorted(path.parent for path in folder.glob(f"*/{RECORD}"))
    return pd.DataFrame([_row(place) for place in places if not place.name.startswith(".")])


def failures(folder: Path, jobs: list[Job]) -> list[str]:
    """The names of those runs that failed."""
    return [job.name for job in jobs if state(folder, job) == "failed"]


def _row(place: Path) -> dict:
    record = read_json(place / RECORD)
    runs = _runs(place)
    scores = open_run(runs[0]).scores.drop(columns=["round", "evaluation"]).mean() if len(runs) == 1 else {}
    ended = {name: record[name] for name in ("error", "seconds", "machine")}
    return {
        "folder": place.name,
        **record["given"],
        "state": "failed" if record["error"] else "done",
        **ended,
        **scores,
    }


def _runs(place: Path) -> list[Path]:
    return sorted(path.parent for path in place.glob("runs/*/config.json") if is_finished(path.parent))
