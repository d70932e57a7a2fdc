"""Who is watching: a person at a notebook gets the bar, what executes notebooks headless gets lines."""

import re
import subprocess
import sys
from contextlib import ExitStack

import nbformat
import papermill
import pytest
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient
from shared import PROJECT

from replicate.training.progress import Progress, Stage

pytestmark = pytest.mark.slow

CELL = """
import sys
from replicate.training.progress import progress_stream, progress_style
print(progress_style(), "stdout" if progress_stream() is sys.stdout else "stderr")
"""


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
    assert [message["content"]["text"] for message in said if message["msg_type"] == "stream"] == [
        "bar stdout\n"
    ]


def test_a_cell_that_is_executed_headless_is_not_watched():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    NotebookClient(notebook, kernel_name="python3", timeout=120).execute()
    assert notebook.cells[0].outputs[0].text == "lines stderr\n"


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


TRAINING, SCORING = STAGES = Stage("training", "updates", 100, 100), Stage("scoring", "samples", 400, 50)


def shown(style: str, capsys, monkeypatch, *reports: tuple) -> list[str]:
    monkeypatch.setenv("REPLICATE_PROGRESS", style)
    with Progress(STAGES) as progress:
        for report in reports:
            progress.show(*report)
    out, err = capsys.readouterr()
    assert out == ""  # a notebook's stdout is compared
    return re.split(r"[\r\n]+", err.strip())


def test_lines_tell_of_start_training_and_scoring_and_of_each_tenth_once(capsys, monkeypatch):
    reports = [(TRAINING, done, 0.5) for done in range(0, 101, 5)] + [(SCORING, n, None) for n in (200, 400)]
    lines = shown("lines", capsys, monkeypatch, *reports)
    told = [line.rpartition(",")[0] for line in lines[1:]]
    assert lines[0] == "starting"
    assert told == [
        *(f"training: {done} of 100 updates, loss 0.500" for done in range(15, 100, 15)),
        "scoring: 200 of 400 samples",
        "scoring: 400 of 400 samples",
    ]
    assert lines[-1].endswith(" 0 s left")


def test_the_bar_is_there_before_the_first_report_and_counts_scoring_by_what_it_takes(capsys, monkeypatch):
    assert shown("bar", capsys, monkeypatch)[0].startswith("starting:   0%|")
    bars = shown("bar", capsys, monkeypatch, (TRAINING, 75, 0.5), (TRAINING, 60, 0.4), (SCORING, 400, None))
    assert any(bar.startswith("training:  50%|") for bar in bars)
    assert bars[-1].startswith("scoring: 100%|")


def test_nothing_is_shown_in_a_check(capsys, monkeypatch):
    assert shown("off", capsys, monkeypatch, (TRAINING, 50, 0.5), (SCORING, 400, None)) == [""]
