"""The tables of an evaluation, against answers whose scores are known."""

import pandas as pd
import pytest
import torch
from shared import primes

from replicate.decoding import log_probability
from replicate.evaluation.evaluate import evaluate, model_answer, nats_per_token, oracle_answer
from replicate.models import build
from replicate.randomness import make_generator
from replicate.tasks import task_of
from replicate.tasks.primes.baselines import chance_answer, empty_answer, over_long_answer
from replicate.tasks.primes.task import PrimeTask


def evaluated(answer, task: PrimeTask, samples: int = 6000):
    generators = [make_generator(0, r, "test") for r in range(2)]
    return evaluate(answer, task, generators, range(2), samples)


def test_the_oracle_scores_1_by_the_text_and_the_hidden_ceiling_by_the_published_protocol():
    task = primes(101, 15, eos_is_a_value=True)
    scores = evaluated(oracle_answer, task).scores
    assert (scores[["psa", "lcsr", "geo_mean", "exact_match", "lcs_f1"]] == 1).all(axis=None)
    assert scores.published_geo_mean.mean() == pytest.approx(1 - task.empty_share(), abs=0.02)


def test_chance_scores_a_25th_of_the_ceiling():
    task = primes(101, 15, eos_is_a_value=True)
    scores = evaluated(chance_answer, task).scores
    assert scores.published_psa.mean() == pytest.approx((1 - task.empty_share()) / 25, abs=0.006)
    assert (scores.exact_match == 0).all()


def shifted(batch):
    """Right on sources of one value, wrong on all others from the second prime on."""
    answer = batch.target.clone()
    answer[:, :, 1:] = torch.where(answer[:, :, 1:] > 1, 1, answer[:, :, 1:])
    return answer


def test_tables_by_length_and_position():
    evaluation = evaluated(shifted, primes(101, 4), samples=700)
    positions = evaluation.by_position.set_index(["round", "position"])
    assert (positions.accuracy.xs(1, level="position") == 1).all()
    assert (positions.accuracy.drop(1, level="position") == 0).all()
    target = evaluation.by_length.query("kind == 'target'").set_index(["round", "length"])
    for length, psa in [(0, 1), (1, 1), (2, 1 / 2), (3, 1 / 3)]:
        assert target.psa.xs(length, level="length").tolist() == pytest.approx([psa, psa])
    for kind in ("source", "target"):
        by_kind = evaluation.by_length[evaluation.by_length.kind == kind]
        assert by_kind.groupby("round").samples.sum().tolist() == [700, 700]
        weighted = by_kind.assign(total=by_kind.psa * by_kind.samples).groupby("round").total.sum() / 700
        assert weighted.tolist() == pytest.approx(evaluation.scores.psa.tolist())
    reached = positions.samples.unstack("position")
    counts = target.samples.unstack("length")
    assert reached[2].tolist() == counts[[2, 3, 4]].sum(axis=1).tolist()


def test_a_model_is_scored_the_same_by_itself_and_among_others():
    from shared import SMALL

    task = task_of(SMALL.task)
    answers = model_answer(build(SMALL, range(2)), task.max_target_length)
    both = evaluated(answers, task, 100).scores
    single = model_answer(build(SMALL, range(1, 2)), task.max_target_length)
    alone = evaluate(single, task, [make_generator(0, 1, "test")], range(1, 2), 100).scores
    pd.testing.assert_frame_equal(both.iloc[1:].reset_index(drop=True), alone)


@pytest.mark.parametrize("name", ["post", "lstm"])
def test_nats_are_the_mean_over_all_tokens_of_all_batches(name):
    from shared import SMALL

    config = SMALL.changed(model=name)
    task, model = task_of(config.task), build(config, range(2))
    generators = [make_generator(0, r, "test") for r in range(2)]
    found = nats_per_token(model, task, generators, 620)  # two chunks, of different sizes
    generators = [make_generator(0, r, "test") for r in range(2)]
    batches = [task.sample(generators, size) for size in (500, 120)]
    logs = [log_probability(model, b.source, b.source_length, b.target.unsqueeze(2)) for b in batches]
    tokens = sum(b.target_length.sum(1) for b in batches)
    torch.testing.assert_close(
        found, -sum(log.sum((1, 2)).double() for log in logs) / tokens, rtol=1e-5, atol=0
    )


def test_empty_and_over_long_answers_are_scored_as_what_they_are():
    task = primes(101, 15, eos_is_a_value=True)
    empty, over_long, oracle = (
        evaluated(answer, task).scores for answer in (empty_answer, over_long_answer, oracle_answer)
    )
    assert (empty.published_geo_mean == 0).all()
    assert empty.exact_match.tolist() == pytest.approx((1 - oracle.published_psa).tolist())
    assert over_long.published_geo_mean.tolist() == oracle.published_geo_mean.tolist()
    assert (over_long.exact_match == 0).all()
