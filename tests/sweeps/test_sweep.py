"""Sweeps: what a file asks for; each run once, by real workers, also where one is killed or one run fails."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pandas as pd
import pytest
from shared import write_notebook
from typer.testing import CliRunner

from replicate.cli import app
from replicate.files import RunError, locked
from replicate.parameters import ParameterError
from replicate.sweeps.schedule import run_sweep
from replicate.sweeps.spec import Job, read_sweep
from replicate.sweeps.store import failures, state, store, summary
from replicate.sweeps.watch import Watch
from replicate.sweeps.work import Outcome

# dask's own: sockets that it closes late, and a clean-up at exit
pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.slow]

# Says in a log, which all attempts share, that it was tried; then fails, waits to be killed, or ends.
CELLS = (
    "# Parameters\nname = ''\nsteps = 1\nrate = 1.0\nlog = ''\nend = 'well'",
    "import os, pathlib, time\n"
    "from replicate.files import locked\n"
    "from replicate.runs.folder import runs_root\n"
    "tried = pathlib.Path(log).read_text().count(f'{name} ')\n"
    "with open(log, 'a') as file:\n"
    "    print(name, os.getppid(), runs_root(), file=file)",
    "with locked(runs_root() / 'work'):\n"
    "    if end == 'killed' and not tried:\n"
    "        time.sleep(600)\n"
    "    assert end != 'badly' or tried, 'as asked'\n"
    "    pathlib.Path('made.txt').write_text(f'{name} {steps}')",
)


EMPTY = '{"cells": []}'


def write_sweep(folder: Path, text: str) -> Path:
    write_notebook(folder / "tiny.ipynb", *CELLS)
    (folder / "log").touch()
    file = folder / "sweep.yaml"
    file.write_text("notebook: tiny.ipynb\n" + text.replace("LOG", str(folder / "log")))
    return file


def attempts(folder: Path) -> list[str]:
    return sorted(line.split()[0] for line in (folder / "log").read_text().splitlines())


def test_a_grid_is_every_combination_with_every_case(tmp_path):
    file = write_sweep(
        tmp_path, "fixed: {end: x}\nlist: [{name: a}, {name: b}]\ngrid: {steps: [1, 2], rate: [1e-3, .5]}"
    )
    jobs = read_sweep(file)
    found = [(job.given["name"], job.given["steps"], job.given["rate"]) for job in jobs]
    assert found == [(name, steps, rate) for name in "ab" for steps in (1, 2) for rate in (0.001, 0.5)]
    assert {job.changes["end"] for job in jobs} == {"x"} and not any("log" in job.changes for job in jobs)
    assert len({job.name for job in jobs}) == 8 and all(re.fullmatch(r"[\w.-]+", job.name) for job in jobs)


def test_a_run_is_keyed_by_its_parameters_not_by_how_they_were_written(tmp_path):
    (one,) = read_sweep(write_sweep(tmp_path, "grid: {steps: [2], rate: [1.0]}"))
    (same,) = read_sweep(write_sweep(tmp_path, "list: [{steps: 2.0}]"))
    (other,) = read_sweep(write_sweep(tmp_path, "list: [{steps: 3}]"))
    assert one.digest == same.digest != other.digest


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("grid: {stpes: [1]}", "did you mean 'steps'"),
        ("grid: {steps: [many]}", "steps must be a whole number, not 'many'"),
        ("grid: {steps: [0]}", "steps must be greater than or equal to 1, not 0"),
        ("grid: {steps: 1}", r"grid.steps must be a valid list, not 1"),
        ("gird: {steps: [1]}", "did you mean 'grid'"),
        ("list: []", "list must have|list: List should have at least 1 item"),
        ("list: [{steps: 1}, {steps: 1.0}]", "asks twice for the case with"),
        ("grid: {steps: [1], steps: [2]}", "a name is given twice"),
        ("grid: {steps: [1}", "is not plain YAML"),
        ("grid: !!python/object/apply:os.system [ls]", "the tag .*os.system has no meaning in a sweep"),
        ("fixed: {name: !!set {a}}", "the tag .*set has no meaning"),
        ("fixed: {name: !!binary aGk=}", "the tag .*binary has no meaning"),
        ("fixed: &a {name: *a}", r"write out what \*a stands for"),
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", r"write out what \*a stands for"),
        ("grid: {steps: []}", "grid.steps: List should have at least 1 item"),
        ("grid: {steps: [1]}\nlist: [{steps: 2}]", "steps is both in grid and in list; one of the two"),
        ("fixed: {steps: 3}\ngrid: {steps: [1]}", "steps is both in fixed and in grid"),
        ("grid: {steps: [2026-11-25]}", "steps must be a whole number, not '2026-11-25'"),
        ("grid: {steps: [1, 2], rate: [1, 2], {a: 1}: [1]}", "did you mean|is not plain YAML"),
        ("notebook: none.ipynb", "a name is given twice"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(tmp_path, text, message):
    file = write_sweep(tmp_path, text)
    result = CliRunner().invoke(app, ["sweep", str(file)])
    assert result.exit_code == 2
    assert re.fullmatch(rf"replicate: .*({message}).*\n", result.stderr), result.stderr
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("text", ["", "[1, 2]", "notebook: none.ipynb", "\0", "a: [" * 10_000])
def test_a_file_that_is_no_sweep_is_refused(tmp_path, text):
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(ParameterError) as error:
        read_sweep(tmp_path / "x.yaml")
    assert "\n" not in str(error.value)


@pytest.fixture
def cluster(tmp_path):
    """The address of a scheduler with two workers that share nothing, and a process for each."""
    dask = str(Path(sys.executable).with_name("dask"))
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    where = tmp_path / "scheduler.json"
    options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(where)]
    processes = [subprocess.Popen([dask, "scheduler", *options], **quiet)]
    try:
        while not where.exists():
            time.sleep(0.1)
        for i in range(2):
            runs = os.environ | {"REPLICATE_RUNS": str(tmp_path / f"machine-{i}")}
            options = ["--no-nanny", "--nthreads", "1", "--no-dashboard", "--scheduler-file", str(where)]
            processes.append(subprocess.Popen([dask, "worker", *options], env=runs, **quiet))
        yield re.search(r"tcp://[\d.:]+", where.read_text())[0]
    finally:
        for process in processes:
            process.kill()
            process.wait()


def kill_who_runs(log: Path, name: str) -> threading.Thread:
    """Wait, on a thread, for a run to say that it has begun; then kill the worker that it runs on."""

    def kill():
        for _ in range(1200):
            begun = re.search(rf"^{name} (\d+) ", log.read_text(), re.MULTILINE)
            if begun:
                return os.kill(int(begun[1]), signal.SIGKILL)
            time.sleep(0.1)

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


KILLED = "sweeps with a worker killed in mid-run, its run done again elsewhere, once"
RUNS = "fixed: {log: LOG}\nlist: [{name: a, end: killed}, {name: b}, {name: c, end: badly}, {name: d}]"


def test_runs_of_a_killed_worker_are_done_again_once_and_a_second_sweep_does_what_failed(
    tmp_path, cluster, record_property
):
    jobs = read_sweep(write_sweep(tmp_path, RUNS))
    killer = kill_who_runs(tmp_path / "log", "a")
    table = run_sweep(jobs, tmp_path / "out", scheduler=cluster)
    killer.join()
    assert attempts(tmp_path) == ["a", "a", "b", "c", "d"]
    assert table.set_index("name").state.to_dict() == {"a": "done", "b": "done", "c": "failed", "d": "done"}
    assert table.set_index("name").error["c"].endswith("AssertionError: as asked")
    for job in jobs:
        place = tmp_path / "out" / job.name
        assert "as asked" in (place / "notebook.ipynb").read_text() or (
            (place / "made.txt").read_text() == f"{job.given['name']} 1"
        )
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "out" / "summary.csv"), table, check_dtype=False)

    again = run_sweep(jobs, tmp_path / "out", scheduler=cluster)
    assert attempts(tmp_path) == ["a", "a", "b", "c", "c", "d"]
    assert set(again.state) == {"done"}
    # What is stored is cleared away, but for what the machine that died had no time to clear.
    died = re.search(r"^a \d+ .*/(machine-\d)/", (tmp_path / "log").read_text(), re.MULTILINE)[1]
    left = {path.relative_to(tmp_path).parts[0] for path in tmp_path.glob("machine-*/working/*/made.txt")}
    assert left <= {died}
    record_property(KILLED, 1)


@pytest.mark.parametrize("style", ["lines", "bar"])
def test_a_cluster_of_its_own_does_the_same_where_a_worker_is_killed(
    tmp_path, monkeypatch, capsys, style, record_property
):
    """Here both workers have one working folder: the second attempt waits for the first one's kernel."""
    monkeypatch.setenv("REPLICATE_PROGRESS", style)
    jobs = read_sweep(write_sweep(tmp_path, RUNS))
    killer = kill_who_runs(tmp_path / "log", "a")
    table = run_sweep(jobs, tmp_path / "out", workers=2)
    killer.join()
    assert attempts(tmp_path) == ["a", "a", "b", "c", "d"]
    assert table.set_index("name").state.to_dict() == {"a": "done", "b": "done", "c": "failed", "d": "done"}
    shown = " ".join(capsys.readouterr().err.split())
    if style == "lines":
        assert "starts again: its worker was lost" in shown and "4 of 4" in shown
    else:
        assert "time left" in shown and "as asked" in shown
    record_property(KILLED, 1)


