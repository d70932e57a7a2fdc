"""A sweep's folder: cases put in place, what is in the way, and the tables of all; no case is executed."""

import csv
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from shared import EMPTY_NOTEBOOK, FINISHED_RUN, files_in, write_sweep
from typer.testing import CliRunner

from replicate.cli import app
from replicate.files import RunError, locked, read_json, write_json
from replicate.sweeps.schedule import run_sweep
from replicate.sweeps.spec import Job, read_sweep
from replicate.sweeps.store import failures, store
from replicate.sweeps.tables import claim, summary, write_tables
from replicate.sweeps.work import Outcome, working_folder


def test_a_sweep_that_is_done_starts_nothing(tmp_path, monkeypatch):
    jobs = read_sweep(write_sweep(tmp_path, "list: [{name: a}]"))
    store(tmp_path / "out", jobs[0], Outcome(None, 1.0, "here", {}))
    monkeypatch.setattr("replicate.sweeps.schedule.connected", lambda *_: pytest.fail("started a cluster"))
    assert run_sweep(jobs, tmp_path / "out").state.tolist() == ["done"]


def test_a_parameter_may_be_called_as_a_column_and_a_failure_is_still_seen(tmp_path):
    jobs = [
        Job("a", "n.ipynb", EMPTY_NOTEBOOK, {"run": "x", "state": "done"}, {}),
        Job("b", "n.ipynb", EMPTY_NOTEBOOK, {"run": "y", "state": "failed"}, {"run": "y"}),
    ]
    store(tmp_path, jobs[0], Outcome("as asked", 1.0, "here", {}))
    store(tmp_path, jobs[1], Outcome(None, 1.0, "here", {}))
    assert failures(tmp_path, jobs) == ["a"]
    assert summary(tmp_path, jobs)[["folder", "run", "state", "given state"]].values.tolist() == [
        ["a", "x", "failed", "done"],
        ["b", "y", "done", "failed"],
    ]


def test_parameters_stand_in_the_table_as_they_were_given(tmp_path):
    given = [{"seed": 20261127, "seconds": 77}, {"rate": 0.123456789012}, {"seed": True, "rate": 1e-7}]
    jobs = [Job(name, "n.ipynb", EMPTY_NOTEBOOK, case, case) for name, case in zip("abc", given, strict=True)]
    for job in jobs:
        store(tmp_path, job, Outcome(None, 1.23, "here", {}))
    claim(tmp_path, None)
    write_tables(tmp_path, jobs)
    rows = list(csv.DictReader((tmp_path / "summary.csv").read_text().splitlines()))
    assert [row["seed"] for row in rows] == ["20261127", "", "True"]
    assert [row["rate"] for row in rows] == ["", "0.123456789012", "1e-07"]
    assert [row["given seconds"] for row in rows] == ["77", "", ""]
    assert {row["seconds"] for row in rows} == {"1.2"}


def test_what_a_sweep_that_was_killed_left_is_no_run(tmp_path):
    jobs = read_sweep(write_sweep(tmp_path, "list: [{name: a}]"))
    store(tmp_path / "out", jobs[0], Outcome("too slow", 1.0, "here", {}))
    (tmp_path / "out" / jobs[0].name).rename(tmp_path / "out" / f".{jobs[0].name}.going")
    store(tmp_path / "out", jobs[0], Outcome(None, 1.0, "here", {}))
    assert run_sweep(jobs, tmp_path / "out").state.tolist() == ["done"]
    assert [path.name for path in (tmp_path / "out").iterdir()].count(f".{jobs[0].name}.going") == 0


def test_a_folder_of_other_things_is_refused(tmp_path):
    jobs = read_sweep(write_sweep(tmp_path, "list: [{name: a}]"))
    (tmp_path / "out" / jobs[0].name).mkdir(parents=True)
    with pytest.raises(RunError, match="is no case of a sweep"):
        run_sweep(jobs, tmp_path / "out")
    (tmp_path / "out" / jobs[0].name / "sweep.json").write_text(
        '{"given": {}, "digest": "of another", "error": null, "seconds": 1, "machine": "here"}'
    )
    with pytest.raises(RunError, match="holds a case with other parameters"):
        run_sweep(jobs, tmp_path / "out")


def test_two_sweeps_on_one_folder_are_refused(tmp_path):
    with locked(tmp_path / "out"), pytest.raises(RunError, match="another process is at work"):
        run_sweep([], tmp_path / "out")


@pytest.mark.parametrize("name", ["../out.txt", "/tmp/replicate-out.txt", "a/../../out.txt"])
def test_files_from_a_worker_stay_in_the_runs_folder(tmp_path, name):
    (job,) = read_sweep(write_sweep(tmp_path, "list: [{name: a}]"))
    with pytest.raises(RunError, match="would leave"):
        store(tmp_path / "out", job, Outcome(None, 1.0, "there", {name: b"x"}))
    assert not (tmp_path / "out" / "out.txt").exists() and not Path("/tmp/replicate-out.txt").exists()
    assert summary(tmp_path / "out", [job]).empty


