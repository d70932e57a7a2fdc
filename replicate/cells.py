"""The cells of a notebook file, and what its parameters cell assigns, read without running anything."""

import ast
import json
from collections.abc import Container, Iterable
from pathlib import Path
from typing import Any

from replicate.errors import ParameterError
from replicate.files import read_utf8

FIRST_LINE = "# Parameters"
ASSIGNING = {"time", "capture", "prun"}  # magics of a cell that sets variables of the notebook
TAG, INJECTED = "parameters", "injected-parameters"  # of the cells with the defaults and with what was given


def is_parameters_cell(source: str) -> bool:
    """Whether it is written as one; papermill goes by its tag."""
    return source.strip().partition("\n")[0].rstrip() == FIRST_LINE


def defaults_of(notebook: Path) -> dict[str, Any]:
    """What the cell with the tag assigns; empty where there is none.

    Raises:
        ParameterError: there are several, or it is an executed copy, or the cell holds something else, or
            starts in a way in which `notebook_parameters` would not find it.
    """
    cells = cells_of(notebook)
    if any(INJECTED in tags for _, tags in cells):  # papermill leaves it there, or drops all that is in it
        raise ParameterError(
            f"{notebook} is an executed copy with given parameters in it: execute the notebook that it was "
            f"made of, or delete the cell with the tag {INJECTED}"
        )
    tagged = [number for number, (_, tags) in enumerate(cells) if TAG in tags]
    if len(tagged) > 1:
        raise ParameterError(
            f"{notebook} has {len(tagged)} cells with the tag parameters; only one can be read"
        )
    if not tagged:
        return {}
    (source, _), later = cells[tagged[0]], cells[tagged[0] + 1 :]
    defaults = assignments(source)
    if any(calls(other, "notebook_parameters") for other, _ in cells):
        if not is_parameters_cell(source):
            raise ParameterError(
                f"{notebook.name}: the cell with the tag parameters must start with '{FIRST_LINE}'"
            )
        refuse_second(other for other, tags in cells if TAG not in tags)
    refuse_second((other for other, _ in later), defaults)
    return defaults


def refuse_second(cells: Iterable[str], names: Container[str] | None = None) -> None:
    """Refuse a second cell of parameters, or one that sets a parameter: what is given would not count.

    Args:
        names: of the parameters; None where every cell of this form is read for them.
    """
    for source in filter(is_parameters_cell, cells):
        if found := sorted(name for name in assigned_names(source) if names is None or name in names):
            raise ParameterError(
                f"{found[0]} has a value in a second cell that starts with '{FIRST_LINE}', beside which what "
                "is given would not count: write it into the cell with the tag parameters instead"
            )


def cells_of(notebook: Path) -> list[tuple[str, list[str]]]:
    """The source and the tags of each cell of code.

    Raises:
        ParameterError: it cannot be read, or is no notebook, or another cell has a tag of parameters, which
            papermill would go by.
    """
    try:
        whole = json.loads(read_utf8(notebook))
        cells = whole["cells"]
        if not (isinstance(whole["nbformat"], int) and isinstance(whole["metadata"], dict)):
            raise ValueError("what every notebook has is missing")
        "".join("".join(cell["source"]) for cell in cells).encode()  # half of a surrogate pair is no text
        found = [
            (cell["cell_type"], "".join(cell["source"]), list(cell["metadata"].get("tags", [])))
            for cell in cells
        ]
        if not all(isinstance(tag, str) for *_, tags in found for tag in tags):
            raise ValueError("a tag is no text")
    except OSError as error:
        raise ParameterError(f"cannot read {notebook}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ParameterError(f"{notebook} is not a notebook") from error
    for kind, _, tags in found:
        if kind != "code" and (wrong := {TAG, INJECTED}.intersection(tags)):
            raise ParameterError(
                f"{notebook.name}: the tag {wrong.pop()} is of a cell of code, and a {kind} cell has it"
            )
    return [(source, tags) for kind, source, tags in found if kind == "code"]


def assignments(source: str) -> dict[str, Any]:
    """The values of a parameters cell by name.

    Raises:
        ParameterError: it holds something else than plain values.
    """
    values = {}
    for statement in _statements(source):
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                values[name] = _literal(name, value)
            case _:
                line = _shown(statement)
                raise ParameterError(f"a parameters cell holds one `name = value` a line, not `{line}`")
    return values


def assigned_names(source: str) -> set[str]:
    """The variables that a cell of any code sets, as far as it can be read."""
    targets = []
    for statement in _readable(source):
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue  # what is set within is their own
        targets += getattr(statement, "targets", [getattr(statement, "target", statement)])
    return {part.id for target in targets for part in ast.walk(target) if _is_set(part)}


def plain_names(source: str) -> set[str]:
    """The variables that a cell of any code sets to a plain value, as a parameters cell does."""
    return {
        part.id
        for line in _readable(source)
        if isinstance(line, ast.Assign | ast.AnnAssign) and line.value and _is_literal(line.value)
        for target in getattr(line, "targets", [getattr(line, "target", line)])
        for part in ast.walk(target)
        if _is_set(part)
    }


def without_magic(source: str) -> str:
    """A cell as it was written under `%%time` and the like, of which IPython's history has the call."""
    match _readable(source):
        case [ast.Expr(ast.Call(ast.Attribute(attr="run_cell_magic"), [ast.Constant(name), _, body]))]:
            return body.value if name in ASSIGNING and isinstance(body, ast.Constant) else source
    return source


def _is_literal(value: ast.expr) -> bool:
    try:
        ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def calls(source: str, function: str) -> bool:
    """Whether a cell of any code calls a function, as far as it can be read."""
    called = [
        part.func for line in _readable(source) for part in ast.walk(line) if isinstance(part, ast.Call)
    ]
    return function in {getattr(found, "id", getattr(found, "attr", None)) for found in called}


def _is_set(part: ast.AST) -> bool:
    return isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)


def _readable(source: str) -> list[ast.stmt]:
    """A cell without IPython's own lines."""
    python = "\n".join(line for line in source.splitlines() if line.lstrip()[:1] not in ("%", "!"))
    try:
        return ast.parse(python).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


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
        return ast.literal_eval(_NotFinite().visit(value))
    except (ValueError, TypeError, RecursionError) as error:
        raise ParameterError(f"{name} must be a plain value, not `{_shown(value)}`") from error


class _NotFinite(ast.NodeTransformer):
    """Reads `float('nan')` and the like, as papermill writes the numbers for which Python has no sign."""

    def visit_Call(self, call: ast.Call) -> ast.expr:
        match call:
            case ast.Call(ast.Name("float"), [ast.Constant("nan" | "inf" | "-inf" as word)], []):
                return ast.Constant(float(word))
        return call


def _shown(code: ast.AST) -> str:
    try:
        return ast.unparse(code)
    except RecursionError:
        return "code nested too deeply to be shown"
