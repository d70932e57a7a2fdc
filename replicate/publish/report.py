"""The report: every notebook executed in order, as a book with the figures that they drew."""

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from replicate.parameters import ParameterError
from replicate.publish.book import write_book
from replicate.publish.execute import execute, figures_in


def make_report(root: Path, output: Path) -> str:
    """Execute the notebooks of a project and write its report; return where to look.

    An earlier report is replaced only when the new one is whole.
    """
    notebooks = numbered_notebooks(root)
    with TemporaryDirectory(dir=output.parent, prefix=".report-") as temporary:
        new = Path(temporary) / "report"
        executed = _execute_all(notebooks, Path(temporary), new / "figures")
        write_book(root, executed, new / "figures", new)
        _replace(output, new, Path(temporary) / "old")
    return f"The report is in {output / 'index.html'}"


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
            print(f"running {notebook.name}", file=sys.stderr, flush=True)
            executed.append(execute(notebook, folder / notebook.name, {}))
    return executed


def _replace(output: Path, new: Path, old: Path) -> None:
    if output.exists():
        # `make bench` puts its ratios there.
        if (output / "bench.json").exists():
            shutil.copy2(output / "bench.json", new)
        output.rename(old)
    new.rename(output)
