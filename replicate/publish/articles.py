"""The articles: a template for each and language, filled in from `results/`, and figures that speak it."""

import re
from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined, UndefinedError

from replicate.errors import ParameterError
from replicate.figures.language import say, speaking
from replicate.figures.style import save
from replicate.publish import numbers
from replicate.publish.chirpy import figure
from replicate.publish.illustrations import ILLUSTRATIONS
from replicate.publish.kramdown import as_text, code_block

ARTICLES: dict[str, Callable[[], dict]] = {
    "replication": numbers.replication,
    "scores": numbers.scores,
    "claims": numbers.claims,
}


class Kramdown(str):
    """A part of an article that is Markdown already; any other value that a template prints is text."""


def slug_of(name: str, language: str) -> str:
    """What an article's post is called where nothing else is given."""
    return f"seq2seq-{name}" if language == "en" else f"seq2seq-{name}-{language}"


def article(
    name: str, language: str, slug: str, figures: Path, code: str | None
) -> tuple[dict, str, list[Path]]:
    """An article's front matter, its body as kramdown, and the files of its figures, drawn into a folder.

    Args:
        code: where the project's code can be read, a URL.
    """
    files: list[Path] = []

    def show(illustration: str, caption: str) -> Kramdown:
        drawn = ILLUSTRATIONS[illustration]()
        save(drawn, figures, illustration)
        plt.close(drawn)
        text, shown = figure(illustration, caption, figures, slug)
        files.extend(shown)
        return Kramdown(text)

    with speaking(language):
        template = _environment().get_template(f"{name}.{language}.md.j2")
        try:
            text = template.render(figure=show, code=_link(code), **ARTICLES[name]())
        except UndefinedError as error:  # a study of which a run is not there
            raise ParameterError(
                f"the article {name} lacks a number ({error}): a run of its studies is not under results/, "
                "where `replicate replicate` puts it"
            ) from error
    _, front, body = text.split("---\n", 2)
    return yaml.safe_load(front), body, files


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("replicate.publish"),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=lambda value: value if isinstance(value, Kramdown) else as_text(str(value)),
    )
    environment.filters |= {
        "n": format,
        "interval": _interval,
        "p": _p,
        "code": lambda text: Kramdown(code_block(text, "text")),
        "say": say,
    }
    return environment


def _interval(row, spec: str = "+.3f") -> Kramdown:
    """`[-0.018, +0.039]`, of what has bounds."""
    return Kramdown(f"[{row.low:{spec}}, {row.high:{spec}}]")


def _p(p: float) -> Kramdown:
    """`= 0.042`, or `&lt; 0.001`."""
    return Kramdown("&lt; 0.001" if p < 0.001 else f"= {p:.3f}")


def _link(code: str | None) -> Kramdown | None:
    """A URL that nothing in Markdown reads as a mark."""
    if code is not None and not re.fullmatch(r"https?://[\w./~%+-]+", code, re.ASCII):
        raise ParameterError(f"code must be a URL such as https://example.org/replication, not {code!r}")
    return Kramdown(code) if code else None
