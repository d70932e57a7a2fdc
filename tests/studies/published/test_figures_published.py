"""The published table beside ours: what stands where."""

import matplotlib.pyplot as plt
import pandas as pd

from replicate.studies.published.figures import reversal_study


def test_the_reversal_study_shows_every_training_and_the_mean_of_each_direction():
    study = pd.DataFrame(
        {
            "max_length": 7,
            "reverse": [False, False, True, True, True],
            "published_psa": [0.1, 0.3, 0.4, 0.5, 0.9],
        }
    )
    figure = reversal_study(study, 0.95, 0.05, "published_psa")
    (axes,) = figure.axes
    assert figure.get_suptitle().startswith("At max_length 7 reversing changes the mean by +0.400 [")
    dots = [
        sorted(dots.get_offsets()[:, 0].tolist()) for dots in axes.collections[:1] + axes.collections[2:3]
    ]
    means = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "o"]
    assert dots == [[0.1, 0.3], [0.4, 0.5, 0.9]]
    assert [round(mean, 6) for mean in means] == [0.2, 0.6]
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "forward\n2 trainings",
        "reversed\n3 trainings",
    ]
    plt.close("all")
