"""Kernels: one that cannot start, one whose port is taken as it starts, and one that is ended meanwhile."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from unittest.mock import Mock

import papermill
import pytest
from jupyter_client.connect import LocalPortCache
from shared import write_notebook

from replicate.publish import kernels
from replicate.publish.execute import NotebookError, execute

pytestmark = pytest.mark.slow


@pytest.fixture
def taken(monkeypatch):
    """Has kernels told to listen at a port that is taken, so many times."""
    free = LocalPortCache.find_available_port
    with socket.create_server(("127.0.0.1", 0)) as other:

        def taken(times):
            ports = iter([other.getsockname()[1]] * times)
            monkeypatch.setattr(
                LocalPortCache, "find_available_port", lambda *given: next(ports, None) or free(*given)
            )

        yield taken


def test_a_kernel_whose_port_is_taken_before_it_listens_is_started_again(tmp_path, taken):
    notebook = write_notebook(tmp_path / "n.ipynb", "open('log', 'a').write('executed')")
    taken(times=1)
    execute(notebook, tmp_path / "out.ipynb", {})
    assert (tmp_path / "log").read_text() == "executed"


@pytest.mark.parametrize(("ending", "starts"), [(False, 3), (True, 1)])
def test_a_kernel_is_started_no_more_often_than_helps(tmp_path, monkeypatch, taken, ending, starts):
    """Once where its process is about to end, and ended it."""
    notebook = write_notebook(tmp_path / "n.ipynb", "1 + 1")
    executions = Mock(wraps=papermill.execute_notebook)
    monkeypatch.setattr("papermill.execute_notebook", executions)
    monkeypatch.setattr(kernels, "_interrupting", threading.Lock())
    taken(times=100)
    if ending:
        kernels.end_kernels()
    with pytest.raises(NotebookError, match=r"^n\.ipynb: no kernel could be started: Kernel died"):
        execute(notebook, tmp_path / "out.ipynb", {})
    assert executions.call_count == starts


def test_the_kernel_is_of_this_python_whatever_is_registered(tmp_path, monkeypatch):
    other = tmp_path / "jupyter" / "kernels" / "python3" / "kernel.json"
    other.parent.mkdir(parents=True)
    argv = ["not-this-python", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    other.write_text(json.dumps({"argv": argv, "display_name": "Python 3", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    notebook = write_notebook(tmp_path / "n.ipynb", "import sys; open('log', 'w').write(sys.executable)")
    execute(notebook, tmp_path / "out.ipynb", {})
    assert (tmp_path / "log").read_text() == sys.executable


@pytest.mark.skipif(os.name == "nt", reason="no process can interrupt another")
@pytest.mark.parametrize(
    ("sent", "deaf"),  # to Ctrl-C, as what a script starts in its background
    [(signal.SIGINT, False), (signal.SIGTERM, True), (None, False)],
)
def test_a_kernel_that_is_stopped_has_time_to_save_but_one_that_ends_does_not_linger(tmp_path, sent, deaf):
    saves = sent is not None
    cell = f"""import threading, time
open('began', 'w').close()
try:
    time.sleep({100 if saves else 0})
finally:
    time.sleep({5 if saves else 0})
    open('saved', 'w').close()
def linger():
    time.sleep(12)
    open('lingered', 'w').close()
threading.Thread(target=linger).start()"""
    write_notebook(tmp_path / "n.ipynb", cell)
    ignore = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); " if deaf else ""
    command = [sys.executable, "-c", f"{ignore}from replicate.cli import app; app()", "run", "n.ipynb"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and not (tmp_path / "began").exists():
            time.sleep(0.1)
        if saves:
            process.send_signal(sent)
        errors = process.stderr.read()
    assert (tmp_path / "saved").exists() and ("stopping" in errors) == (saves and not deaf)
    assert process.returncode == (130 if saves else 0)
    assert saves or not (tmp_path / "lingered").exists()


def test_a_kernel_that_cannot_start_is_told_in_one_line(tmp_path, monkeypatch):
    notebook = write_notebook(tmp_path / "n.ipynb", "1 + 1")

    def homeless(*arguments, **options):
        Path(arguments[1]).touch(exist_ok=False)  # and once
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("papermill.execute_notebook", homeless)
    with pytest.raises(
        NotebookError, match=r"n\.ipynb: no kernel could be started: Could not determine home"
    ):
        execute(notebook, tmp_path / "out.ipynb", {})
    assert not (tmp_path / "out.ipynb").exists()


@pytest.mark.parametrize("seconds", [0.05, 0.3, 0.6, 2])
def test_a_kernel_that_is_starting_ends_at_once_and_without_a_traceback(tmp_path, monkeypatch, seconds):
    monkeypatch.setattr(kernels, "_interrupting", threading.Lock())
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", str(tmp_path / "kernel.json")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as kernel:
        while not kernels._is_kernel(kernels.psutil.Process(kernel.pid)):
            time.sleep(0.01)
        time.sleep(seconds)
        kernels.end_kernels()
        ended = kernel.poll()
        kernel.kill()
        said = kernel.communicate()[1]
    assert "Traceback" not in said and (ended is not None or sys.platform != "linux")
