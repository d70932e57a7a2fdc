"""Labels beside points, on random points: none on another, none on a point."""

import random

import pytest

from replicate.figures.labels import label_points
from replicate.figures.style import plt, subplots


def test_names_of_many_points_in_one_place_still_cover_no_other():
    figure, axes = subplots(height=3)
    rng = random.Random(0)
    points = [(rng.gauss(0, 0.02), rng.gauss(0, 0.02)) for _ in range(16)]
    axes.plot([-1, 1], [-1, 1])
    boxes = [label.get_window_extent() for label in label_points(axes, points, [f"{i}9" for i in range(16)])]
    assert all(box.count_overlaps(boxes) == 1 for box in boxes)
    plt.close(figure)


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
