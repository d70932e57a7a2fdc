"""Labels of points that do not lie on one another."""

from collections.abc import Sequence
from math import cos, pi, sin

from matplotlib.axes import Axes
from matplotlib.text import Annotation

DISTANCES = (8, 14, 21, 29, 38, 48)  # points from the middle of a label to what it names
DIRECTIONS = [i * pi / 4 for i in (1, 0, 2, 7, 3, 6, 4, 5)]  # upper right first


def label_points(axes: Axes, points: Sequence[tuple[float, float]], texts: Sequence[str]) -> list[Annotation]:
    """Write a text beside each point, where it covers no point and no text written before, as far as it can.

    The axes must have their final limits and the figure its final size.
    """
    axes.figure.draw_without_rendering()  # the layout is made here
    dots = axes.transData.transform(points)
    labels, taken = [], []
    for point, text in zip(points, texts, strict=True):
        look = {"ha": "center", "va": "center", "fontsize": 9, "zorder": 4, "parse_math": False}
        label = axes.annotate(text, point, (0, 0), textcoords="offset points", **look)
        labels.append(label)
        for distance, direction in ((d, a) for d in DISTANCES for a in DIRECTIONS):
            label.set_position((distance * cos(direction), distance * sin(direction)))
            box = label.get_window_extent()
            if box.count_overlaps(taken) == 0 and not any(box.contains(*dot) for dot in dots):
                break
        taken.append(label.get_window_extent())
    return labels
