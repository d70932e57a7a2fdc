"""Labels beside points, on random points: none on another, none on a point."""

import random

import pytest

from replicate.figures.labels import label_points
from replicate.figures.style import plt, subplots


@pytest.mark.parametrize("seed", range(5))
def test_labels_cover_neither_each_other_nor_a_point(seed):
    rng = random.Random(seed)
    points = [(rng.random(), rng.random()) for _ in range(6)] + [(0.5, 0.5), (0.5, 0.51), (0.51, 0.5)]
    figure, axes = subplots()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    labels = label_points(axes, points, [str(number) for number in range(97, 106)])
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in labels]
    assert all(box.count_overlaps(boxes) == 1 for box in boxes)  # itself
    assert not any(box.contains(*dot) for box in boxes for dot in axes.transData.transform(points))
    plt.close(figure)