def test_a_sweep_in_folders_with_braces(tmp_path, monkeypatch):
    folder = tmp_path / "{name}"
    monkeypatch.setenv("REPLICATE_RUNS", str(folder / "{steps}"))
    write_notebook(folder / "a{b}.ipynb", *CELLS)
    (folder / "log").touch()
    (folder / "sweep.yaml").write_text(f"notebook: a{{b}}.ipynb\nlist: [{{name: a, log: '{folder}/log'}}]")
    table = run_sweep(read_sweep(folder / "sweep.yaml"), folder / "{out}", workers=1)
    assert table.state.tolist() == ["done"]
    assert len(list((folder / "{out}").glob("*/notebook.ipynb"))) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["{name}"]


def test_a_sweep_that_is_done_starts_nothing(tmp_path, monkeypatch):
    jobs = read_sweep(write_sweep(tmp_path, "list: [{name: a}]"))
    store(tmp_path / "out", jobs[0], Outcome(None, 1.0, "here", {}))
    monkeypatch.setattr("replicate.sweeps.schedule._client", lambda *_: pytest.fail("started a cluster"))
    assert run_sweep(jobs, tmp_path / "out").state.tolist() == ["done"]


def test_a_parameter_that_comes_new_with_a_default_changes_no_key(tmp_path):
    (before,) = read_sweep(write_sweep(tmp_path, "list: [{steps: 2}]"))
    write_notebook(tmp_path / "tiny.ipynb", f"{CELLS[0]}\nbrand_new = 3", *CELLS[1:])
    (after,) = read_sweep(tmp_path / "sweep.yaml")
    assert before.digest == after.digest and before.content != after.content


