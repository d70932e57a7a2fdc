"""Cases whose task or model was changed since: their scores stand beside no others."""

from collections.abc import Iterator
from pathlib import Path

from replicate.files import RunError, read_json
from replicate.runs.changes import what_was_changed
from replicate.runs.checks import read_config
from replicate.runs.places import PROVENANCE
from replicate.settings import RunConfig
from replicate.sweeps.case_folder import runs_of_case
from replicate.sweeps.spec import SweepError
from replicate.tasks.digest import of_other_pairs


def is_changed(place: Path) -> bool:
    """Whether the task or model of a case that is done was changed since it was trained."""
    try:
        return any(what_was_changed(config, record) for _, config, record in _noted(place))
    except Exception:  # its text is not here any more, or the code of one's own fails, as its cases will tell
        return False


def refuse_mixed_tasks(places: list[Path]) -> None:
    """Refuse cases, each in its place, of one task that was changed between them, as while they trained.

    Raises:
        SweepError: it names two of their runs.
    """
    noted = (found for place in places for found in _noted(place))
    if mixed := of_other_pairs((run, config.task, record) for run, config, record in noted):
        raise SweepError(
            f"{mixed[0]} and {mixed[1]} were trained on other pairs of one task, which was changed between "
            "them; the same command makes the older one again"
        )


def _noted(place: Path) -> Iterator[tuple[Path, RunConfig, dict]]:
    """Of each run of a case its folder, its settings and its provenance."""
    for run in runs_of_case(place):
        try:
            noted = run, read_config(run), read_json(run / PROVENANCE)
        except RunError:  # it is damaged, which the sweep's table says
            continue
        yield noted
