"""Kinds of models beside one another: one table of made-up counts each, and the figure of what they say."""

import numpy as np
import pandas as pd
import pytest

from replicate.studies.translation import figures, kinds, tables
from replicate.studies.translation.sentences import SCORES

BLEU_COLUMNS, bleu = SCORES["bleu"]


def counted(direction: str, right: int, searches=((1, 1), (1, 12), (5, 12))) -> pd.DataFrame:
    """Two trainings, or one ensemble, of ten sentences with this many words right of ten."""
    rows = []
    for models, width in searches:
        for unit in range(2 if models == 1 else 1):
            matches = {f"matches_{n}": right + 1 - n for n in range(1, 5)}
            grams = {f"ngrams_{n}": 11 - n for n in range(1, 5)}
            place = {"direction": direction, "unit": f"a{unit}", "models": models, "width": width}
            for sentence in range(10):
                seen = {"sentence": sentence, "length": 1 + 2 * sentence, "rarity": 1 + sentence % 3}
                rows.append(place | seen | matches | grams | {"answered": 10, "wanted": 10})
    return pd.DataFrame(rows)


def losses(direction: str, nats: float) -> pd.DataFrame:
    rows = [[direction, f"a{unit}", sentence, nats, 2] for unit in range(2) for sentence in range(10)]
    return pd.DataFrame(rows, columns=["direction", "unit", "sentence", "nats", "tokens"])


@pytest.fixture
def measured(monkeypatch):
    """The base in both directions, subwords, attention, which reads forward, and kinds that wait."""
    made = {
        ("answers", "translation"): pd.concat([counted("forward", 6), counted("reversed", 7)]),
        ("answers", "translation-subwords"): counted("reversed", 8),
        ("answers", "translation-attention"): counted("forward", 9),
        ("nats", "translation"): pd.concat([losses("forward", 4.6), losses("reversed", 4.4)]),
        ("nats", "translation-subwords"): losses("reversed", 3.8),
        ("nats", "translation-attention"): losses("forward", 4.0),
    }
    waiting = {study for study, _ in kinds.KINDS.values()} - {study for _, study in made}
    made |= {("answers", study): counted("reversed", 5).iloc[:0] for study in waiting}
    made |= {("nats", study): losses("reversed", 5.0).iloc[:0] for study in waiting}
    monkeypatch.setattr(tables, "sentence_table", lambda name, study: made[name, study])
    monkeypatch.setattr(tables, "GROUP_DRAWS", 50)
    return made


def test_models_of_one_direction_in_two_studies_have_rows_of_their_own(measured):
    table = kinds.kinds_table()
    assert table.index.tolist() == [
        "LSTM",
        "LSTM, reversed",
        "LSTM of subwords, reversed",
        "LSTM with attention",
    ]
    wanted = [*np.exp([2.3, 2.2]), np.nan, np.exp(2.0)]  # a loss of a piece is no loss of a word
    assert table.perplexity.tolist() == pytest.approx(wanted, nan_ok=True)
    assert table.updates.tolist() == [4400, 4400, 4400, 2600] and table.trainings.tolist() == [2, 2, 2, 2]
    for name, right in (("LSTM", 6), ("LSTM with attention", 9)):
        counts = counted(name, right).iloc[0]
        wanted = bleu({column: counts[column] for column in BLEU_COLUMNS} | {"samples": 10})
        assert table.loc[name, ["beam 1", "beam 12", "five, beam 12"]].tolist() == pytest.approx([wanted] * 3)


def test_the_figure_has_a_line_a_model_over_the_lengths(measured):
    figure = figures.attention_by_length(kinds.bleu_by_length())
    lines = {container.get_label(): container[0] for container in figure.axes[0].containers}
    assert list(lines) == ["LSTM", "LSTM, reversed", "LSTM with attention"]
    assert lines["LSTM with attention"].get_color() == figures.COLOURS["attention"]
    means = [line.get_ydata().mean() for line in lines.values()]
    assert means == sorted(means) and means[0] < means[-1]
    assert figure.get_suptitle().startswith("BLEU of the shortest and of the longest sentences: LSTM ")


def test_the_figure_waits_for_attention(measured):
    for name in ("answers", "nats"):
        measured[name, "translation-attention"] = measured[name, "translation-attention"].iloc[:0]
    figure = figures.attention_by_length(kinds.bleu_by_length())
    assert [container.get_label() for container in figure.axes[0].containers] == ["LSTM", "LSTM, reversed"]
