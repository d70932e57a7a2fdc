"""A sweep's folder: one folder a case, put in place whole, and tables of all."""

import hashlib
import shutil
import uuid
from dataclasses import replace
from pathlib import Path

import pandas as pd

from replicate.files import RunError, read_json, write_json, write_whole
from replicate.runs.folder import Run, is_finished, open_run
from replicate.sweeps.spec import Job
from replicate.sweeps.work import Outcome

RECORD = "sweep.json"  # in every case's folder: what was asked for and how it ended
MARK = ".sweep.json"  # in the sweep's folder: its token, and the checksums of the tables that it wrote
SUMMARY = "summary.csv"
OTHERS = "others.csv"  # the cases that stand in the folder and are no longer in the sweep's file


def claim(folder: Path) -> str:
    """Make the folder this sweep's, and return the token that tells it from every other sweep.

    Raises:
        RunError: a table is in the way that the sweep did not write.
    """
    mark = _mark(folder)
    for path in (folder / SUMMARY, folder / OTHERS):
        if path.exists() and not (_checksum(path) in mark["tables"] or _is_of_a_sweep_without_mark(path)):
            raise RunError(f"{path} is not as a sweep wrote it; move it away or choose another folder")
    write_json(folder / MARK, mark)
    return mark["token"]


def state(folder: Path, job: Job) -> str:
    """`missing`, `failed`, `edited` (done, with other cells in its notebook) or `done`.

    Raises:
        RunError: the case's folder is another case's, or none of a sweep's.
    """
    place = folder / job.name
    if not place.exists():
        return "missing"
    if not (place / RECORD).exists():
        raise RunError(f"{place} exists and is no case of a sweep; move it or choose another folder")
    record = _record(place)
    if record["digest"] != job.digest:
        raise RunError(f"{place} holds a case with other parameters; choose another folder")
    if record["error"]:
        return "failed"
    return "done" if record.get("content") == job.content else "edited"


def with_earlier_run(folder: Path, job: Job) -> Job:
    """The job and the run that stands in its folder: a finished training of equal settings is used again."""
    place = folder / job.name
    files = [path for run in _runs(place) for path in run.rglob("*") if path.is_file()]
    return replace(job, earlier={path.relative_to(place).as_posix(): path.read_bytes() for path in files})


def clear_leftovers(folder: Path, jobs: list[Job]) -> None:
    """Remove what a sweep that was killed while it stored a case has left."""
    for left in [path for job in jobs for path in _passing(folder, job)]:
        if left.exists():
            shutil.rmtree(left)


def store(folder: Path, job: Job, outcome: Outcome) -> None:
    """Put a case's files in place, all at once; an earlier failure makes room for them.

    Raises:
        RunError: the disk did not take them, or one of them would leave its folder; nothing was changed.
    """
    place = folder / job.name
    coming, going = _passing(folder, job)
    try:
        _write(coming, job, outcome)
        if place.exists():
            place.rename(going)
        coming.rename(place)
    except OSError as error:
        raise RunError(
            f"{place} cannot be written ({error.strerror or error}); the cases stored before are still there:"
            " make room, and the same command goes on"
        ) from error
    finally:
        shutil.rmtree(coming, ignore_errors=True)
    shutil.rmtree(going, ignore_errors=True)


def run_of(folder: Path) -> Run:
    """The run that a sweep's case made.

    Raises:
        RunError: it made none, or several.
    """
    runs = _runs(folder)
    if len(runs) != 1:
        raise RunError(f"{folder} holds {len(runs)} runs, not one")
    return open_run(runs[0])


def summary(folder: Path, jobs: list[Job]) -> pd.DataFrame:
    """One row a case: its parameters, how it ended, and the mean scores of its run, if it has one."""
    there = sorted((job for job in jobs if (folder / job.name / RECORD).exists()), key=lambda job: job.name)
    return pd.DataFrame([_row(folder / job.name, job.given) for job in there])


def others(folder: Path, jobs: list[Job]) -> pd.DataFrame:
    """The same of the cases that stand in the folder and are not among the jobs."""
    asked = {job.name for job in jobs}
    places = sorted(path.parent for path in folder.glob(f"*/{RECORD}"))
    left = [place for place in places if place.name not in asked and not place.name.startswith(".")]
    return pd.DataFrame([_row(place, _record(place)["given"]) for place in left])


def write_tables(folder: Path, jobs: list[Job]) -> pd.DataFrame:
    """Write the summary of a claimed folder, and the other cases apart; returns the summary."""
    table = summary(folder, jobs)
    _write_table(folder / SUMMARY, table)
    if len(left := others(folder, jobs)):
        _write_table(folder / OTHERS, left)
    else:
        (folder / OTHERS).unlink(missing_ok=True)
    return table


def failures(folder: Path, jobs: list[Job]) -> list[str]:
    """The names of those cases that failed."""
    return [job.name for job in jobs if state(folder, job) == "failed"]


def _passing(folder: Path, job: Job) -> list[Path]:
    """Where a case's new files are put together, and where old ones are on their way out."""
    return [folder / f".{job.name}.coming", folder / f".{job.name}.going"]


def _write(coming: Path, job: Job, outcome: Outcome) -> None:
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


def _record(place: Path) -> dict:
    record = read_json(place / RECORD)
    if missing := {"given", "digest", "error", "seconds", "machine"} - record.keys():
        raise RunError(f"{place / RECORD} is damaged: it lacks {min(missing)}; delete {place}")
    return record


def _row(place: Path, given: dict) -> dict:
    record = _record(place)
    runs = _runs(place)
    scores = open_run(runs[0]).scores.drop(columns=["round", "evaluation"]).mean() if len(runs) == 1 else {}
    ended = {name: record[name] for name in ("error", "seconds", "machine")}
    return {
        "folder": place.name,
        **given,
        "state": "failed" if record["error"] else "done",
        **ended,
        **scores,
    }


def _runs(place: Path) -> list[Path]:
    return sorted(path.parent for path in place.glob("runs/*/config.json") if is_finished(path.parent))


def _mark(folder: Path) -> dict:
    if not (folder / MARK).exists():
        return {"token": uuid.uuid4().hex, "tables": []}
    mark = read_json(folder / MARK)
    if not isinstance(mark.get("token"), str) or not isinstance(mark.get("tables"), list):
        raise RunError(f"{folder / MARK} is damaged; delete it")
    return mark


def _write_table(path: Path, table: pd.DataFrame) -> None:
    content = table.to_csv(index=False, float_format="%.6g").encode()
    # Noted before it is written, so that a sweep killed in between knows its table, the old or the new one.
    mark, known = _mark(path.parent), hashlib.sha256(content).hexdigest()
    write_json(path.parent / MARK, mark | {"tables": [*mark["tables"][-3:], known]})
    write_whole(path, lambda file: file.write_bytes(content))


def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _is_of_a_sweep_without_mark(path: Path) -> bool:
    """Whether it is the table of a sweep that an older version made: each row is of a case that is there."""
    if (path.parent / MARK).exists() or not path.is_file():
        return False
    try:
        rows = pd.read_csv(path, dtype=str)
    except pd.errors.EmptyDataError:  # of a sweep without cases; there is nothing to lose
        return True
    except ValueError:
        return False
    return "folder" in rows and all((path.parent / str(name) / RECORD).exists() for name in rows.folder)
