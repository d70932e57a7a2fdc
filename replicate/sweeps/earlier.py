"""Runs that a case has from before: brought along, put where its notebook finds them, used or set apart."""

from dataclasses import replace
from pathlib import Path

from replicate.files import free, numbered, write_whole
from replicate.runs.folder import is_damaged
from replicate.runs.places import UNUSED, is_finished
from replicate.sweeps.case_folder import EARLIER, FAILED, is_of_case, place_of, run_folders, runs_in
from replicate.sweeps.spec import Job


def with_earlier_run(folder: Path, job: Job) -> Job:
    """The job and the runs that stand in its folder: a finished training of equal settings is used again."""
    place = place_of(folder, job.name)
    if not place.exists():
        return job
    is_ours, runs, known = is_of_case(place), {}, set()
    for root in (place, place / FAILED):  # a run that stands in both is taken from what was kept
        whole = [run for run in runs_in(root) if not is_damaged(run)]
        for run in [*whole, *run_folders(root / EARLIER)]:
            name = run.relative_to(root)
            unfinished = name, (run / "config.json").read_bytes()
            record = (run / "provenance.json").read_bytes() if is_finished(run) else unfinished
            if record not in known:
                known.add(record)
                runs[next(new for new in numbered(name) if new not in runs)] = run
    files = {
        (name / path.relative_to(there)).as_posix(): path.read_bytes()
        for name, there in runs.items()
        for path in there.rglob("*")
        if path.is_file() and (there.is_relative_to(place / FAILED) or is_ours(path.relative_to(place)))
    }
    return replace(job, earlier=files)


def put_earlier_runs(job: Job, folder: Path) -> None:
    """Put the runs that a job brings along into its working folder, where those asked for are used."""
    coming = _not_there_yet(job.earlier, folder)
    # A run's provenance, which says that it is finished, comes last.
    for name in sorted(coming, key=lambda name: name.name == "provenance.json"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_whole(folder / name, lambda file, name=name: file.write_bytes(coming[name]))
    for run in run_folders(folder / "runs"):
        (run / UNUSED).touch()


def _not_there_yet(earlier: dict[str, bytes], folder: Path) -> dict[Path, bytes]:
    """Runs from before, by their paths in the folder; one that an attempt has put there is there already."""
    there = {path.read_bytes() for path in (folder / "runs").rglob("provenance.json")}
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
    """Move runs of an earlier attempt that this one did not ask for from `runs/` to `earlier/`."""
    for run in run_folders(folder / "runs"):
        if (run / UNUSED).exists():
            # Runs may be called alike.
            apart = next(free(folder / EARLIER / run.relative_to(folder / "runs")))
            apart.parent.mkdir(parents=True, exist_ok=True)
            run.rename(apart)
