"""What a sweep is: a notebook and the sets of parameters to execute it with, read from a YAML file."""

import hashlib
import itertools
import json
import math
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from replicate.cells import TAG
from replicate.errors import OneLineError, ParameterError
from replicate.fields import TaskSettings, explain
from replicate.files import IS_CHECKOUT, PROJECT, RunError, read_utf8
from replicate.parameters import Parameters, check_parameters, makes_config, run_config
from replicate.publish.read_notebook import read_notebook
from replicate.runs.checks import check_making
from replicate.runs.code import code_digest
from replicate.setting_names import flat_names
from replicate.settings import RunConfig
from replicate.telling import tell
from replicate.words import load, one_line, values_of

MOST_CASES = 10_000  # of a sweep; one that asks for more was hardly meant
MANY_CASES = 1_000  # whose check takes seconds
STEERS = {TAG, "raises-exception", "skip-execution"}  # tags that papermill and nbclient act on


class SweepError(OneLineError, RuntimeError):
    """A sweep that cannot go on now; one line that says why, and what the same command will do."""

    status = 1


class Sweep(BaseModel):
    """The content of a sweep's file: every case of `list` with every combination of `grid`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    notebook: str  # its path, from the file's folder
    fixed: dict[str, Any] = {}  # what all cases share
    grid: dict[str, Annotated[list[Any], Field(min_length=1)]] = {}
    cases: list[dict[str, Any]] = Field([{}], alias="list", min_length=1)

    @model_validator(mode="after")
    def _is_unambiguous(self) -> Self:
        places = {"fixed": set(self.fixed), "grid": set(self.grid), "list": set().union(*self.cases)}
        for (one, names), (other, others) in itertools.combinations(places.items(), 2):
            for name in sorted(names & others):
                raise ValueError(f"{name} is both in {one} and in {other}; one of the two would be lost")
        count = len(self.cases) * math.prod(map(len, self.grid.values()))
        if count > MOST_CASES:
            raise ValueError(f"it asks for {count} cases; a sweep may have {MOST_CASES}")
        return self

    def changes(self) -> list[dict[str, Any]]:
        """What each case has beside the fixed parameters."""
        combinations = [
            dict(zip(self.grid, values, strict=True)) for values in itertools.product(*self.grid.values())
        ]
        return [case | combination for case in self.cases for combination in combinations]


@dataclass(frozen=True)
class Job:
    """One case of a sweep, with all that a machine without the sweep's files needs."""

    name: str  # of its folder
    notebook: str  # file name
    source: str  # the notebook's text
    given: dict[str, Any]  # the parameters to hand over
    changes: dict[str, Any]  # those that are not at the notebook's defaults
    meaning: str = ""  # the same for cases that do the same, however they are written
    sweep: str = ""  # the token of the sweep's folder
    task: TaskSettings | None = None  # where its notebook makes a run's settings: with the checksum of a text
    code: str = ""  # the checksum of the library that asks for it
    registration: dict[str, str] | None = None  # of the study that asks for it, as a run keeps it
    earlier: dict[str, bytes] = field(default_factory=dict)  # files of the case's runs of before, by path

    @property
    def digest(self) -> str:
        """The same for equal notebooks' names and parameters, and for no others.

        A parameter that comes new to the notebook, with a default, changes none.
        """
        changes = dict(sorted(self.changes.items()))  # whose values keep their order
        identity = json.dumps([self.notebook, changes], default=repr)
        return hashlib.sha256(identity.encode()).hexdigest()[:10]

    @property
    def content(self) -> str:
        """The SHA-256 of the notebook's cells, without outputs, and of tags that steer it."""
        cells = [
            [cell["cell_type"], "".join(cell["source"]), sorted(STEERS & {*cell["metadata"].get("tags", [])})]
            for cell in json.loads(self.source)["cells"]
        ]
        return hashlib.sha256(json.dumps(cells).encode()).hexdigest()

    @property
    def key(self) -> tuple[str, str]:
        """The job's name on a scheduler that many sweeps may share.

        Its first part is the sweep's: dask has an order of its own between what it takes for several kinds
        of tasks, and tells kinds by the beginnings of their names.
        """
        return f"sweep-{self.sweep}", f"{self.name}-{self.digest}-{self.content}"


