"""What a person has put into a case's folder stays there, whatever an attempt brings."""

from pathlib import Path

import pytest
from shared import CONFIG, EMPTY_NOTEBOOK, FINISHED_RUN, files_in

from replicate.files import RunError, read_json, write_json
from replicate.runs.experiment import run
from replicate.sweeps.case_folder import runs_of_case
from replicate.sweeps.earlier import with_earlier_runs
from replicate.sweeps.spec import Job
from replicate.sweeps.store import clear_leftovers, state, store
from replicate.sweeps.tables import summary
from replicate.sweeps.work import Outcome


@pytest.mark.parametrize("error", [None, "as asked"])
def test_what_a_person_has_put_into_a_cases_folder_stays_and_what_the_sweep_wrote_goes(tmp_path, error):
    job = Job("a", "n.ipynb", EMPTY_NOTEBOOK, {}, {})
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
    job = Job("a", "n.ipynb", EMPTY_NOTEBOOK, {}, {})
    store(tmp_path, job, Outcome(None, 1.0, "here", FINISHED_RUN))
    (tmp_path / "a" / "runs" / "one" / "notes.txt").write_text("mine")
    for _ in range(2):
        assert with_earlier_runs(tmp_path, job).earlier.keys() == {
            name.removeprefix("runs/") for name in FINISHED_RUN
        }
        store(tmp_path, job, Outcome(None, 1.0, "here", FINISHED_RUN))
        assert files_in(tmp_path / "a") == {*FINISHED_RUN, "runs/one/notes.txt", "sweep.json"}


def test_a_persons_file_that_is_called_as_one_of_a_case_gets_a_number(tmp_path):
    job = Job("a", "n.ipynb", EMPTY_NOTEBOOK, {}, {})
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
    job = Job("a", "n.ipynb", EMPTY_NOTEBOOK, {}, {})
    store(tmp_path, job, Outcome(None, 1.0, "here", {}))
    (tmp_path / "data").mkdir()
    for name, target in (("data", "../data"), ("gone", "nowhere"), ("self", ".")):
        (tmp_path / "a" / name).symlink_to(target)
    store(tmp_path, job, Outcome(error, 1.0, "here", {"notebook.ipynb": b"2"}))
    links = {path.name: str(path.readlink()) for path in (tmp_path / "a").iterdir() if path.is_symlink()}
    assert links == {"data": "../data", "gone": "nowhere", "self": "."}


def test_what_a_person_writes_into_an_executed_notebook_stays(tmp_path):
    job = Job("a", "n.ipynb", EMPTY_NOTEBOOK, {}, {})
    store(tmp_path, job, Outcome(None, 1.0, "here", {"notebook.ipynb": b"1", "made.csv": b"1"}))
    (tmp_path / "a" / "notebook.ipynb").write_bytes(b"1, and my remark")
    store(tmp_path, job, Outcome(None, 1.0, "here", {"notebook.ipynb": b"2", "made.csv": b"2"}))
    found = {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir() if path.name != "sweep.json"}
    assert found == {"notebook.ipynb": b"2", "notebook-2.ipynb": b"1, and my remark", "made.csv": b"2"}


def test_of_a_record_with_names_alone_files_go_by_them(tmp_path):
    """As an earlier version wrote it."""
    job = Job("a", "n.ipynb", EMPTY_NOTEBOOK, {}, {})
    store(tmp_path, job, Outcome(None, 1.0, "here", {"notebook.ipynb": b"1"}))
    record = read_json(tmp_path / "a" / "sweep.json")
    write_json(tmp_path / "a" / "sweep.json", record | {"files": list(record["files"])})
    (tmp_path / "a" / "notes.txt").write_text("mine")
    store(tmp_path, job, Outcome(None, 1.0, "here", {}))
    assert files_in(tmp_path / "a") == {"sweep.json", "notes.txt"}


