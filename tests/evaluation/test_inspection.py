"""What a notebook shows of a run: its baselines and its answers."""

import math
import re
from dataclasses import replace

import pandas as pd
import pytest

from replicate.evaluation.explorer import Explorer
from replicate.evaluation.inspection import (
    diverged_trainings,
    first_and_last_position,
    loss_table,
    sample_answers,
    score_table,
)
from replicate.figures.evaluation import accuracy_by_position, scores_by_length
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
    assert table.trained.perplexity == pytest.approx(math.exp(table.trained.nats))  # as in every other table
    assert table.untrained.perplexity == pytest.approx(trained.config.task.vocab_size, rel=0.1)
    assert table.oracle.tolist() == [0, 1]


def diverged(run, *rounds):
    """The run as if these of its trainings had diverged at its first point."""
    history = run.history.assign(diverged=run.history["round"].isin(rounds) * 150)
    tables = {"history": history}
    for name, scores in (("by_length", [m.name for m in run.metrics]), ("by_position", ["accuracy"])):
        tables[name] = getattr(run, name).copy()
        tables[name].loc[tables[name]["round"].isin(rounds), scores] = math.nan
    return replace(run, **tables)


@pytest.mark.parametrize("gone", [[], [0], [0, 1]])
def test_answers_shown_as_right_are_right_and_as_wrong_are_wrong(trained, gone):
    answers = sample_answers(diverged(trained, *gone), count=5, samples=200)
    right, wrong = answers["right"].dropna(), answers["wrong"].dropna()
    assert len(right) == len(wrong) == 5
    for row in right.itertuples():
        primes = [x for x in row.source.split() if reference.is_prime(int(x))]
        assert row.target == " ".join(primes)
    assert (wrong.target != wrong.answer).all()


def test_words_in_a_table_are_no_formula_in_a_notebook(trained):
    classes = re.search('class="(.*?)"', sample_answers(trained, count=1)._repr_html_())[1].split()
    assert {"mathjax_ignore", "tex2jax_ignore"} <= {*classes}  # which JupyterLab's MathJax passes over


def test_no_answers_are_no_table(trained):
    with pytest.raises(RunError, match="examples is 0; it must be 1 or more"):
        sample_answers(trained, count=0)


def test_the_figure_of_positions_says_the_shares_that_the_sentence_says(trained):
    """One training reaches the last position once, and counts as one target."""
    rows = [(0, 1, 100, 1.0), (1, 1, 300, 0.5), (0, 2, 9, 0.0), (1, 2, 1, 1.0)]
    by_position = pd.DataFrame(rows, columns=["round", "position", "samples", "accuracy"])
    figure = accuracy_by_position(by_position)
    assert figure.axes[0].lines[0].get_ydata().tolist() == [0.625, 0.1]
    assert figure.get_suptitle() == "62% of the targets are right at position 1, 10% at 2"
    said = first_and_last_position(replace(trained, by_position=by_position))
    assert "right in 62% of 400" in said and "position 2 in 10% of the 10" in said


def test_a_metric_that_some_lengths_lack_hides_no_other(trained):
    by_length = trained.by_length.assign(psa=math.nan)
    figure = scores_by_length(by_length, trained.metrics)
    assert figure.axes[0].get_title("left").startswith("4 trainings")
    assert figure.get_suptitle().startswith("exact match is ")
    names = [metric.name for metric in trained.metrics if metric.by_length]
    without = by_length.copy()
    without.loc[(without["round"] == 0) & (without.length == 1), names] = math.nan
    title = scores_by_length(without, trained.metrics).axes[0].get_title("left")
    assert title == figure.axes[0].get_title("left")  # the samples that have no score are there
    by_length.loc[by_length.length > 0, "psa"] = 0.5
    lines = {
        line.get_label(): line.get_xdata()
        for line in scores_by_length(by_length, trained.metrics).axes[0].lines
    }
    assert list(lines["exact match"]) == sorted(by_length.query("kind == 'source'").length.unique())


def test_trainings_that_diverged_are_named_and_count_nowhere(trained):
    some, every = diverged(trained, 0, 2), diverged(trained, 0, 1, 2, 3)
    assert diverged_trainings(some) == [
        f"training {n} diverged at update 150 and has no scores" for n in (0, 2)
    ]
    left = some.by_position.query("position == 1 and round in [1, 3]")
    right, samples = (left.accuracy * left.samples).sum(), left.samples.sum()
    said = first_and_last_position(some)
    assert said.startswith(f"The first token is right in {right / samples:.0%} of {samples:,.0f} targets,")
    for figure in (scores_by_length(some.by_length, some.metrics), accuracy_by_position(some.by_position)):
        assert figure.axes[0].get_title("left").startswith("2 trainings")

    assert first_and_last_position(every) == "Every training diverged, so no position has an accuracy."
    for figure in (scores_by_length(every.by_length, every.metrics), accuracy_by_position(every.by_position)):
        assert "Every training diverged" in figure.get_suptitle()
    with pytest.raises(RunError, match=r"every training of .* diverged, so none can answer"):
        sample_answers(every, 5)
    with pytest.raises(RunError, match="training 2 diverged at update 150, so it answers nothing"):
        Explorer(some, 2)