TRAINS = (
    "# Parameters\nmax_length = 3\nvocab_size = 11\nrounds = 1\nsteps = 3\nhidden_size = 4",
    "from replicate.parameters import run_config\nfrom replicate.runs.experiment import run",
    "names = ('max_length', 'vocab_size', 'rounds', 'steps', 'hidden_size')\n"
    "trained = run(run_config({name: globals()[name] for name in names}), workers=1)",
)


def test_an_edited_notebook_is_executed_again_and_uses_what_it_has_trained(tmp_path, capsys):
    write_notebook(tmp_path / "tiny.ipynb", *TRAINS)
    (tmp_path / "sweep.yaml").write_text("notebook: tiny.ipynb\nlist: [{steps: 2}, {steps: 4}]")
    run_sweep(read_sweep(tmp_path / "sweep.yaml"), tmp_path / "out", workers=1)
    written = {path: path.read_text() for path in (tmp_path / "out").glob("*/runs/*/provenance.json")}

    write_notebook(tmp_path / "tiny.ipynb", *TRAINS, "open('new.txt', 'w').write('edited')")
    jobs = read_sweep(tmp_path / "sweep.yaml")
    assert {state(tmp_path / "out", job) for job in jobs} == {"edited"}
    table = run_sweep(jobs, tmp_path / "out", workers=1)
    assert "tiny.ipynb was edited: 2 of 2 cases are executed again" in capsys.readouterr().err
    assert len(list((tmp_path / "out").glob("*/new.txt"))) == 2 and set(table.state) == {"done"}
    assert {path: path.read_text() for path in written} == written and len(written) == 2  # trained once
    assert {state(tmp_path / "out", job) for job in jobs} == {"done"}


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


def test_a_scheduler_that_is_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT", "1s")
    jobs = read_sweep(write_sweep(tmp_path, "list: [{name: a}]"))
    with pytest.raises(RunError, match=r"no dask scheduler answers at tcp://127\.0\.0\.1:9"):
        run_sweep(jobs, tmp_path / "out", scheduler="tcp://127.0.0.1:9")


