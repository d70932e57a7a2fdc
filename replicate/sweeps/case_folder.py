"""What a sweep's case has in its folder, by name, and what of it the case itself has made."""

import hashlib
from collections.abc import Callable
from pathlib import Path

from replicate.files import RunError, read_json
from replicate.runs.folder import Run, open_run
from replicate.runs.places import EARLIER_RUNS, PLAN, PROVENANCE, is_finished

EXECUTED = "notebook.ipynb"
EARLIER = "earlier"  # runs that its notebook asked for before it was edited
COMING = ".coming"  # in a working folder: a run from before that is being written
FAILED = "failed"  # what an attempt left that failed after one to keep
RECORD = "sweep.json"  # the sweep's own file: what was asked for and how it ended
# How the path of what an attempt has not made begins.
NOT_OF_ATTEMPT = ((), (EARLIER,), (EARLIER_RUNS,), (COMING,), (FAILED,))
OWN = (RECORD, FAILED)  # what is not of the case itself


def place_of(folder: Path, name: str) -> Path:
    """A case's folder; a person may have moved it to another disk and left a link."""
    return (folder / name).resolve()


def record_of(place: Path) -> dict:
    """What was asked for in a case's folder, and how it ended."""
    record = read_json(place / RECORD)
    if missing := {"given", "digest", "error", "seconds", "machine"} - record.keys():
        raise RunError(f"{place / RECORD} is damaged: it lacks {min(missing)}; delete {place}")
    if not isinstance(record["given"], dict):
        raise RunError(f"{place / RECORD} is damaged: given has no parameters; delete {place}")
    files = record.get("files")
    if not isinstance(files, dict | list | None) or not all(isinstance(name, str) for name in files or []):
        raise RunError(f"{place / RECORD} is damaged: files names none; delete {place}")
    return record


def is_of_case(place: Path) -> Callable[[Path], bool]:
    """Whether a file in a case's folder is as an attempt has put it there; others are a person's.

    A file of a run goes by its name: one that was changed makes its run a damaged one.
    """
    files = record_of(place).get("files")
    if files is None:  # earlier versions did not note them, or not what is in them
        return lambda name: name.parts[0] in ("runs", EARLIER) or name.as_posix() == EXECUTED
    known = files if isinstance(files, dict) else dict.fromkeys(files)

    def is_ours(name: Path) -> bool:
        if name.as_posix() not in known:
            return False
        written = known[name.as_posix()]
        if written is None or name.parts[0] in ("runs", EARLIER):
            return True
        return (place / name).is_file() and checksum((place / name).read_bytes()) == written

    return is_ours


def checksum(content: bytes) -> str:
    """By which a case's record knows a file."""
    return hashlib.sha256(content).hexdigest()


def run_of(folder: Path) -> Run:
    """The run that a sweep's case made.

    Raises:
        RunError: it made none, or several.
    """
    runs = runs_of_case(folder)
    if len(runs) != 1:
        raise RunError(
            f"{folder} holds {len(runs)} runs, not one; delete it, and the same command makes its run again"
        )
    return open_run(runs[0])


def runs_of_case(place: Path) -> list[Path]:
    """The runs that the case itself finished, still there or not; others are a person's."""
    files = record_of(place).get("files")
    if files is None:  # earlier versions did not note them
        return runs_in(place)
    made = [Path(name).parent for name in files if Path(name).name == "config.json"]
    finished = [run for run in made if (run / PROVENANCE).as_posix() in files]
    return sorted(place / run for run in finished if run.parts[:1] == ("runs",))


def runs_in(place: Path) -> list[Path]:
    """The finished runs in a case's folder."""
    return runs_under(place / "runs")


def runs_under(folder: Path) -> list[Path]:
    """The finished runs in a folder, however deep."""
    return [run for run in run_folders(folder) if is_finished(run)]


def run_folders(folder: Path) -> list[Path]:
    """The runs in a folder, finished or not."""
    return sorted(path.parent for path in folder.rglob("config.json"))


def signature(run: Path) -> bytes:
    """What tells a run from every other: the record of how it was made, which a finished one has.

    One that is not finished has a name and settings.
    """
    files = {name: (run / name).read_bytes() for name in ("config.json", PROVENANCE) if (run / name).exists()}
    return signature_of(run.name, files)


def signature_of(name: str, files: dict[str, bytes]) -> bytes:
    """That of a run of this name and these files."""
    return files.get(PROVENANCE) or b"%s %s" % (name.encode(), files["config.json"])


def signatures(folder: Path) -> set[bytes]:
    """Those of all runs in a folder, however deep."""
    return {signature(run) for run in run_folders(folder)}


def runs_of_attempt(root: Path) -> list[Path]:
    """The runs that cells have made, finished or not: under `runs/`, or in a folder that a cell named."""
    named = [run for run in run_folders(root) if run.relative_to(root).parts[:1] not in NOT_OF_ATTEMPT]
    return [run for run in named if run.is_relative_to(root / "runs") or _is_begun(run)]


def _is_begun(run: Path) -> bool:
    """Whether a folder with a config is a run's, and not one of a cell's own."""
    return is_finished(run) or (run / PLAN).exists()
