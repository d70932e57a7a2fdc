"""A notebook's parameters: its defaults, what was given in their place, and both checked before any training.

A notebook's cell tagged `parameters` starts with the line `# Parameters` and assigns one plain value a line;
it names every parameter and gives its default. papermill adds a cell of the same form with the given values.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from replicate.cell_history import defaults_and_latest
from replicate.cells import FIRST_LINE, cells_of, defaults_of, is_parameters_cell
from replicate.errors import MissingParameter, ParameterError, SettingError
from replicate.fields import shortened, unknown
from replicate.setting_names import (
    OLD_NAMES,
    flat_names,
    foreign_names,
    implied_task,
    means_nothing,
    misspelt,
    needs_value,
    renamed,
)
from replicate.settings import RunConfig
from replicate.values import KINDS, WORDS, plain


class Parameters(Mapping):
    """A notebook's parameters by name: what was given, and its defaults for the rest."""

    def __init__(self, defaults: dict[str, Any], given: dict[str, Any]):
        check_names(given, defaults)
        self.defaults = defaults
        self.given = {name: _like(defaults[name], name, value) for name, value in given.items()}

    def __getitem__(self, name: str) -> Any:
        if name not in self.defaults:
            raise MissingParameter(f"the parameters cell has no line for {name}; add `{name} = ...` to it")
        return self.given.get(name, self.defaults[name])

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
    defaults, latest = defaults_and_latest(history)
    # A cell that was run again names all parameters: only what differs was given by a person.
    given = {
        name: value
        for name, value in latest.items()
        if name not in defaults or not _same(value, defaults[name])
    }
    return Parameters(defaults, given)


def check_parameters(notebook: Path, given: dict[str, Any]) -> Parameters:
    """Return all parameters of a notebook file, the given values in place of its defaults."""
    defaults = defaults_of(notebook)
    if given and not defaults:
        untagged = any(is_parameters_cell(source) for source, _ in cells_of(notebook))
        hint = f": the cell that starts with '{FIRST_LINE}' lacks the tag parameters" if untagged else ""
        raise ParameterError(f"{notebook.name} takes no parameters{hint}")
    return Parameters(defaults, given)


def makes_config(notebook: Path) -> bool:
    """Whether a notebook takes its parameters for a run's settings; in any other they may mean anything."""
    return any("run_config" in source for source, _ in cells_of(notebook))


def run_config(parameters: Mapping[str, Any]) -> RunConfig:
    """Return the config made of those parameters that are settings of a run.

    Of a notebook's `Parameters`, a default that means nothing to the chosen task or model is left out.
    """
    given = parameters.given if isinstance(parameters, Parameters) else parameters
    known = {*flat_names(), *OLD_NAMES}
    _refuse_misspelt(parameters, known)
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


def _refuse_misspelt(parameters: Mapping[str, Any], known: set[str]) -> None:
    """Refuse a parameter that seems meant for a setting, which would have its default without a word."""
    for name in parameters.keys() - known:
        setting = misspelt(name)
        if setting is None or isinstance(parameters[name], list):
            continue
        if setting not in parameters or name.rstrip("s") != setting.rstrip("s"):  # a step beside steps
            raise ParameterError(
                f"{name} is no setting, and {setting} is one: correct the name in the parameters cell, or "
                "call a parameter of your own less like it"
            )


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
