"""Attempts at a case: what stays of the one before, and which runs the next is handed."""

from pathlib import Path

import pytest
from shared import EMPTY_NOTEBOOK, FINISHED_RUN, files_in

from replicate.files import RunError, write_whole
from replicate.runs.places import EARLIER_RUNS
from replicate.sweeps import earlier
from replicate.sweeps.earlier import leave_only_runs, put_earlier_runs, with_earlier_runs
from replicate.sweeps.spec import Job
from replicate.sweeps.store import clear_leftovers, state, store
from replicate.sweeps.tables import others, summary
from replicate.sweeps.work import Outcome


def brought_as(files: dict[str, bytes]) -> dict[str, bytes]:
    """The files of runs as the next attempt is handed them."""
    return {name.removeprefix("runs/"): content for name, content in files.items()}


BROUGHT = brought_as(FINISHED_RUN)


def test_a_failed_attempt_takes_no_finished_run_away_and_a_later_success_does(tmp_path):
    job = Job("a", "n.ipynb", EMPTY_NOTEBOOK, {}, {})
    store(tmp_path, job, Outcome(None, 1.0, "here", FINISHED_RUN | {"notebook.ipynb": b"first"}))
    for attempt in (b"second", b"third"):  # with part of the run, as a full disk leaves it
        left = {"notebook.ipynb": attempt, "runs/one/checkpoint.pt": b"half"}
        store(tmp_path, job, Outcome("as asked", 1.0, "here", left))
        found = {
            *FINISHED_RUN,
            "notebook.ipynb",
            "sweep.json",
            "failed/notebook.ipynb",
            "failed/runs/one/checkpoint.pt",
        }
        assert files_in(tmp_path / "a") == found
        assert (tmp_path / "a" / "failed" / "notebook.ipynb").read_bytes() == attempt
        assert (tmp_path / "a" / "runs" / "one" / "checkpoint.pt").read_bytes() == b"checkpoint.pt"
        assert state(tmp_path, job) == "failed" and summary(tmp_path, [job]).error.tolist() == ["as asked"]
        assert with_earlier_runs(tmp_path, job).earlier == BROUGHT
    store(tmp_path, job, Outcome(None, 1.0, "here", FINISHED_RUN | {"notebook.ipynb": b"last"}))
    assert files_in(tmp_path / "a") == {*FINISHED_RUN, "notebook.ipynb", "sweep.json"}


def test_a_success_stays_whole_beside_failed_attempts_and_every_run_is_used_again(tmp_path):
    job = Job("a", "n.ipynb", EMPTY_NOTEBOOK, {}, {})
    success = FINISHED_RUN | {
        "notebook.ipynb": b"success",
        "table.csv": b"1",
        "earlier/old/config.json": b"{}",
    }
    other = {name.replace("one", "other"): content for name, content in FINISHED_RUN.items()}
    other["runs/other/provenance.json"] += b"\n"  # else it would be the same run
    store(tmp_path, job, Outcome(None, 1.0, "here", success))
    for said in (b"second", b"third"):  # that brings the run, and a new one of the edited notebook
        brought = FINISHED_RUN | other | {"notebook.ipynb": said, "earlier/old/config.json": b"{}"}
        store(tmp_path, job, Outcome("as asked", 1.0, "here", brought))
        place = tmp_path / "a"
        assert files_in(place) == {*success, *(f"failed/{name}" for name in brought), "sweep.json"}
        assert (place / "notebook.ipynb").read_bytes() == b"success"
        assert (place / "failed" / "notebook.ipynb").read_bytes() == said
        assert state(tmp_path, job) == "failed" and summary(tmp_path, [job]).state.tolist() == ["failed"]
        earlier = with_earlier_runs(tmp_path, job).earlier
        assert earlier == BROUGHT | brought_as(other) | {"old/config.json": b"{}"}
    store(tmp_path, job, Outcome(None, 1.0, "here", {"notebook.ipynb": b"mended"}))
    assert files_in(tmp_path / "a") == {"notebook.ipynb", "sweep.json"}


def test_a_damaged_run_is_not_handed_over_where_a_whole_one_is(tmp_path):
    job = Job("a", "n.ipynb", EMPTY_NOTEBOOK, {}, {})
    store(tmp_path, job, Outcome(None, 1.0, "here", FINISHED_RUN))
    store(tmp_path, job, Outcome("as asked", 1.0, "here", FINISHED_RUN))
    (tmp_path / "a" / "runs" / "one" / "scores.csv").write_text("changed")
    assert with_earlier_runs(tmp_path, job).earlier == BROUGHT  # of failed/
    (tmp_path / "a" / "failed" / "runs" / "one" / "scores.csv").write_text("changed")
    assert with_earlier_runs(tmp_path, job).earlier == {}


