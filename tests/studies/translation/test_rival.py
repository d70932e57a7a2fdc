"""The rival on a text, its lists rescored, and what is kept of them: on the grammar, in seconds."""

import numpy as np
import pandas as pd
import pytest
import torch
from sacrebleu import corpus_bleu

from replicate.decoding import Candidates, log_probability, rescore
from replicate.evaluation.evaluate import evaluate
from replicate.models.ensemble import Ensemble
from replicate.models.layers import pick_rounds
from replicate.randomness import make_generators
from replicate.runs.experiment import run
from replicate.settings import RunConfig
from replicate.studies.bootstrap import Sample, bootstrap
from replicate.studies.translation import rival as subject
from replicate.studies.translation.rival import Lists, best_weight, chosen, log_probabilities, rival_lists
from replicate.studies.translation.sentences import COUNTS, SCORES
from replicate.tasks.translation.corpus import write_tsv
from replicate.tasks.translation.grammar import grammar_pairs
from replicate.tasks.translation.metrics import bleu

ANSWERS = 8
PAIRS = 800  # of the grammar


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rival")
    write_tsv(folder / "pairs.tsv", grammar_pairs()[:PAIRS])
    config = RunConfig.of(
        task="translation",
        pairs=str(folder / "pairs.tsv"),
        min_count=8,  # so that some words are unknown
        model="lstm",
        embedding_size=16,
        hidden_size=32,
        reverse=True,
        source_eos=True,
        learning_rate=1e-2,
        rounds=5,
        steps=100,
        evaluate_every=100,
        curve_samples=10,
        evaluate_samples=10,
    )
    return run(config, folder / "run", workers=1)


@pytest.fixture(scope="module")
def test_lists(made):
    return rival_lists(made.task.settings, "test", ANSWERS)


@pytest.fixture(scope="module")
def table(made):
    return subject.rescoring_table(made, ANSWERS)


def score(rows: pd.DataFrame) -> float:
    return bleu(rows[COUNTS].mean().to_dict() | {"samples": len(rows)})


def stage(table: pd.DataFrame, name: str, models: int, round_index: int = 0) -> pd.DataFrame:
    return table[(table.stage == name) & (table.models == models) & (table["round"] == round_index)]


def test_its_bleu_is_sacrebleus_and_beats_the_baseline(made, test_lists, table):
    def text(tokens: list[int], unknown: str) -> str:
        return " ".join(unknown if token == 3 else f"w{token}" for token in tokens)

    answers = [text(list(answers[0].words), "unknown") for answers in test_lists.answers]
    targets = [text(target, "missing") for _, target in made.task.ids["test"]]
    ours = score(stage(table, "rival", 0))
    assert ours == pytest.approx(corpus_bleu(answers, [targets], tokenize="none", force=True).score)
    retrieval = made.task.baselines["retrieval"]
    found = evaluate(retrieval, made.task, make_generators(0, range(1), "x"), range(1), 10**9)
    assert ours > found.scores.bleu[0] + 10


def test_its_rows_are_those_of_the_answers_table(made, table):
    count = len(made.task.ids["test"])
    assert table.groupby(["stage", "models", "round"]).size().eq(count).all()
    assert table[["stage", "models"]].drop_duplicates().values.tolist() == [
        ["rival", 0],
        ["oracle", 0],
        ["even", 1],
        ["tuned", 1],
        ["even", 5],
        ["tuned", 5],
        ["own", 1],
        ["own", 5],
    ]
    own = stage(table, "own", 1, 2).set_index("sentence")
    first = stage(table, "rival", 0).set_index("sentence")
    assert own.length.equals(first.length) and own.wanted.equals(first.wanted)
    assert not table[["round", "sentence", "length", "width", *COUNTS]].isna().any(axis=None)


