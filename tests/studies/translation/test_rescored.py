"""Table 2 from made-up counts: each kind of answers has its mean over trainings."""

import pandas as pd
import pytest

from replicate.studies.translation import rescored

SENTENCES = 10


def answers(stage: str, models: int, rounds: int, right: int, weight: float | None = None) -> pd.DataFrame:
    """Sentences of ten words, of which so many n-grams of every order are right; round r has r more."""
    rows = []
    for number in range(rounds):
        counted = {f"matches_{n}": right + number for n in range(1, 5)}
        counted |= {f"ngrams_{n}": 10 for n in range(1, 5)} | {"answered": 10, "wanted": 10}
        place = {"stage": stage, "models": models, "round": number, "weight": weight}
        rows += [place | {"sentence": sentence} | counted for sentence in range(SENTENCES)]
    return pd.DataFrame(rows)


@pytest.fixture
def measured(tmp_path, monkeypatch):
    tables = [answers("rival", 0, 1, 5), answers("oracle", 0, 1, 9)]
    for models, rounds in ((1, 3), (5, 1)):
        tables.append(answers("own", models, rounds, 2))
        tables += [answers(stage, models, rounds, 6, 0.5) for stage in ("even", "tuned")]
    (tmp_path / "rescoring-reversed.csv").touch()
    monkeypatch.setattr(rescored, "folder", lambda study: tmp_path)
    monkeypatch.setattr(rescored, "read_measurement", lambda study, name: pd.concat(tables))
    return tmp_path


def test_every_kind_of_answers_has_its_mean_bleu_and_the_papers(measured):
    table = rescored.rescored_table()
    # With as many matches of every order, BLEU is their share: 3 trainings have 2, 3 and 4 of 10.
    assert table.bleu["one LSTM alone"] == pytest.approx(30) and table.n["one LSTM alone"] == 3
    assert table.bleu["phrase-based system"] == pytest.approx(50)
    assert table.bleu["its lists rescored by one"] == pytest.approx(70)
    assert table.bleu["its lists rescored by five"] == pytest.approx(60)
    assert table.bleu["the best of its lists"] == pytest.approx(90)
    assert table.weight["the same by five, weight tuned"] == 0.5 and pd.isna(table.weight.iloc[0])
    assert table.paper["its lists rescored by five"] == 36.5


def test_before_it_is_measured_there_is_no_row(measured):
    (measured / "rescoring-reversed.csv").unlink()
    assert rescored.rescored_table().empty