def test_a_damaged_record_is_named(tmp_path):
    job = Job("a", "n.ipynb", EMPTY_NOTEBOOK, {}, {})
    store(tmp_path, job, Outcome(None, 1.0, "here", {}))
    for files in (5, [5], "notebook.ipynb"):
        write_json(tmp_path / "a" / "sweep.json", read_json(tmp_path / "a" / "sweep.json") | {"files": files})
        with pytest.raises(RunError, match=r"sweep\.json is damaged: files names none; delete "):
            summary(tmp_path, [job])
    write_json(tmp_path / "a" / "sweep.json", read_json(tmp_path / "a" / "sweep.json") | {"given": None})
    with pytest.raises(RunError, match=r"sweep\.json is damaged: given has no parameters; delete "):
        summary(tmp_path, [job])


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The files of a finished run, by their place in a case's folder."""
    made = run(CONFIG.changed(steps=1), tmp_path_factory.mktemp("trained") / "run", workers=1)
    return {f"runs/one/{name}": (made.path / name).read_bytes() for name in files_in(made.path)}


def stored(folder: Path, files: dict[str, bytes]) -> Job:
    """A case that is done and has left these files."""
    store(folder, job := Job("a", "n.ipynb", EMPTY_NOTEBOOK, {}, {}), Outcome(None, 1.0, "here", files))
    return job


@pytest.mark.parametrize("lost", sorted({*FINISHED_RUN} - {"runs/one/checkpoint.pt"}))
def test_a_case_whose_run_is_gone_is_damaged(tmp_path, trained, lost):
    other = {name.replace("one", "two"): content for name, content in trained.items()}
    for files in (trained, trained | other):
        job = stored(tmp_path, files)
        assert summary(tmp_path, [job]).state.tolist() == ["done"]
        (tmp_path / "a" / lost).unlink()
        table = summary(tmp_path, [job])
        assert table.state.tolist() == ["damaged"] and str(tmp_path / "a" / "runs" / "one") in table.error[0]


def test_a_run_that_was_moved_away_and_linked_is_the_cases_own(tmp_path, trained):
    job = stored(tmp_path, trained)
    (tmp_path / "a" / "runs" / "one").rename(tmp_path / "elsewhere")
    (tmp_path / "a" / "runs" / "one").symlink_to(tmp_path / "elsewhere")
    assert summary(tmp_path, [job]).psa.notna().tolist() == [True]


def test_other_files_of_a_case_are_no_run(tmp_path):
    names = ("runs/notes/old-provenance.json", "runs/provenance.json", "runs/one/config.json")
    names += ("provenance.json", "config.json")
    job = stored(tmp_path, dict.fromkeys(names, b"{}"))
    assert summary(tmp_path, [job]).state.tolist() == ["done"]


def test_of_a_record_that_names_no_files_all_but_the_sweeps_own_stay(tmp_path):
    job = Job("a", "n.ipynb", EMPTY_NOTEBOOK, {}, {})
    store(tmp_path, job, Outcome(None, 1.0, "here", FINISHED_RUN | {"notebook.ipynb": b"1"}))
    record = read_json(tmp_path / "a" / "sweep.json")
    del record["files"]
    write_json(tmp_path / "a" / "sweep.json", record)
    (tmp_path / "a" / "notes.txt").write_text("mine")
    store(tmp_path, job, Outcome(None, 1.0, "here", {}))
    assert files_in(tmp_path / "a") == {"sweep.json", "notes.txt"}


def test_a_case_whose_folder_was_moved_and_linked_to_stays_there(tmp_path):
    job = Job("a", "n.ipynb", EMPTY_NOTEBOOK, {}, {})
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


def test_a_run_that_a_person_puts_beside_a_cases_own_is_not_its_result(tmp_path):
    job = Job("a", "n.ipynb", EMPTY_NOTEBOOK, {}, {})
    for files, own in [({}, []), (FINISHED_RUN, ["one"])]:
        store(tmp_path, job, Outcome(None, 1.0, "here", files))
        for name, content in FINISHED_RUN.items():
            mine = tmp_path / "a" / name.replace("runs/one", "runs/mine")
            mine.parent.mkdir(parents=True, exist_ok=True)
            mine.write_bytes(content)
        assert [run.name for run in runs_of_case(tmp_path / "a")] == own
        assert summary(tmp_path, [job]).state.tolist() == (["damaged"] if own else ["done"])