@pytest.mark.parametrize("models", [1, 5])
def test_the_even_average_is_that_of_decoding(made, test_lists, table, models):
    model = made.load_model()
    model = Ensemble(model) if models == 5 else pick_rounds([model], [1])
    batch = made.task.batches("test", make_generators(0, range(1), "x"), 40).__next__()
    longest = max(len(own.words) for answers in test_lists.answers[:40] for own in answers) + 1
    tokens = torch.zeros(1, 40, ANSWERS, longest, dtype=torch.int64)
    scores = torch.full((1, 40, ANSWERS), -torch.inf)
    for b, answers in enumerate(test_lists.answers[:40]):
        for w, own in enumerate(answers):
            tokens[0, b, w, : len(own.words) + 1] = torch.tensor([*own.words, 2])
            scores[0, b, w] = own.score
    best = rescore(model, batch.source, batch.source_length, Candidates(tokens, scores)).tokens[0, :, 0]
    counts = made.task.statistics(best, batch.target[0])
    ours = stage(table, "even", models, 1 if models == 1 else 0)[:40]
    assert (ours.matches_2.to_numpy() == counts["matches_2"].numpy()).mean() > 0.98  # but for ties
    assert (ours.answered.to_numpy() == counts["answered"].numpy()).mean() > 0.98


def test_log_probabilities_are_of_each_list_and_round(made, test_lists):
    model, found = made.load_model(), log_probabilities(made, test_lists)
    sizes = [len(answers) for answers in test_lists.answers]
    assert [[len(own) for own in logs] for logs in found.values()] == [sizes] * 6
    (batch,) = made.task.batches("test", make_generators(0, range(5), "x"), 3)
    answer = test_lists.answers[2][-1].words
    tokens = torch.tensor([*answer, 2]).expand(5, 1, 1, -1)
    alone = log_probability(model, batch.source[:, 2:3], batch.source_length[:, 2:3], tokens)[:, 0, 0]
    assert [found[1, r][2][-1] for r in range(5)] == pytest.approx(alone.tolist(), rel=1e-4)
    together = log_probability(
        Ensemble(model), batch.source[:1, 2:3], batch.source_length[:1, 2:3], tokens[:1]
    )
    assert found[5, 0][2][-1] == pytest.approx(together.item(), rel=1e-4)


def test_the_tuned_weight_is_the_best_on_its_split(made):
    lists = rival_lists(made.task.settings, "validation", ANSWERS)
    logs = log_probabilities(made, lists)[1, 0]

    def at(weight: float) -> float:
        rows = [own_of(lists, b, place) for b, place in enumerate(chosen(lists, logs, weight))]
        return bleu(pd.DataFrame(rows).mean().to_dict() | {"samples": len(rows)})

    best = at(best_weight(lists, logs))
    assert all(at(weight) <= best + 1e-9 for weight in (0, 1, *np.geomspace(1e-4, 1e2, 60)))


def own_of(lists: Lists, sentence: int, place: int) -> dict:
    return {name: values[place] for name, values in lists.counts[sentence].items()}


def test_the_oracle_chooses_best_and_the_weights_are_kept(table):
    best = score(stage(table, "oracle", 0))
    for name, models in (("rival", 0), ("even", 1), ("tuned", 5)):
        assert score(stage(table, name, models)) <= best
    assert table[table.stage == "even"].weight.eq(1).all()
    assert table[table.stage == "tuned"].groupby(["models", "round"]).weight.nunique().eq(1).all()


def test_the_bootstrap_compares_them(table):
    rows = table.assign(unit=table["round"].astype(str))
    columns, of = SCORES["bleu"]
    own, first = (rows[(rows.stage == name) & (rows.models <= 1)] for name in ("own", "rival"))
    found = bootstrap([Sample(1, "a", own), Sample(-1, "a", first)], columns, of, draws=50)
    alone = np.mean([score(stage(table, "own", 1, r)) for r in range(5)])
    assert found["estimate"] == pytest.approx(alone - score(stage(table, "rival", 0)))
