"""One look for every figure: legible at 700 px, colour-blind safe, the same colour for the same thing.

Importing this module sets the look for the whole process.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb, to_rgba_array
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from replicate.errors import ParameterError
from replicate.figures.catalogue import CATALOGUE
from replicate.figures.language import say
from replicate.tasks.task import Metric

# Okabe & Ito's palette.
COLOURS = {
    "forward": "#0072B2",
    "reverse": "#D55E00",
    "psa": "#0072B2",
    "lcsr": "#009E73",
    "geo_mean": "#D55E00",
    "exact_match": "#CC79A7",
    "loss": "#444444",
    "published": "#000000",
    "ceiling": "#777777",
    "chance": "#882255",  # of Tol's palette
    "highlight": "#E69F00",
    "fixed state": "#D55E00",
    "attention": "#E69F00",
    "plain": "#56B4E9",
}

# For arms that have no meaning elsewhere and no order.
ARBITRARY = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]

DARK, LIGHT = to_rgb("#1B1B1E"), 0.9  # the Chirpy theme's dark background, and the text on it
PALER = 0.4  # how far colours go towards white there, so that a dot of half its strength is seen

# How what is no training of a model is drawn, the same in every figure.
MARKS = {
    "ceiling": {"color": COLOURS["ceiling"], "linestyle": "-"},
    "chance": {"color": COLOURS["chance"], "linestyle": (0, (1, 1))},
    "always empty": {"color": COLOURS["loss"], "linestyle": "--"},
}
TITLE_WIDTH = 78  # letters
DIRECTIONS = {"forward": "forward", "reverse": "reversed"}  # as they are named in figures

mpl.style.use(Path(__file__).with_name("report.mplstyle"))


def sequence(count: int) -> list[tuple]:
    """Colours for steps in an order, dark to light; for arms without an order use COLOURS."""
    return [tuple(colour) for colour in mpl.colormaps["viridis"](np.linspace(0.15, 0.85, count))]


def metric_colours(metrics: Sequence[Metric]) -> list[str]:
    """One colour a metric, the same wherever it is one of COLOURS."""
    others = iter(ARBITRARY * len(metrics))
    return [COLOURS[metric.name] if metric.name in COLOURS else next(others) for metric in metrics]


def subplots(rows: int = 1, columns: int = 1, height: float = 3.4, **options) -> tuple[Figure, Axes]:
    """`plt.subplots`, 7 inches (700 px) wide."""
    return plt.subplots(rows, columns, figsize=(7, height), **options)


def entitle(figure: Figure, finding: str) -> None:
    """Put what was found above the whole figure."""
    figure.suptitle(fill(finding, TITLE_WIDTH), x=0.01, ha="left")


def show(figure: Figure, name: str, caption: str | None = None) -> None:
    """Display a figure in the notebook; where REPLICATE_FIGURES names a folder, also save it there.

    The notebook gets a PNG. Its name, and a caption that says what is to be seen, go with it as metadata. The
    caption is the catalogue's; a figure that is not in it brings its own.

    Raises:
        ParameterError: it brings none.
    """
    if not caption and name not in CATALOGUE:
        raise ParameterError(
            f"{name!r} is in no catalogue, so it needs a caption: show(figure, name, caption)"
        )
    caption = caption or CATALOGUE[name].caption
    display(figure, metadata={"filename": name, "caption": caption})
    if folder := os.environ.get("REPLICATE_FIGURES"):
        save(figure, Path(folder), name)
    plt.close(figure)


def save(figure: Figure, folder: Path, name: str) -> None:
    """Write `<name>.png` (200 dpi) and `<name>.svg`, then both for a dark page as `<name>-dark`."""
    folder.mkdir(parents=True, exist_ok=True)
    for suffix in ("", "-dark"):
        if suffix:
            darken(figure)
        figure.savefig(folder / f"{name}{suffix}.png", dpi=200)
        figure.savefig(folder / f"{name}{suffix}.svg", metadata={"Date": None})


def darken(figure: Figure) -> None:
    """Turn a drawn figure's greys, white and black included, for a dark page; colours grow paler."""
    # A figure's and an axes' own background is a patch among their parts.
    found = [part for part in figure.findobj() if not isinstance(part, Figure | Axes | AxesImage)]
    found += [part.arrow_patch for part in found if getattr(part, "arrow_patch", None)]
    parts = {id(part): part for part in found}
    changes = []  # all read before the first is made: a marker's colour may be its line's
    for part in parts.values():
        for name in ("color", "facecolor", "edgecolor", "markerfacecolor", "markeredgecolor"):
            if hasattr(part, f"get_{name}") and hasattr(part, f"set_{name}"):
                changes.append((getattr(part, f"set_{name}"), _turned(getattr(part, f"get_{name}")())))
    for put, colour in changes:
        put(colour)


def _turned(colours: Any) -> Any:
    """One colour or many for a dark page: of greys white becomes DARK and black near white; others paler."""
    if isinstance(colours, str) and colours in ("none", "auto"):
        return colours
    rgba = to_rgba_array(colours)
    grey = np.ptp(rgba[:, :3], axis=1) < 0.02
    rgba[grey, :3] = LIGHT + (np.array(DARK) - LIGHT) * rgba[grey, :1]
    rgba[~grey, :3] += PALER * (1 - rgba[~grey, :3])
    return rgba[0] if len(rgba) == 1 else rgba


def reference_line(axes: Axes, y: float, name: str) -> None:
    """A labelled horizontal line at one of MARKS."""
    axes.axhline(y, linewidth=1.6, zorder=1, **MARKS[name])
    axes.annotate(
        say(name),
        (1, y),
        xycoords=("axes fraction", "data"),
        xytext=(-2, 3),
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize=9,
        color=MARKS[name]["color"],
    )
