"""A sweep's folder: cases put in place, what is in the way, and the tables of all; no case is executed."""

import re
from pathlib import Path

import pandas as pd
import pytest
from shared import write_sweep
from typer.testing import CliRunner

from replicate.cli import app
from replicate.files import RunError, locked
from replicate.sweeps.schedule import run_sweep
from replicate.sweeps.spec import Job, read_sweep
from replicate.sweeps.store import failures, store
from replicate.sweeps.tables import summary
from replicate.sweeps.work import Outcome

EMPTY = '{"cells": []}'


def test_a_sweep_that_is_done_starts_nothing(tmp_path, monkeypatch):
    jobs = read_sweep(write_sweep(tmp_path, "list: [{name: a}]"))
    store(tmp_path / "out", jobs[0], Outcome(None, 1.0, "here", {}))
    monkeypatch.setattr("replicate.sweeps.schedule.connected", lambda *_: pytest.fail("started a cluster"))
    assert run_sweep(jobs, tmp_path / "out").state.tolist() == ["done"]


def test_a_parameter_may_be_called_as_a_column_and_a_failure_is_still_seen(tmp_path):
    jobs = [
        Job("a", "n.ipynb", EMPTY, {"run": "x", "state": "done"}, {}),
        Job("b", "n.ipynb", EMPTY, {"run": "y", "state": "failed"}, {"run": "y"}),
    ]
    store(tmp_path, jobs[0], Outcome("as asked", 1.0, "here", {}))
    store(tmp_path, jobs[1], Outcome(None, 1.0, "here", {}))
    assert failures(tmp_path, jobs) == ["a"]
    assert summary(tmp_path, jobs)[["folder", "run", "state"]].values.tolist() == [
        ["a", "x", "failed"],
        ["b", "y", "done"],
    ]


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


def test_a_summary_of_something_else_is_not_overwritten(tmp_path, monkeypatch):
    monkeypatch.setattr("replicate.sweeps.schedule.connected", lambda *_: pytest.fail("started a cluster"))
    jobs = read_sweep(write_sweep(tmp_path, "list: [{name: a}]"))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "summary.csv").write_text("month,sum\nMay,3\n")
    with pytest.raises(RunError, match=r"summary.csv is not as a sweep wrote it; move it away"):
        run_sweep(jobs, tmp_path / "mine")
    assert (tmp_path / "mine" / "summary.csv").read_text() == "month,sum\nMay,3\n"
