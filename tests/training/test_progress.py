"""Who is watching: a person at a notebook gets the bar, what executes notebooks headless gets lines."""

import subprocess
import sys
from contextlib import ExitStack

import nbformat
import papermill
import pytest
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient
from shared import PROJECT

pytestmark = pytest.mark.slow

CELL = "from replicate.training.progress import progress_style\nprint(progress_style())"


@pytest.fixture(autouse=True)
def nothing_chosen(monkeypatch):
    monkeypatch.delenv("REPLICATE_PROGRESS")


def test_a_cell_that_was_sent_by_a_front_end_is_watched():
    manager, client = start_new_kernel(kernel_name="python3")
    said = []
    try:
        client.execute_interactive(CELL, allow_stdin=True, timeout=120, output_hook=said.append)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert [message["content"]["text"] for message in said if message["msg_type"] == "stream"] == ["bar\n"]


def test_a_cell_that_is_executed_headless_is_not_watched():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    NotebookClient(notebook, kernel_name="python3", timeout=120).execute()
    assert notebook.cells[0].outputs[0].text == "lines\n"


def test_the_explorer_is_executed_headless_on_a_busy_machine(tmp_path, soak, record_property):
    tries, busy = 50 if soak else 1, [sys.executable, "-c", "while True: pass"]
    with ExitStack() as machine:
        for _ in range(2 if soak else 0):
            machine.callback(machine.enter_context(subprocess.Popen(busy)).kill)
        for _ in range(tries):
            papermill.execute_notebook(
                PROJECT / "notebooks" / "00_explore.ipynb",
                tmp_path / "out.ipynb",
                cwd=PROJECT / "notebooks",
                execution_timeout=120,
                progress_bar=False,
            )
    record_property("the explorer executed headless on a busy machine", tries)
