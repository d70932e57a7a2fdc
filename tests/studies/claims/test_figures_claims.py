"""The data in the figures of the paper's claims."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from replicate.statistics import mean_interval
from replicate.studies.claims import figures
from replicate.studies.claims.figures import (
    alignment,
    by_commonness,
    by_length,
    depth_losses,
    dots_with_means,
    reversal_gains,
    reversal_losses,
    search,
    state_map,
)
from replicate.studies.claims.forest import forest


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def offsets(collection) -> list[list[float]]:
    return collection.get_offsets().tolist()


def test_every_training_is_a_dot_beside_the_mean_of_its_group():
    groups = {"forward": pd.Series([1.0, 2.0, 4.0]), "reverse": pd.Series([3.0, 5.0])}
    (axes,) = dots_with_means(groups, "nats", {name: name for name in groups}, "title").axes
    dots = [offsets(c) for c in axes.collections if len(c.get_offsets()) > 1]
    assert [[y for _, y in group] for group in dots[:2]] == [[1, 2, 4], [3, 5]]
    means = [
        line.get_ydata()[0] for line in axes.lines if len(line.get_ydata()) == 1 and line.get_marker() == "o"
    ]
    assert means == pytest.approx([mean_interval(values).mean for values in groups.values()])
    assert [label.get_text() for label in axes.get_xticklabels()] == ["forward\nn = 3", "reverse\nn = 2"]


def test_search_names_models_and_beams():
    rows = [(g, m, w, 0.5 + 0.1 * m) for g in range(3) for m, w in ((1, 12), (5, 1))]
    figure = search(pd.DataFrame(rows, columns=["group", "models", "width", "exact_match"]))
    (axes,) = figure.axes
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert labels == ["1 model,\nbeam 12\nn = 3", "5 models,\nbeam 1\nn = 3"]
    assert "1.000 by five models with a beam of 1, 0.600 by one with 12" in figure.get_suptitle()


def test_the_length_figure_has_each_arms_mean_and_marks_what_was_not_trained():
    rows = [(r, length, (10 - length) / 10 + r / 100) for r in range(2) for length in range(1, 5)]
    table = pd.DataFrame(rows, columns=["round", "length", "lcs_f1"])
    figure = by_length({"fixed state": table, "attention": table.assign(lcs_f1=1.0)}, trained=2)
    (axes,) = figure.axes
    assert figure.get_suptitle() == "At 4 values the LCS F1 is 0.60 (fixed state), 1.00 (attention)"
    fixed, attention = axes.lines
    assert fixed.get_ydata().tolist() == pytest.approx([0.905, 0.805, 0.705, 0.605])
    assert attention.get_ydata().tolist() == [1, 1, 1, 1]
    assert [t.get_text() for t in axes.get_legend().get_texts()] == [
        "fixed state (n = 2)",
        "attention (n = 2)",
    ]
    assert axes.patches[0].get_bbox().x0 == 2


def test_the_commonness_figure_has_each_prime_once_and_the_shares_that_the_claim_compares():
    columns = ["round", "prime", "probability", "samples", "accuracy"]
    rows = [
        *((0, 2, 0.1, 300, 0.9), (0, 3, 0.05, 100, 0.5), (0, 5, 0.01, 40, 0.4), (0, 7, 0.009, 10, 0.2)),
        *((1, 2, 0.1, 100, 0.7), (1, 3, 0.05, 100, 0.6), (1, 5, 0.01, 60, 0.5), (1, 7, 0.009, 0, np.nan)),
    ]
    figure = by_commonness(pd.DataFrame(rows, columns=columns))
    (axes,) = figure.axes
    assert axes.lines[0].get_ydata() == pytest.approx([0.2, 0.46, 0.55, 0.85])
    assert [text.get_text() for text in axes.get_xticklabels()] == ["7", "5", "3", "2"]
    common, rare = (270 + 70 + 50 + 60) / 600, (16 + 30 + 2) / 110
    said = f"{common:.2f} in the commoner half of the primes and {rare:.2f} in the rarer"
    assert said in figure.get_suptitle().replace("\n", " ")


def test_the_map_has_a_colour_an_order():
    rows = [(f"order {k}", k, -k, 0.5, 0.25) for k in range(6)]
    (axes,) = state_map(pd.DataFrame(rows, columns=["primes", "x", "y", "share_x", "share_y"])).axes
    assert [offsets(c) for c in axes.collections] == [[[k, -k]] for k in range(6)]
    assert len({tuple(c.get_facecolor()[0]) for c in axes.collections}) == 6
    assert "50%" in axes.get_xlabel() and "25%" in axes.get_ylabel()


def test_the_map_says_how_many_sources_lie_beside_one_of_their_kind():
    rows = [("a", 0, 0), ("a", 0, 1), ("b", 5, 0), ("b", 5, 1), ("b", 0, 2)]  # the last lies beside an a
    table = pd.DataFrame(rows, columns=["primes", "x", "y"]).assign(share_x=0.5, share_y=0.2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures, "ARBITRARY", ["#0072B2", "#D55E00"])
        assert state_map(table).get_suptitle().startswith("80% of the sources")


def test_depth_and_reversal_name_their_means():
    one, four = pd.Series([0.5, 0.7]), pd.Series([1.0, 2.0])
    figure = depth_losses({"1 layer": one, "4 layers": four, "4 layers, narrow": four})
    assert figure.get_suptitle() == "With one layer the mean loss is 0.60 nats a token, with four 1.50"
    figure = reversal_losses({"1 layer, forward": four, "1 layer, reversed": one})
    assert figure.get_suptitle() == "Reversing lowers the loss by, in nats: +0.900 (1 layer)"


def test_the_heat_map_has_answers_down_and_sources_across():
    rows = [(s, p, [7, 30][s], [4, 7, 30][p], s + p / 10) for s in range(2) for p in range(3)]
    table = pd.DataFrame(rows, columns=["step", "position", "answer", "source", "weight"])
    axes = alignment(table, eos=30).axes[0]
    assert axes.images[0].get_array().tolist() == [[0, 0.1, 0.2], [1, 1.1, 1.2]]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["7", "EOS"]
    assert [t.get_text() for t in axes.get_xticklabels()] == ["4", "7", "EOS"]


def test_a_forest_has_every_effect_once_and_its_interval():
    table = pd.DataFrame(
        [
            ("claims", "A", 0.2, 0.1, 0.3, "nats a token", 0.1, "", "supported"),
            ("claims", "B", -0.2, -0.3, -0.1, "exact match", float("nan"), "base", "contradicted"),
            ("rnn", "C", 0.0, -0.1, 0.1, "nats a token", float("nan"), "memory", "not shown"),
        ],
        columns=["study", "claim", "estimate", "low", "high", "unit", "size", "trainings", "verdict"],
    )
    shares = table[["estimate", "low", "high"]].div(table["size"], axis=0)
    figure = forest(table.assign(share=shares.estimate, share_low=shares.low, share_high=shares.high))
    names = [[tick.get_text() for tick in axes.get_yticklabels()] for axes in figure.axes]
    assert names == [["A"], ["B"], ["C [rnn]"]]
    drawn = [axes.containers[0] for axes in figure.axes]
    points = [bars.lines[0].get_xdata()[0] for bars in drawn]
    ends = [bars.lines[2][0].get_segments()[0][:, 0].tolist() for bars in drawn]
    assert points == pytest.approx([2.0, -0.2, 0.0])
    assert [e for end in ends for e in end] == pytest.approx([1, 3, -0.3, -0.1, -0.1, 0.1])
    assert [bars.lines[0].get_marker() for bars in drawn] == ["o", "D", "s"]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == [
        "supported",
        "contradicted",
        "not shown",
        "on the trainings of base",
        "on the trainings of memory",
    ]


def test_gains_are_drawn_with_their_intervals():
    table = pd.DataFrame({"mean": [0.1, 0.2], "low": [0.0, 0.1], "high": [0.2, 0.3]}, index=[1, 2])
    left, right = reversal_gains(table, table * 2).axes
    for axes, scale in ((left, 1), (right, 2)):
        assert axes.lines[1].get_ydata().tolist() == pytest.approx([0.1 * scale, 0.2 * scale])
        edge = axes.collections[0].get_paths()[0].vertices[:, 1]
        assert (edge.min(), edge.max()) == pytest.approx((0, 0.3 * scale))
