"""The command line: what it hands on, and one line for each mistake."""

import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import nbformat
import pytest
from shared import PROJECT, clean_environment, full_disk, write_notebook
from typer.testing import CliRunner

from replicate.cli import app
from replicate.publish import figure


def test_a_report_outside_a_project_says_where_to_go(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["report"])
    assert (result.exit_code, result.stderr) == (
        2,
        "replicate: no notebooks in notebooks: run this in the project's folder\n",
    )


def cli_run(*arguments: str):
    """`replicate run` on a notebook in the current folder that prints its parameters."""
    write_notebook(
        Path("tiny.ipynb"),
        "# Parameters\nsteps = 10\nlabel = 'a'\ninit_bound = None\n",
        "print(steps, label)",
    )
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
        (
            ["tiny.ipynb", "-p", "init_bound", "1e308"],
            "init_bound must be less than or equal to 1000, not 1e+308",
        ),
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


@pytest.mark.slow
def test_a_full_disk_ends_run_in_one_line_and_leaves_nothing_in_the_way(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with full_disk():
        write_notebook(Path("tiny.ipynb"))
        result = CliRunner().invoke(app, ["run", "tiny.ipynb"])
    assert (result.exit_code, result.stderr) == (
        1,
        "replicate: out-tiny.ipynb cannot be written: File too large\n",
    )
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.ipynb"]
    assert cli_run("tiny.ipynb").exit_code == 0


@pytest.mark.slow
@pytest.mark.parametrize("full", ["while it is drawn", "when it is put in place"])
def test_a_full_disk_ends_figure_in_one_line_and_leaves_nothing_in_the_way(
    tmp_path, monkeypatch, finished, full
):
    monkeypatch.chdir(tmp_path)
    arguments = ["figure", "loss-curve", "--run", str(finished.path), "--out", "loss.png"]
    with ExitStack() as disk:
        if full == "while it is drawn":
            disk.enter_context(full_disk())
        else:
            draw = figure.save
            monkeypatch.setattr(figure, "save", lambda *a: (draw(*a), disk.enter_context(full_disk())))
        result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert re.fullmatch(r"replicate: .* cannot be written.*File too large.*\n", result.stderr)
    assert list(tmp_path.glob("*loss*")) == []
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(app, arguments).exit_code == 0 and Path("loss.png").stat().st_size > 300


@pytest.mark.slow
def test_a_folder_that_cannot_be_written_ends_run_and_figure_in_one_line(tmp_path, monkeypatch, finished):
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    for result in (
        cli_run("tiny.ipynb", "file/out.ipynb"),
        CliRunner().invoke(app, ["figure", "loss-curve", "--run", str(finished.path), "--out", "file/l.png"]),
    ):
        assert result.exit_code in (1, 2)
        assert re.fullmatch(r"replicate: file.* cannot be written: .*\n", result.stderr)


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """`replicate` in a process of its own, which imports from the folder first."""
    command = [sys.executable, "-m", "replicate", *arguments]
    environment = clean_environment(folder, PROJECT)
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=300)


@pytest.mark.slow
def test_help_needs_neither_torch_nor_papermill(tmp_path):
    for name in ("torch", "papermill"):
        (tmp_path / f"{name}.py").write_text("raise ImportError('not for help')")
    assert command(tmp_path, "--help").returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("module", ["typer", "torch", "papermill"])
def test_ctrl_c_during_an_import_ends_without_a_traceback(tmp_path, module):
    write_notebook(tmp_path / "tiny.ipynb", "# Parameters\nsteps = 10", "print(steps)")
    interrupt = "import signal\nsignal.raise_signal(signal.SIGINT)\n"
    (tmp_path / f"{module}.py").write_text(interrupt)
    ended = command(tmp_path, "run", "tiny.ipynb")
    assert (ended.returncode, ended.stderr) == (130, "" if module == "typer" else "replicate: stopped\n")
