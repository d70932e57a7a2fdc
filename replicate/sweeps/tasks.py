"""The tasks of a sweep's cases: scores of one that was changed stand beside no others."""

from collections.abc import Iterator
from pathlib import Path

from replicate.fields import TaskSettings
from replicate.files import RunError, read_json
from replicate.runs.checks import read_config
from replicate.runs.places import PROVENANCE
from replicate.sweeps.case_folder import runs_of_case
from replicate.sweeps.spec import SweepError
from replicate.tasks.digest import is_another_task, of_other_pairs


def is_of_another_task(place: Path) -> bool:
    """Whether a case that is done was trained on a task that was changed since."""
    try:
        return any(is_another_task(settings, record) for _, settings, record in _noted(place))
    except ValueError:  # its text is not here any more, and nobody can tell
        return False


def refuse_mixed_tasks(places: list[Path]) -> None:
    """Refuse cases, each in its place, of one task that was changed between them, as while they trained.

    Raises:
        SweepError: it names two of their runs.
    """
    if mixed := of_other_pairs(noted for place in places for noted in _noted(place)):
        raise SweepError(
            f"{mixed[0]} and {mixed[1]} were trained on other pairs of one task, which was changed between "
            "them; the same command makes the older one again"
        )


def _noted(place: Path) -> Iterator[tuple[Path, TaskSettings, dict]]:
    """Of each run of a case its folder, its task's settings and its provenance."""
    for run in runs_of_case(place):
        try:
            noted = run, read_config(run).task, read_json(run / PROVENANCE)
        except RunError:  # it is damaged, which the sweep's table says
            continue
        yield noted
