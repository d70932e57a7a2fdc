"""A sweep's folder: cases put in place, what is in the way, and the tables of all; no case is executed."""

import csv
import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from shared import write_sweep
from typer.testing import CliRunner

from replicate.cli import app
from replicate.files import RunError, locked, read_json, write_json
from replicate.runs.folder import TEXT_FILES
from replicate.sweeps.schedule import run_sweep
from replicate.sweeps.spec import Job, read_sweep
from replicate.sweeps.store import clear_leftovers, failures, state, store, with_earlier_run
from replicate.sweeps.tables import claim, summary, write_tables
from replicate.sweeps.work import Outcome, working_folder

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
    assert summary(tmp_path, jobs)[["folder", "run", "state", "given state"]].values.tolist() == [
        ["a", "x", "failed", "done"],
        ["b", "y", "done", "failed"],
    ]


def test_parameters_stand_in_the_table_as_they_were_given(tmp_path):
    given = [{"seed": 20261127, "seconds": 77}, {"rate": 0.123456789012}, {"seed": True, "rate": 1e-7}]
    jobs = [Job(name, "n.ipynb", EMPTY, case, case) for name, case in zip("abc", given, strict=True)]
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


def test_a_summary_of_something_else_is_not_overwritten(tmp_path, monkeypatch):
    monkeypatch.setattr("replicate.sweeps.schedule.connected", lambda *_: pytest.fail("started a cluster"))
    jobs = read_sweep(write_sweep(tmp_path, "list: [{name: a}]"))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "summary.csv").write_text("month,sum\nMay,3\n")
    with pytest.raises(RunError, match=r"summary.csv is not as a sweep wrote it; move it away"):
        run_sweep(jobs, tmp_path / "mine")
    assert (tmp_path / "mine" / "summary.csv").read_text() == "month,sum\nMay,3\n"


EMPTY_SUMS = {file: hashlib.sha256(b"").hexdigest() for file in TEXT_FILES}
RUN = {f"runs/one/{file}": b"" for file in TEXT_FILES}  # a finished run, as far as a sweep looks
RUN |= {
    "runs/one/checkpoint.pt": b"checkpoint.pt",
    "runs/one/provenance.json": json.dumps({"sha256": EMPTY_SUMS}).encode(),
}


def files_in(place: Path) -> set[str]:
    return {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()}


def test_a_failed_attempt_takes_no_finished_run_away_and_a_later_success_does(tmp_path):
    job = Job("a", "n.ipynb", EMPTY, {}, {})
    store(tmp_path, job, Outcome(None, 1.0, "here", RUN | {"notebook.ipynb": b"first"}))
    for attempt in (b"second", b"third"):  # with part of the run, as a full disk leaves it
        left = {"notebook.ipynb": attempt, "runs/one/checkpoint.pt": b"half"}
        store(tmp_path, job, Outcome("as asked", 1.0, "here", left))
        found = {
            *RUN,
            "notebook.ipynb",
            "sweep.json",
            "failed/notebook.ipynb",
            "failed/runs/one/checkpoint.pt",
        }
        assert files_in(tmp_path / "a") == found
        assert (tmp_path / "a" / "failed" / "notebook.ipynb").read_bytes() == attempt
        assert (tmp_path / "a" / "runs" / "one" / "checkpoint.pt").read_bytes() == b"checkpoint.pt"
        assert state(tmp_path, job) == "failed" and summary(tmp_path, [job]).error.tolist() == ["as asked"]
        assert with_earlier_run(tmp_path, job).earlier == RUN
    store(tmp_path, job, Outcome(None, 1.0, "here", RUN | {"notebook.ipynb": b"last"}))
    assert files_in(tmp_path / "a") == {*RUN, "notebook.ipynb", "sweep.json"}


def test_a_success_stays_whole_beside_failed_attempts_and_every_run_is_used_again(tmp_path):
    job = Job("a", "n.ipynb", EMPTY, {}, {})
    success = RUN | {"notebook.ipynb": b"success", "table.csv": b"1", "earlier/old/config.json": b"{}"}
    other = {name.replace("one", "other"): content for name, content in RUN.items()}
    store(tmp_path, job, Outcome(None, 1.0, "here", success))
    for said in (b"second", b"third"):  # that brings the run, and a new one of the edited notebook
        brought = RUN | other | {"notebook.ipynb": said, "earlier/old/config.json": b"{}"}
        store(tmp_path, job, Outcome("as asked", 1.0, "here", brought))
        place = tmp_path / "a"
        assert files_in(place) == {*success, *(f"failed/{name}" for name in brought), "sweep.json"}
        assert (place / "notebook.ipynb").read_bytes() == b"success"
        assert (place / "failed" / "notebook.ipynb").read_bytes() == said
        assert state(tmp_path, job) == "failed" and summary(tmp_path, [job]).state.tolist() == ["failed"]
        earlier = with_earlier_run(tmp_path, job).earlier
        assert earlier == RUN | other | {"earlier/old/config.json": b"{}"}
    store(tmp_path, job, Outcome(None, 1.0, "here", {"notebook.ipynb": b"mended"}))
    assert files_in(tmp_path / "a") == {"notebook.ipynb", "sweep.json"}


