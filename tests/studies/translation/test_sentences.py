"""What is known of every test sentence gives the scores of the run itself, and those of ensembles."""

from collections import Counter

import pandas as pd
import pytest
import torch

from replicate.decoding import greedy
from replicate.evaluation.evaluate import evaluate
from replicate.models.ensemble import Ensemble
from replicate.models.layers import pick_rounds
from replicate.randomness import make_generators
from replicate.runs.experiment import run
from replicate.settings import RunConfig
from replicate.studies.bootstrap import Sample, bootstrap
from replicate.studies.translation import text_bleu
from replicate.studies.translation.sentences import SCORES, answers_table, nats_table, retrieval_table
from replicate.studies.translation.text_bleu import text_bleu_table
from replicate.tasks.translation.tokens import words

CONFIG = RunConfig.of(
    task="translation",
    model="lstm",
    embedding_size=16,
    hidden_size=32,
    source_eos=True,
    learning_rate=1e-2,
    rounds=3,
    steps=120,
    evaluate_every=60,
    curve_samples=50,
    evaluate_samples=1_000_000,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return run(CONFIG, tmp_path_factory.mktemp("sentences") / "run", workers=1)


def score(table: pd.DataFrame, column: str) -> dict[int, float]:
    """Of each round, from the counts of its sentences."""
    columns, of = SCORES[column]
    by_round = table.groupby("round")
    means = by_round[columns].mean().assign(samples=by_round.size())
    return {r: of(row) for r, row in means.to_dict("index").items()}


def test_the_loss_of_the_sentences_is_the_runs(made):
    table = nats_table(made)
    assert len(table) == 3 * table.sentence.nunique() and table.length.min() >= 1
    wanted = made.scores.set_index("round").nats
    assert score(table, "nats") == pytest.approx(wanted.to_dict(), rel=1e-5)


def test_the_counts_of_the_answers_give_the_runs_bleu(made):
    table = answers_table(made, [(1, 1)])
    assert score(table, "bleu") == pytest.approx(made.scores.set_index("round").bleu.to_dict(), rel=1e-4)
    by_length = made.by_length.query("kind == 'source' and round == 1").set_index("length")
    for length in (4, 6):
        some = table[(table.length == length) & (table["round"] == 1)]
        assert score(some, "bleu")[1] == pytest.approx(by_length.bleu[length], rel=1e-4)


def test_the_counts_of_retrieval_give_its_bleu(made):
    generators = make_generators(0, range(1), "test")
    whole = evaluate(made.task.baselines["retrieval"], made.task, generators, range(1), 10**9).scores.bleu[0]
    assert score(retrieval_table(made.task), "bleu") == pytest.approx({0: whole}, rel=1e-9)


def test_text_bleu_holds_each_answer_against_the_translation_of_its_sentence(made, monkeypatch):
    own = text_bleu_table(made, width=1)
    # The grammar's vocabulary is whole, and sacrebleu parts its texts much as the task does.
    assert own.bleu.tolist() == pytest.approx(made.scores.bleu.tolist(), abs=4)
    assert "tok:13a" in own.signature[0] and "case:mixed" in own.signature[0]
    monkeypatch.setattr(text_bleu, "best_of_beam", lambda *a: lambda batch: batch.target)
    assert text_bleu_table(made).bleu.tolist() == pytest.approx([100] * 3)
    monkeypatch.setattr(text_bleu, "best_of_beam", lambda *a: lambda batch: batch.target.roll(1, 1))
    assert text_bleu_table(made).bleu.max() < 30


def test_the_rarer_third_of_the_sentences_has_the_words_that_training_has_less_often(made):
    table = nats_table(made).query("round == 1").set_index("sentence")
    trained = [word for pair in made.task.splits.train for word in words(pair.source)]
    order = [word for word, _ in sorted(Counter(trained).items(), key=lambda item: (-item[1], item[0]))]
    ranks = []
    for pair in made.task.splits.test:
        known = [order.index(word) if word in order else len(order) for word in words(pair.source)]
        ranks.append(sum(known) / len(known))
    thirds = [
        [rank for rank, third in zip(ranks, table.rarity, strict=True) if third == k] for k in (1, 2, 3)
    ]
    assert max(map(len, thirds)) - min(map(len, thirds)) <= 1
    assert max(thirds[0]) <= min(thirds[1]) + 1e-9 and max(thirds[1]) <= min(thirds[2]) + 1e-9


def test_an_ensemble_is_of_the_first_models(made):
    table = answers_table(made, [(2, 1), (1, 2)])
    assert table[table.models == 2]["round"].unique().tolist() == [0]
    model = Ensemble(pick_rounds([made.load_model()], range(2)))
    (batch,) = made.task.batches("test", [torch.Generator()], 200)
    given = greedy(model, batch.source, batch.source_length, made.task.max_target_length)
    counts = made.task.statistics(given[0], batch.target[0])
    ours = table[(table.models == 2) & (table.sentence < batch.source.shape[1])]
    assert ours.matches_2.tolist() == counts["matches_2"].tolist()
    assert ours.answered.tolist() == counts["answered"].tolist()


def test_the_bootstrap_reads_them(made):
    table = answers_table(made, [(1, 1), (1, 2)]).assign(unit=lambda rows: rows["round"])
    columns, of = SCORES["bleu"]
    wide, narrow = table[table.width == 2], table[table.width == 1]
    found = bootstrap([Sample(1, "a", wide), Sample(-1, "a", narrow)], columns, of, draws=200)
    means = [pd.Series(score(rows, "bleu")).mean() for rows in (wide, narrow)]
    assert found["estimate"] == pytest.approx(means[0] - means[1])
    assert found["low"] <= found["estimate"] <= found["high"]
