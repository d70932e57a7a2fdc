"""Where runs are; told without torch, which takes seconds to import."""

import os
import re
import shlex
from pathlib import Path

from replicate.fields import shortened
from replicate.files import PROJECT, RunError

PROVENANCE = "provenance.json"  # of a finished run: how it was made, and the checksums; written last
PLAN = "parts.json"  # of a run that has begun: what it goes on with; gone once it is finished
EARLIER_RUNS = ".earlier"  # beside the folder of runs: those that a sweep has from before, until asked for


def runs_root() -> Path:
    """Where new runs go: the folder that REPLICATE_RUNS names, else the project's `runs/`.

    Whole, so that it can be handed to what works in another folder; a `~` that no shell has read is home.
    """
    named = os.path.expanduser(os.environ.get("REPLICATE_RUNS", ""))
    return Path(named or PROJECT / "runs").absolute()


def run_folder(name: str) -> Path:
    """The folder of a run's name; a name cannot leave the runs folder."""
    if not isinstance(name, str):  # a notebook may give any
        raise RunError(f"run_name must be a text, not {shortened(name)}: write it in quotes")
    if not re.fullmatch(r"\w[\w.-]{0,99}", name):
        raise RunError(
            f"run_name {shortened(name)} is no folder name; use up to 100 letters, digits, dashes and dots"
        )
    return runs_root() / name


def is_finished(path: Path) -> bool:
    """Whether a run's folder is complete."""
    return (path / PROVENANCE).exists()


def next_steps(folder: Path, reused: bool) -> str:
    """Where a run is, whether it was there before, and what to type to look at it."""
    place = shown(folder)
    how = "was there before and is used again" if reused else "was finished just now"
    return (
        f"The run in {place} {how}.\n"
        f'In 04_evaluate, or in 00_explore, write:  run = "{place}"\n'
        f"In a terminal:  replicate run 04_evaluate {shlex.quote(f'run={place}')}"
    )


def shown(path: Path) -> str:
    """A folder as a person types it: from the project's folder where both it and the person are in there."""
    path = path.absolute()
    is_near = path.is_relative_to(PROJECT) and Path.cwd().is_relative_to(PROJECT)
    return (path.relative_to(PROJECT) if is_near else path).as_posix()