def test_a_damaged_run_is_not_handed_over_where_a_whole_one_is(tmp_path):
    job = Job("a", "n.ipynb", EMPTY, {}, {})
    store(tmp_path, job, Outcome(None, 1.0, "here", RUN))
    store(tmp_path, job, Outcome("as asked", 1.0, "here", RUN))
    (tmp_path / "a" / "runs" / "one" / "scores.csv").write_text("changed")
    assert with_earlier_run(tmp_path, job).earlier == RUN  # of failed/
    (tmp_path / "a" / "failed" / "runs" / "one" / "scores.csv").write_text("changed")
    assert with_earlier_run(tmp_path, job).earlier == {}


def test_earlier_runs_stay_where_an_attempt_leaves_nothing(tmp_path):
    job = Job("a", "n.ipynb", EMPTY, {}, {})
    earlier = {name.replace("runs/", "earlier/"): content for name, content in RUN.items()}
    store(tmp_path, job, Outcome("as asked", 1.0, "here", earlier))
    store(tmp_path, job, Outcome("worker after worker died under it", 0.0, "", {}))
    assert files_in(tmp_path / "a") == {*earlier, "sweep.json"}
    assert with_earlier_run(tmp_path, job).earlier == earlier


def test_a_run_in_a_folder_of_folders_is_one_too(tmp_path):
    job = Job("a", "n.ipynb", EMPTY, {}, {})
    deep = {name.replace("runs/", "runs/group/"): content for name, content in RUN.items()}
    store(tmp_path, job, Outcome("as asked", 1.0, "here", deep))
    store(tmp_path, job, Outcome("as asked", 1.0, "here", {}))
    assert with_earlier_run(tmp_path, job).earlier == deep


@pytest.mark.parametrize("error", [None, "as asked"])
def test_what_a_person_has_put_into_a_cases_folder_stays_and_what_the_sweep_wrote_goes(tmp_path, error):
    job = Job("a", "n.ipynb", EMPTY, {}, {})
    store(tmp_path, job, Outcome("as asked", 1.0, "here", {"notebook.ipynb": b"1", "old/table.csv": b"1"}))
    mine = {"notes.txt", ".hidden", "old/notes.txt"}
    for name in mine:
        (tmp_path / "a" / name).write_text("mine")
    for content in (b"2", b"3"):
        store(tmp_path, job, Outcome(error, 1.0, "here", {"notebook.ipynb": content}))
        assert files_in(tmp_path / "a") == {"notebook.ipynb", "sweep.json", *mine}
    store(tmp_path, job, Outcome(None, 1.0, "here", {}))
    store(tmp_path, job, Outcome("as asked", 1.0, "here", {"notebook.ipynb": b"4"}))
    store(tmp_path, job, Outcome(None, 1.0, "here", {}))
    assert files_in(tmp_path / "a") == {"sweep.json", *mine}


def test_a_persons_file_in_a_run_is_no_part_of_it(tmp_path):
    job = Job("a", "n.ipynb", EMPTY, {}, {})
    store(tmp_path, job, Outcome(None, 1.0, "here", RUN))
    (tmp_path / "a" / "runs" / "one" / "notes.txt").write_text("mine")
    for _ in range(2):
        assert with_earlier_run(tmp_path, job).earlier == RUN
        store(tmp_path, job, Outcome(None, 1.0, "here", RUN))
        assert files_in(tmp_path / "a") == {*RUN, "runs/one/notes.txt", "sweep.json"}


def test_a_persons_file_that_is_called_as_one_of_a_case_gets_a_number(tmp_path):
    job = Job("a", "n.ipynb", EMPTY, {}, {})
    store(tmp_path, job, Outcome(None, 1.0, "here", {}))
    (tmp_path / "a" / "notes.txt").write_text("mine")
    (tmp_path / "a" / "plots").write_text("mine")
    (tmp_path / "a" / "maps").mkdir()
    for name in ("one.txt", "two.txt"):
        (tmp_path / "a" / "maps" / name).write_text("mine")
    theirs = {"notes.txt": b"its", "plots/a.png": b"its", "maps": b"its"}
    for _ in range(2):
        store(tmp_path, job, Outcome(None, 1.0, "here", theirs))
        mine = {"notes-2.txt", "plots-2", "maps-2/one.txt", "maps-2/two.txt"}
        assert files_in(tmp_path / "a") == {*theirs, *mine, "sweep.json"}
        assert {(tmp_path / "a" / name).read_text() for name in mine} == {"mine"}
        assert {(tmp_path / "a" / name).read_text() for name in theirs} == {"its"}


