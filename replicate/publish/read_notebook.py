"""Reads a notebook file, and refuses what is none."""

from pathlib import Path

import nbformat
from nbformat import NotebookNode

from replicate.errors import ParameterError
from replicate.files import read_utf8

# What reading a damaged notebook can end in.
DAMAGE = ValueError, TypeError, KeyError, AttributeError, AssertionError, RecursionError, NameError

MARK = "papermill-error-cell-tag"


def read_notebook(path: Path) -> NotebookNode:
    """Read a notebook file.

    Raises:
        ParameterError: it cannot be read, is no notebook, or is one of another language than Python.
    """
    try:
        notebook = nbformat.reads(read_utf8(path), as_version=4)
        nbformat.writes(notebook).encode()  # half of a surrogate pair is no text
        if not isinstance(notebook.metadata.get("papermill", {}), dict):
            raise ValueError("papermill's own words are damaged")
        is_list = isinstance(notebook.cells, list) and isinstance(notebook.nbformat_minor, int)
        if not (is_list and all(map(_is_whole, notebook.cells))):
            raise ValueError("a cell is damaged")
    except OSError as error:
        raise ParameterError(f"cannot read {path}: {error.strerror}") from error
    except (*DAMAGE, nbformat.ValidationError) as error:
        raise ParameterError(f"{path} is not a notebook") from error
    if (language := _language(notebook)).casefold() not in ("python", "python3", "ipython"):
        raise ParameterError(f"{path} is a notebook of {language!r}; only those of Python are executed")
    return notebook


def _language(notebook: NotebookNode) -> str:
    """As the notebook says; Python where it says nothing."""
    for place, name in (("kernelspec", "language"), ("language_info", "name")):
        said = notebook.metadata.get(place)
        if isinstance(said, dict) and said.get(name):
            return str(said[name])
    return "Python"


def _is_whole(cell: NotebookNode) -> bool:
    """Whether it is a cell, executed or not; the format asks for more, which other programs leave out."""
    outputs = cell.get("outputs", [])
    return (
        cell.cell_type in ("code", "markdown", "raw")
        and isinstance(cell.get("source"), str)
        and isinstance(cell.metadata.get("tags", []), list)
        and isinstance(outputs, list)
        and all(isinstance(output, dict) and "output_type" in output for output in outputs)
        and (cell.cell_type != "code" or {"outputs", "execution_count"} <= cell.keys())
    )


def without_marks(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells of a notebook, but for those with which papermill marks a failure in a copy."""
    return [cell for cell in notebook.cells if MARK not in cell.metadata.get("tags", [])]
