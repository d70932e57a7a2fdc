"""What is kept of the full runs, under results/: every file of a run but its checkpoint, and their tables."""

import shutil
from pathlib import Path

import pandas as pd

from replicate.files import RunError, write_whole
from replicate.runs.folder import PROJECT, TEXT_FILES, Run, open_run
from replicate.runs.places import PROVENANCE
from replicate.settings import RunConfig
from replicate.studies.published.plan import published_runs, reversal_runs

RESULTS = PROJECT / "results"
KEPT = [*TEXT_FILES, PROVENANCE]

# The metrics of the studies' tables: their names there, and in the tables of a run as everywhere else.
TABLE_METRICS = {
    "psa": "published_psa",
    "lcsr": "published_lcsr",
    "geo_mean": "published_geo_mean",
    "text_psa": "psa",
    "text_lcsr": "lcsr",
    "text_geo_mean": "geo_mean",
    "exact_match": "exact_match",
    "lcs_f1": "lcs_f1",
}


def keep(name: str, finished: Run) -> None:
    """Copy a finished run to results/, its checkpoint left out; the provenance comes last, as in a run."""
    folder = RESULTS / "runs" / name
    folder.mkdir(parents=True, exist_ok=True)
    for file in KEPT:
        write_whole(folder / file, lambda target, file=file: shutil.copyfile(finished.path / file, target))


def kept_whole(name: str, config: RunConfig) -> Run | None:
    """The run under results/ of this name, or None where it is missing or damaged.

    Raises:
        RunError: it has other settings.
    """
    try:
        kept = open_run(RESULTS / "runs" / name)
    except RunError:
        return None
    return _as_planned(kept, config)


def has_kept(name: str) -> bool:
    """Whether results/ has a run of this name, whole or damaged, which is not to be taken for none."""
    return (RESULTS / "runs" / name).exists()


def training_table(runs: dict[str, RunConfig]) -> pd.DataFrame:
    """One row a training of the kept runs.

    Raises:
        RunError: a run is missing, damaged or was made with other settings.
    """
    tables = []
    for name, config in runs.items():
        scores = open_kept(name, config).scores
        columns = {there: scores[name] for there, name in TABLE_METRICS.items()}
        tables.append(
            pd.DataFrame(
                {
                    "max_length": config.task.max_length,
                    "reverse": config.task.reverse,
                    "round": scores["round"],
                    **columns,
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def open_kept(name: str, config: RunConfig) -> Run:
    """A run under results/, refused where its settings are not those of the plan."""
    return _as_planned(open_run(RESULTS / "runs" / name), config)


def _as_planned(kept: Run, config: RunConfig) -> Run:
    if kept.config != config:
        raise RunError(
            f"{kept.path} was made with other settings than `replicate replicate` uses: put these back where "
            "they are registered, or delete that folder to make it again"
        )
    return kept


def read_training_table(path: Path, runs: dict[str, RunConfig]) -> pd.DataFrame:
    """Read a table that `training_table` made; its metrics have the names that they have in a run.

    Raises:
        RunError: it is missing, cut short, or holds other numbers than its runs.
    """
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read ({error}); `make replicate` writes it") from error
    expected = training_table(runs)
    if list(table) != list(expected) or len(table) != len(expected):
        raise RunError(
            f"{path} holds {len(table)} trainings, not {len(expected)}; `make replicate` writes it"
        )
    try:
        pd.testing.assert_frame_equal(table, expected, rtol=1e-4)
    except AssertionError as error:
        raise RunError(f"{path} disagrees with results/runs: {str(error).splitlines()[0]}") from error
    return table.rename(columns=TABLE_METRICS)


def core_hours(runs: dict[str, RunConfig]) -> list[float]:
    """What each kept run took, over all its processes and their threads, of which earlier ones had one."""
    records = [open_kept(name, config).provenance for name, config in runs.items()]
    return [record["seconds"] * record["workers"] * record.get("threads", 1) / 3600 for record in records]


def reversal_trainings() -> pd.DataFrame:
    """The trainings that judge reversal: at 5 and 10 those of the table's rows, at 15 the study's alone."""
    rows = read_training_table(RESULTS / "published_table.csv", published_runs())
    study = read_training_table(RESULTS / "reversal.csv", reversal_runs())
    return pd.concat([rows[~rows.max_length.isin(study.max_length)], study], ignore_index=True)
