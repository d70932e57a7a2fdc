"""A notebook's parameters: read from its cells without running them, and checked before any training.

A notebook's cell tagged `parameters` starts with the line `# Parameters` and assigns one plain value a line;
it names every parameter and gives its default. papermill adds a cell of the same form with the given values.
"""

import ast
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from replicate.errors import OneLineError
from replicate.fields import shortened, unknown
from replicate.settings import (
    OLD_NAMES,
    RunConfig,
    SettingError,
    flat_names,
    foreign_names,
    implied_task,
    means_nothing,
    needs_value,
    renamed,
)
from replicate.values import KINDS, WORDS, plain

FIRST_LINE = "# Parameters"
TAG, INJECTED = "parameters", "injected-parameters"  # of the cells with the defaults and with what was given


class ParameterError(OneLineError, ValueError):
    """A parameter that a person gave wrongly; the message is one line and says what to do."""


class Parameters(Mapping):
    """A notebook's parameters by name: what was given, and its defaults for the rest."""

    def __init__(self, defaults: dict[str, Any], given: dict[str, Any]):
        check_names(given, defaults)
        self.defaults = defaults
        self.given = {name: _like(defaults[name], name, value) for name, value in given.items()}

    def __getitem__(self, name: str) -> Any:
        return self.given[name] if name in self.given else self.defaults[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.defaults)

    def __len__(self) -> int:
        return len(self.defaults)

    def __repr__(self) -> str:
        return repr(dict(self))


def notebook_parameters(history: Sequence[str]) -> Parameters:
    """Return the parameters of a running notebook.

    They are read from the source of the cells, for the variables alone do not tell a misspelt parameter from
    any other name, and in JupyterLab a cell may be changed and run again.

    Arguments:
        history: IPython's `In`, the sources of the cells that ran so far.
    """
    if not any(history):
        # nbval keeps no history; nor can it give parameters, so what is set so far are the defaults.
        return Parameters(_plain_variables(), {})
    runs = [list(cells) for tagged, cells in groupby(history, _is_parameters_cell) if tagged]
    if not runs:
        raise ParameterError(f"run the cell that starts with '{FIRST_LINE}' first")
    defaults, *later = [_assignments(source) for cells in runs for source in cells]
    # Only the last run of cells must be right: in JupyterLab a mistake stays in the history after its repair.
    for source in runs[-1]:
        check_names(_assignments(source), defaults)
    latest = {name: value for cell in later for name, value in cell.items() if name in defaults}
    # A cell that was changed and run again names all parameters: only what differs was given by a person.
    given = {name: value for name, value in latest.items() if not _same(value, defaults[name])}
    return Parameters(defaults, given)


def check_parameters(notebook: Path, given: dict[str, Any]) -> Parameters:
    """Return all parameters of a notebook file, the given values in place of its defaults."""
    defaults = _defaults(notebook)
    if given and not defaults:
        untagged = any(_is_parameters_cell(source) for source, _ in _cells(notebook))
        hint = f": the cell that starts with '{FIRST_LINE}' lacks the tag parameters" if untagged else ""
        raise ParameterError(f"{notebook.name} takes no parameters{hint}")
    return Parameters(defaults, given)


def makes_config(notebook: Path) -> bool:
    """Whether a notebook takes its parameters for a run's settings; in any other they may mean anything."""
    return any("run_config" in source for source, _ in _cells(notebook))


def run_config(parameters: Mapping[str, Any]) -> RunConfig:
    """Return the config made of those parameters that are settings of a run.

    Of a notebook's `Parameters`, a default that means nothing to the chosen task or model is left out.
    """
    given = parameters.given if isinstance(parameters, Parameters) else parameters
    known = {*flat_names(), *OLD_NAMES}
    try:
        settings, typed = (
            renamed({name: value for name, value in names.items() if name in known})
            for names in (parameters, given)
        )
        if isinstance(parameters, Parameters):
            _refuse_none(parameters)
            # A notebook about one task.
            if "task" not in settings and (task := implied_task(parameters.defaults)):
                settings["task"] = task
        foreign = foreign_names(settings)
        for name in foreign:
            # A notebook that has no line for the task may choose it, and a model, after this check.
            if "task" in parameters and typed.get(name) is not None:
                raise SettingError(means_nothing(name, settings))
        return RunConfig.of(**{name: value for name, value in settings.items() if name not in foreign})
    except SettingError as error:
        raise ParameterError(str(error)) from None


