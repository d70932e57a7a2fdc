"""Runs that a case has from before: brought along, and put where `run` takes the one that is asked for."""

import shutil
from dataclasses import replace
from pathlib import Path

from replicate.files import free, numbered, write_whole
from replicate.runs.folder import is_damaged, is_run_file
from replicate.runs.places import EARLIER_RUNS, is_finished
from replicate.sweeps.case_folder import (
    COMING,
    EARLIER,
    FAILED,
    is_of_case,
    place_of,
    run_folders,
    runs_of_attempt,
    signature,
    signature_of,
    signatures,
)
from replicate.sweeps.spec import Job

LONGEST_NAME = 60  # letters, of up to four bytes; file systems take 255 bytes, and a number may follow


def with_earlier_runs(folder: Path, job: Job) -> Job:
    """The job and the runs that its case has made: a finished training of equal settings is used again.

    Those that an edited notebook did not ask for come along, too: it may be edited back.
    """
    place = place_of(folder, job.name)
    if not place.exists():
        return job
    is_ours, found = is_of_case(place), {}
    for root in (place, place / FAILED):  # a run that stands in both is taken from what was kept
        for run in _usable_runs(root):
            if root == place and not is_ours((run / "config.json").relative_to(place)):
                continue  # a person's, who may have copied one of ours
            found.setdefault(signature(run), (_flat_name(run, root), run))
    runs: dict[Path, Path] = {}
    for name, run in found.values():
        runs[next(new for new in numbered(Path(name)) if new not in runs)] = run
    files = {
        (name / path.name).as_posix(): path.read_bytes()
        for name, run in runs.items()
        for path in run.iterdir()
        if path.is_file() and is_run_file(path.name)
    }
    return replace(job, earlier=files)


def is_all_stored(working: Path, place: Path) -> bool:
    """Whether a case's folder has every run of its working folder; an edit that was undone may leave some."""
    stored = signatures(place)
    runs = [*runs_of_attempt(working), *run_folders(working / EARLIER_RUNS)]
    return all(is_finished(run) and signature(run) in stored for run in runs)


def _usable_runs(root: Path) -> list[Path]:
    """Finished ones that are whole, and of those that were not asked for also what was begun."""
    finished = [run for run in runs_of_attempt(root) if is_finished(run)]
    runs = [*run_folders(root / EARLIER), *finished]
    return [run for run in runs if not (is_finished(run) and is_damaged(run))]


def _flat_name(run: Path, root: Path) -> str:
    """A run's name among those from before, where none is within another's folder."""
    parts = run.relative_to(root).parts
    name = "-".join(parts[1:] if parts[0] in ("runs", EARLIER) and parts[1:] else parts)
    return name[-LONGEST_NAME:]


def leave_only_runs(folder: Path) -> None:
    """Set the runs of the attempt before apart, and remove what else it wrote into its working folder."""
    apart = folder / EARLIER_RUNS
    apart.mkdir(exist_ok=True)
    # Those within another's folder first, so that each is moved alone, in one step.
    for run in sorted(runs_of_attempt(folder), key=lambda run: len(run.parts), reverse=True):
        for path in run.iterdir():
            if not is_run_file(path.name):
                _remove(path)
        run.rename(next(free(apart / _flat_name(run, folder))))
    for path in folder.iterdir():
        if path != apart:
            _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif not path.name.startswith("."):  # hidden files are of the project, and not handed back
        path.unlink()


def put_earlier_runs(job: Job, folder: Path) -> None:
    """Put the runs that a job brings along beside those that its working folder has from before."""
    apart, runs = folder / EARLIER_RUNS, {}
    for path, content in job.earlier.items():
        name, file = Path(path).parts
        runs.setdefault(name, {})[file] = content
    there = signatures(apart)
    for name, files in runs.items():
        if signature_of(name, files) not in there:
            coming = folder / COMING / name  # where nothing looks for runs
            coming.mkdir(parents=True)
            for file, content in files.items():
                write_whole(coming / file, lambda path, content=content: path.write_bytes(content))
            coming.rename(next(free(apart / name)))  # whole, in one step
            coming.parent.rmdir()
