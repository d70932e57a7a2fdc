"""Parameters as the command line gives them, in the forms and the order that papermill knows."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from replicate.errors import ParameterError
from replicate.parameters import Parameters, check_parameters
from replicate.values import plain
from replicate.words import load, one_line, values_of

PATHS = {"pairs", "target_file", "run", "beside"}  # parameters; a notebook is executed in another folder
PAIR = re.compile(r"([^\W\d]\w*)=(.*)", re.DOTALL)  # name=value


def sorted_words(words: Iterable[str]) -> tuple[Path | None, list[str]]:
    """The words after a notebook's name: where its executed copy goes, if one says so, and parameters.

    Raises:
        ParameterError: several words are no parameter, or one of them is but for its name.
    """
    words = list(words)
    paths = [word for word in words if not PAIR.match(word)]
    for word in paths:
        name, equals, _ = word.partition("=")
        if equals and not re.search(r"[/\\]", name):
            raise ParameterError(
                f"{name!r} is no parameter's name in {word!r}; a parameter is name=value, without blanks, "
                f"and a file for the copy that is called so is ./{word}"
            )
    if len(paths) > 1:
        raise ParameterError(
            f"one file is meant for the executed copy, not {' and '.join(paths)}; a parameter is name=value"
        )
    return Path(paths[0]) if paths else None, [word for word in words if PAIR.match(word)]


def given_parameters(
    notebook: Path,
    files: Sequence[Path] = (),
    texts: Sequence[str] = (),
    pairs: Sequence[str] = (),
    raw: Sequence[str] = (),
    typed: Sequence[str] = (),
) -> dict[str, Any]:
    """The parameters of YAML files and texts, then of `name=value` in three forms; what comes later wins.

    Where the default does not say what is wanted, what `raw` gives stays text, but for True, False and None.

    Raises:
        ParameterError: one of them is no such thing.
    """
    defaults = check_parameters(notebook, {})
    given = {}
    for file in files:
        given |= values_of(_mapping(_text(file), f"-f {file}"), defaults)
    for text in texts:
        given |= values_of(_mapping(text, f"-y {text!r}"), defaults)
    given |= {name: _value(defaults, name, text) for name, text in map(_name_and_text, pairs)}
    given |= dict(map(_name_and_text, raw))
    given |= {name: _value(defaults, name, text) for name, text in map(_name_and_text, typed)}
    _refuse_bytes(given)
    return {name: _from_here(value) if name in PATHS else value for name, value in given.items()}


def as_its_kernel_reads(parameters: Parameters, folder: Path) -> Parameters:
    """The same with the notebook's own paths whole: they start at its folder, in which its kernel works."""
    defaults = {
        name: _from_here(value, folder) if name in PATHS else value
        for name, value in parameters.defaults.items()
    }
    return Parameters(defaults, parameters.given)


def _refuse_bytes(given: Mapping[str, Any]) -> None:
    """Refuse what no notebook can hold: bytes of a name or a terminal that are not UTF-8."""
    for name, value in given.items():
        try:
            str(value).encode()
        except UnicodeEncodeError:
            raise ParameterError(
                f"{name} is {value!r}, which is not UTF-8; give another name, or use a locale such as C.UTF-8"
            ) from None


def _value(defaults: Mapping[str, Any], name: str, text: str) -> Any:
    """The text, or what it spells where nothing says what is wanted."""
    return plain(text) if defaults.get(name) is None else text


def _from_here(value: Any, folder: Path = Path()) -> Any:
    """A path that means something in the folder, whole; the project's own, such as results/quick, stay."""
    try:
        there = isinstance(value, str) and bool(value) and (folder / value).exists()
    except (OSError, ValueError):  # a text that can be no path
        there = False
    return str((folder / value).absolute()) if there else value


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise ParameterError(f"cannot read {file}: {error.strerror}") from error
    except ValueError as error:
        raise ParameterError(f"{file} is not text") from error


def _mapping(text: str, what: str) -> dict[str, Any]:
    try:
        found = load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ParameterError(f"{what} is not plain YAML: {one_line(error)}") from error
    if not isinstance(found, dict):
        raise ParameterError(f"{what} holds no parameters; it needs lines such as `name: value`")
    return found


def _name_and_text(pair: str) -> tuple[str, str]:
    found = PAIR.fullmatch(pair)
    if not found:
        raise ParameterError(f"-p takes a name and a value; {pair!r} came alone")
    return found[1], found[2]