def read_sweep(path: Path) -> list[Job]:
    """The cases that a sweep's file asks for, all parameters checked.

    Raises:
        ParameterError: the file or a parameter is wrong; the message names it.
    """
    try:
        data = load(read_utf8(path))
    except OSError as error:
        raise ParameterError(f"cannot read {path}: {error.strerror}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ParameterError(f"{path} is not plain YAML: {one_line(error)}") from error
    if not isinstance(data, dict):
        raise ParameterError(f"{path} holds no sweep; it needs `notebook:` and `grid:` or `list:`")
    try:
        return _jobs(path.parent, Sweep(**data))
    except ValidationError as error:
        message = explain(error, ["notebook", "fixed", "grid", "list"])
        raise ParameterError(f"{path}: {message}") from error
    except (ParameterError, RunError) as error:
        raise ParameterError(f"{path}: {one_line(error)}") from error


def make_job(notebook: Path, given: dict[str, Any], name: str) -> Job:
    """One case, its parameters checked."""
    values = check_parameters(notebook, given)
    config = run_config(values) if makes_config(notebook) else None  # refuses what a run would refuse
    if config:
        _check_case(values, config)
    source = read_utf8(notebook)
    typed = {parameter: values[parameter] for parameter in given}
    changes = {
        parameter: value
        for parameter, value in values.items()
        if repr(value) != repr(values.defaults[parameter])  # [1] is not [True]
    }
    # A text that was changed makes another case, though its file has the same name.
    changes |= {setting: getattr(config.task, setting) for setting in config.task.filled} if config else {}
    settings = set(flat_names()) if config else set()
    own = {parameter: value for parameter, value in values.items() if parameter not in settings}
    task = config.task if config else None
    return Job(
        name, notebook.name, source, typed, changes, repr((config, own)), task=task, code=code_digest()
    )


def _check_case(values: Parameters, config: RunConfig) -> None:
    """Refuse what a case would be refused for only after its start.

    Raises:
        ParameterError, RunError: the message says what is wrong.
    """
    check_making(values)
    for name in config.task.places & values.keys():
        path = values[name]
        if not path or not isinstance(path, str) or Path(path).is_absolute():
            continue
        if not (IS_CHECKOUT and (PROJECT / path).exists()):
            whole = f"must be whole, or start at {PROJECT}" if IS_CHECKOUT else "must be whole"
            raise ParameterError(
                f"{name} is {path!r}: a case works in a folder of its own, so that a path {whole}"
            )


def _jobs(folder: Path, sweep: Sweep) -> list[Job]:
    notebook = folder / sweep.notebook
    read_notebook(notebook)  # refuses what no case could execute
    defaults = check_parameters(notebook, {})
    fixed = values_of(sweep.fixed, defaults)
    jobs, changes = {}, sweep.changes()
    if len(changes) > MANY_CASES:
        tell(f"checking {len(changes):,} cases")
    for words in changes:
        change = values_of(words, defaults)
        job = make_job(notebook, fixed | change, _readable(change))
        if job.meaning in jobs:
            raise ParameterError(f"it asks twice for the case with {change}")
        jobs[job.meaning] = replace(job, name=f"{job.name}-{job.digest}")
    name, count = Counter(job.name for job in jobs.values()).most_common(1)[0]
    if count > 1:
        raise ParameterError(f"two of its cases would have one folder, {name}")
    return list(jobs.values())


def _readable(change: dict[str, Any]) -> str:
    """Part of a folder's name: letters, digits, dots and dashes."""
    text = "-".join(f"{name}-{value}" for name, value in change.items())
    return re.sub(r"[^A-Za-z0-9._]+", "-", text)[:80].strip("-.") or "run"
