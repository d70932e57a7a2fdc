"""Figures on text show the numbers that they are given, and their tables are what the sentences say."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from replicate.studies.translation import counterparts, figures, tables
from replicate.studies.translation.counterparts import POINTS
from replicate.studies.translation.forest import side_by_side
from replicate.studies.translation.sentences import SCORES

NATS = "nats a token"


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def points(axes, marker: str) -> list[tuple[float, float]]:
    """Where the marks of one shape stand."""
    lines = [line for line in axes.lines if line.get_marker() == marker]
    return sorted((float(x), round(float(y), 2)) for line in lines for x, y in line.get_xydata())


def test_table_one_has_every_training_on_its_row_and_the_papers_beside_it():
    rows = [
        ("forward", 1, 1, 10.0),
        ("forward", 1, 1, 12.0),
        ("reversed", 1, 1, 13.0),
        ("reversed", 5, 12, 20.0),
    ]
    ours = pd.DataFrame(rows, columns=["direction", "models", "width", "bleu"])
    figure = figures.table_one(ours, {("reversed", 5, 12): 34.81}, {"retrieval": 17.6})
    here, there = figure.axes
    assert [label.get_text() for label in here.get_yticklabels()] == ["5 models, beam 12", "1 model, beam 1"]
    assert points(here, "o") == [(10, 1.16), (12, 1.16), (13, 0.84), (20, -0.16)]
    assert points(there, "D") == [(34.81, -0.16)]
    means = [line.get_xdata()[0] for line in here.lines if line.get_linewidth() == 2.5]
    assert means == [11, 13, 20]
    assert "highest mean BLEU of LSTMs is 20.0 (5 models, beam 12" in figure.get_suptitle().replace("\n", " ")
    assert "retrieval 17.6" in figure.get_suptitle()


def sentences(rng: np.random.Generator, direction: str, block: str, count: int = 60) -> pd.DataFrame:
    """Made-up counts of two trainings and a beam of 12 and of 1, with lengths and thirds that both occur."""
    keys = itertools.product(range(2), range(count), (1, 12))
    table = pd.DataFrame(keys, columns=["round", "sentence", "width"])
    table = table.assign(direction=direction, unit=block + table["round"].astype(str), models=1)
    table["length"] = 3 + table.sentence % 17
    table["rarity"] = 1 + table.sentence % 3
    for n in range(1, 5):
        table[f"ngrams_{n}"] = 10 - n
        table[f"matches_{n}"] = rng.integers(1, 11 - n, len(table))
    return table.assign(answered=9, wanted=10)


def test_bleu_by_group_is_the_mean_over_trainings_of_the_groups_own_bleu(monkeypatch):
    rng = np.random.default_rng(0)
    made = [sentences(rng, way, block) for way in ("forward", "reversed") for block in "ab"]
    table = pd.concat(made, ignore_index=True)
    monkeypatch.setattr(tables, "sentence_table", lambda name, study: table)
    monkeypatch.setattr(tables, "GROUP_DRAWS", 100)
    found = tables.bleu_by_group().set_index(["direction", "by", "group"])
    columns, score = SCORES["bleu"]
    wanted = {("length", "6 to 8"): table.length.between(6, 8), ("rarity", "rarest"): table.rarity == 3}
    for (by, group), chosen in wanted.items():
        rows = table[chosen & (table.direction == "forward") & (table.width == 12)]
        units = rows.groupby("unit")
        means = units[columns].mean().assign(samples=units.size())
        own = found.loc["forward", by, group]
        assert own.estimate == pytest.approx(np.mean([score(row) for row in means.to_dict("records")]))
        assert own.low < own.estimate < own.high and own.sentences == rows.sentence.nunique()
    assert found.groupby(["direction", "by"]).place.apply(list).loc["forward", "length"] == [0, 1, 2, 3, 4]


def test_groups_are_of_the_words_of_the_base_where_a_study_counts_pieces(monkeypatch):
    rng = np.random.default_rng(0)
    words = sentences(rng, "reversed", "")
    pieces = words.assign(length=2 * words.length, rarity=4 - words.rarity)
    monkeypatch.setattr(
        tables, "sentence_table", lambda name, study: words if study == "translation" else pieces
    )
    monkeypatch.setattr(tables, "GROUP_DRAWS", 10)
    assert tables.bleu_by_group("translation-subwords").equals(tables.bleu_by_group())


def test_the_groups_figure_has_both_ends_in_its_finding():
    rows = [
        {
            "direction": way,
            "by": by,
            "group": name,
            "place": place,
            "estimate": 10.0 + place,
            "low": 9,
            "high": 14,
        }
        for way in ("forward", "reversed")
        for by, names in {
            "length": ["1 to 5", "6 to 8", "9 to 20"],
            "rarity": ["commonest", "rarest"],
        }.items()
        for place, name in enumerate(names)
    ]
    figure = figures.by_length_and_rarity(pd.DataFrame(rows))
    said = figure.get_suptitle().replace("\n", " ")
    assert "10.0 for the shortest sentences and 12.0 for the longest" in said
    assert "10.0 for the commonest words and 11.0 for the rarest" in said
    assert [label.get_text() for label in figure.axes[1].get_xticklabels()] == ["commonest", "rarest"]


def claim(
    name: str, task: str, estimate: float, unit: str, verdict: str = "supported", kinds: bool = False
) -> dict:
    around = {"low": estimate - 0.5, "high": estimate + 0.5, "kinds": kinds}
    return {"claim": name, "task": task, "estimate": estimate, **around, "unit": unit, "verdict": verdict}


def test_the_forest_has_each_claim_once_a_task_and_says_what_was_not_run():
    none = float("nan")
    table = pd.DataFrame(
        [
            claim("Reversal", "primes", 0.06, NATS),
            claim("Reversal", "text", 0.08, NATS),
            claim("Long", "primes", 5.5, POINTS),
            claim("Long", "text", 0.02, NATS, "not shown"),
            claim("Beam", "text", 0.9, POINTS, "contradicted"),
            claim("Idle", "primes", 0.01, NATS, "not testable here"),
            claim("Idle", "text", 0.01, NATS, "not testable here"),
            claim("Later", "primes", 3.0, POINTS),
            claim("Later", "text", none, POINTS, "not run yet"),
            claim("Rival", "text", 26.0, POINTS, kinds=True),
        ]
    )
    figure = side_by_side(table)
    nats_primes, nats_text, points_primes, points_text, _, between = figure.axes
    assert points(between, "o") == [(26, 0)] and points_text.get_xlim()[1] < 5  # a scale of its own
    assert points(nats_primes, "o") == [(0.01, 2), (0.06, 0)]
    assert points(nats_text, "o") == [(0.01, 2), (0.02, 1), (0.08, 0)]
    assert points(points_primes, "o") == [(3, 1)] and points(points_text, "o") == [(0.9, 0)]
    assert [text.get_text() for text in nats_primes.texts] == ["+5.5 points of 100"]
    assert [text.get_text() for text in points_primes.texts] == ["no test"]
    assert [text.get_text() for text in points_text.texts] == ["not run yet"]
    assert "judged on both: 2; with the same verdict on both: 1" in figure.get_suptitle()


def test_a_forest_without_any_test_on_text_says_so():
    table = pd.DataFrame(
        [claim("Beam", "primes", 1.0, POINTS), claim("Beam", "text", float("nan"), POINTS, "not run yet")]
    )
    figure = side_by_side(table)
    assert "no claim has been judged yet" in figure.get_suptitle()


def test_counterparts_name_tests_that_are_registered_and_bring_scores_to_points_of_100(monkeypatch):
    table = counterparts.counterparts().set_index(["claim", "task"])  # an unknown test is a KeyError
    beam = table.loc["A beam of 12 helps one model", "primes"]
    assert beam.unit == POINTS and beam.estimate == pytest.approx(1.097, abs=1e-3)
    assert table.loc["Reversing the source lowers the loss"].unit.tolist() == [NATS, NATS]
    assert table.loc["Five models beat one", "text"].unit == POINTS


def test_the_phrase_map_joins_the_voices_of_a_meaning():
    pairs = list(itertools.permutations(["table", "chart", "macro"], 2))
    rows = [
        {
            "agent": a,
            "patient": b,
            "voice": voice,
            "x": i,
            "y": int(voice == "active"),
            "share_x": 0.5,
            "share_y": 0.2,
        }
        for i, (a, b) in enumerate(pairs)
        for voice in ("active", "passive")
    ]
    changes = [("trained", "order", 0.6), ("trained", "voice", 0.3), ("untrained", "order", 0.9)]
    distances = pd.DataFrame(changes, columns=["encoder", "change", "distance"])
    figure = figures.phrase_map(pd.DataFrame(rows), distances)
    joined = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 2]
    assert [sorted(line.get_ydata()) for line in joined] == [[0, 1]] * 6
    assert "moves the state by 0.60, the other voice by 0.30" in figure.get_suptitle().replace("\n", " ")
