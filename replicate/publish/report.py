"""The report: every notebook executed in order, as a book with the figures that they drew."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from replicate.errors import ParameterError
from replicate.files import RunError, locked
from replicate.publish.book import check_documents, write_book
from replicate.publish.execute import execute, figures_in
from replicate.telling import tell

EARLIER = "earlier"  # the report that was there, on its way out
BUILT = ".buildinfo"  # Sphinx's, in every book
WRITTEN = ".written"  # the names of a report's own files
NOBODYS = {".DS_Store", ".ipynb_checkpoints"}
BENCH = "bench.json"  # `make bench` puts its ratios there


def make_report(root: Path, output: Path) -> str:
    """Execute the notebooks of a project and write its report; return where to look.

    An earlier report is replaced only when the new one is whole.

    Raises:
        RunError: another process is at it, or what is there cannot be replaced or is no report.
        ParameterError, BookError: there are no notebooks, or a document is missing.
        NotebookError: a notebook failed.
    """
    notebooks = numbered_notebooks(root)
    check_documents(root)
    output = Path(os.path.realpath(output)) if output.is_symlink() else output
    _refuse_to_replace(output)
    with _workshop(output) as folder:
        new = folder / "report"
        executed = _execute_all(notebooks, folder, new / "figures")
        tell("writing the book")
        write_book(root, executed, new / "figures", new)
        _replace(output, new, folder / EARLIER)
    return f"The report is in {output / 'index.html'}"


@contextmanager
def _workshop(output: Path) -> Iterator[Path]:
    """A hidden folder beside the report, empty, that one process at a time has."""
    locks = output.with_name(f".{output.name}")
    folder = locks / "new"
    with locked(locks):
        _clear(folder, output)
        folder.mkdir()
        try:
            yield folder
        finally:
            _clear(folder, output)


def _clear(folder: Path, output: Path) -> None:
    """Remove the workshop; the earlier report comes back where the two steps of `_replace` were cut apart."""
    if (folder / EARLIER).exists() and not output.exists():
        (folder / EARLIER).rename(output)
    shutil.rmtree(folder, ignore_errors=True)


def numbered_notebooks(root: Path) -> list[Path]:
    """A project's notebooks, in order."""
    notebooks = sorted((root / "notebooks").glob("[0-9]*.ipynb"))
    if not notebooks:
        raise ParameterError(f"no notebooks in {root / 'notebooks'}: run this in the project's folder")
    return notebooks


def _execute_all(notebooks: list[Path], folder: Path, figures: Path) -> list[Path]:
    executed = []
    with figures_in(figures):
        for notebook in notebooks:
            tell(f"executing {notebook.name}")
            executed.append(execute(notebook, folder / notebook.name, {}))
    return executed


def _refuse_to_replace(output: Path) -> None:
    """Refuse a place whose files are another's, before the minutes that a report takes."""
    if output.is_symlink():
        raise RunError(f"{output} is a link that leads to itself; remove it")
    if output.is_mount():
        raise RunError(f"{output} is a mount point, which no report can replace; mount the folder above it")
    if not output.exists():
        return
    if not output.is_dir():
        raise RunError(f"{output} is a file, and the report is a folder; move it elsewhere")
    if others := sorted(_files(output) - _written(output)):
        raise RunError(f"{output / others[0]} is not of a report, which is replaced whole; move it elsewhere")


def _files(report: Path) -> set[str]:
    """What is in a report, but for what systems and JupyterLab leave in any folder."""
    files = {path.relative_to(report) for path in report.rglob("*") if path.is_file()}
    return {file.as_posix() for file in files if not NOBODYS.intersection(file.parts)}


def _written(report: Path) -> set[str]:
    """What this program has written there; all that there is, in a report from before it noted that."""
    if (report / WRITTEN).is_file():
        names = (report / WRITTEN).read_text(encoding="utf-8", errors="replace").splitlines()
    else:
        names = _files(report) if (report / BUILT).exists() else []
    return {*names, BENCH, WRITTEN}


def _replace(output: Path, new: Path, earlier: Path) -> None:
    (new / WRITTEN).write_text("\n".join(sorted(_files(new))), encoding="utf-8")
    if output.exists():
        if (output / BENCH).exists():
            shutil.copy2(output / BENCH, new)
        output.rename(earlier)
    new.rename(output)
