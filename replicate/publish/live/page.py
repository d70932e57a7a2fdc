"""The page as HTML: a fragment for any page, and a whole page to open from a disk."""

import json
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, PackageLoader

from replicate.errors import ParameterError
from replicate.figures.style import COLOURS
from replicate.files import PROJECT, RunError, claimed, write_whole
from replicate.publish.live.example import RULE, example
from replicate.publish.live.export import exported
from replicate.runs.folder import Run, open_run

TITLE = "Type a list, and see six models look for its primes"
PARTS = PackageLoader("replicate.publish.live", "page")
TEMPLATES = Environment(loader=PARTS)
# What a script uses stands before it.
SCRIPTS = ["numbers", "models", "task", "follow", "elements", "answers", "candidates", "labels", "path"]
SCRIPTS += ["alignment", "origin", "live"]
SHOWN = [f"{model}-{order}" for model in ("post", "lstm", "attention") for order in ("forward", "reversed")]


def live_runs() -> dict[str, Run]:
    """The runs that ship for this page, by name.

    Raises:
        RunError: one is damaged, or is another than its name says, or has another task than the first.
    """
    runs = {name: open_run(PROJECT / "results" / "live" / name) for name in SHOWN}
    for name, run in runs.items():
        model, order = name.split("-")
        is_of_name = (run.config.model.kind, run.task.reverse) == (model, order == "reversed")
        if not is_of_name or _sources(run) != _sources(runs[SHOWN[0]]):
            raise RunError(
                f"{run.path} is no run of model {model} with sources {order}, of the same sources as "
                f"{SHOWN[0]}: put the run back that ships for the page of live models"
            )
    return runs


def fragment() -> str:
    """The controls and figures, with script, style and weights inside: HTML for the body of any page.

    It asks nothing of any host, leaves the style of the page around alone, and follows its `data-theme` or
    `data-mode`, else the reader's own choice of light or dark. It may stand more than once on a page.
    """
    return TEMPLATES.get_template("fragment.html.j2").render(
        data=_literal(page_data(live_runs())),
        style=_literal(_colours() + _part("live.css")),
        body=_literal(_part("body.html")),
        script="\n".join(_part(f"{name}.js") for name in SCRIPTS),
    )


def write_page(out: Path) -> None:
    """Write a whole page to an HTML file that does not exist yet."""
    if out.suffix != ".html":
        raise ParameterError(f"{out} must end in .html")
    with claimed(out):
        html = TEMPLATES.get_template("page.html.j2").render(title=TITLE, fragment=fragment())
        write_whole(out, lambda file: file.write_text(html, encoding="utf-8"))


def page_data(runs: Mapping[str, Run]) -> dict:
    """What the script knows: the task, the trainings that answer, the source that is shown first and why."""
    first = next(iter(runs.values()))
    return {
        "task": _sources(first) | {"emptyShare": first.task.empty_share()},
        "trainings": [exported(run) for run in runs.values()],
        "example": example(runs),
        "rule": RULE,
    }


def _sources(run: Run) -> dict:
    """The sources that a run's models take, as the script knows them."""
    return {"largest": run.task.max_value, "longest": run.task.max_length, "eos": run.task.eos}


def _part(name: str) -> str:
    return PARTS.get_source(TEMPLATES, name)[0]


def _colours() -> str:
    """The figures' colours, by the names that the style sheet uses."""
    names = {"forward": "forward", "reverse": "reverse", "right": "lcsr", "highlight": "highlight"}
    return f":host {{ {' '.join(f'--{name}: {COLOURS[key]};' for name, key in names.items())} }}\n"


def _literal(value: dict | str) -> str:
    """A value of JavaScript, without a `<` that could end the script around it."""
    return json.dumps(value).replace("<", "\\u003c")
