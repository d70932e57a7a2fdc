"""One figure alone: of a run from its folder, any other by executing the notebook that draws it."""

import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from matplotlib.figure import Figure

from replicate.errors import ParameterError
from replicate.figures.catalogue import CATALOGUE
from replicate.figures.evaluation import accuracy_by_position, scores_by_length
from replicate.figures.style import save
from replicate.figures.training import loss_curve, metric_curves
from replicate.files import claimed, write_whole
from replicate.publish.execute import execute, figures_in
from replicate.runs.folder import Run, open_run, project_notebook
from replicate.telling import tell

OF_A_RUN: dict[str, Callable[[Run], Figure]] = {
    "loss-curve": lambda run: loss_curve(run.history),
    "metric-curves": lambda run: metric_curves(run.history, run.metrics),
    "scores-by-length": lambda run: scores_by_length(run.by_length, run.metrics),
    "accuracy-by-position": lambda run: accuracy_by_position(run.by_position),
}


def make_figure(root: Path, name: str, out: Path, run: Path | None, dark: bool) -> None:
    """Write one figure to a PNG or SVG file that does not exist yet."""
    if name not in CATALOGUE:
        raise ParameterError(f"there is no figure {name!r}; there are {', '.join(CATALOGUE)}")
    if out.suffix not in (".png", ".svg"):
        raise ParameterError(f"{out} must end in .png or .svg")
    if (run is None) == (name in OF_A_RUN):
        raise ParameterError(f"{name} {'needs' if run is None else 'takes no'} --run")
    with claimed(out), TemporaryDirectory() as temporary:
        folder = Path(temporary) / "figures"
        if run is not None:
            save(_of_a_run(name, run), folder, name)
        else:
            notebook = project_notebook(root / "notebooks" / f"{CATALOGUE[name].notebook}.ipynb")
            tell(f"executing {notebook.name}, which draws it")
            with figures_in(folder):
                execute(notebook, Path(temporary) / "executed.ipynb", {})
        drawn = folder / f"{name}{'-dark' if dark else ''}{out.suffix}"
        if not drawn.exists():
            raise ParameterError(f"{CATALOGUE[name].notebook} has no cell that shows the figure {name}")
        write_whole(out, lambda file: shutil.copyfile(drawn, file))


def _of_a_run(name: str, folder: Path) -> Figure:
    run = open_run(folder)
    try:
        return OF_A_RUN[name](run)
    except KeyError as error:  # a column that belongs to another task
        raise ParameterError(
            f"{name} cannot be drawn of {folder}, a run of {run.config.task.kind}: {error.args[0]} is missing"
        ) from error
