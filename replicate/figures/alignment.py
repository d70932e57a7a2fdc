"""Where attention looks: answers down, sources across, the darker the heavier."""

from collections.abc import Mapping
from textwrap import fill

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from replicate.figures.style import TITLE_WIDTH, subplots


def alignments(models: Mapping[str, pd.DataFrame]) -> Figure:
    """A heat map a model.

    Args:
        models: by the model's name, an `Explorer.alignment`.
    """
    steps = max(table.step.max() + 1 for table in models.values())
    figure, panels = subplots(1, len(models), height=1.5 + 0.25 * steps, squeeze=False)
    for axes, (name, table) in zip(panels[0], models.items(), strict=True):
        image = heat_map(axes, table)
        axes.set_title(fill(name, TITLE_WIDTH // len(models)))
    figure.colorbar(image, ax=panels, label="attention weight")
    return figure


def heat_map(axes: Axes, table: pd.DataFrame) -> AxesImage:
    """Draw an `alignment_table` that has names of tokens in the place of their ids."""
    weights = table.pivot(index="step", columns="position", values="weight")
    image = axes.imshow(weights, cmap="Greys", vmin=0, vmax=1, aspect="auto")
    read, answered = table.groupby("position").source.first(), table.groupby("step").answer.first()
    upright = 90 if read.str.len().max() > len("EOS") else 0  # or words would run into one another
    axes.set_xticks(range(len(read)), read, rotation=upright, parse_math=False)  # tokens may have a $
    axes.set_yticks(range(len(answered)), answered, parse_math=False)
    axes.set(xlabel="source, as the encoder reads it", ylabel="answer")
    axes.grid(visible=False)
    return image
