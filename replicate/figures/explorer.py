"""The explorer in a notebook: controls where somebody watches, one look where nobody does."""

from functools import lru_cache

from IPython.display import display

from replicate.evaluation.explorer import Explorer, in_words
from replicate.figures.exploring import answers, state_path
from replicate.figures.style import show
from replicate.runs.folder import open_run, trained_runs
from replicate.runs.places import shown
from replicate.training.progress import progress_style

WAYS = {"as in training": False, "the other way round": True}  # of reading a source


def explore(source: str, run: str, beside: str, training: int) -> None:
    """Show what a run's training and another's make of a source: by controls in JupyterLab, else once.

    Raises:
        ValueError: the run or the training is not there, or the source cannot be read.
    """
    if progress_style() != "bar":  # nobody watches
        return look(source, run, beside, training)
    from ipywidgets import BoundedIntText, Dropdown, Text, VBox, interactive_output

    runs = list(dict.fromkeys([run, *filter(None, [beside]), *map(shown, trained_runs())]))
    others = [("none", ""), *zip(runs, runs, strict=True)]
    controls = {
        "source": Text(source, description="source", continuous_update=False),
        "run": Dropdown(options=runs, value=run, description="run"),
        "beside": Dropdown(options=others, value=beside, description="beside it"),
        "training": BoundedIntText(training, min=0, max=999, description="training"),
    }
    display(VBox(list(controls.values())), interactive_output(_look_or_say_why_not, controls))


def look(source: str, run: str, beside: str, training: int) -> None:
    """Print source, target and answers, and draw them and the encoder's states."""
    explorers = _explorers(source, run, beside, training)
    first = explorers[run]
    print(f"source  {' '.join(source.replace(',', ' ').split())}")
    print(f"target  {' '.join(first.target(first.read(source)))}")
    tables, states = {}, {}
    for name, explorer in explorers.items():
        values = explorer.read(source)
        title = f"{name} ({explorer.kind})"
        tables[title] = {way: explorer.answer(values, turned) for way, turned in WAYS.items()}
        directions = ("reverse", "forward") if explorer.task.reverse else ("forward", "reverse")
        paths = {
            direction: explorer.path(values, turned)
            for direction, turned in zip(directions, WAYS.values(), strict=True)
        }
        states[title] = explorer.cloud, paths
        print(title)
        for way, table in tables[title].items():
            given, verdict = in_words(table)
            print(f"  {way:20}  {given}  ({verdict})")
    show(answers(tables), "explore-answer")
    show(state_path(states), "explore-state")


def _look_or_say_why_not(**choice) -> None:
    try:
        look(**choice)
    except ValueError as error:
        print(error)


def _explorers(source: str, run: str, beside: str, training: int) -> dict[str, Explorer]:
    """The two by name; the second is left out where it cannot read the source, or wants another answer."""
    first = _explorer(run, training)
    target = first.target(first.read(source))
    explorers = {run: first}
    if beside and beside != run:
        try:
            second = _explorer(beside, training)
            if second.target(second.read(source)) != target:
                raise ValueError("it is of another task")
            explorers[beside] = second
        except ValueError as error:
            print(f"{beside} is left out: {error}")
    return explorers


@lru_cache(maxsize=8)
def _explorer(run: str, training: int) -> Explorer:
    return Explorer(open_run(run), training)