def test_earlier_runs_stay_where_an_attempt_leaves_nothing(tmp_path):
    job = Job("a", "n.ipynb", EMPTY_NOTEBOOK, {}, {})
    earlier = {name.replace("runs/", "earlier/"): content for name, content in FINISHED_RUN.items()}
    store(tmp_path, job, Outcome("as asked", 1.0, "here", earlier))
    store(tmp_path, job, Outcome("worker after worker died under it", 0.0, "", {}))
    assert files_in(tmp_path / "a") == {*earlier, "sweep.json"}
    assert with_earlier_runs(tmp_path, job).earlier == BROUGHT  # where an edit undone would ask for it


def test_a_failed_attempts_finished_run_stays_until_an_attempt_brings_it(tmp_path):
    job = Job("a", "n.ipynb", EMPTY_NOTEBOOK, {}, {})
    other = FINISHED_RUN | {"runs/one/provenance.json": FINISHED_RUN["runs/one/provenance.json"] + b"\n"}
    store(tmp_path, job, Outcome(None, 1.0, "here", FINISHED_RUN))
    store(tmp_path, job, Outcome("as asked", 1.0, "here", other))
    for left in ({}, {"runs/one/config.json": b"begun"}):  # of a worker that was lost, and of another one
        store(tmp_path, job, Outcome("lost", 1.0, "here", left))
        record = (
            tmp_path / "a" / "failed" / f"runs/one{'-2' if left else ''}" / "provenance.json"
        ).read_bytes()
        assert record == other["runs/one/provenance.json"]
        assert with_earlier_runs(tmp_path, job).earlier.keys() >= {"one-2/provenance.json"}
    brought = {name.replace("one", "again"): content for name, content in other.items()}
    store(tmp_path, job, Outcome("as asked", 1.0, "here", brought))
    assert files_in(tmp_path / "a") == {*FINISHED_RUN, *(f"failed/{name}" for name in brought), "sweep.json"}


@pytest.mark.parametrize(
    "copied", [["config.json", "provenance.json"], [Path(name).name for name in FINISHED_RUN]]
)
def test_a_persons_copy_of_a_run_does_not_stand_for_it(tmp_path, copied):
    job = Job("a", "n.ipynb", EMPTY_NOTEBOOK, {}, {})
    store(tmp_path, job, Outcome(None, 1.0, "here", FINISHED_RUN))
    (mine := tmp_path / "a" / "runs" / "best").mkdir()
    for name in copied:
        (mine / name).write_bytes(FINISHED_RUN[f"runs/one/{name}"])
    assert with_earlier_runs(tmp_path, job).earlier == BROUGHT


def test_a_run_in_a_folder_of_folders_is_one_too(tmp_path):
    job = Job("a", "n.ipynb", EMPTY_NOTEBOOK, {}, {})
    deep = {name.replace("runs/", "runs/group/"): content for name, content in FINISHED_RUN.items()}
    store(tmp_path, job, Outcome("as asked", 1.0, "here", deep))
    store(tmp_path, job, Outcome("as asked", 1.0, "here", {}))
    assert with_earlier_runs(tmp_path, job).earlier == {
        name.replace("one/", "group-one/"): content for name, content in BROUGHT.items()
    }


