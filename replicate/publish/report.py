"""The report: every notebook executed in order, as pages with their figures and the headline scores."""

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from pandas import DataFrame

from replicate.parameters import ParameterError
from replicate.publish.execute import execute, figures_in
from replicate.publish.headlines import claims, fairer, ladder, published_rows, reversal
from replicate.publish.site import write_site
from replicate.runs.folder import open_run, runs_root
from replicate.settings import QUICK

TITLE = "Sequence to sequence learning: a replication"
METRICS = {"psa": "PSA", "lcsr": "LCSR", "geo_mean": "GeoMean", "exact_match": "Exact match"}


def make_report(root: Path, output: Path) -> str:
    """Execute the notebooks of a project and write its report; return where to look and the headline scores.

    An earlier report is replaced only when the new one is whole.
    """
    notebooks = numbered_notebooks(root)
    with TemporaryDirectory(dir=output.parent, prefix=".report-") as temporary:
        new = Path(temporary) / "report"
        executed = _execute_all(notebooks, Path(temporary), new / "figures")
        tables = headline_tables()
        write_site(executed, new, title=TITLE, tables=tables)
        _replace(output, new, Path(temporary) / "old")
    shown = [f"{heading}\n{table.to_string()}\n" for heading, table in tables.items()]
    return "\n".join([*shown, f"The report is in {output / 'index.html'}"])


def numbered_notebooks(root: Path) -> list[Path]:
    """A project's notebooks, in order."""
    notebooks = sorted((root / "notebooks").glob("[0-9]*.ipynb"))
    if not notebooks:
        raise ParameterError(f"no notebooks in {root / 'notebooks'}: run this in the project's folder")
    return notebooks


def headline_tables() -> dict[str, DataFrame]:
    """Return what the index shows first: the headlines of the full runs, then this run's scores."""
    full = [published_rows(), reversal(), ladder(), claims(), fairer()]
    return dict([*full, ("Scores of this run", quick_scores())])


def quick_scores() -> DataFrame:
    """Return each metric of the quick run: its mean over the rounds, and the worst and best round."""
    rounds = open_run(runs_root() / QUICK.name).scores.groupby("round").mean()
    return rounds[list(METRICS)].agg(["mean", "min", "max"]).T.rename(index=METRICS).round(3)


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