def test_cases_that_are_no_longer_asked_for_are_named_and_kept_apart(tmp_path):
    file = write_sweep(tmp_path, "list: [{name: a}, {name: b}]")
    for job in read_sweep(file):
        store(tmp_path / "out", job, Outcome(None, 1.0, "here", {}))
    file = write_sweep(tmp_path, "list: [{name: b}]")
    result = CliRunner().invoke(app, ["sweep", str(file), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0 and re.search(
        r"no longer in .*sweep.yaml, so in others.csv only: name-a", result.stderr
    )
    assert pd.read_csv(tmp_path / "out" / "summary.csv").name.tolist() == ["b"]
    assert pd.read_csv(tmp_path / "out" / "others.csv").name.tolist() == ["a"]
    assert len(list((tmp_path / "out").glob("name-*/sweep.json"))) == 2


@pytest.mark.parametrize("cases", ["{name: a}", "{name: a}, {name: b}"])
def test_a_table_that_a_person_changes_while_the_sweep_is_at_work_stays(tmp_path, cases, capsys):
    """With and without cases that are no longer asked for."""
    jobs, out = read_sweep(write_sweep(tmp_path, f"list: [{cases}]")), tmp_path / "out"
    for job in jobs:
        store(out, job, Outcome(None, 1.0, "here", {}))
    claim(out, None)
    write_tables(out, jobs[:1])
    (out / "summary.csv").write_text("my remark")
    (out / "others.csv").write_text("my own")
    write_tables(out, jobs[:1])
    assert [(out / f"{name}-2.csv").read_text() for name in ("summary", "others")] == ["my remark", "my own"]
    assert pd.read_csv(out / "summary.csv").name.tolist() == ["a"]
    assert "summary.csv was changed while the sweep was at work" in capsys.readouterr().err
    write_tables(out, jobs[:1])  # which knows its own
    assert not list(out.glob("*-3.csv"))


def test_a_damaged_mark_of_a_sweep_is_named(tmp_path):
    write_json(tmp_path / ".sweep.json", {"token": "a", "tables": [], "file": 5})
    with pytest.raises(RunError, match=r"\.sweep\.json is damaged; delete it"):
        claim(tmp_path, Path("sweep.yaml"))


def test_a_summary_of_something_else_is_not_overwritten(tmp_path, monkeypatch):
    monkeypatch.setattr("replicate.sweeps.schedule.connected", lambda *_: pytest.fail("started a cluster"))
    jobs = read_sweep(write_sweep(tmp_path, "list: [{name: a}]"))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "summary.csv").write_text("month,sum\nMay,3\n")
    with pytest.raises(RunError, match=r"summary.csv is not as a sweep wrote it; move it away"):
        run_sweep(jobs, tmp_path / "mine")
    assert (tmp_path / "mine" / "summary.csv").read_text() == "month,sum\nMay,3\n"


def test_a_case_of_another_sweep_is_no_place_for_a_sweep(tmp_path):
    jobs = read_sweep(write_sweep(tmp_path, "list: [{name: a}]"))
    store(tmp_path / "out", jobs[0], Outcome(None, 1.0, "here", {}))
    claim(tmp_path / "out", None)
    for inner in (tmp_path / "out" / jobs[0].name, tmp_path / "out" / jobs[0].name / "more" / "inner"):
        with pytest.raises(RunError, match="is a case of another sweep; choose another folder than"):
            run_sweep([], inner)
    (tmp_path / "sweep.json").write_text("{}")  # of something else
    run_sweep([], tmp_path / "other")


def test_two_files_of_one_name_share_no_folder_and_a_moved_file_keeps_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("REPLICATE_RUNS", str(tmp_path / "runs"))
    files = [write_sweep(tmp_path / name, "list: [{name: a}]") for name in ("one", "other")]
    store(tmp_path / "runs" / "sweeps" / "sweep", *read_sweep(files[0]), Outcome(None, 1.0, "here", {}))
    assert CliRunner().invoke(app, ["sweep", str(files[0])]).exit_code == 0
    refused = CliRunner().invoke(app, ["sweep", str(files[1])])
    assert refused.exit_code == 2
    assert re.fullmatch(
        r"replicate: .*sweep holds the sweep of .*one/sweep.yaml; choose .*\n", refused.stderr
    )
    (tmp_path / "one").rename(tmp_path / "moved")
    assert CliRunner().invoke(app, ["sweep", str(tmp_path / "moved" / "sweep.yaml")]).exit_code == 0


def test_what_an_edit_that_was_stopped_and_undone_has_trained_is_not_removed(tmp_path, monkeypatch):
    monkeypatch.setenv("REPLICATE_RUNS", str(tmp_path / "runs"))
    jobs = read_sweep(write_sweep(tmp_path, "list: [{name: a}]"))
    (tmp_path / "out").mkdir()
    (job,) = (replace(job, sweep=claim(tmp_path / "out", None)) for job in jobs)
    store(tmp_path / "out", job, Outcome(None, 1.0, "here", FINISHED_RUN))
    work_in = working_folder(job)
    for name, content in FINISHED_RUN.items():
        (work_in / name).parent.mkdir(parents=True, exist_ok=True)
        (work_in / name).write_bytes(content + (b"\n" if name.endswith("provenance.json") else b""))
    run_sweep(jobs, tmp_path / "out")
    assert files_in(work_in) == set(FINISHED_RUN)
    (work_in / "runs/one/provenance.json").write_bytes(FINISHED_RUN["runs/one/provenance.json"])
    (work_in / "runs/begun").mkdir()
    (work_in / "runs/begun/config.json").touch()
    run_sweep(jobs, tmp_path / "out")
    assert work_in.exists()
    (work_in / "runs/begun/config.json").unlink()
    run_sweep(jobs, tmp_path / "out")
    assert not work_in.exists()


def test_what_a_stopped_sweep_worked_in_is_removed_by_the_next(tmp_path):
    jobs = read_sweep(write_sweep(tmp_path, "list: [{name: a}]"))
    store(tmp_path / "out", jobs[0], Outcome(None, 1.0, "here", {}))
    run_sweep(jobs, tmp_path / "out")
    token = read_json(tmp_path / "out" / ".sweep.json")["token"]
    left = working_folder(replace(jobs[0], sweep=token))
    left.mkdir(parents=True)
    run_sweep(jobs, tmp_path / "out")
    assert not left.exists()
