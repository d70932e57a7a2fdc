"""The command line: what it hands on, and one line for each mistake."""

import re
import sys
from pathlib import Path

import nbformat
import pytest
from shared import write_notebook
from typer.testing import CliRunner

from replicate.cli import app


def test_a_report_outside_a_project_says_where_to_go(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["report"])
    assert (result.exit_code, result.stderr) == (
        2,
        "replicate: no notebooks in notebooks: run this in the project's folder\n",
    )


def cli_run(*arguments: str):
    """`replicate run` on a notebook in the current folder that prints its parameters."""
    write_notebook(Path("tiny.ipynb"), "# Parameters\nsteps = 10\nlabel = 'a'\n", "print(steps, label)")
    return CliRunner().invoke(app, ["run", *arguments])


def test_run_hands_parameters_to_the_notebook(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = cli_run("tiny.ipynb", "new/out.ipynb", "-p", "steps", "3", "-p", "label", "-x=y")
    assert (result.exit_code, result.stdout) == (0, "new/out.ipynb\n")
    executed = nbformat.read("new/out.ipynb", as_version=4)
    assert executed.cells[-1].outputs[0].text == "3 -x=y\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tiny.ipynb", "-p", "stpes", "3"], "did you mean 'steps'"),
        (["tiny.ipynb", "-p", "steps", "many"], "steps must be a whole number, not 'many'"),
        (["tiny.ipynb", "-p", "steps", "0"], "steps must be greater than or equal to 1, not 0"),
        (["tiny.ipynb", "-p", "steps"], "-p takes a name and a value; 'steps' came alone"),
        (["tiny.ipynb", "tiny.ipynb"], "tiny.ipynb exists"),
        (["none.ipynb"], "cannot read none.ipynb: No such file"),
    ],
)
def test_run_refuses_in_one_line_before_anything_runs(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    result = cli_run(*arguments)
    assert result.exit_code == 2
    assert re.fullmatch(rf"replicate: .*{re.escape(message)}.*\n", result.stderr)
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.ipynb"]


def test_help_needs_neither_torch_nor_papermill(monkeypatch):
    for name in ("torch", "papermill"):
        monkeypatch.setitem(sys.modules, name, None)  # importing it now fails
    assert CliRunner().invoke(app, ["--help"]).exit_code == 0
