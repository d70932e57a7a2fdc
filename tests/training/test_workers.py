"""Worker processes: results in order, failures at once, no orphans."""

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

import pytest
import torch

from replicate.files import RunError
from replicate.runs import code
from replicate.training.interrupts import interrupts
from replicate.training.progress import Stage
from replicate.training.workers import Stopped, Workers

pytestmark = pytest.mark.slow

STAGE = Stage("training", "updates", 10, 10)


def double(part: int, factor: int, progress) -> int:
    progress(part, 0.5)
    return part * factor


def report_late(seconds: float, progress) -> float:
    """Its report comes half a second after it began: after the result, where that takes less."""
    threading.Timer(0.5, progress, (1, 0.5)).start()
    time.sleep(seconds)
    return seconds


def fail_or_go_on(part: int, progress) -> int:
    if part == 0:
        raise ValueError("part 0 failed")
    for step in range(10_000):  # ten minutes, unless it is stopped
        progress(step, 0.0)
        time.sleep(0.06)
    return part


@pytest.mark.parametrize("count", [1, 2])
def test_results_come_in_the_order_of_the_parts(count):
    with Workers(count, [STAGE], 1) as workers:
        assert workers.map(STAGE, double, [3, 1, 2], 10) == [30, 10, 20]
        assert workers.map(STAGE, double, [5], 2) == [10]


def test_workers_that_load_another_library_than_is_loaded_here_refuse_to_work(monkeypatch):
    monkeypatch.setattr(code, "_DIGEST", "as it was before an edit")
    with Workers(2, [STAGE], 1) as workers, pytest.raises(RunError, match="the library was changed since"):
        workers.map(STAGE, double, [3, 1], 10)
    with Workers(1, [STAGE], 1) as workers:
        assert workers.map(STAGE, double, [3, 1], 10) == [30, 10]


def test_a_report_that_comes_after_the_result_is_not_of_the_next_call():
    with Workers(2, [STAGE], 1) as workers:
        assert workers.map(STAGE, report_late, [0.3, 0.3, 0.3]) == [0.3, 0.3, 0.3]
        assert workers.map(STAGE, report_late, [2.0]) == [2.0]


def interrupt(part: int, progress) -> int:
    os.kill(os.getpid(), signal.SIGINT)
    return part


def test_ctrl_c_in_work_that_reports_nothing_is_seen_after_it():
    with pytest.raises(Stopped), Workers(1, [STAGE], 1) as workers:
        workers.map(STAGE, interrupt, [1])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_was_ignored_stays_so(number):
    """As of a command that a script starts in its background."""
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with interrupts() as pressed:
            signal.raise_signal(number)
            assert not pressed.is_set() and signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_heard_once_and_then_is_what_it_was(number):
    before = signal.signal(number, heard := lambda signum, frame: None)
    try:
        with interrupts() as pressed:
            signal.raise_signal(number)
            assert pressed.is_set() and signal.getsignal(number) is heard
    finally:
        signal.signal(number, before)


STORM = """
import signal, time
from replicate.training.interrupts import Flag
flag, end = Flag(), time.monotonic() + 2
signal.signal(signal.SIGALRM, lambda signum, frame: flag.set())
signal.setitimer(signal.ITIMER_REAL, 1e-3, 1e-3)
while time.monotonic() < end:
    flag.set()
signal.signal(signal.SIGALRM, signal.SIG_IGN)
"""


@pytest.mark.skipif(os.name == "nt", reason="has no timer that signals")
def test_a_signal_that_comes_while_another_is_noted_does_no_harm():
    """As a kernel that is shut down asks again and again: a lock would be waited for without end."""
    subprocess.run([sys.executable, "-c", STORM], check=True, timeout=120)


@pytest.mark.parametrize("count", [1, 2])
def test_each_process_has_the_threads_of_the_run(count):
    before = torch.get_num_threads()
    with Workers(count, [STAGE], 3) as workers:
        assert workers.map(STAGE, threads_of, [0]) == [3]
    assert torch.get_num_threads() == before


def threads_of(part: int, progress) -> int:
    return torch.get_num_threads()


class TwoWords(Exception):
    def __init__(self, one: str, two: str):
        super().__init__(f"{one} {two}")


def fail_in_two_words(part: int, progress) -> None:
    raise TwoWords("bad", "file")


def test_an_error_that_no_other_process_can_make_again_has_its_words():
    with pytest.raises(RunError, match="TwoWords: bad file"), Workers(2, [STAGE], 1) as workers:
        workers.map(STAGE, fail_in_two_words, [0, 1])


