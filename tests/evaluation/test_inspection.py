"""What a notebook shows of a run: its baselines and its answers."""

import math

import pytest

from replicate.evaluation.inspection import loss_table, sample_answers, score_table
from replicate.files import RunError
from replicate.runs.folder import open_run
from replicate.tasks.primes import reference


@pytest.fixture(scope="module")
def trained():
    return open_run("results/quick")  # the run that ships with the project


def test_the_score_table_puts_the_run_beside_its_baselines(trained):
    table = score_table(trained, samples=500)
    assert list(table) == ["trained", "chance", "always empty", "untrained", "oracle"]
    assert table.trained.psa == pytest.approx(trained.scores.psa.mean())
    assert table.oracle.exact_match == 1 and table.chance.exact_match == 0


def test_the_loss_table_has_the_runs_own_loss_and_its_exponential(trained):
    table = loss_table(trained, samples=2000)
    assert table.trained.nats == pytest.approx(trained.scores.nats.mean(), rel=0.1)
    assert table.trained.perplexity >= math.exp(table.trained.nats)  # a mean of exponentials
    assert table.untrained.perplexity == pytest.approx(trained.config.task.vocab_size, rel=0.1)
    assert table.oracle.tolist() == [0, 1]


@pytest.mark.parametrize("round_index", [0, 1])
def test_answers_shown_as_right_are_right_and_as_wrong_are_wrong(trained, round_index):
    answers = sample_answers(trained, count=5, round_index=round_index, samples=200)
    right, wrong = answers["right"].dropna(), answers["wrong"].dropna()
    assert len(right) == len(wrong) == 5
    for row in right.itertuples():
        primes = [x for x in row.source.split() if reference.is_prime(int(x))]
        assert row.target == " ".join(primes)
    assert (wrong.target != wrong.answer).all()


def test_no_answers_are_no_table(trained):
    with pytest.raises(RunError, match="examples is 0; it must be 1 or more"):
        sample_answers(trained, count=0)