def test_ctrl_c_keeps_what_is_finished_and_says_how_to_go_on(tmp_path):
    file = write_sweep(tmp_path, "fixed: {log: LOG}\nlist: [{name: a}, {name: b, end: killed}]")
    start = "from replicate.cli import app\nif __name__ == '__main__':\n    app()"
    script = tmp_path / "start.py"
    script.write_text(start)
    command = [sys.executable, script, "sweep", file, "--out", tmp_path / "out", "--workers", "1"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        while process.poll() is None and "b" not in attempts(tmp_path):
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does it
        errors = process.stderr.read()
    assert process.returncode == 130, errors
    assert re.search(r"replicate: stopped; 1 of 2 cases are in .*out, and the same command goes on", errors)
    table = run_sweep(read_sweep(file), tmp_path / "out", workers=1)
    assert table.state.tolist() == ["done", "done"] and attempts(tmp_path) == ["a", "b", "b"]


def test_text_stays_as_it_stands_in_the_file_where_the_notebook_wants_text(tmp_path):
    words = ["007", "2026_11", "12:30:00", "1e3", "2026-11-25", "none"]
    jobs = read_sweep(write_sweep(tmp_path, f"grid: {{name: [{', '.join(words)}], steps: [1e1]}}"))
    assert [job.given["name"] for job in jobs] == words and {job.given["steps"] for job in jobs} == {10}


def test_sweeps_on_one_scheduler_keep_apart_what_is_called_alike(tmp_path, cluster):
    """Equal names and parameters, other cells; and one file swept into two folders."""
    files = []
    for cell in ("open('made.txt', 'w').write('one')", "open('made.txt', 'w').write('two')"):
        folder = tmp_path / f"of-{len(files)}"
        write_notebook(folder / "tiny.ipynb", "# Parameters\nname = ''", cell)
        (folder / "sweep.yaml").write_text("notebook: tiny.ipynb\nlist: [{name: a}]")
        files.append(folder / "sweep.yaml")
    places = {tmp_path / "x": files[0], tmp_path / "y": files[1], tmp_path / "z": files[0]}
    threads = [
        threading.Thread(target=run_sweep, args=(read_sweep(file), out, cluster))
        for out, file in places.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = [next(out.glob("*/made.txt")).read_text() for out in places]
    assert made == ["one", "two", "one"]


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
    monkeypatch.setattr("replicate.sweeps.schedule._client", lambda *_: pytest.fail("started a cluster"))
    jobs = read_sweep(write_sweep(tmp_path, "list: [{name: a}]"))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "summary.csv").write_text("month,sum\nMay,3\n")
    with pytest.raises(RunError, match=r"summary.csv is not as a sweep wrote it; move it away"):
        run_sweep(jobs, tmp_path / "mine")
    assert (tmp_path / "mine" / "summary.csv").read_text() == "month,sum\nMay,3\n"


def test_what_only_a_failed_attempt_wrote_is_not_in_the_success(tmp_path, cluster):
    cells = (
        "# Parameters\nname = ''\nlog = ''",
        "import pathlib\nfirst = not pathlib.Path(log).read_text()\n"
        "open(log, 'a').write('tried ')\n"
        "open('failed.txt' if first else 'done.txt', 'w').write('x')\nassert not first",
    )
    write_sweep(tmp_path, "fixed: {log: LOG}\nlist: [{name: a}]")
    write_notebook(tmp_path / "tiny.ipynb", *cells)
    jobs = read_sweep(tmp_path / "sweep.yaml")
    assert run_sweep(jobs, tmp_path / "out", scheduler=cluster).state.tolist() == ["failed"]
    assert run_sweep(jobs, tmp_path / "out", scheduler=cluster).state.tolist() == ["done"]
    names = {path.name for path in (tmp_path / "out" / jobs[0].name).iterdir()}
    assert names == {"notebook.ipynb", "done.txt", "sweep.json"}


def test_an_error_with_brackets_is_shown_as_it_is(monkeypatch, capsys):
    monkeypatch.setenv("REPLICATE_PROGRESS", "bar")
    with Watch(["a"], 0, 1) as watch:
        watch.ended("a", Outcome("no [/path] and no [bold]", 1.0, "here", {}))
    assert "no [/path] and no [bold]" in " ".join(capsys.readouterr().err.split())
