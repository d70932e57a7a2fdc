"""Figures of one source followed through models: words stay apart, and a map has each weight at its place."""

import itertools

import pandas as pd
import pytest

from replicate.evaluation.explorer import COLUMNS
from replicate.figures.alignment import alignments
from replicate.figures.exploring import answers, state_path
from replicate.figures.style import plt


def answer(tokens: list[str]) -> pd.DataFrame:
    """One that has each token at its step as the most probable of two."""
    rows = [[step, 1, token, 0.9, True, False, False, True] for step, token in enumerate(tokens, 1)]
    rows += [[step, 2, token, 0.1, False, False, False, True] for step, token in enumerate(tokens, 1)]
    return pd.DataFrame(rows, columns=COLUMNS)


def drawn(tokens: list[str], models: int):
    ways = {"as in training": answer(tokens), "the other way round": answer(tokens[::-1])}
    return answers({f"model {i}": ways for i in range(models)})


@pytest.mark.parametrize("steps", [4, 10, 30])
def test_words_cover_no_other_word_and_a_short_one_is_whole(steps):
    words = list(itertools.islice(itertools.cycle(["antimony", "le", "umbrella", "EOS"]), steps))
    figure = drawn(words, models=1)
    figure.draw_without_rendering()
    for axes in figure.axes:
        boxes = [text.get_window_extent() for text in axes.texts]
        assert all(box.count_overlaps(boxes) == 1 for box in boxes)
        assert {"le", "EOS"} <= {text.get_text() for text in axes.texts}
    plt.close(figure)


def test_tokens_are_no_formulas():
    tokens = ["$$", "$x$", "\\frac", "EOS"]
    rows = [(s, tokens[s], p, tokens[p], 0.25) for s in range(4) for p in range(4)]
    table = pd.DataFrame(rows, columns=["step", "answer", "position", "source", "weight"])
    states = pd.DataFrame({"x": range(4), "y": range(4), "token": tokens})
    cloud = pd.DataFrame({"x": [0.5], "y": [0.5]})
    figures = [
        drawn(tokens, models=1),
        alignments({"one": table}),
        state_path({"one": (cloud, {"forward": states})}),
    ]
    for figure in figures:
        figure.draw_without_rendering()  # matplotlib would read two signs of a dollar as a formula's
        plt.close(figure)


def test_models_stand_beside_each_other_in_numbers_and_below_each_other_in_words():
    for tokens, columns in ((["7", "11", "EOS"], 2), (["Il", "voit", "EOS"], 1)):
        figure = drawn(tokens, models=2)
        titles = {axes.get_title("left"): axes.get_subplotspec() for axes in figure.axes}
        first, second = (titles[f"model {i}\nas in training: not scored"] for i in range(2))
        assert (second.colspan.start - first.colspan.start, second.rowspan.start - first.rowspan.start) == (
            (1, 0) if columns == 2 else (0, 2)
        )
        texts = [text.get_text() for axes in figure.axes for text in axes.texts]
        assert set(texts) == set(tokens)
        plt.close(figure)


def test_maps_have_answers_down_sources_across_and_titles_of_their_own():
    read = ["the", "neighbour", "never", "brings", "these", "umbrellas", ".", "EOS"]
    rows = [(s, ["le", "EOS"][s], p, read[p], s / 2 + p / 10) for s in range(2) for p in range(8)]
    table = pd.DataFrame(rows, columns=["step", "answer", "position", "source", "weight"])
    names = [f"results/live/attention-reversed-{name} (attention)" for name in ("again", "anew")]
    figure = alignments({names[0]: table, names[1]: table[table.step == 0]})
    first, second, bar = figure.axes
    assert first.images[0].get_array().tolist() == [
        [p / 10 for p in range(8)],
        [0.5 + p / 10 for p in range(8)],
    ]
    assert second.images[0].get_array().shape == (1, 8)
    assert [label.get_text() for label in first.get_yticklabels()] == ["le", "EOS"]
    assert [label.get_text() for label in first.get_xticklabels()] == read
    assert (first.images[0].get_clim(), bar.get_ylabel()) == ((0, 1), "attention weight")
    figure.draw_without_rendering()
    left, right = first._left_title, second._left_title
    assert [title.get_text().replace("\n", " ") for title in (left, right)] == names
    assert not left.get_window_extent().overlaps(right.get_window_extent())
    words = [label.get_window_extent() for label in first.get_xticklabels()]
    assert all(word.count_overlaps(words) == 1 for word in words)
    plt.close(figure)
