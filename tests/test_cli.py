"""The command line: what it hands on, and one line for each mistake."""

import os
import re
import signal
import subprocess
import sys
import tempfile
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


def test_the_lab_opens_copies_and_never_writes_over_ones_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    opened = []
    monkeypatch.setattr("jupyterlab.labapp.main", opened.append)
    first = CliRunner().invoke(app, ["lab"])
    names = [path.name for path in sorted((PROJECT / "notebooks").glob("*.ipynb"))]
    assert [path.name for path in sorted(Path("lab").iterdir())] == names
    assert first.stderr.startswith("replicate: copied to lab/: 00_explore, 01_paper")
    Path("lab/03_train.ipynb").write_text("my own")
    Path("lab/00_explore.ipynb").unlink()
    second = CliRunner().invoke(app, ["lab"])
    assert Path("lab/03_train.ipynb").read_text() == "my own"
    assert second.stderr.splitlines()[0] == "replicate: copied to lab/: 00_explore"
    assert "yours are left as they are: 01_paper" in second.stderr
    assert opened == [["--ip=127.0.0.1", "--allow-root", "lab"]] * 2


def test_the_lab_says_where_it_cannot_write_before_it_copies(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("jupyterlab.labapp.main", lambda _: pytest.fail("it was opened"))
    (tmp_path / "file").touch()
    for name in ("RUNTIME", "DATA"):
        monkeypatch.setenv(f"JUPYTER_{name}_DIR", str(tmp_path / "file" / "own"))
        told = CliRunner().invoke(app, ["lab"])
        assert told.exit_code == 2 and told.stderr.endswith(f"name another by JUPYTER_{name}_DIR\n")
        monkeypatch.setenv(f"JUPYTER_{name}_DIR", str(tmp_path / "own"))
    assert not (tmp_path / "lab").exists()


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_the_lab_leaves_a_link_to_a_disk_that_is_not_there(tmp_path, monkeypatch):
    monkeypatch.setattr("jupyterlab.labapp.main", lambda _: None)
    (tmp_path / "02_task.ipynb").symlink_to("/media/mine/02_task.ipynb")
    result = CliRunner().invoke(app, ["lab", str(tmp_path)])
    assert "yours are left as they are: 02_task;" in result.stderr
    assert (tmp_path / "02_task.ipynb").is_symlink()


@pytest.mark.skipif(os.name == "nt", reason="no terminal tells that it was closed")
@pytest.mark.parametrize("before", [signal.SIG_DFL, signal.SIG_IGN], ids=["default", "nohup"])
def test_the_lab_ends_with_its_terminal_unless_it_is_to_outlive_it(tmp_path, monkeypatch, before):
    """Jupyter asks at Ctrl-C whether it should end, and a closed terminal has no answer."""
    monkeypatch.chdir(tmp_path)
    found = []
    monkeypatch.setattr("jupyterlab.labapp.main", lambda _: found.append(signal.getsignal(signal.SIGHUP)))
    kept = signal.signal(signal.SIGHUP, before)
    try:
        CliRunner().invoke(app, ["lab"])
    finally:
        signal.signal(signal.SIGHUP, kept)
    assert found == [before]


@pytest.mark.slow
def test_a_figure_of_the_project_is_drawn_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["figure", "task-lengths", "--out", "lengths.png"])
    assert (result.exit_code, result.stdout) == (0, "lengths.png\n")


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
    write_notebook(Path("tiny.ipynb"), "1 + 1")
    for result in (
        CliRunner().invoke(app, ["run", "tiny.ipynb", "file/out.ipynb"]),
        CliRunner().invoke(app, ["figure", "loss-curve", "--run", str(finished.path), "--out", "file/l.png"]),
    ):
        assert result.exit_code in (1, 2)
        assert re.fullmatch(r"replicate: file.* cannot be written: .*", result.stderr.splitlines()[-1])


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """`replicate` in a process of its own, which imports from the folder first."""
    command = [sys.executable, "-m", "replicate", *arguments]
    environment = clean_environment(folder, PROJECT)
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=300)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--help"], 0),
        (["run", "03_train", "stpes=3"], 2),
        (["run", "03_train", "rounds=many"], 2),
        (["run", "03_train", "hidden_size=0", "model=lstm"], 2),
        (["run", "03_train", "task=translation", "max_length=5"], 2),
        (["run", "03_train", "run_name=../x"], 2),
        (["run", "04_evaluate", "there.ipynb"], 2),
    ],
)
def test_help_and_a_wrong_parameter_need_none_of_what_takes_seconds_to_import(tmp_path, arguments, status):
    (tmp_path / "there.ipynb").touch()
    for name in ("torch", "papermill", "pandas", "numpy", "IPython"):
        (tmp_path / f"{name}.py").write_text("raise ImportError('not for this')")
    done = command(tmp_path, *arguments)
    assert done.returncode == status, done.stderr
    assert done.stderr.count("\n") == (status > 0)


@pytest.mark.slow
@pytest.mark.parametrize("module", ["typer", "filelock", "papermill"])
def test_ctrl_c_during_an_import_ends_without_a_traceback(tmp_path, module):
    write_notebook(tmp_path / "tiny.ipynb", "# Parameters\nsteps = 10", "print(steps)")
    interrupt = "import signal\nsignal.raise_signal(signal.SIGINT)\n"
    (tmp_path / f"{module}.py").write_text(interrupt)
    ended = command(tmp_path, "run", "tiny.ipynb")
    said = ended.stderr.splitlines()[-1:]
    assert (ended.returncode, said) == (130, [] if module == "typer" else ["replicate: stopped"])


def test_without_a_folder_for_temporary_files_a_command_ends_at_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/nowhere"])
    for words in (["run", "01_paper"], ["figure", "ladder"]):
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 2 and list(tmp_path.iterdir()) == []
        assert result.stderr.startswith("replicate: No usable temporary directory found in ['/nowhere']")
        assert result.stderr.endswith(": make room, or set TMPDIR\n") and result.stderr.count("\n") == 1


@pytest.mark.parametrize(("closed", "status"), [(">&-", 0), ("2>&-", 0), (">&- 2>&-", 0)])
def test_a_command_whose_output_is_closed_ends_as_ever(tmp_path, closed, status):
    command = f"'{sys.executable}' -m replicate figures {closed}"
    assert subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True).returncode == status
    command = f"'{sys.executable}' -m replicate run nothere {closed}"
    ended = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 2 and "Traceback" not in ended.stderr


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="closes streams as a POSIX shell does")
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_notebook_is_executed_where_nobody_listens_as_from_a_timer(tmp_path, closed):
    """A kernel inherits the streams, and did not start without them."""
    write_notebook(tmp_path / "mine.ipynb", "import os; os.write(1, b'1'); os.write(2, b'2'); print('3')")
    command = f"'{sys.executable}' -m replicate run mine.ipynb copy.ipynb {closed}"
    ended = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True)
    assert (ended.returncode, "Traceback" in ended.stderr) == (0, False)
    (cell,) = nbformat.read(tmp_path / "copy.ipynb", as_version=4).cells
    assert "3" in cell.outputs[-1].text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.ipynb", "mine.ipynb"]


@pytest.mark.parametrize(
    "words", [["lab"], ["figures"], ["sweep", "x.yaml"], ["run", "01_paper", "/tmp/x.ipynb"]]
)
def test_a_current_folder_that_was_deleted_is_told_at_once(tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    tmp_path.rmdir()
    result = CliRunner().invoke(app, words)
    said = "replicate: the current folder is not there any more; go to another one\n"
    assert (result.exit_code, result.stderr) == (2, said)
