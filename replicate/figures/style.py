"""One look for every figure: legible at 700 px, colour-blind safe, the same colour for the same thing.

Importing this module sets the look for the whole process.
"""

import os
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure

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
    "chance": "#AAAAAA",
    "highlight": "#E69F00",
    "plain": "#56B4E9",
}

# For arms that have no meaning elsewhere and no order.
ARBITRARY = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]

METRIC_NAMES = {
    "psa": "PSA",
    "lcsr": "LCSR",
    "geo_mean": "GeoMean",
    "exact_match": "exact match",
    "lcs_f1": "LCS F1",
}

STYLE = {
    "figure.dpi": 100,
    "figure.constrained_layout.use": True,
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#E5E5E5",
    "grid.linewidth": 0.8,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "svg.hashsalt": "replicate",  # equal data gives equal bytes
    "svg.fonttype": "none",
}
mpl.rcParams.update(STYLE)


def sequence(count: int) -> list[tuple]:
    """Colours for steps in an order, dark to light; for arms without an order use COLOURS."""
    return [tuple(colour) for colour in mpl.colormaps["viridis"](np.linspace(0, 0.85, count))]


def subplots(rows: int = 1, columns: int = 1, height: float = 3.4, **options) -> tuple[Figure, Axes]:
    """`plt.subplots`, 7 inches (700 px) wide."""
    return plt.subplots(rows, columns, figsize=(7, height), **options)


def show(figure: Figure, name: str) -> None:
    """Display a figure in the notebook; where REPLICATE_FIGURES names a folder, also save it there.

    The files are `<name>.png` (200 dpi) and `<name>.svg`. The notebook gets the PNG.
    """
    if folder := os.environ.get("REPLICATE_FIGURES"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        figure.savefig(Path(folder) / f"{name}.png", dpi=200)
        figure.savefig(Path(folder) / f"{name}.svg", metadata={"Date": None})
    display(figure, metadata={"filename": name})
    plt.close(figure)


def reference_line(axes: Axes, y: float, label: str, colour: str) -> None:
    """A labelled horizontal line, such as the ceiling or chance."""
    axes.axhline(y, color=COLOURS[colour], linestyle="--", linewidth=1.2, zorder=1)
    axes.annotate(
        label,
        (1, y),
        xycoords=("axes fraction", "data"),
        xytext=(-2, 3),
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize=9,
        color=COLOURS[colour],
    )
