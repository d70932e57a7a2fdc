"""A sweep's folder holds one folder a case, put in place whole."""

import re
import shutil
from pathlib import Path

from replicate.files import RunError, free, reason, write_json
from replicate.sweeps.case_folder import (
    EARLIER,
    FAILED,
    RECORD,
    checksum,
    is_of_case,
    place_of,
    record_of,
    runs_in,
    runs_under,
    signature,
)
from replicate.sweeps.foreign import copy_files
from replicate.sweeps.spec import Job
from replicate.sweeps.work import Outcome

# A case's new files while they are put together, and old ones on their way out; it ends with a digest.
WAYS = ("coming", "going")
PASSING = re.compile(rf"\.(.+-[0-9a-f]{{10}})\.(?:{'|'.join(WAYS)})")


def state(folder: Path, job: Job) -> str:
    """`missing`, `failed`, `edited` (done, with other cells in its notebook) or `done`.

    Raises:
        RunError: the case's folder is another case's, or none of a sweep's.
    """
    place = place_of(folder, job.name)
    if not place.exists():
        return "missing"
    if not (place / RECORD).exists():
        raise RunError(f"{place} exists and is no case of a sweep; move it or choose another folder")
    record = record_of(place)
    if record["digest"] != job.digest:
        raise RunError(f"{place} holds a case with other parameters; choose another folder")
    if record["error"]:
        return "failed"
    return "done" if record.get("content") == job.content else "edited"


def clear_leftovers(folder: Path, jobs: list[Job]) -> None:
    """Finish, or undo, what a sweep that was killed while it stored a case has left, of its file or not."""
    hidden = [PASSING.fullmatch(path.name) for path in folder.glob(".*")]
    for name in sorted({*(job.name for job in jobs), *(match[1] for match in hidden if match)}):
        place = place_of(folder, name)
        coming, going = _passing(place)
        if not place.exists():
            for whole in (coming, going):
                if (whole / RECORD).exists():  # which is written last
                    whole.rename(place)
                    break
        for left in (coming, going):
            if left.exists():
                shutil.rmtree(left)


def store(folder: Path, job: Job, outcome: Outcome) -> None:
    """Put a case's files in place, all at once; those of an earlier attempt make room for them.

    Not so where this one failed and that one did not, or finished a run that this one does not bring: then
    they stay until an attempt succeeds, and what this one left is put beside them. What others have put into
    the folder stays; where a case writes a file of that name, theirs gets a number.

    Raises:
        RunError: the disk did not take them, or one of them would leave its folder; nothing was changed.
    """
    place = place_of(folder, job.name)
    coming, going = _passing(place)
    try:
        if outcome.error and _is_kept(place, outcome):
            coming.mkdir()
            files = record_of(place).get("files")
            copy_files(place, coming, lambda name: False)
            _write(coming / FAILED, outcome.files)
            _keep_runs(place, coming, outcome)
        else:
            _write(coming, outcome.files)
            files = {name: checksum(content) for name, content in sorted(outcome.files.items())}
            if place.exists():
                copy_files(place, coming, is_of_case(place))
        _note(coming, job, outcome, files)
        if place.exists():
            place.rename(going)
        coming.rename(place)
    except OSError as error:
        raise RunError(
            f"{place} cannot be written ({reason(error)}); the cases stored before are still there:"
            " make room, and the same command goes on"
        ) from error
    finally:
        shutil.rmtree(coming, ignore_errors=True)
    shutil.rmtree(going, ignore_errors=True)


def failures(folder: Path, jobs: list[Job]) -> list[str]:
    """The names of those cases that failed."""
    return [job.name for job in jobs if state(folder, job) == "failed"]


def _passing(place: Path) -> list[Path]:
    """Where a case's new files are put together, and where old ones are on their way out."""
    return [place.with_name(f".{place.name}.{way}") for way in WAYS]


def _is_kept(place: Path, outcome: Outcome) -> bool:
    """Whether what stands in a case's folder is more than what a failed attempt brings."""
    if not place.exists():
        return False
    finished = {signature(run) for run in [*runs_in(place), *runs_under(place / EARLIER)]}
    brings_all = finished <= set(outcome.files.values())
    return not record_of(place)["error"] or (place / FAILED).exists() or not brings_all


def _keep_runs(place: Path, coming: Path, outcome: Outcome) -> None:
    """Take along the finished runs of a failed attempt before, but for those that this one brings."""
    brought = set(outcome.files.values())
    for run in runs_under(place / FAILED):
        if signature(run) not in brought:
            shutil.copytree(run, next(free(coming / run.relative_to(place))))


def _write(coming: Path, files: dict[str, bytes]) -> None:
    coming.mkdir(parents=True)
    for name, content in files.items():
        path = coming / name
        if not path.resolve().is_relative_to(coming.resolve()):
            raise RunError(f"a worker sent {name!r}, which would leave {coming}; nothing of it was kept")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _note(coming: Path, job: Job, outcome: Outcome, files: dict[str, str] | list[str] | None) -> None:
    record = {"notebook": job.notebook, "given": job.given, "digest": job.digest, "content": job.content}
    record |= {"error": outcome.error, "seconds": round(outcome.seconds, 1), "machine": outcome.machine}
    write_json(coming / RECORD, record | {"files": files})
