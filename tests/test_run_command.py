"""`replicate run`: what it hands on, where its copies go, and one line for each mistake."""

import errno
import os
import re
from pathlib import Path

import nbformat
import pytest
from shared import PROJECT, full_disk, write_notebook
from typer.testing import CliRunner

from replicate.cli import app
from replicate.errors import ParameterError
from replicate.notebooks import find_notebook, place_of_copy, set_apart
from replicate.publish.execute import NotebookError, execute_or_set_apart
from replicate.sweeps.spec import read_sweep


def cli_run(*arguments: str):
    """`replicate run` on a notebook in the current folder that prints a run's settings, or fails."""
    write_notebook(
        Path("tiny.ipynb"),
        "# Parameters\nsteps = 10\nlabel = 'a'\ninit_bound = None\n",
        "from replicate.parameters import run_config\nprint(steps, label)\nassert label != 'bad', 'as asked'",
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
        (["tiny.ipynb", "one", "two"], "meant for the executed copy, not one and two; a parameter is name="),
        (["tiny.ipynb", "-y", "{steps: 3"], "-y '{steps: 3' is not plain YAML"),
        (["tiny.ipynb", "-y", "[3]"], "-y '[3]' holds no parameters"),
        (["tiny.ipynb", "-f", "none.yaml"], "cannot read none.yaml: No such file"),
        (["tiny.ipynb", "tiny.ipynb"], "tiny.ipynb exists: --force overwrites it, or name another file"),
        (["tiny.ipynb", "tiny.ipynb", "--force"], "tiny.ipynb exists: name another file"),
        (["none.ipynb"], "there is no notebook none.ipynb"),
        (
            ["tiny", "max-steps=3"],
            "'max-steps' is no parameter's name in 'max-steps=3'; a parameter is name=value",
        ),
        (["tiny", "steps = 3"], "'steps ' is no parameter's name in 'steps = 3'"),
        (["tiny", "schritte_ü=3"], "unknown parameter 'schritte_ü'"),
        (["."], ". is a folder; name a notebook"),
        (["x" * 300], "x cannot be used: File name too long"),
        (
            ["03_trian"],
            "there is no notebook 03_trian: did you mean 03_train? The project's notebooks are 00_",
        ),
    ],
)
def test_run_refuses_in_one_line_before_anything_runs(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    result = cli_run(*arguments)
    assert result.exit_code == 2
    assert re.fullmatch(rf"replicate: .*{re.escape(message)}.*\n", result.stderr)
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.ipynb"]


def test_a_notebook_of_ones_own_may_call_anything_a_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_notebook(Path("mine.ipynb"), "# Parameters\nrun = 'first'\n", "print(run)")
    monkeypatch.setattr("replicate.publish.execute.execute_or_set_apart", lambda notebook, copy, given: given)
    result = CliRunner().invoke(app, ["run", "mine", "run=second"])
    assert (result.exit_code, result.stdout) == (0, "{'run': 'second'}\n")


def test_a_link_to_the_notebook_is_not_written_over_with_force(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("out-tiny.ipynb").symlink_to("tiny.ipynb")
    assert "out-tiny.ipynb exists: name another file" in cli_run("tiny", "--force").stderr
    assert len(nbformat.read("tiny.ipynb", as_version=4).cells) == 2  # none of papermill's


def test_a_folder_or_a_link_to_nothing_is_not_moved_with_force(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("out-tiny.ipynb").mkdir()
    assert "out-tiny.ipynb is a folder" in cli_run("tiny", "--force").stderr
    Path("out-tiny.ipynb").rmdir()
    Path("out-tiny.ipynb").symlink_to("gone")
    assert "out-tiny.ipynb is a link that leads nowhere" in cli_run("tiny", "--force").stderr
    assert Path("out-tiny.ipynb").is_symlink()


def test_a_long_text_is_no_runs_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_notebook(Path("mine.ipynb"), f"# Parameters\ntext = {'word ' * 400!r}", "print(text)")
    monkeypatch.setattr("replicate.publish.execute.execute_or_set_apart", lambda notebook, copy, given: given)
    assert CliRunner().invoke(app, ["run", "mine", "text=short"]).stdout == "{'text': 'short'}\n"


def test_a_notebook_that_makes_no_run_may_mean_anything_by_the_names_of_settings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cell = "# Parameters\nmodel = 'resnet'\nsteps = 0\nrun_name = 5\nworkers = 'many'\nseed = -1"
    write_notebook(Path("mine.ipynb"), "# It calls no run_config", cell, "print(model)")
    monkeypatch.setattr("replicate.publish.execute.execute_or_set_apart", lambda notebook, copy, given: given)
    assert CliRunner().invoke(app, ["run", "mine", "seed=-2"]).stdout == "{'seed': -2}\n"
    Path("mine.yaml").write_text("notebook: mine.ipynb\ngrid: {seed: [-1, -2], model: [vgg]}")
    assert [job.given for job in read_sweep(Path("mine.yaml"))] == [
        {"seed": seed, "model": "vgg"} for seed in (-1, -2)
    ]
    write_notebook(Path("mine.ipynb"), "# Parameters\nsteps = 1\nrun_name = 5", "run_config(parameters)")
    said = CliRunner().invoke(app, ["run", "mine"]).stderr
    assert said.startswith("replicate: run_name must be a text, not 5: write it in quotes")


@pytest.mark.slow
def test_run_reads_parameters_in_every_form_and_the_later_form_wins(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("some.yaml").write_text("steps: 2\nlabel: 007\ninit_bound: 1e-3\n")
    forms = ["-f", "some.yaml", "-y", "steps: 3", "-p", "steps", "4", "-p", "init_bound=5", "steps=6"]
    assert cli_run("tiny", *forms).exit_code == 0
    assert cli_run("tiny", "-f", "some.yaml", "-r", "steps", "8").exit_code == 0
    written = [nbformat.read(f"out-tiny{n}.ipynb", as_version=4).cells[1].source for n in ("", "-2")]
    assert [source.splitlines()[1:] for source in written] == [
        ["steps = 6", 'label = "007"', "init_bound = 5"],
        ["steps = 8", 'label = "007"', "init_bound = 0.001"],
    ]


@pytest.mark.slow
def test_a_run_that_fails_is_set_apart_and_blocks_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for count in ("", "-2"):
        failed = cli_run("tiny", "out.ipynb", "label=bad")
        assert failed.exit_code == 1
        *_, said = failed.stderr.splitlines()
        assert said.endswith(f"AssertionError: as asked; the copy up to there is out-failed{count}.ipynb")
        assert "as asked" in Path(f"out-failed{count}.ipynb").read_text()
    assert cli_run("tiny", "out.ipynb").stdout == "out.ipynb\n"
    assert cli_run("tiny", "out.ipynb", "steps=3", "--force").stdout == "out.ipynb\n"
    assert "3 a" in Path("out.ipynb").read_text()


def test_an_error_is_told_where_the_failed_copy_keeps_its_name(tmp_path, monkeypatch):
    copy = tmp_path / "out.ipynb"

    def fail(notebook, copy, parameters):
        copy.touch()
        raise NotebookError("cell 2: ZeroDivisionError")

    def too_long(path, target):
        raise OSError(errno.ENAMETOOLONG, "File name too long")

    monkeypatch.setattr("replicate.publish.execute.execute", fail)
    monkeypatch.setattr(Path, "rename", too_long)
    with pytest.raises(
        NotebookError, match=r"cell 2: ZeroDivisionError; the copy up to there is .*out\.ipynb"
    ):
        execute_or_set_apart(tmp_path / "a.ipynb", copy, {})


def test_two_commands_at_once_take_two_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with (
        place_of_copy(Path("a.ipynb"), None, False) as one,
        place_of_copy(Path("a.ipynb"), None, False) as two,
    ):
        two.write_text("written")
    assert (one, two) == (Path("out-a.ipynb"), Path("out-a-2.ipynb"))
    assert [path.name for path in tmp_path.iterdir()] == [two.name]  # the other was left empty


def test_of_two_commands_at_once_one_has_the_name_that_both_were_given(tmp_path):
    out = tmp_path / "new" / "out.ipynb"
    with place_of_copy(Path("a.ipynb"), out, False) as one:
        with (
            pytest.raises(ParameterError, match=r"out\.ipynb exists: --force"),
            place_of_copy(Path("a.ipynb"), out, False),
        ):
            pass
        one.write_text("the first")
    assert out.read_text() == "the first"


@pytest.mark.parametrize("link", [False, True])
def test_what_is_overwritten_by_force_comes_back_where_the_notebook_fails_or_is_stopped(tmp_path, link):
    notebook = write_notebook(tmp_path / "a.ipynb", "1")
    out = written = tmp_path / "out.ipynb"
    if link:
        written = tmp_path / "linked.ipynb"
        out.symlink_to(written)
    written.write_text("before")
    for error in (NotebookError("as asked"), KeyboardInterrupt()):
        with pytest.raises(type(error)), place_of_copy(notebook, out, True) as copy:
            copy.write_text("up to there")
            set_apart(copy) if isinstance(error, NotebookError) else copy.unlink()
            raise error
        assert out.read_text() == "before" and out.is_symlink() == link
    with place_of_copy(notebook, out, True) as copy:
        assert copy.read_text() == ""  # as a command that is killed leaves it; what was there has a name
        for force, said in ((False, "exists"), (True, "is being written by another command")):
            with pytest.raises(ParameterError, match=said), place_of_copy(notebook, out, force):
                pass
        assert [path.read_text() for path in tmp_path.glob("*-before.ipynb")] == ["before"]
        copy.write_text("after")
    assert out.read_text() == "after" and out.is_symlink() == link
    assert not list(tmp_path.glob("*-before.ipynb"))


@pytest.mark.skipif(os.name == "nt", reason="no named pipes in folders")
@pytest.mark.parametrize("force", [False, True])
def test_what_is_no_file_is_neither_written_nor_removed(tmp_path, force):
    os.mkfifo(pipe := tmp_path / "pipe")
    with pytest.raises(ParameterError, match="is a device or the like"), place_of_copy(pipe, pipe, force):
        pass
    assert pipe.is_fifo()


def test_a_bare_name_is_the_projects_notebook_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_notebook("03_train") == PROJECT / "notebooks" / "03_train.ipynb"
    write_notebook(Path("notebooks/03_train.ipynb"))
    assert find_notebook("03_train") == Path("notebooks/03_train.ipynb")
    write_notebook(Path("03_train.ipynb"))
    assert find_notebook("03_train") == Path("03_train.ipynb")


@pytest.mark.slow
def test_a_full_disk_ends_run_in_one_line_and_leaves_nothing_in_the_way(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with full_disk():
        write_notebook(Path("tiny.ipynb"))
        result = CliRunner().invoke(app, ["run", "tiny.ipynb"])
    assert result.exit_code == 1
    assert result.stderr.endswith("\nreplicate: out-tiny.ipynb cannot be written: File too large\n")
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.ipynb"]
    assert cli_run("tiny.ipynb").exit_code == 0
