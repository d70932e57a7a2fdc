"""The report: every notebook executed in order, as a book with the figures that they drew."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from replicate.errors import ParameterError
from replicate.files import locked
from replicate.publish.book import check_documents, write_book
from replicate.publish.execute import execute, figures_in
from replicate.telling import tell

EARLIER = "earlier"  # the report that was there, on its way out


def make_report(root: Path, output: Path) -> str:
    """Execute the notebooks of a project and write its report; return where to look.

    An earlier report is replaced only when the new one is whole.

    Raises:
        RunError: another process is at it.
        ParameterError, BookError: there are no notebooks, or a document is missing.
    """
    notebooks = numbered_notebooks(root)
    check_documents(root)
    output = output.resolve() if output.is_symlink() else output
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


def _replace(output: Path, new: Path, earlier: Path) -> None:
    if output.exists():
        # `make bench` puts its ratios there.
        if (output / "bench.json").exists():
            shutil.copy2(output / "bench.json", new)
        output.rename(earlier)
    new.rename(output)
