"""A run that is interrupted, killed or cut off from its disk goes on and ends as if it had not been."""

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import torch
from shared import CONFIG, PROJECT, full_disk, same, send

from replicate.checkpoints import read_checkpoint
from replicate.endings import outlives_terminal
from replicate.files import UNFINISHED, RunError
from replicate.runs.experiment import run
from replicate.runs.folder import open_run
from replicate.training import loop as training

pytestmark = pytest.mark.slow

LONGER = CONFIG.changed(steps=200)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return run(LONGER, tmp_path_factory.mktemp("module") / "run", workers=1)


@pytest.mark.parametrize(
    "moment", [13, 19, 20, 199]
)  # between two evaluation points, just before one, after it, the last
def test_ctrl_c_saves_the_last_update_and_says_how_to_go_on(whole, tmp_path, monkeypatch, moment):
    real = training.update

    def interrupt(state, *arguments):
        if state.step == moment:
            os.kill(os.getpid(), signal.SIGINT)
        return real(state, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(training, "PROGRESS_EVERY", 1)
        patch.setattr(training, "update", interrupt)
        with pytest.raises(KeyboardInterrupt, match=r"stopped; .*run keeps what was trained, and the same"):
            run(LONGER, tmp_path / "run", workers=1)
    (checkpoint,) = (tmp_path / "run").glob("part*.pt")
    assert read_checkpoint(checkpoint)["state"]["step"] == moment + 1
    assert same(run(LONGER, tmp_path / "run", workers=1), whole)


def once_two_parts_have_begun(folder: Path, act: Callable[[], None]) -> None:
    def wait_and_act():
        while len(list(folder.glob("part-*.pt"))) < 2:
            time.sleep(0.05)
        act()

    threading.Thread(target=wait_and_act).start()


def test_ctrl_c_with_two_processes_saves_both_parts(tmp_path):
    config = LONGER.changed(steps=1_000_000, evaluate_every=20)
    folder = tmp_path / "run"
    once_two_parts_have_begun(folder, lambda: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt, match="the same settings go on"):
        run(config, folder, workers=2)
    steps = [read_checkpoint(part)["state"]["step"] for part in sorted(folder.glob("part*.pt"))]
    assert len(steps) == 2 and all(steps)


@pytest.mark.parametrize("which", [min, max], ids=["the first", "the last"])
def test_a_worker_that_is_killed_ends_the_run_in_one_line_and_checkpoints_stay(tmp_path, monkeypatch, which):
    config = LONGER.changed(steps=1_000_000, evaluate_every=20)
    folder = tmp_path / "run"
    # The pool is told of each new part and lists its processes; the part's own is started after that.
    start = ProcessPoolExecutor._adjust_process_count
    monkeypatch.setattr(
        ProcessPoolExecutor, "_adjust_process_count", lambda self: (time.sleep(0.5), start(self))
    )
    by_age = {"key": lambda process: process.pid}
    once_two_parts_have_begun(folder, lambda: which(multiprocessing.active_children(), **by_age).kill())
    with pytest.raises(RunError, match="killed, perhaps for lack of memory; what is checkpointed") as error:
        run(config, folder, workers=2)
    assert "\n" not in str(error.value)
    steps = [read_checkpoint(part)["state"]["step"] for part in folder.glob("part*.pt")]
    assert len(steps) == 2 and all(steps)


def _train(folder: Path, write: int | None, began) -> None:
    """Run in a process that, unless `write` is None, kills itself in the middle of that write of a file."""
    torch.set_num_threads(1)
    writes = 0
    real = os.replace

    def replace(source, target):
        nonlocal writes
        writes += 1
        if write in (2 * writes, 2 * writes + 1):
            if write % 2:  # after the new name was given; else before, with half of the content
                real(source, target)
            else:
                os.truncate(source, Path(source).stat().st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)
        real(source, target)

    os.replace = replace
    began.set()
    run(LONGER, folder, workers=1)


def test_a_run_killed_at_random_moments_ends_the_same(whole, tmp_path, soak, record_property):
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["replicate.runs.experiment"])
    rng, kills, runs = random.Random(0), {"at any moment": 0, "in a write": 0}, 0
    while min(kills.values()) < (50 if soak else 5):
        folder = tmp_path / f"run-{runs}"
        runs += 1
        while not (folder / "provenance.json").exists():
            kind = rng.choice(list(kills))
            write = rng.randrange(2, 30) if kind == "in a write" else None
            began = context.Event()
            child = context.Process(target=_train, args=(folder, write, began))
            child.start()
            assert began.wait(120)
            if kind == "at any moment":
                time.sleep(rng.uniform(0, 1.5))
                child.kill()
            child.join()
            assert child.exitcode in (0, -signal.SIGKILL)
            kills[kind] += child.exitcode == -signal.SIGKILL
        assert same(open_run(folder), whole), f"{folder} differs after {kills}"
        assert not list(folder.glob(f".*.{UNFINISHED}"))
    record_property("trainings killed and gone on with, bit for bit", sum(kills.values()))
    record_property("of these in the middle of a write", kills["in a write"])


