"""Beams, ensembles and rescored candidates on tiny runs, against plain restatements."""

import pytest
from shared import TINY

from replicate.decoding import beam, greedy, rescore
from replicate.models.layers import pick_rounds
from replicate.randomness import make_generator
from replicate.studies.claims.search import CANDIDATES, beam_table, ensemble_table, rescoring_table
from replicate.tasks import task_of


def test_a_beam_of_one_scores_as_greedy_on_the_same_samples(runs):
    table = beam_table(runs["base"], [1, 3], samples=300)
    assert table.groupby("width").size().to_dict() == {1: 5, 3: 5}
    model, task = runs["base"].load_model(), task_of(TINY.task)
    batch = task.sample([make_generator(TINY.training.seed, r, "beam") for r in range(5)], 300)
    exact = (greedy(model, batch.source, batch.source_length, 5) == batch.target).all(2).double().mean(1)
    assert table[table.width == 1].exact_match.tolist() == pytest.approx(exact.tolist())


def test_ensembles_of_one_group_and_its_members_answer_the_same_samples(runs):
    table = ensemble_table(runs["base"], [(1, 1), (5, 1)], samples=300)
    assert table[["group", "models", "width"]].values.tolist() == [[0, 1, 1], [0, 5, 1]]
    model, task = runs["base"].load_model(), task_of(TINY.task)
    batch = task.sample([make_generator(TINY.training.seed, 0, "ensemble")], 300)
    source, length = batch.source.expand(5, -1, -1), batch.source_length.expand(5, -1)
    alone = (greedy(model, source, length, 5) == batch.target).all(2).double().mean()
    assert table.exact_match[0] == pytest.approx(alone.item())
    assert table.exact_match[1] > table.exact_match[0]


def test_rescoring_stays_below_what_the_candidates_allow(runs):
    table = rescoring_table(runs["forward"], {"rescored": runs["base"]}, samples=300)
    exact = table.pivot(index="round", columns="stage", values="exact_match")
    assert (exact["oracle"] >= exact[["best", "rescored"]].max(axis=1)).all()
    assert (exact["oracle"] > exact["best"]).any()
    first, second = (runs[name].load_model() for name in ("forward", "base"))
    forward, reverse = (
        task_of(runs[name].config.task).sample(
            [make_generator(TINY.training.seed, r, "rescoring") for r in range(5)], 300
        )
        for name in ("forward", "base")
    )
    found = beam(first, forward.source, forward.source_length, 5, CANDIDATES)
    best = rescore(second, reverse.source, reverse.source_length, found).tokens[:, :, 0]
    right = (best == forward.target).all(2).double().mean(1)
    assert exact["rescored"].tolist() == pytest.approx(right.tolist())


def test_models_of_one_direction_rescore_their_neighbours_candidates(runs):
    forward = runs["forward"]
    table = rescoring_table(forward, {"by forward": forward, "by reversed": runs["base"]}, samples=300)
    exact = table.pivot(index="round", columns="stage", values="exact_match")
    model = forward.load_model()
    batch = task_of(forward.config.task).sample(
        [make_generator(TINY.training.seed, r, "rescoring") for r in range(5)], 300
    )
    found = beam(model, batch.source, batch.source_length, 5, CANDIDATES)
    neighbours = pick_rounds([model], [1, 2, 3, 4, 0])
    best = rescore(neighbours, batch.source, batch.source_length, found).tokens[:, :, 0]
    right = (best == batch.target).all(2).double().mean(1)
    assert exact["by forward"].tolist() == pytest.approx(right.tolist())
    assert (exact["by reversed"] != exact["by forward"]).any()
