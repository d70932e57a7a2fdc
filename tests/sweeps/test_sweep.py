"""Sweeps: each case once, by real workers, also where one is killed or one case fails."""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import warnings
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest
from shared import SWEPT, TRAINS, attempts, send, write_notebook, write_sweep

from replicate.checkpoints import read_checkpoint
from replicate.endings import outlives_terminal
from replicate.sweeps.cluster import connected
from replicate.sweeps.schedule import run_sweep
from replicate.sweeps.spec import SweepError, read_sweep

# dask's own: sockets that it closes late, and a clean-up at exit
pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.slow]


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
    write_notebook(folder / "a{b}.ipynb", *SWEPT)
    (folder / "log").touch()
    (folder / "sweep.yaml").write_text(f"notebook: a{{b}}.ipynb\nlist: [{{name: a, log: '{folder}/log'}}]")
    table = run_sweep(read_sweep(folder / "sweep.yaml"), folder / "{out}", workers=1)
    assert table.state.tolist() == ["done"]
    assert len(list((folder / "{out}").glob("*/notebook.ipynb"))) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["{name}"]


@pytest.mark.parametrize("signals", [[signal.SIGINT], [signal.SIGINT] * 3, [signal.SIGTERM]])
def test_a_sweep_that_is_stopped_keeps_what_is_finished_and_says_how_to_go_on(tmp_path, signals):
    file = write_sweep(tmp_path, "fixed: {log: LOG}\nlist: [{name: a}, {name: b, end: killed}]")
    command = [sys.executable, "-m", "replicate", "sweep", file, "--out", tmp_path / "out", "--workers", "1"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        while process.poll() is None and "b" not in attempts(tmp_path):
            time.sleep(0.1)
        for sent in signals:
            with suppress(ProcessLookupError):  # it has ended already
                os.killpg(process.pid, sent)  # as a terminal does it
            time.sleep(0.4)
        errors = process.stderr.read()
    assert process.returncode == 130, errors
    said = r"replicate: stopped; 1 of 2 cases are in .*out, and the same command goes on"
    assert re.fullmatch(said, errors.splitlines()[-1]) and "Traceback" not in errors
    table = run_sweep(read_sweep(file), tmp_path / "out", workers=1)
    assert table.state.tolist() == ["done", "done"] and attempts(tmp_path) == ["a", "b", "b"]


def write_long_training(folder: Path, hidden_sizes: list[int]) -> Path:
    """A sweep of trainings without an end, that keep what they have at every 1000th update."""
    parameters = f"{TRAINS[0].replace('steps = 3', 'steps = 9999999')}\nevaluate_every = 1000"
    trained = TRAINS[2].replace("('max", "('evaluate_every', 'max")
    write_notebook(folder / "tiny.ipynb", parameters, TRAINS[1], trained)
    file = folder / "sweep.yaml"
    file.write_text(f"notebook: tiny.ipynb\ngrid: {{hidden_size: {hidden_sizes}}}")
    return file


@pytest.mark.parametrize(
    ("sent", "to"),  # as a terminal or a time limit sends it, or a service that ends, or to the sweep alone
    [
        (signal.SIGINT, "group"),
        (signal.SIGINT, "sweep"),
        (signal.SIGTERM, "group"),
        (signal.SIGTERM, "sweep"),
        (signal.SIGTERM, "all"),
        (signal.SIGHUP, "group"),
    ],
)
def test_a_case_in_training_is_saved_as_its_sweep_is_stopped(
    tmp_path, monkeypatch, sent, to, soak, record_property
):
    if sent == signal.SIGHUP and outlives_terminal():
        pytest.skip("what these tests start outlives its terminal, too")
    file = write_long_training(tmp_path, hidden_sizes=[8, 9])
    command = [sys.executable, "-m", "replicate", "sweep", file, "--workers", "1"]
    tries = 5 if soak else 1
    for number in range(tries):
        monkeypatch.setenv("REPLICATE_RUNS", str(runs := tmp_path / f"runs-{number}"))
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
            while process.poll() is None and not list(runs.glob("working/*/runs/*/part-*.pt")):
                time.sleep(0.1)
            send(process, sent, to)
            errors = process.stderr.read()
        assert process.returncode == 130 and "Traceback" not in errors and "resource" not in errors, errors
        assert errors.count("stopping") == 1
        (part,) = runs.glob("working/*/runs/*/part-*.pt")
        assert read_checkpoint(part)["state"]["step"] % 1000  # not only what each evaluation point keeps
    record_property("sweeps stopped in mid-run, the last update saved", tries)


def test_a_sweep_whose_reader_is_gone_saves_its_cases_all_the_same(tmp_path, monkeypatch):
    """As `2>&1 | tee log`, which the same Ctrl-C ends."""
    monkeypatch.setenv("REPLICATE_RUNS", str(tmp_path / "runs"))
    file = write_long_training(tmp_path, hidden_sizes=[8])
    command = [sys.executable, "-m", "replicate", "sweep", file, "--workers", "1"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(command, start_new_session=True, **pipes) as process:
        while process.poll() is None and not list(tmp_path.glob("runs/working/*/runs/*/part-*.pt")):
            time.sleep(0.1)
        process.stdout.close()
        os.killpg(process.pid, signal.SIGINT)
        process.wait(120)
    (part,) = tmp_path.glob("runs/working/*/runs/*/part-*.pt")
    assert read_checkpoint(part)["state"]["step"] % 1000


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


def test_a_case_that_writes_the_sweeps_own_file_fails_alone_and_any_other_is_in_no_way(tmp_path):
    cells = (
        "# Parameters\nname = ''",
        "from pathlib import Path\nPath('runs').mkdir(exist_ok=True)\nPath('runs/notes.txt').touch()",
        "if name == 'folder': Path('sweep.json').mkdir()\nif name == 'file': Path('sweep.json').touch()",
        "if name == 'kept': Path('failed').mkdir()\nif name == 'kept': Path('failed/mine.txt').touch()",
        "if name == 'fails': raise OSError('as asked')",
    )
    write_sweep(tmp_path, "list: [{name: folder}, {name: file}, {name: kept}, {name: fails}, {name: x}]")
    write_notebook(tmp_path / "tiny.ipynb", *cells)
    jobs = read_sweep(tmp_path / "sweep.yaml")
    for _ in range(2):
        ended = run_sweep(jobs, tmp_path / "out", workers=1).set_index("name")
        refused = {"folder": "failed", "file": "failed", "kept": "failed"}
        assert ended.state.to_dict() == refused | {"fails": "failed", "x": "done"}
        assert "wrote sweep.json" in ended.error["folder"] and "wrote sweep.json" in ended.error["file"]
        assert "wrote failed" in ended.error["kept"]
        assert "as asked" in ended.error["fails"]  # and not that runs/notes.txt is no folder


def test_a_case_whose_folder_is_removed_meanwhile_is_named(tmp_path):
    jobs = read_sweep(write_sweep(tmp_path, "fixed: {log: LOG}\nlist: [{name: a}, {name: b}]"))

    def remove(job):
        if job.given["name"] == "a":
            shutil.rmtree(tmp_path / "out" / job.name)

    with pytest.raises(SweepError, match=f"^removed from .*out meanwhile: {jobs[0].name};"):
        run_sweep(jobs, tmp_path / "out", workers=1, on_done=remove)
    assert run_sweep(jobs, tmp_path / "out", workers=1).state.tolist() == ["done", "done"]


def test_one_worker_does_the_cases_in_the_order_of_their_file(tmp_path):
    cases = [
        "rate: 1.0, name: c1",
        "rate: 2.0, name: c2",
        "rate: 3.0, name: c3",
        "steps: 2, name: b",
        "name: a",
    ]
    text = f"fixed: {{log: LOG}}\nlist: [{', '.join(f'{{{case}}}' for case in cases)}]"
    run_sweep(read_sweep(write_sweep(tmp_path, text)), tmp_path / "out", workers=1)
    begun = [line.split()[0] for line in (tmp_path / "log").read_text().splitlines()]
    assert begun == ["c1", "c2", "c3", "b", "a"]


@pytest.mark.parametrize(("said", "threads"), [(None, "1"), ("2", "2")])
def test_a_case_has_one_core_or_what_is_said(tmp_path, monkeypatch, said, threads):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if said:
        monkeypatch.setenv("OMP_NUM_THREADS", said)
    cell = "import torch\nopen('threads', 'w').write(str(torch.get_num_threads()))"
    write_notebook(tmp_path / "own.ipynb", "# Parameters\na = 1", cell)
    (tmp_path / "own.yaml").write_text("notebook: own.ipynb\nlist: [{a: 2}]")
    run_sweep(read_sweep(tmp_path / "own.yaml"), tmp_path / "out", workers=1)
    (file,) = (tmp_path / "out").glob("*/threads")
    assert file.read_text() == threads


def test_a_case_that_brings_much_along_is_sent_without_advice():
    with warnings.catch_warnings(), connected(None, workers=1) as client:
        warnings.simplefilter("error", UserWarning)
        assert client.submit(len, bytes(11_000_000)).result() == 11_000_000
