"""What differs elsewhere, simulated here: no fcntl, no git, other folders, no home, an ASCII locale."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from shared import PROJECT, clean_environment, write_notebook

from replicate.files import write_whole

TRAINING = """
from replicate.runs.experiment import run
from replicate.settings import RunConfig
config = RunConfig.of(max_length=3, vocab_size=11, hidden_size=4, rounds=2, steps=3, batch_size=4,
                      evaluate_every=2, curve_samples=10, evaluate_samples=10)
made = run(config, workers=WORKERS)
print("größer 素数", made.path)
"""
START = "from replicate.cli import app\nif __name__ == '__main__':\n    app()\n"
NOWHERE = os.path.join(os.devnull, "home")  # can neither be read nor made, even by root
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def start(folder: Path, *arguments: str, **variables: str):
    """Run Python in a folder, with this library and the variables given."""
    environment = clean_environment(folder / "hidden", PROJECT, **variables)
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8"
    )


def command(folder: Path, *arguments: str, **variables: str):
    """Run the `replicate` command in a folder."""
    (folder / "start.py").write_text(START)
    return start(folder, "start.py", *arguments, **variables)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_training_needs_no_fcntl_no_git_and_no_home(tmp_path, workers):
    folder = tmp_path / "mein Ordner 素数"
    (folder / "hidden").mkdir(parents=True)
    (folder / "hidden" / "sitecustomize.py").write_text("import sys\nsys.modules['fcntl'] = None")
    script = TRAINING.replace("WORKERS", str(workers)).replace("\n", "\n    ")
    (folder / "train.py").write_text(f"if __name__ == '__main__':{script}", encoding="utf-8")
    done = start(folder, "train.py", PATH="", HOME=NOWHERE, REPLICATE_RUNS="meine Läufe", PYTHONUTF8="1")
    assert done.returncode == 0, done.stderr
    (record,) = (folder / "meine Läufe").glob("*/provenance.json")
    assert '"git_commit": null' in record.read_text()


@pytest.mark.slow
def test_a_notebook_runs_where_names_are_not_plain_and_home_cannot_be_written(tmp_path):
    folder = tmp_path / "mein Ordner 素数"
    notebook = write_notebook(folder / "ein Heft é.ipynb", TRAINING.replace("WORKERS", "1"))
    done = command(folder, "run", notebook.name, HOME=NOWHERE, REPLICATE_RUNS="meine Läufe")
    assert (done.returncode, done.stdout) == (0, "out-ein Heft é.ipynb\n"), done.stderr
    executed = nbformat.read(folder / "out-ein Heft é.ipynb", as_version=4)
    (printed,) = [output.text for output in executed.cells[0].outputs if output.get("name") == "stdout"]
    assert printed.startswith(f"größer 素数 {folder / 'meine Läufe'}")


@pytest.mark.slow
def test_an_ascii_locale_reads_runs_and_prints_as_any_other(tmp_path):
    write_notebook(tmp_path / "tiny.ipynb", "# Parameters\nlabel = 'größer'", "import sys\nprint(label)")
    done = command(tmp_path, "run", "tiny.ipynb", **ASCII)
    assert (done.returncode, done.stdout) == (0, "out-tiny.ipynb\n"), done.stderr
    executed = nbformat.read(tmp_path / "out-tiny.ipynb", as_version=4)
    assert executed.cells[1].outputs[0].text == "größer\n"
    done = command(tmp_path, "run", "tiny.ipynb", "é.ipynb", **ASCII)
    assert done.returncode == 2 and not (tmp_path / "é.ipynb").exists()
    assert "é.ipynb cannot be named in this locale" in done.stderr.splitlines()[-1]
    (tmp_path / "sweep.yaml").write_text("notebook: tiny.ipynb\ngrid: {ungültig: [1]}", encoding="utf-8")
    done = command(tmp_path, "sweep", "sweep.yaml", **ASCII)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1) and "ungültig" in done.stderr


@pytest.mark.slow
def test_a_commit_is_found_whatever_the_locale_and_the_folders(tmp_path):
    project = tmp_path / "größer 素数"
    (project / "replicate").mkdir(parents=True)
    git = ["git", "-C", project, "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "commit", "--quiet", "--allow-empty", "-m", "ours"], check=True)
    ask = (
        "import sys\nfrom pathlib import Path\nfrom replicate.runs import provenance\n"
        "provenance.PACKAGE = Path(sys.argv[1])\nprint(provenance.git_commit())"
    )
    done = start(tmp_path, "-c", ask, str(project / "replicate"), **ASCII)
    assert len(done.stdout.strip()) == 40, done.stdout + done.stderr


@pytest.mark.slow
def test_a_relative_runs_folder_is_the_same_for_a_sweep_and_its_notebooks(tmp_path):
    training = TRAINING.replace("WORKERS", "1").replace("steps=3", "steps=steps")
    write_notebook(tmp_path / "notebooks" / "own.ipynb", "# Parameters\nsteps = 2", training)
    (tmp_path / "own.yaml").write_text("notebook: notebooks/own.ipynb\nlist: [{steps: 3}]\n")
    done = command(tmp_path, "sweep", "own.yaml", "--workers", "1", REPLICATE_RUNS="mine")
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(tmp_path / "mine" / "sweeps" / "own" / "summary.csv")
    assert table.state.tolist() == ["done"] and table.exact_match.notna().all()
    assert not list(tmp_path.glob("*/mine")) and not list(tmp_path.glob("mine/*/**/mine"))


def test_a_file_is_flushed_as_windows_demands(tmp_path, monkeypatch):
    def fsync(descriptor):
        os.write(descriptor, b"")  # refused, as Windows refuses to flush, where it is open for reading alone

    monkeypatch.setattr(os, "fsync", fsync)
    write_whole(tmp_path / "a.txt", lambda file: file.write_text("whole"))
    assert (tmp_path / "a.txt").read_text() == "whole"


@pytest.mark.parametrize("path", sorted((PROJECT / "replicate").rglob("*.py")), ids=lambda path: path.stem)
def test_text_is_read_and_written_in_a_named_encoding(path):
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if _is_text(node)]
    unnamed = [node.lineno for node in calls if "encoding" not in [keyword.arg for keyword in node.keywords]]
    assert not unnamed


def _is_text(node: ast.AST) -> bool:
    """Whether it opens a file as text, or reads another program's text."""
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    modes = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
    binary = any(isinstance(mode, str) and "b" in mode for mode in modes)
    text = any(keyword.arg in ("text", "universal_newlines") for keyword in node.keywords)
    elsewhere = isinstance(node.func, ast.Attribute) and getattr(node.func.value, "id", "") in (
        "Image",
        "os",
        "tarfile",
    )
    return text or name in ("read_text", "write_text") or (name == "open" and not binary and not elsewhere)