@pytest.mark.parametrize("moves", [0, 1])
def test_a_sweep_that_was_killed_between_two_steps_of_storing_loses_no_case(tmp_path, moves, monkeypatch):
    job = Job("a", "n.ipynb", EMPTY_NOTEBOOK, {}, {})
    store(tmp_path, job, Outcome(None, 1.0, "here", FINISHED_RUN | {"notebook.ipynb": b"old"}))
    real, done = Path.rename, []

    def rename(path, target):
        if len(done) == moves:
            raise SystemExit  # as a kill; but what stands after it is not run
        done.append(target)
        return real(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    monkeypatch.setattr("replicate.sweeps.store.shutil.rmtree", lambda *_, **__: None)
    with pytest.raises(SystemExit):
        store(tmp_path, job, Outcome(None, 1.0, "here", FINISHED_RUN | {"notebook.ipynb": b"new"}))
    monkeypatch.undo()
    clear_leftovers(tmp_path, [job])
    assert files_in(tmp_path) == {f"a/{name}" for name in (*FINISHED_RUN, "notebook.ipynb", "sweep.json")}
    assert (tmp_path / "a" / "notebook.ipynb").read_bytes() == [b"old", b"new"][moves]


def test_a_failed_attempt_that_brings_the_run_replaces_the_one_before(tmp_path):
    job = Job("a", "n.ipynb", EMPTY_NOTEBOOK, {}, {})
    for said in (b"first", b"second"):
        store(tmp_path, job, Outcome("as asked", 1.0, "here", FINISHED_RUN | {"notebook.ipynb": said}))
    assert files_in(tmp_path / "a") == {*FINISHED_RUN, "notebook.ipynb", "sweep.json"}
    assert (tmp_path / "a" / "notebook.ipynb").read_bytes() == b"second"


@pytest.mark.parametrize("left", ["going", "coming"])
def test_what_a_killed_sweep_left_comes_back_though_its_file_asks_for_it_no_more(tmp_path, left):
    job = Job("a-0123456789", "n.ipynb", EMPTY_NOTEBOOK, {}, {})
    store(tmp_path, job, Outcome(None, 1.0, "here", {"notebook.ipynb": b"1"}))
    (tmp_path / job.name).rename(tmp_path / f".{job.name}.{left}")
    (tmp_path / ".notes.going").mkdir()
    clear_leftovers(tmp_path, [])
    assert state(tmp_path, job) == "done" and (tmp_path / ".notes.going").exists()
    assert {path.name for path in others(tmp_path, [])} == {job.name}


def test_two_runs_of_one_name_are_both_brought_along_and_neither_is_mixed_with_what_is_there(tmp_path):
    """The case's own, and that of a failed attempt at its edited notebook; and one that an attempt began."""
    job = Job("a", "n.ipynb", EMPTY_NOTEBOOK, {}, {})
    edited = FINISHED_RUN | {"runs/one/provenance.json": FINISHED_RUN["runs/one/provenance.json"] + b"\n"}
    store(tmp_path, job, Outcome(None, 1.0, "here", FINISHED_RUN))
    store(tmp_path, job, Outcome("as asked", 1.0, "here", edited))
    brought = with_earlier_runs(tmp_path, job)
    second = {name.replace("one/", "one-2/"): content for name, content in brought_as(edited).items()}
    assert brought.earlier == BROUGHT | second

    begun = tmp_path / "working" / "runs" / "one"
    begun.mkdir(parents=True)
    (begun / "config.json").write_text("{}")
    (begun / "parts.json").write_text("{}")
    (begun / "part-0000-0001.pt").write_text("half")
    (begun / "figure.png").write_text("of a cell")
    apart = tmp_path / "working" / EARLIER_RUNS
    for _ in range(2):  # the second time all are there
        leave_only_runs(tmp_path / "working")
        put_earlier_runs(brought, tmp_path / "working")
        assert files_in(apart / "one") == {"config.json", "parts.json", "part-0000-0001.pt"}
        assert {path.parent.name: path.read_bytes() for path in apart.glob("*/provenance.json")} == {
            "one-2": FINISHED_RUN["runs/one/provenance.json"],
            "one-2-2": edited["runs/one/provenance.json"],
        }
        assert [path.name for path in (tmp_path / "working").iterdir()] == [EARLIER_RUNS]


@pytest.mark.parametrize("finished", [True, False])
def test_a_run_that_could_not_be_written_whole_is_written_again(tmp_path, monkeypatch, finished):
    """A full disk, or a kill: what is there of it then is taken for no run."""
    names = [*BROUGHT] if finished else ["one/config.json", "one/parts.json", "one/part-0000-0001.pt"]
    job = Job("a", "n.ipynb", EMPTY_NOTEBOOK, {}, {}, earlier={name: b"{}" for name in names})
    place, written = tmp_path / EARLIER_RUNS / "one", []

    def write(path, fill):
        written.append(path)
        if len(written) == len(names):
            raise RunError("the disk is full")
        write_whole(path, fill)

    monkeypatch.setattr(earlier, "write_whole", write)
    leave_only_runs(tmp_path)
    with pytest.raises(RunError):
        put_earlier_runs(job, tmp_path)
    assert not place.exists() and len(files_in(tmp_path)) == len(names) - 1
    leave_only_runs(tmp_path)
    put_earlier_runs(job, tmp_path)
    assert files_in(tmp_path) == {f"{EARLIER_RUNS}/{name}" for name in names}


def test_a_damaged_run_that_was_not_asked_for_is_not_handed_over(tmp_path):
    job = Job("a", "n.ipynb", EMPTY_NOTEBOOK, {}, {})
    kept = {name.replace("runs/", "earlier/"): content for name, content in FINISHED_RUN.items()}
    store(tmp_path, job, Outcome(None, 1.0, "here", kept))
    assert with_earlier_runs(tmp_path, job).earlier == BROUGHT
    (tmp_path / "a" / "earlier" / "one" / "scores.csv").write_text("changed")
    assert with_earlier_runs(tmp_path, job).earlier == {}


def test_runs_within_each_others_folders_are_set_apart_each_alone(tmp_path):
    long = "/".join("素" * 60 for _ in range(3))
    for number, name in enumerate(("runs/a", "runs/a/b", "mine/a", "mine/a/b/c", long)):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
        (tmp_path / name / "config.json").write_text(f'{{"seed": {number}}}')
        (tmp_path / name / "provenance.json").write_text(f'{{"run": {number}}}')
    leave_only_runs(tmp_path)
    found = {path.parent.name: path.read_text() for path in tmp_path.rglob("config.json")}
    assert found == {
        "a": '{"seed": 0}',
        "a-b": '{"seed": 1}',
        "mine-a": '{"seed": 2}',
        "mine-a-b-c": '{"seed": 3}',
        long.replace("/", "-")[-60:]: '{"seed": 4}',
    }
    assert files_in(tmp_path) == {
        f"{EARLIER_RUNS}/{name}/{file}.json" for name in found for file in ("config", "provenance")
    }