def _refuse_none(parameters: Parameters) -> None:
    """Refuse None for a setting that has a value in the notebook, and in every run."""
    for name, value in parameters.given.items():
        if value is None and parameters.defaults[name] is not None and needs_value(name):
            raise ParameterError(
                f"{name} needs a value; without one given it is {parameters.defaults[name]!r}"
            )


def check_names(given: Iterable[str], valid: Iterable[str]) -> None:
    """Refuse a name that is not among the valid ones."""
    valid = list(valid)
    for name in given:
        if name in valid:
            continue
        if "task" in valid and name in flat_names():
            raise ParameterError(f"the parameters cell has no line for {name}; add `{name} = ...` to it")
        raise ParameterError(unknown(name, valid))


def _plain_variables() -> dict[str, Any]:
    from IPython import get_ipython  # slow to import, and not wanted outside a kernel

    shell = get_ipython()
    own = {name: value for name, value in shell.user_ns.items() if name not in shell.user_ns_hidden}
    plain = bool | int | float | str | list | None
    return {name: value for name, value in own.items() if isinstance(value, plain) and name[0] != "_"}


def _same(value: Any, other: Any) -> bool:
    return type(value) is type(other) and value == other  # 1 is not True


def _is_parameters_cell(source: str) -> bool:
    return source.lstrip().startswith(FIRST_LINE)


def _defaults(notebook: Path) -> dict[str, Any]:
    cells = _cells(notebook)
    if any(INJECTED in tags for _, tags in cells):  # papermill leaves it there, or drops all that is in it
        raise ParameterError(
            f"{notebook} is an executed copy with given parameters in it: execute the notebook that it was "
            f"made of, or delete the cell with the tag {INJECTED}"
        )
    tagged = [source for source, tags in cells if TAG in tags]
    if len(tagged) > 1:
        raise ParameterError(
            f"{notebook} has {len(tagged)} cells with the tag parameters; only one can be read"
        )
    return _assignments(tagged[0]) if tagged else {}


def _cells(notebook: Path) -> list[tuple[str, list[str]]]:
    """The source and the tags of each cell of code."""
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        cells = [cell for cell in cells if cell["cell_type"] == "code"]
        found = [("".join(cell["source"]), list(cell["metadata"].get("tags", []))) for cell in cells]
        "".join(source for source, _ in found).encode()  # half of a surrogate pair is no text
    except OSError as error:
        raise ParameterError(f"cannot read {notebook}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ParameterError(f"{notebook} is not a notebook") from error
    return found


def _assignments(source: str) -> dict[str, Any]:
    values = {}
    for statement in _statements(source):
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                values[name] = _literal(name, value)
            case _:
                line = ast.unparse(statement)
                raise ParameterError(f"a parameters cell holds one `name = value` a line, not `{line}`")
    return values


def _statements(source: str) -> list[ast.stmt]:
    try:
        return ast.parse(source).body
    except SyntaxError as error:
        place = f"line {error.lineno} of the parameters cell" if error.lineno else "the parameters cell"
        raise ParameterError(f"{place} is not Python: {error.msg}") from error
    except (RecursionError, MemoryError) as error:
        raise ParameterError("the parameters cell is nested too deeply to be read") from error


def _literal(name: str, value: ast.expr) -> Any:
    try:
        return ast.literal_eval(value)
    except (ValueError, TypeError, RecursionError) as error:
        raise ParameterError(f"{name} must be a plain value, not `{ast.unparse(value)}`") from error


def _like(default: Any, name: str, value: Any) -> Any:
    """Return the value in the type of its default. None stands for any type, on either side."""
    # papermill hands over `false` as a word, `1e3` as 1000.0 and a folder named 7 as a number; the command
    # line hands over text, of which a folder named 007 keeps every character.
    if isinstance(value, str) and default is None:
        value = WORDS.get(value.lower(), value)  # nothing says that a number is wanted
    elif isinstance(value, str) and not isinstance(default, str):
        value = plain(value)
    if default is None or value is None:
        return value
    if type(default) not in KINDS:
        raise ParameterError(
            f"{name} cannot be given: its default is a {type(default).__name__}, which no notebook can be "
            "handed"
        )
    kind, read = KINDS[type(default)]
    try:
        return read(value)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise ParameterError(f"{name} must be {kind}, not {shortened(value)}") from error
