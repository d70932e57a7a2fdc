"""The plan of the full runs, and the tables under results/: what is kept, what is refused."""

import itertools
import shutil

import pandas as pd
import pytest
from shared import CONFIG, PROJECT

from replicate.files import RunError, write_table
from replicate.parameters import check_parameters, run_config
from replicate.runs.experiment import run
from replicate.studies.claims.plan import claims_runs
from replicate.studies.ladder.plan import ladder_runs
from replicate.studies.plan import command
from replicate.studies.published.plan import published_runs, reversal_runs
from replicate.studies.results import keep, open_kept, read_training_table, reversal_trainings, training_table

PLAN = {
    "one": CONFIG.changed(steps=10),
    "two": CONFIG.changed(steps=10, reverse=True, seed=1),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return {name: run(config, folder / name, workers=1) for name, config in PLAN.items()}


@pytest.fixture
def results(made, tmp_path, monkeypatch):
    monkeypatch.setattr("replicate.studies.results.RESULTS", tmp_path)
    for name, finished in made.items():
        keep(name, finished)
    write_table(tmp_path / "table.csv", training_table(PLAN))
    return tmp_path


def test_the_table_has_one_row_a_training_by_both_ways_of_scoring(results, made):
    table = read_training_table(results / "table.csv", PLAN)
    assert table[["reverse", "round"]].values.tolist() == [[False, 0], [False, 1], [True, 0], [True, 1]]
    scores = pd.concat([finished.scores for finished in made.values()])
    assert table.published_geo_mean.tolist() == pytest.approx(scores.published_geo_mean.tolist())
    assert table.psa.tolist() == pytest.approx(scores.psa.tolist())


def test_a_kept_run_is_whole_but_for_its_checkpoint(results, made):
    kept = open_kept("one", PLAN["one"])
    assert kept.history.equals(made["one"].history)
    with pytest.raises(RunError, match=r"checkpoint\.pt is missing"):
        kept.load_model()


def alter(path, change):
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(change(lines)))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda r: (r / "table.csv").unlink(), "table.csv cannot be read"),
        (lambda r: alter(r / "table.csv", lambda lines: lines[:-1]), "holds 3 trainings, not 4"),
        (
            lambda r: alter(r / "table.csv", lambda lines: [*lines[:-1], lines[-2]]),
            "disagrees with results/runs",
        ),
        (lambda r: alter(r / "table.csv", lambda lines: ["a,b\n", "1,2\n"]), "holds 1 trainings"),
        (lambda r: shutil.rmtree(r / "runs" / "two"), "no run folder at .*two"),
        (lambda r: alter(r / "runs/two/scores.csv", lambda lines: lines[:-1]), "scores.csv is damaged"),
    ],
)
def test_a_table_that_is_cut_or_differs_from_its_runs_is_refused(results, damage, message):
    damage(results)
    with pytest.raises(RunError, match=message) as error:
        read_training_table(results / "table.csv", PLAN)
    assert "\n" not in str(error.value)


def test_a_run_of_other_settings_is_refused(results):
    with pytest.raises(RunError, match="other settings"):
        open_kept("one", PLAN["two"])


def test_the_plan_has_the_posts_rows_and_no_seed_twice():
    rows = [(c.task.max_length, c.task.reverse) for c in published_runs().values()]
    assert rows == [(5, False), (10, False), (15, False), (5, True), (10, True), (15, True)]
    plans = [*published_runs().values(), *ladder_runs().values(), *reversal_runs().values()]
    assert len({config.training.seed for config in plans}) == len(plans)
    assert {c.training.rounds for c in reversal_runs().values()} == {80}


def test_each_rung_changes_one_thing():
    rungs = [published_runs()["published-15-reverse"], *list(ladder_runs().values())[:5]]
    for before, after in itertools.pairwise(rungs):
        a, b = (c.flat() for c in (before, after))
        changed = {name for name in a.keys() & b.keys() if a[name] != b[name]}
        assert len(changed - {"seed", "stop_exact_match", "evaluate_every"}) == 1


def test_the_command_of_every_planned_run_makes_that_run():
    notebook = PROJECT / "notebooks/03_train.ipynb"
    for name, config in (published_runs() | ladder_runs() | claims_runs() | reversal_runs()).items():
        words = command(name, config).split()
        assert words[:3] == [".venv/bin/replicate", "run", "notebooks/03_train.ipynb"]
        assert words[3] == f"out-{name}.ipynb"
        given = dict(zip(words[5::3], words[6::3], strict=True))
        given = {key: None if value == "None" else value for key, value in given.items()}
        assert run_config(check_parameters(notebook, given)) == config, name


def test_reversal_at_15_is_judged_by_the_trainings_of_the_study_alone(monkeypatch):
    tables = {
        "published_table.csv": pd.DataFrame(
            {"max_length": [5, 10, 15, 15], "geo_mean": [0.5, 0.2, 0.1, 0.1]}
        ),
        "reversal.csv": pd.DataFrame({"max_length": [15, 15, 15], "geo_mean": [0.3, 0.4, 0.5]}),
    }
    monkeypatch.setattr("replicate.studies.results.read_training_table", lambda path, runs: tables[path.name])
    found = reversal_trainings()
    assert found.values.tolist() == [[5, 0.5], [10, 0.2], [15, 0.3], [15, 0.4], [15, 0.5]]
