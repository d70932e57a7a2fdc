"""The run folder: all that a notebook needs of a run, written whole or not at all."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pandas.api.types import is_numeric_dtype
from torch import nn

from replicate.checkpoints import read_checkpoint
from replicate.files import PROJECT, RunError, first_line, read_bytes, read_json
from replicate.models import build
from replicate.runs.changes import refuse_changed
from replicate.runs.checks import find_finished, read_config
from replicate.runs.places import PLAN, PROVENANCE, is_finished, runs_root
from replicate.settings import RunConfig
from replicate.tasks import task_of
from replicate.tasks.task import Metric, Task
from replicate.training.scoring import GRADIENT

TABLES = {  # file name -> the columns it must have, beside the task's metrics
    "history": ["round", "step", "loss", "learning_rate"],
    "scores": ["round", "evaluation"],
    "by_length": ["round", "kind", "length", "samples"],
    "by_position": ["round", "position", "samples", "accuracy"],
}
NEWER_COLUMNS = {  # those that runs of earlier versions lack
    "history": [*GRADIENT, "diverged", "nats"],
    "scores": ["nats"],
}
TEXT_FILES = ["config.json", *(f"{name}.csv" for name in TABLES)]
FILES = [*TEXT_FILES, "checkpoint.pt"]
OWN_FILES = [*FILES, PROVENANCE, PLAN]


@dataclass(frozen=True)
class Run:
    """A finished run, read from its folder. `results/README.md` says what each column means."""

    path: Path
    config: RunConfig
    history: pd.DataFrame
    scores: pd.DataFrame
    by_length: pd.DataFrame
    by_position: pd.DataFrame
    provenance: dict
    device: str = "cpu"  # where `load_model` puts the model

    @property
    def task(self) -> Task:
        return task_of(self.config.task)

    @property
    def metrics(self) -> list[Metric]:
        """The task's metrics, but for those that are newer than the run."""
        return [metric for metric in self.task.metrics if metric.name in self.scores]

    @property
    def headline(self) -> Metric:
        """The task's, or its first metric where the run is older than that one."""
        return next((metric for metric in self.metrics if metric.name == self.task.headline), self.metrics[0])

    @property
    def steps(self) -> int:
        """Updates of each training: the config's, or fewer where it stopped early."""
        return int(self.history.step.max())

    @property
    def diverged(self) -> dict[int, int]:
        """The rounds that diverged, each with the update at which it did; they have no scores."""
        if "diverged" not in self.history:  # runs from before divergence was seen
            return {}
        last = self.history.groupby("round").diverged.max()
        return {int(r): int(step) for r, step in last[last > 0].items()}

    @property
    def attempts(self) -> list[dict]:
        """What was true as the run began, and as each attempt began that went on from one before."""
        resumed = self.provenance.get("resumed", [])
        if not (isinstance(resumed, list) and all(isinstance(attempt, dict) for attempt in resumed)):
            raise RunError(f"{self.path / PROVENANCE} is damaged: resumed is no list of attempts")
        return [self.provenance, *resumed]

    def refuse_changed(self) -> None:
        """See that task and model are those of this run, where this can be told.

        Raises:
            RunError: the code of one was changed, so that this run's numbers are of another.
        """
        refuse_changed(self.config, self.provenance, self.path)

    def load_model(self) -> nn.Module:
        """The trained model, all rounds."""
        if not (self.path / "checkpoint.pt").exists():
            raise RunError(
                f"{self.path / 'checkpoint.pt'} is missing: results/runs keeps none, the whole runs are "
                "under runs/; use a run there, or make this one again"
            )
        _check(self.path, self.provenance, ["checkpoint.pt"])
        self.refuse_changed()
        model = build(self.config, range(self.config.training.rounds))
        saved = read_checkpoint(self.path / "checkpoint.pt")
        try:
            model.load_state_dict(saved)
        except (RuntimeError, AttributeError, TypeError) as error:
            raise RunError(
                f"{self.path / 'checkpoint.pt'} is no checkpoint of this run's model: {first_line(error)}"
            ) from error
        return model.to(self.device)


def is_run_file(name: str) -> bool:
    """Whether a file of this name in a run's folder is the run's own; a notebook may put others there."""
    return name in OWN_FILES or bool(re.fullmatch(r"part-\d+-\d+\.pt", name))


def columns(table: str, task: Task) -> list[str]:
    """Every column that this table of a run can have."""
    metrics = [] if table == "by_position" else [metric.name for metric in task.metrics]
    return [*TABLES[table], *NEWER_COLUMNS.get(table, []), *metrics]


def project_notebook(path: Path) -> Path:
    """The path of one of the project's own notebooks, which an installed library does not bring along.

    Raises:
        RunError: it is not there.
    """
    if not path.exists():
        raise RunError(f"there is no {path}: the project's notebooks are in its checkout")
    return path


def trained_runs() -> list[Path]:
    """Folders whose trained model can be loaded: the two that ship for the explorer, then one's own."""
    own = sorted(path.parent for path in runs_root().rglob("checkpoint.pt") if is_finished(path.parent))
    return [*(PROJECT / "results" / name for name in ("quick", "strong")), *own]


def open_run(path: Path | str) -> Run:
    """Read and check a finished run folder; a relative path may start at the project's folder.

    Raises:
        RunError: the folder is missing, unfinished or damaged.
    """
    path = find_finished(path)
    config = read_config(path)
    record = read_json(path / PROVENANCE)
    _check(path, record, TEXT_FILES)
    tables = {name: _read_table(path / f"{name}.csv", columns) for name, columns in TABLES.items()}
    return Run(path, config, provenance=record, **tables)


def is_damaged(path: Path) -> bool:
    """Whether the tables or the config of a finished run are not what it wrote."""
    try:
        _check(path, read_json(path / PROVENANCE), TEXT_FILES)
    except RunError:
        return True
    return False


def checksums(path: Path, files: Sequence[str] = FILES) -> dict[str, str]:
    """The SHA-256 of each file of a run, for its provenance."""
    return {file: hashlib.sha256(read_bytes(path / file)).hexdigest() for file in files}


def _check(path: Path, record: dict, files: Sequence[str]) -> None:
    """Refuse files that are missing or not those the run wrote."""
    written = record.get("sha256")
    if not isinstance(written, dict):
        raise RunError(f"{path / PROVENANCE} is damaged: it has no checksums")
    for file in files:
        try:
            found = checksums(path, [file])[file]
        except OSError as error:
            raise RunError(f"{path / file} is missing; delete {path} and start the run again") from error
        if found != written.get(file):
            raise RunError(
                f"{path / file} is damaged: it is not what the run wrote; delete {path} and start it again"
            )


def _read_table(path: Path, columns: list[str]) -> pd.DataFrame:
    try:
        table = pd.read_csv(path)
    except ValueError as error:
        raise RunError(f"{path} is no table: {first_line(error)}") from error
    missing = [column for column in columns if column not in table]
    if missing:
        raise RunError(f"{path} has no column {missing[0]}; it is from another version, make the run again")
    words = [column for column in columns if column != "kind" and not is_numeric_dtype(table[column])]
    if words and not table.empty:  # no position is reached where every target is empty
        raise RunError(f"{path} has other things than numbers in column {words[0]}")
    return table