def test_a_part_that_fails_ends_the_others():
    began = time.monotonic()
    with pytest.raises(ValueError, match="part 0 failed"), Workers(2, [STAGE], 1) as workers:
        workers.map(STAGE, fail_or_go_on, [1, 0])
    assert time.monotonic() - began < 300


PARENT = """
import os, sys
sys.path.insert(0, {folder!r})
from test_workers import STAGE, fail_or_go_on
from replicate.training.workers import Workers

if __name__ == "__main__":
    with Workers(2, [STAGE], 1) as workers:
        print(workers.pool.submit(os.getpid).result(), flush=True)
        workers.map(STAGE, fail_or_go_on, [1, 2])
"""


def test_workers_end_with_a_parent_that_is_killed(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(PARENT.format(folder=os.path.dirname(__file__)))
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as parent:
        worker = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    for _ in range(300):
        if not _alive(worker):
            return
        time.sleep(0.1)
    pytest.fail("the worker outlived its parent")


UNGUARDED = """
from pathlib import Path
from replicate.runs.experiment import run
from replicate.settings import RunConfig
run(RunConfig.of(max_length=3, vocab_size=11, rounds=2, steps=2), Path({folder!r}), workers=2)
"""


def test_a_script_that_its_own_workers_would_run_is_told_so(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(UNGUARDED.format(folder=str(tmp_path / "run")))
    done = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert done.returncode == 1
    assert "RunError: a script whose run has several processes must call it under `if __name__" in done.stderr


def test_a_script_that_is_no_file_is_told_that_its_workers_cannot_begin(tmp_path):
    guarded = UNGUARDED.replace("run(Run", "if __name__ == '__main__': run(Run")
    script = guarded.format(folder=str(tmp_path / "run"))
    done = subprocess.run([sys.executable], input=script, capture_output=True, text=True)
    assert done.returncode == 1
    assert "RunError: a process of the run could not begin, as it said: a script must be" in done.stderr


TWICE = """
import multiprocessing, sys, threading
sys.path.insert(0, {folder!r})
from test_workers import STAGE, never_end, say_when_workers_start
from replicate.training.workers import Workers

if __name__ == "__main__":
    at_work = {at_work}
    if not at_work:
        threading.Thread(target=say_when_workers_start).start()
    try:
        with Workers(2, [STAGE], 1) as workers:
            workers.map(STAGE, never_end, [0, 1], at_work)
    except KeyboardInterrupt:
        print("ended", file=sys.stderr)
"""


def never_end(part: int, say: bool, progress) -> None:
    if say and part == 0:
        print("now", flush=True)
    time.sleep(600)


def say_when_workers_start() -> None:
    while len(multiprocessing.active_children()) < 2:
        time.sleep(0.001)
    print("now", flush=True)


@pytest.mark.parametrize("at_work", [True, False])
def test_ctrl_c_twice_ends_workers_that_are_at_work_or_start(tmp_path, at_work):
    script = tmp_path / "parent.py"
    script.write_text(TWICE.format(folder=os.path.dirname(__file__), at_work=at_work))
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, script], start_new_session=True, **pipes) as parent:
        hangs = threading.Timer(60, os.killpg, (parent.pid, signal.SIGKILL))
        hangs.start()
        assert parent.stdout.readline() == "now\n"
        os.killpg(parent.pid, signal.SIGINT)  # as a terminal does it
        said = parent.stderr.readline()
        os.killpg(parent.pid, signal.SIGINT)
        said += parent.stderr.read()  # until the workers, who share it, have ended too
        hangs.cancel()
    assert (parent.returncode, said) == (0, "stopping; once more stops at once\nended\n")


def test_ctrl_c_twice_at_any_gap_ends_every_worker(tmp_path, soak, record_property):
    script, rng, tries = tmp_path / "parent.py", random.Random(0), 50 if soak else 2
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    for number in range(tries):
        script.write_text(TWICE.format(folder=os.path.dirname(__file__), at_work=number % 2 == 0))
        with subprocess.Popen([sys.executable, script], start_new_session=True, **pipes) as parent:
            hangs = threading.Timer(60, os.killpg, (parent.pid, signal.SIGKILL))
            hangs.start()
            assert parent.stdout.readline() == "now\n"
            for gap in (rng.uniform(0, 0.5), rng.uniform(0, 0.5)):
                time.sleep(gap)
                os.killpg(parent.pid, signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):  # two at once are one to the system
                parent.wait(10)
            if parent.poll() is None:
                os.killpg(parent.pid, signal.SIGINT)
            said = parent.stderr.read()
            hangs.cancel()
        assert parent.returncode == 0 and said.endswith("ended\n"), said
    record_property("runs stopped by Ctrl-C twice within half a second", tries)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