@pytest.mark.parametrize("error", [None, "as asked"])
def test_a_persons_links_stay_links_though_they_lead_nowhere(tmp_path, error):
    job = Job("a", "n.ipynb", EMPTY, {}, {})
    store(tmp_path, job, Outcome(None, 1.0, "here", {}))
    (tmp_path / "data").mkdir()
    for name, target in (("data", "../data"), ("gone", "nowhere"), ("self", ".")):
        (tmp_path / "a" / name).symlink_to(target)
    store(tmp_path, job, Outcome(error, 1.0, "here", {"notebook.ipynb": b"2"}))
    links = {path.name: str(path.readlink()) for path in (tmp_path / "a").iterdir() if path.is_symlink()}
    assert links == {"data": "../data", "gone": "nowhere", "self": "."}


def test_of_a_record_that_names_no_files_all_but_the_sweeps_own_stay(tmp_path):
    job = Job("a", "n.ipynb", EMPTY, {}, {})
    store(tmp_path, job, Outcome(None, 1.0, "here", RUN | {"notebook.ipynb": b"1"}))
    record = read_json(tmp_path / "a" / "sweep.json")
    del record["files"]
    write_json(tmp_path / "a" / "sweep.json", record)
    (tmp_path / "a" / "notes.txt").write_text("mine")
    store(tmp_path, job, Outcome(None, 1.0, "here", {}))
    assert files_in(tmp_path / "a") == {"sweep.json", "notes.txt"}


def test_a_case_whose_folder_was_moved_and_linked_to_stays_there(tmp_path):
    job = Job("a", "n.ipynb", EMPTY, {}, {})
    store(tmp_path / "out", job, Outcome(None, 1.0, "here", {"notebook.ipynb": b"1"}))
    (tmp_path / "disk").mkdir()
    (tmp_path / "out" / "a").rename(tmp_path / "disk" / "moved")
    (tmp_path / "out" / "a").symlink_to(tmp_path / "disk" / "moved")
    for content in (b"2", b"3"):
        clear_leftovers(tmp_path / "out", [job])
        store(tmp_path / "out", job, Outcome(None, 1.0, "here", {"notebook.ipynb": content}))
        assert files_in(tmp_path / "disk") == {"moved/notebook.ipynb", "moved/sweep.json"}
        assert (tmp_path / "out" / "a").is_symlink() and state(tmp_path / "out", job) == "done"
        assert (tmp_path / "out" / "a" / "notebook.ipynb").read_bytes() == content


@pytest.mark.parametrize("moves", [0, 1])
def test_a_sweep_that_was_killed_between_two_steps_of_storing_loses_no_case(tmp_path, moves, monkeypatch):
    job = Job("a", "n.ipynb", EMPTY, {}, {})
    store(tmp_path, job, Outcome(None, 1.0, "here", RUN | {"notebook.ipynb": b"old"}))
    real, done = Path.rename, []

    def rename(path, target):
        if len(done) == moves:
            raise SystemExit  # as a kill; but what stands after it is not run
        done.append(target)
        return real(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    monkeypatch.setattr("replicate.sweeps.store.shutil.rmtree", lambda *_, **__: None)
    with pytest.raises(SystemExit):
        store(tmp_path, job, Outcome(None, 1.0, "here", RUN | {"notebook.ipynb": b"new"}))
    monkeypatch.undo()
    clear_leftovers(tmp_path, [job])
    assert files_in(tmp_path) == {f"a/{name}" for name in (*RUN, "notebook.ipynb", "sweep.json")}
    assert (tmp_path / "a" / "notebook.ipynb").read_bytes() == [b"old", b"new"][moves]


def test_a_case_of_another_sweep_is_no_place_for_a_sweep(tmp_path):
    jobs = read_sweep(write_sweep(tmp_path, "list: [{name: a}]"))
    store(tmp_path / "out", jobs[0], Outcome(None, 1.0, "here", {}))
    claim(tmp_path / "out", None)
    for inner in (tmp_path / "out" / jobs[0].name, tmp_path / "out" / jobs[0].name / "more" / "inner"):
        with pytest.raises(RunError, match="is a case of another sweep; choose another folder than"):
            run_sweep([], inner)
    (tmp_path / "sweep.json").write_text("{}")  # of something else
    run_sweep([], tmp_path / "other")


def test_a_failed_attempt_that_brings_the_run_replaces_the_one_before(tmp_path):
    job = Job("a", "n.ipynb", EMPTY, {}, {})
    for said in (b"first", b"second"):
        store(tmp_path, job, Outcome("as asked", 1.0, "here", RUN | {"notebook.ipynb": said}))
    assert files_in(tmp_path / "a") == {*RUN, "notebook.ipynb", "sweep.json"}
    assert (tmp_path / "a" / "notebook.ipynb").read_bytes() == b"second"


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


def test_what_a_stopped_sweep_worked_in_is_removed_by_the_next(tmp_path):
    jobs = read_sweep(write_sweep(tmp_path, "list: [{name: a}]"))
    store(tmp_path / "out", jobs[0], Outcome(None, 1.0, "here", {}))
    run_sweep(jobs, tmp_path / "out")
    token = read_json(tmp_path / "out" / ".sweep.json")["token"]
    left = working_folder(replace(jobs[0], sweep=token))
    left.mkdir(parents=True)
    run_sweep(jobs, tmp_path / "out")
    assert not left.exists()
