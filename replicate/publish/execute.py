"""Runs a notebook from top to bottom, as papermill does it, in a kernel of this Python."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

import nbformat
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError

from replicate.cells import INJECTED, TAG
from replicate.errors import OneLineError, ParameterError
from replicate.files import first_line, read_utf8, reason
from replicate.notebooks import set_apart
from replicate.publish.own_kernel import execute_in_own_kernel
from replicate.publish.read_notebook import DAMAGE, read_notebook, without_marks
from replicate.publish.terminal import as_seen
from replicate.runs.places import runs_root
from replicate.telling import PatientStderr
from replicate.training.interrupts import telling_that_it_stops

# Of a kernel that dies: what papermill logs, it raises too.
logging.getLogger("papermill").setLevel(logging.CRITICAL)


class NotebookError(OneLineError, RuntimeError):
    """A notebook that stopped; the message names it, the cell and the error in one line."""

    status = 1


def execute(
    notebook: Path,
    output: Path,
    parameters: dict[str, Any],
    folder: Path | None = None,
    stderr: TextIO | None = None,
) -> Path:
    """Run a notebook and return where the executed copy is; it is kept on failure too.

    The kernel's folder is the notebook's own, or the one given.

    What the cells write to stderr (progress) appears at once, on this process's own or where it is sent.

    Raises:
        NotebookError: a cell failed or ended the notebook, or the disk did not take the copy, which is gone.
        KeyboardInterrupt: Ctrl-C; the kernel has saved a run in training, and no copy is left.
    """
    tags = [cell.metadata.get("tags", []) for cell in without_marks(read_notebook(notebook))]
    _check_names(notebook.resolve(), output.resolve())
    variables = {
        # Nobody watches the kernel: a progress bar would fill the output with its own traces.
        "REPLICATE_PROGRESS": os.environ.get("REPLICATE_PROGRESS", "lines"),
        "REPLICATE_RUNS": str(runs_root()),  # the kernel works in another folder
    }
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with kernel_environment(**variables), telling_that_it_stops():
            executed = execute_in_own_kernel(
                _unformatted(notebook),
                _unformatted(output),
                parameters,
                cwd=(folder or notebook.parent).resolve(),
                progress_bar=False,
                stderr_file=stderr or PatientStderr(),
                extra_arguments=["--log-level=CRITICAL"],  # of the kernel itself: it logs every shutdown
            )
    except PapermillExecutionError as error:
        number = _number(error.cell_index, tags, parameters)
        told = ": ".join(filter(None, [error.ename, _told(error, output)]))
        message = f"{notebook.name}, cell {number}: {told}"
        raise NotebookError(message) from error
    except DeadKernelError as error:
        raise NotebookError(f"{notebook.name}: its kernel died (out of memory?)") from error
    except RuntimeError as error:  # no home folder is known, or the machine is too busy
        _remove(output)
        raise NotebookError(f"{notebook.name}: no kernel could be started: {first_line(error)}") from error
    except OSError as error:
        _remove(output)
        raise NotebookError(f"{error.filename or output} cannot be written: {reason(error)}") from error
    except KeyboardInterrupt:
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # it would tell of the cell that was left
        _remove(output)
        message = f"{notebook.name} was interrupted; the same command goes on from what its run saved, if any"
        raise KeyboardInterrupt(message) from None
    _refuse_exit(notebook.name, executed, tags, parameters)
    return output


def execute_or_set_apart(notebook: Path, copy: Path, parameters: dict[str, Any]) -> Path:
    """As `execute`; the copy of a notebook that failed gets a name of its own, and the error says which."""
    try:
        return execute(notebook, copy, parameters)
    except NotebookError as error:
        if not copy.exists():
            raise
        with suppress(OSError):  # a name that is too long stays as it is
            copy = set_apart(copy)
        raise NotebookError(f"{error}; the copy up to there is {copy}") from error


def _refuse_exit(
    name: str, executed: NotebookNode, tags: list[list[str]], parameters: dict[str, Any]
) -> None:
    """Refuse a notebook that ended itself before its end, which papermill takes for whole."""
    for place, cell in enumerate(executed.cells):
        if "raises-exception" in cell.metadata.get("tags", []):  # the cells after it were executed
            continue
        if any(output.output_type == "error" for output in cell.get("outputs", [])):
            number = _number(place, tags, parameters)
            raise NotebookError(f"{name}, cell {number}: SystemExit: no cell after it was executed")


def _number(place: int, tags: list[list[str]], parameters: dict[str, Any]) -> int:
    """A cell's in the notebook, from 1, by its place in the copy, where papermill puts one with parameters.

    Args:
        tags: of every cell of the notebook.
    """
    if not parameters or any(INJECTED in own for own in tags):
        return place + 1
    injected = next((number + 1 for number, own in enumerate(tags) if TAG in own), 0)
    return place if place > injected else place + 1


def _unformatted(path: Path) -> str:
    """A path as papermill needs it to mean that very file: it fills in what stands in braces."""
    return str(path.resolve()).replace("{", "{{").replace("}", "}}")


@contextmanager
def kernel_environment(**variables: str | None) -> Iterator[None]:
    """Set variables, or remove those that are None, for the kernels started meanwhile, which inherit them."""
    before = {name: os.environ.get(name) for name in variables}
    _set_environment(variables)
    try:
        yield
    finally:
        _set_environment(before)


def _set_environment(variables: dict[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@contextmanager
def figures_in(folder: Path) -> Iterator[None]:
    """Have the notebooks executed meanwhile save their figures in a folder."""
    folder.mkdir(parents=True)
    with kernel_environment(REPLICATE_FIGURES=str(folder.resolve())):
        yield


def _check_names(*paths: Path) -> None:
    for path in paths:
        try:
            str(path).encode()
        except UnicodeEncodeError as error:  # papermill writes names into the copy
            raise ParameterError(
                f"{path} cannot be named in this locale; use one of UTF-8, such as LC_ALL=C.UTF-8"
            ) from error


def _remove(file: Path) -> None:
    with suppress(OSError):  # it was never made, or its disk is read-only
        file.unlink()


def _told(error: PapermillExecutionError, copy: Path) -> str:
    """What an error says in one line; of one that IPython itself printed, what its cell printed last."""
    lines = _lines(error.evalue)
    if error.ename == "CellExecutionError":  # papermill's word for one that is no output
        with suppress(OSError, *DAMAGE, nbformat.ValidationError):
            cells = nbformat.reads(read_utf8(copy), as_version=4).cells
            failed = [cell for cell in cells if cell.metadata.get("papermill", {}).get("status") == "failed"]
            outputs = [output for cell in failed for output in cell.get("outputs", [])]
            printed = "".join(output.text for output in outputs if output.get("name") == "stderr")
            lines = [line.lstrip("|+- ") for line in _lines(printed)]  # Python frames a group of errors
            lines = list(filter(None, lines))[-1:]
    return " ... ".join(dict.fromkeys([*lines[:1], *lines[-1:]]))


def _lines(text: str) -> list[str]:
    return [line.strip() for line in as_seen(text).splitlines() if line.strip()]
