"""Runs that a case has from before: brought along, put where its notebook finds them, used or set apart."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from replicate.files import free, numbered, write_whole
from replicate.runs.folder import is_damaged, is_run_file
from replicate.runs.places import UNUSED, is_finished
from replicate.sweeps.case_folder import (
    EARLIER,
    FAILED,
    is_of_case,
    place_of,
    run_folders,
    runs_of_attempt,
    signature,
    signatures,
)
from replicate.sweeps.spec import Job


def with_earlier_runs(folder: Path, job: Job) -> Job:
    """The job and the runs that its case has made: a finished training of equal settings is used again.

    Those that an edited notebook did not ask for come along, too: it may be edited back.
    """
    place = place_of(folder, job.name)
    if not place.exists():
        return job
    is_ours, runs, known = is_of_case(place), {}, set()
    for root in (place, place / FAILED):  # a run that stands in both is taken from what was kept
        for run in [*_whole_runs(root), *run_folders(root / EARLIER)]:
            if root == place and not is_ours((run / "config.json").relative_to(place)):
                continue  # a person's, who may have copied one of ours
            unfinished = run.name, (run / "config.json").read_bytes()
            record = signature(run) if is_finished(run) else unfinished
            if record not in known:
                known.add(record)
                name = _name_in_attempt(run.relative_to(root))
                runs[next(new for new in numbered(name) if new not in runs)] = run
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
    return all(is_finished(run) and signature(run) in stored for run in runs_of_attempt(working))


def _whole_runs(root: Path) -> list[Path]:
    return [run for run in runs_of_attempt(root) if is_finished(run) and not is_damaged(run)]


def _name_in_attempt(name: Path) -> Path:
    """Where a notebook would find a run."""
    return Path("runs") / name.relative_to(EARLIER) if name.parts[0] == EARLIER else name


def put_earlier_runs(job: Job, folder: Path) -> None:
    """Put the runs that a job brings along into its working folder, where those asked for are used."""
    coming = _not_there_yet(job.earlier, folder)
    # A run's provenance, which says that it is finished, comes last.
    for name in sorted(coming, key=lambda name: name.name == "provenance.json"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_whole(folder / name, lambda file, name=name: file.write_bytes(coming[name]))
    for run in runs_of_attempt(folder):
        (run / UNUSED).touch()


def _not_there_yet(earlier: dict[str, bytes], folder: Path) -> dict[Path, bytes]:
    """Runs from before, by their paths in the folder; one that an attempt has put there is there already."""
    there = signatures(folder)
    coming: dict[Path, bytes] = {}
    taken = set()
    for run in sorted(Path(name).parent for name in earlier if Path(name).name == "config.json"):
        files = {Path(name): content for name, content in earlier.items() if run in Path(name).parents}
        if files.get(run / "provenance.json") in there:
            continue
        config = files[run / "config.json"]
        place = next(path for path in numbered(run) if path not in taken and _is_free(folder / path, config))
        taken.add(place)
        coming |= {place / name.relative_to(run): content for name, content in files.items()}
    return coming


def _is_free(run: Path, config: bytes) -> bool:
    """Whether no other run is there than the same, which an attempt may have begun."""
    there = run / "config.json"
    return not run.exists() or (there.exists() and there.read_bytes() == config)


def set_unused_apart(folder: Path) -> None:
    """Move runs of an earlier attempt that this one did not ask for to `earlier/`."""
    for run in runs_of_attempt(folder):
        if (run / UNUSED).exists():
            name = run.relative_to(folder / "runs" if run.is_relative_to(folder / "runs") else folder)
            apart = next(free(folder / EARLIER / name))  # runs may be called alike
            apart.mkdir(parents=True)
            for path in filter(Path.is_file, list(run.iterdir())):  # in its folders are other runs
                path.rename(apart / path.name)
            with suppress(OSError):
                run.rmdir()
