"""What fails a case though its notebook ended well: it is not what the sweep asked for."""

import platform
from pathlib import Path

from replicate.errors import ParameterError
from replicate.files import RunError, read_json
from replicate.runs.code import code_digest, is_changed
from replicate.runs.places import EARLIER_RUNS, is_finished
from replicate.studies.registration import has_registration
from replicate.sweeps.case_folder import EARLIER, EXECUTED, OWN
from replicate.sweeps.spec import Job


def refuse_names_of_the_sweep(folder: Path) -> None:
    """Refuse what a cell has called as the sweep calls something of its own."""
    for name in (EXECUTED, EARLIER, *OWN):
        if (folder / name).exists():
            raise ParameterError(f"a cell wrote {name}, which is the sweep's own; use another name")


def refuse_other_code(job: Job) -> None:
    """Refuse to work with another library than the sweep began with, here or on the machine that asks."""
    if is_changed():
        raise RunError(
            "the library was changed while the sweep was at work; put it back, or give the command again, "
            "which does this case"
        )
    if job.code != code_digest():
        raise RunError(
            f"the worker on {platform.node()} has another version of this project than the sweep: give it "
            "the same, start it again, and the same command does this case"
        )


def refuse_other_registration(job: Job) -> None:
    """Refuse a study's run that would not be under the registration that asks for it: it decides nothing."""
    if job.registration and not has_registration(job.registration):
        study = job.registration["study"]
        raise RunError(
            f"the registration of {study} is missing on {platform.node()}, or another one than where the "
            "sweep began: give it the same, and the same command does this case"
        )


def refuse_another_text(job: Job, folder: Path) -> None:
    """Refuse a run whose text lies where the case's lay, and is another one."""
    if job.task is None or not job.task.filled:
        return
    asked = job.task.model_dump()
    for config in folder.rglob("config.json"):
        if EARLIER_RUNS in config.parts or not is_finished(config.parent):
            continue  # of one that was trained before, or of no run
        found = read_json(config)
        same_place = all(_is_place(found.get(name), asked[name], folder) for name in job.task.places)
        if same_place and any(found.get(name) != asked[name] for name in job.task.filled):
            raise RunError("its text was changed while the sweep was at work; the same command does it again")


def _is_place(one: object, other: object, folder: Path) -> bool:
    """Whether two settings say the same place, however they write it."""
    if isinstance(one, str) and isinstance(other, str) and one and other:
        return (folder / one).resolve() == (folder / other).resolve()
    return one == other