def test_a_disk_that_takes_no_more_leaves_the_last_good_checkpoint(whole, tmp_path):
    folder = tmp_path / "run"
    real = training.update
    size = {}

    def update(state, *arguments):
        if state.step == 25:
            (checkpoint,) = folder.glob("part*.pt")
            size[checkpoint] = checkpoint.read_bytes()
            disk.enter_context(full_disk(1_000))
        return real(state, *arguments)

    with ExitStack() as disk, pytest.MonkeyPatch.context() as patch, pytest.raises(RunError) as error:
        patch.setattr(training, "update", update)
        run(LONGER, folder, workers=1)
    ((checkpoint, before),) = size.items()
    assert str(error.value).startswith(f"{checkpoint} cannot be written (File too large)")
    assert "\n" not in str(error.value) and checkpoint.read_bytes() == before
    assert not list(folder.glob(f".*.{UNFINISHED}"))
    assert same(run(LONGER, folder, workers=1), whole)


@pytest.mark.parametrize(
    ("sent", "to", "deaf", "workers"),  # to Ctrl-C, as what a script starts in its background
    [
        (signal.SIGINT, "command", False, 1),
        (signal.SIGTERM, "command", False, 1),
        (signal.SIGTERM, "command", True, 1),
        (signal.SIGHUP, "command", False, 1),
        (signal.SIGINT, "command", False, 2),
        (signal.SIGTERM, "all", False, 1),
        (signal.SIGTERM, "all", False, 2),
    ],
)
def test_a_headless_notebook_that_is_stopped_saves_and_says_so(tmp_path, sent, to, deaf, workers):
    notebook = PROJECT / "notebooks" / "03_train.ipynb"
    ignore = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); " if deaf else ""
    start = f"{ignore}from replicate.cli import app; app()"
    command = [sys.executable, "-c", start, "run", str(notebook), str(tmp_path / "out.ipynb")]
    if sent == signal.SIGHUP and outlives_terminal():
        pytest.skip("what these tests start outlives its terminal, too")
    settings = {"steps": 1_000_000, "evaluate_every": 1000, "run_name": "mine", "workers": workers}
    pairs = [word for name, value in settings.items() for word in ("-p", name, str(value))]
    environment = os.environ | {"REPLICATE_PROGRESS": "lines"}
    with subprocess.Popen(command + pairs, stderr=subprocess.PIPE, text=True, env=environment) as process:
        parts = []
        while process.poll() is None and len(parts) < workers:
            time.sleep(0.1)
            parts = list((tmp_path / "runs").glob("mine/part-*.pt"))
        send(process, sent, to)
        errors = process.stderr.read()
    assert process.returncode == 130 and not (tmp_path / "out.ipynb").exists()
    steps = [read_checkpoint(part)["state"]["step"] for part in parts]
    assert all(step % 1000 for step in steps), (steps, errors)  # not only what each evaluation point keeps
    assert errors.splitlines()[-1].endswith("the same command goes on from what its run saved, if any"), (
        errors
    )
