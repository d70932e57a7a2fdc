"""`make replicate` on tiny plans: everything is made once, kept, and measured."""

import json
import shutil
from pathlib import Path

import pytest
from shared import CONFIG

from replicate.files import RunError, read_json, write_json
from replicate.runs.experiment import run
from replicate.settings import RunConfig
from replicate.studies import replication
from replicate.studies.claims.search import beam_table
from replicate.studies.measuring import read_measurement
from replicate.studies.results import open_kept, read_training_table
from replicate.tasks.translation.corpus import CorpusError, Pair, write_tsv

# dask's own: sockets that it closes late
pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.slow]

TINY = CONFIG.changed(steps=10)
WORDS = {"task": "translation", "pairs": "near.tsv", "min_count": 1, "model": "rnn", "hidden_size": 4}
WORDS |= {"rounds": 2, "steps": 2, "batch_size": 4, "evaluate_every": 2, "evaluate_samples": 8}
PLANS = {
    "published_runs": {"published": TINY},
    "ladder_runs": {"ladder": TINY.changed(seed=1)},
    "claims_runs": {"claims-base": TINY.changed(seed=2)},
    "reversal_runs": {"reversal": TINY.changed(seed=3, reverse=True)},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the runs and results of all tests here are; they are made once."""
    folder = tmp_path_factory.mktemp("module")
    with pytest.MonkeyPatch.context() as patch:
        use_tiny_plans(patch, folder)
        replication.replicate_all(workers=2)
    return folder


@pytest.fixture
def made(folder, monkeypatch):
    """The results, with the settings that made them."""
    use_tiny_plans(monkeypatch, folder)
    return folder / "results"


def use_tiny_plans(patch, folder):
    patch.setenv("REPLICATE_RUNS", str(folder / "runs"))
    for module in ("replication", "results", "measuring"):
        patch.setattr(f"replicate.studies.{module}.RESULTS", folder / "results")
    for name in ("published_runs", "reversal_runs"):
        patch.setattr(replication, name, lambda name=name: PLANS[name])
    plans = {name.removesuffix("_runs"): plan for name, plan in PLANS.items()}
    patch.setattr(replication, "studies", lambda: plans)
    patch.setattr("replicate.studies.measuring.studies", lambda: plans)
    beam = {"claims": {"beam": (["base"], lambda base: beam_table(base, [1], 20))}}
    patch.setattr("replicate.studies.measuring.MEASUREMENTS", beam)


def check_results(made):
    for plan in PLANS.values():
        for name, config in plan.items():
            assert open_kept(name, config).config == config
    for table, plan in (("published_table", "published_runs"), ("reversal", "reversal_runs")):
        assert len(read_training_table(made / f"{table}.csv", PLANS[plan])) == 2
    assert len(read_measurement("claims", "beam")) == 2


def test_every_plan_is_made_and_kept_and_its_tables_can_be_read(made):
    check_results(made)


def test_a_kept_run_that_could_decide_nothing_is_named(made, monkeypatch):
    monkeypatch.setattr(replication, "is_registered", lambda study: study == "ladder")

    def refuse(run, study):
        raise RunError(f"{run.path} was not made under the registration of {study}")

    monkeypatch.setattr(replication, "check_registered", refuse)
    with pytest.raises(RunError, match="ladder was not made under the registration of ladder"):
        replication.replicate_all(only="ladder", workers=1)


def test_a_second_time_trains_and_measures_nothing_and_mends_what_was_kept(made, monkeypatch):
    monkeypatch.setattr("replicate.sweeps.schedule.connected", lambda *a: pytest.fail("trained again"))
    monkeypatch.setattr("replicate.studies.measuring.write_table", lambda *a: pytest.fail("measured again"))
    (made / "runs" / "ladder" / "scores.csv").unlink()
    (made / "reversal.csv").write_text("")
    replication.replicate_all()
    check_results(made)


def test_one_study_alone_is_made_and_kept(made, monkeypatch):
    for name in ("ladder", "published"):
        shutil.rmtree(made / "runs" / name)
    replication.replicate_all("ladder")
    assert (made / "runs" / "ladder").exists() and not (made / "runs" / "published").exists()
    with pytest.raises(RunError, match="no study 'ladders'; there are published, ladder"):
        replication.replicate_all("ladders")
    replication.replicate_all()


def test_a_study_whose_text_is_not_there_is_left_out_and_named(made, monkeypatch, capsys):
    text = {"pairs": "no-such.tsv", "pairs_sha256": "0" * 64, "task": "translation", "model": "lstm"}
    plans = {"words": {"words-all": RunConfig.of(**text)}, "ladder": PLANS["ladder_runs"]}
    monkeypatch.setattr(replication, "studies", lambda: plans)
    replication.replicate_all()
    looking, left_out, nothing_to_do = capsys.readouterr().err.splitlines()
    assert looking.startswith("looking for what is missing in ")
    assert left_out.startswith("words is left out: cannot read no-such.tsv")
    assert nothing_to_do.startswith("every run that can be made here is in ")
    check_results(made)
    with pytest.raises(CorpusError, match=r"^cannot read no-such\.tsv"):
        replication.replicate_all("words")


@pytest.mark.parametrize("only", [None, "words"])
def test_a_kept_run_needs_no_text(made, tmp_path, monkeypatch, capsys, only):
    """As in a fresh clone, which has results/ and no text."""
    monkeypatch.chdir(tmp_path)
    eaten = [a + b for a in "abcdefgh" for b in "klmnopqr"]
    write_tsv(Path("near.tsv"), [Pair(f"the cat eats {it}", f"le chat mange {it}") for it in eaten])
    config = RunConfig.of(**WORDS)
    replication.keep("words-all", run(config, tmp_path / "made", workers=1))
    Path("near.tsv").unlink()
    monkeypatch.setattr(replication, "studies", lambda: {"words": {"words-all": config}})
    replication.replicate_all(only)
    assert capsys.readouterr().err.splitlines()[-1].startswith("every run that can be made here is in ")


def test_where_all_runs_are_kept_nothing_is_trained_but_what_must_be_measured(made, tmp_path, monkeypatch):
    """As in a fresh clone, which has results/ and no runs/."""
    monkeypatch.setenv("REPLICATE_RUNS", str(tmp_path / "elsewhere"))
    with monkeypatch.context() as patch:
        patch.setattr("replicate.sweeps.schedule.connected", lambda *a: pytest.fail("trained again"))
        replication.replicate_all()
    (made / "claims" / "beam.csv").unlink()
    replication.replicate_all(workers=1)
    trained = sorted(path.name for path in (tmp_path / "elsewhere" / "replication").glob("*/"))
    assert trained == ["claims-base"]
    check_results(made)


def test_each_run_is_kept_as_soon_as_it_ends(made, tmp_path, monkeypatch):
    monkeypatch.setenv("REPLICATE_RUNS", str(tmp_path / "elsewhere"))
    other = {name: TINY.changed(seed=seed) for name, seed in (("first", 5), ("second", 6))}
    monkeypatch.setattr(replication, "studies", lambda: {"ladder": other})
    kept = []

    def keep(name, run):
        kept.append((name, (tmp_path / "elsewhere" / "replication" / "second").exists()))

    monkeypatch.setattr(replication, "keep", keep)
    replication.replicate_all(workers=1)
    assert kept == [("first", False), ("second", True)]


def test_what_cannot_be_measured_stops_no_other_run_and_is_told(made, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("REPLICATE_RUNS", str(tmp_path / "elsewhere"))
    other = {name: TINY.changed(seed=seed) for name, seed in (("first", 5), ("second", 6))}
    monkeypatch.setattr(replication, "studies", lambda: {"ladder": other})
    kept = []
    monkeypatch.setattr(replication, "keep", lambda name, run: kept.append(name))

    def refuse(study, finished):
        raise KeyError("no such column")

    monkeypatch.setattr(replication, "measure_missing", refuse)
    with pytest.raises(KeyError, match="no such column"):
        replication.replicate_all(workers=1)
    assert kept == ["first", "second"]
    assert "ladder is not measured yet: 'no such column'" in capsys.readouterr().err


def test_a_run_of_a_task_that_was_changed_is_made_again_before_it_is_kept(made, tmp_path, monkeypatch):
    monkeypatch.setenv("REPLICATE_RUNS", str(tmp_path / "elsewhere"))
    monkeypatch.setattr(replication, "studies", lambda: {"ladder": {"first": TINY.changed(seed=5)}})
    monkeypatch.setattr("replicate.studies.results.RESULTS", tmp_path / "results")
    monkeypatch.setattr(replication, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(replication, "measure_missing", lambda *given: None)
    replication.replicate_all(workers=1)
    (record,) = (tmp_path / "elsewhere").glob("replication/first/runs/*/provenance.json")
    digest = read_json(record)["task"]
    write_json(record, read_json(record) | {"task": "of other words"})
    shutil.rmtree(tmp_path / "results")
    replication.replicate_all(workers=1)
    assert read_json(tmp_path / "results/runs/first/provenance.json")["task"] == digest


def test_a_run_whose_registration_was_changed_without_a_commit_is_not_kept(made, tmp_path, monkeypatch):
    monkeypatch.setenv("REPLICATE_RUNS", str(tmp_path / "elsewhere"))
    monkeypatch.setattr(replication, "studies", lambda: {"ladder": {"first": TINY.changed(seed=5)}})
    monkeypatch.setattr(replication, "is_registered", lambda study: True)
    monkeypatch.setattr(replication, "stamp", lambda study: None)
    monkeypatch.setattr(replication, "check_registered", lambda run, study: None)
    asked = iter([None, RunError("must be committed")])

    def refuse_unready(study):
        if error := next(asked):
            raise error

    monkeypatch.setattr(replication, "refuse_unready", refuse_unready)
    with pytest.raises(RunError, match="must be committed"):
        replication.replicate_all(workers=1)
    assert not (made / "runs" / "first").exists()


def test_a_run_that_failed_is_done_again(made):
    record = made.parent / "runs" / "replication" / "ladder" / "sweep.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"error": "the disk was full"}))
    shutil.rmtree(made / "runs" / "ladder")
    replication.replicate_all(workers=1)
    assert json.loads(record.read_text())["error"] is None
    check_results(made)


def test_a_run_that_fails_is_named(made, tmp_path, monkeypatch):
    notebook = tmp_path / "03_train.ipynb"
    notebook.write_text(replication.NOTEBOOK.read_text().replace("trained = run(", "trained = ran("))
    monkeypatch.setattr(replication, "NOTEBOOK", notebook)
    other = {"other": TINY.changed(seed=4)}
    monkeypatch.setattr(replication, "studies", lambda: {"ladder": other})
    with pytest.raises(RunError, match=r"^other failed; .*summary\.csv says why"):
        replication.replicate_all(workers=1)
