"""What a sweep is: a notebook and the sets of parameters to execute it with, read from a YAML file."""

import hashlib
import itertools
import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from replicate.fields import explain
from replicate.parameters import ParameterError, check_parameters, run_config


class Sweep(BaseModel):
    """The content of a sweep's file: every case of `list` with every combination of `grid`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    notebook: str  # its path, from the file's folder
    fixed: dict[str, Any] = {}  # what all runs share
    grid: dict[str, list[Any]] = {}
    cases: list[dict[str, Any]] = Field([{}], alias="list", min_length=1)

    def changes(self) -> list[dict[str, Any]]:
        """What each run has beside the fixed parameters."""
        combinations = [
            dict(zip(self.grid, values, strict=True)) for values in itertools.product(*self.grid.values())
        ]
        return [case | combination for case in self.cases for combination in combinations]


@dataclass(frozen=True)
class Job:
    """One run of a sweep, with all that a machine without the sweep's files needs."""

    name: str  # of its folder
    notebook: str  # file name
    source: str  # the notebook's text
    given: dict[str, Any]  # the parameters to hand over
    changes: dict[str, Any]  # those that are not at the notebook's defaults
    earlier: dict[str, bytes] = field(
        default_factory=dict
    )  # a finished training of the same settings, by path

    @property
    def digest(self) -> str:
        """The same for equal notebooks' names and parameters, and for no others.

        A parameter that comes new to the notebook, with a default, changes none.
        """
        identity = json.dumps([self.notebook, self.changes], sort_keys=True, default=repr)
        return hashlib.sha256(identity.encode()).hexdigest()[:10]

    @property
    def content(self) -> str:
        """The SHA-256 of the notebook's cells, without their outputs."""
        cells = [[cell["cell_type"], "".join(cell["source"])] for cell in json.loads(self.source)["cells"]]
        return hashlib.sha256(json.dumps(cells).encode()).hexdigest()


def read_sweep(path: Path) -> list[Job]:
    """The runs that a sweep's file asks for, all parameters checked.

    Raises:
        ParameterError: the file or a parameter is wrong; the message names it.
    """
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), _Loader)
        sweep = Sweep(**data) if isinstance(data, dict) else None
    except OSError as error:
        raise ParameterError(f"cannot read {path}: {error.strerror}") from error
    except ValidationError as error:
        raise ParameterError(f"{path}: {explain(error, list(Sweep.model_fields))}") from error
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise ParameterError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if sweep is None:
        raise ParameterError(f"{path} holds no sweep; it needs `notebook:` and `grid:` or `list:`")
    notebook = path.parent / sweep.notebook
    jobs = {}
    for change in sweep.changes():
        job = make_job(notebook, sweep.fixed | change, _readable(change))
        if job.digest in jobs:
            raise ParameterError(f"{path} asks twice for the run with {change}")
        jobs[job.digest] = replace(job, name=f"{job.name}-{job.digest}")
    return list(jobs.values())


def make_job(notebook: Path, given: dict[str, Any], name: str) -> Job:
    """One run, its parameters checked."""
    values = check_parameters(notebook, given)
    run_config(values)  # refuses what a run would refuse
    source = notebook.read_text(encoding="utf-8")
    typed = {parameter: values[parameter] for parameter in given}
    defaults = check_parameters(notebook, {})
    changes = {parameter: value for parameter, value in values.items() if value != defaults[parameter]}
    return Job(name, notebook.name, source, typed, changes)


def _readable(change: dict[str, Any]) -> str:
    """Part of a folder's name: letters, digits, dots and dashes."""
    text = "-".join(f"{name}-{value}" for name, value in change.items())
    return re.sub(r"[^A-Za-z0-9._]+", "-", text)[:80].strip("-.") or "run"


class _Loader(yaml.SafeLoader):
    """Plain values only; 1e-3 is a number, and a key that is given twice is refused."""

    def construct_mapping(self, node, deep=False):
        mapping = super().construct_mapping(node, deep)
        if len(mapping) < len(node.value):
            raise yaml.constructor.ConstructorError(None, None, "a name is given twice", node.start_mark)
        return mapping


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"), list("-+.0123456789")
)
