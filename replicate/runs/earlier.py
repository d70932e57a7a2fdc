"""Runs that a sweep's case has from before: the one that is asked for is used again, whole or begun."""

from contextlib import suppress
from pathlib import Path

from replicate.files import RunError, read_json
from replicate.runs.changes import what_was_changed
from replicate.runs.checks import read_config
from replicate.runs.places import EARLIER_RUNS, PLAN, PROVENANCE, is_finished, runs_root
from replicate.settings import RunConfig
from replicate.studies.registration import stamp_of


def take_earlier(folder: Path, config: RunConfig) -> None:
    """Of the runs that a sweep has from before, move one that this would be here, where nothing is yet."""
    runs = [path.parent for path in (runs_root().parent / EARLIER_RUNS).glob("*/config.json")]
    if not (same := [run for run in runs if _is_of(run, config)]):
        return
    with suppress(OSError):
        folder.rmdir()  # an empty one, which a cell may have made
    if not folder.exists():
        # One that is finished, and had this name, if there is one.
        best = min(same, key=lambda run: (not is_finished(run), run.name != folder.name, run.name))
        with suppress(OSError):  # on another disk, or where nothing can be written, the run is made anew
            folder.parent.mkdir(parents=True, exist_ok=True)
            best.rename(folder)


def _is_of(folder: Path, config: RunConfig) -> bool:
    """Whether it is a run of these settings, of task, model and registration as they are now."""
    try:
        return read_config(folder) == config and _is_begun_as_now(_noted(folder), config)
    except (RunError, LookupError, TypeError, AttributeError):  # what it noted is damaged
        return False


def _noted(folder: Path) -> dict:
    """What a run noted as it began."""
    if is_finished(folder):
        return read_json(folder / PROVENANCE)
    if not (folder / PLAN).exists():
        return {}
    plan = read_json(folder / PLAN)
    return plan["attempts"][0] | plan


def _is_begun_as_now(noted: dict, config: RunConfig) -> bool:
    if not noted:  # not begun
        return True
    return noted.get("registration") == stamp_of(config) and not what_was_changed(config, noted)
