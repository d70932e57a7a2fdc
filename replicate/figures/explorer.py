"""The explorer in a notebook: controls where somebody watches, one look where nobody does."""

from collections.abc import Mapping
from functools import lru_cache
from math import exp

import pandas as pd
from IPython.display import display

from replicate.evaluation.explorer import BEAM, Explorer, in_words
from replicate.evaluation.hypotheses import missed_in_words
from replicate.figures.alignment import alignments
from replicate.figures.exploring import answers, state_path
from replicate.figures.style import show
from replicate.runs.checks import find_finished
from replicate.runs.folder import open_run, trained_runs
from replicate.runs.places import PROVENANCE, shown
from replicate.training.progress import progress_style

Models = Mapping[str, tuple[Explorer, list[int]]]  # by title, each with the source as its task reads it
NO_TARGET = "none is known: the text has no translation of this source in words of its vocabulary"
ALIGNMENT = "Where the attention looks for each token of an answer."  # in no catalogue: few models have one
FOUND_BY = {(True, False): "beam", (True, True): "beam and greedy", (False, True): "greedy alone"}
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
    """Print source and target, and show what each model makes of it: answer, beam, attention and states."""
    explorers = _explorers(source, run, beside, training)
    first = explorers[run]
    values = first.read(source)
    print(f"source  {' '.join(first.source(values))}")
    print(f"target  {' '.join(first.target(values)) or NO_TARGET}")
    models = {
        f"{name} ({explorer.kind})": (explorer, explorer.read(source)) for name, explorer in explorers.items()
    }
    _show_answers(models)
    _show_beams(models)
    _show_alignments(models)
    _show_states(models)


def _show_answers(models: Models) -> None:
    tables = {
        title: {way: explorer.answer(values, turned) for way, turned in WAYS.items()}
        for title, (explorer, values) in models.items()
    }
    for title, ways in tables.items():
        print(title)
        for way, table in ways.items():
            given, verdict = in_words(table)
            print(f"  {way:20}  {given}  ({verdict})")
    show(answers(tables), "explore-answer")


def _show_beams(models: Models) -> None:
    """A table a model: the answers, the most probable first, and which search found them."""
    for title, (explorer, values) in models.items():
        found = explorer.hypotheses(values)
        print(f"{title}: a beam of {BEAM} finds {missed_in_words(found)}")
        columns = {
            "answer": found.answer,
            "log probability": found.log_probability.map("{:.3f}".format),
            "probability": found.log_probability.map(exp).map("{:.3g}".format),
            "found by": [FOUND_BY[pair] for pair in zip(found.beam, found.greedy, strict=True)],
        }
        with pd.option_context("display.max_colwidth", None):
            display(pd.DataFrame(columns).set_axis(range(1, len(found) + 1)))


def _show_alignments(models: Models) -> None:
    """Of the models that have attention, if any."""
    tables = {
        title: explorer.alignment(values) for title, (explorer, values) in models.items() if explorer.attends
    }
    if tables:
        show(alignments(tables), "explore-alignment", ALIGNMENT)


def _show_states(models: Models) -> None:
    states = {}
    for title, (explorer, values) in models.items():
        if not explorer.has_path:
            print(f"{title}: its encoder's state is no single vector, so that there is no path to show")
            continue
        directions = ("reverse", "forward") if explorer.task.reverse else ("forward", "reverse")
        paths = {
            direction: explorer.path(values, turned)
            for direction, turned in zip(directions, WAYS.values(), strict=True)
        }
        states[title] = explorer.cloud, paths
    if states:
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


def _explorer(run: str, training: int) -> Explorer:
    made = (find_finished(run) / PROVENANCE).stat().st_mtime_ns  # a run that was made anew is another
    return _opened(run, training, made)


@lru_cache(maxsize=8)
def _opened(run: str, training: int, made: int) -> Explorer:
    return Explorer(open_run(run), training)
