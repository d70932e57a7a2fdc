"""A notebook is executed as it stands, and a report that cannot be made leaves the one before."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from shared import write_notebook
from typer.testing import CliRunner

from replicate.cli import app
from replicate.files import locked
from replicate.publish.execute import NotebookError, execute
from replicate.publish.refresh import refresh

pytestmark = pytest.mark.slow

FIGURE = """import matplotlib.pyplot as plt
from replicate.figures.style import show
show(plt.figure(figsize=(1, 1)), "loss-curve")"""


def test_a_notebook_runs_in_its_own_folder_with_its_parameters(tmp_path):
    notebook = write_notebook(tmp_path / "notebooks/01.ipynb", "import os; print(os.getcwd(), steps)")
    executed = nbformat.read(execute(notebook, tmp_path / "new/out.ipynb", {"steps": 3}), as_version=4)
    assert executed.cells[-1].outputs[0].text == f"{tmp_path / 'notebooks'} 3\n"


@pytest.mark.parametrize("name", ["a{b}", "{steps}", "{", "{{}}", "{0}"])
def test_braces_in_paths_are_no_parameters(tmp_path, monkeypatch, name):
    (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / name)
    write_notebook(Path(f"{name}.ipynb"), "# Parameters\nsteps = 1", "print(steps)")
    result = CliRunner().invoke(app, ["run", f"{name}.ipynb", f"{name}/{name}.ipynb", "-p", "steps", "3"])
    assert (result.exit_code, result.stdout) == (0, f"{name}/{name}.ipynb\n")
    executed = nbformat.read(f"{name}/{name}.ipynb", as_version=4)
    assert executed.cells[-1].outputs[0].text == "3\n"
    assert sorted(path.name for path in Path().iterdir()) == sorted([name, f"{name}.ipynb"])
    assert [str(path) for path in tmp_path.iterdir()] == [str(tmp_path / name)]


def test_a_failed_cell_is_named_with_the_first_and_last_line_of_its_error(tmp_path):
    notebook = write_notebook(tmp_path / "02_bad.ipynb", "# Bad", "1", "raise OSError('first\\n\\nlast')")
    with pytest.raises(NotebookError, match=r"^02_bad\.ipynb, cell 3: OSError: first \.\.\. last$"):
        execute(notebook, tmp_path / "out.ipynb", {})
    notebook = write_notebook(tmp_path / "02_bad.ipynb", "1", "%nonsense")
    with pytest.raises(NotebookError, match=r"cell 2: .*: UsageError: Line magic function `%nonsense`"):
        execute(notebook, tmp_path / "out.ipynb", {})
    loud = "import sys; print('loud', file=sys.stderr)"
    notebook = write_notebook(tmp_path / "02_bad.ipynb", loud, "assert 1 == 2")
    with pytest.raises(NotebookError, match=r"^02_bad\.ipynb, cell 2: AssertionError$"):
        execute(notebook, tmp_path / "out.ipynb", {})
    with pytest.raises(
        NotebookError, match=r"^out\.ipynb, cell 2: AssertionError$"
    ):  # with papermill's marks
        execute(tmp_path / "out.ipynb", tmp_path / "again.ipynb", {})
    group = "raise ExceptionGroup('two', [ValueError('one'), OSError('-5')])"
    for code, said in ((f"{loud}; assert False", "AssertionError$"), (group, ".*: OSError: -5$")):
        with pytest.raises(NotebookError, match=rf"^02_bad\.ipynb, cell 1: {said}"):
            execute(write_notebook(tmp_path / "02_bad.ipynb", code), tmp_path / "out.ipynb", {})


@pytest.mark.parametrize("ending", ["raise OSError('no')", "import sys; sys.exit()"])
def test_a_failed_cell_has_its_number_in_the_notebook_though_parameters_were_given(tmp_path, ending):
    cells = ("# Title", "1", "# Parameters\na = 1", "2", ending)
    notebook = write_notebook(tmp_path / "02_bad.ipynb", *cells)
    for given in ({}, {"a": 2}):
        with pytest.raises(NotebookError, match=r"^02_bad\.ipynb, cell 5: "):
            execute(notebook, tmp_path / "out.ipynb", given)
    notebook = write_notebook(tmp_path / "02_bad.ipynb", "1", ending)
    with pytest.raises(NotebookError, match=r"^02_bad\.ipynb, cell 2: "):
        execute(notebook, tmp_path / "out.ipynb", {"a": 2})


@pytest.mark.skipif(os.name == "nt", reason="Windows renames no folder that a process works in")
def test_a_copy_whose_folder_a_cell_renamed_is_told_with_the_reason(tmp_path):
    place = tmp_path / "place"
    notebook = write_notebook(place / "a.ipynb", "import os; os.rename(os.getcwd(), os.getcwd() + '-moved')")
    with pytest.raises(NotebookError, match=r"out\.ipynb cannot be written: .*folder .*place doesn't exist"):
        execute(notebook, place / "out.ipynb", {})


@pytest.mark.parametrize("ending", ["sys.exit()", "sys.exit(0)"])
def test_a_notebook_that_ends_itself_is_not_whole(tmp_path, ending):
    notebook = write_notebook(tmp_path / "02_early.ipynb", "import sys", ending, "print('never')")
    with pytest.raises(
        NotebookError, match=r"^02_early\.ipynb, cell 2: SystemExit: no cell after it was exec"
    ):
        execute(notebook, tmp_path / "out.ipynb", {})


def test_a_copy_is_whole_though_the_reader_of_its_progress_is_gone(tmp_path):
    """As of `2>&1 | head -3`."""
    tell = "import sys, time\nfor _ in range(20): print('told', file=sys.stderr, flush=True); time.sleep(0.1)"
    notebook = write_notebook(tmp_path / "a.ipynb", tell, "print('the end')")
    command = [sys.executable, "-m", "replicate", "run", notebook, tmp_path / "out.ipynb"]
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:
        while process.stderr.readline() != "told\n":
            assert process.poll() is None
        process.stderr.close()
        assert process.wait(120) == 0
    executed = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert executed.cells[-1].outputs[0].text == "the end\n"


def test_a_dead_kernel_is_told_from_a_failed_cell(tmp_path):
    notebook = write_notebook(tmp_path / "03_dead.ipynb", "import os; os._exit(1)")
    with pytest.raises(NotebookError, match=r"^03_dead\.ipynb: its kernel died"):
        execute(notebook, tmp_path / "out.ipynb", {})


def test_a_report_is_written_and_kept_when_the_next_one_fails(project):
    write_notebook(project / "notebooks/03_train.ipynb", "# First", FIGURE)
    runner = CliRunner()
    done = runner.invoke(app, ["report"])
    assert done.exit_code == 0, done.output
    assert done.stdout == "The report is in report/index.html\n"
    waited_for = [f"executing {path.name}" for path in sorted(project.glob("notebooks/*.ipynb"))]
    assert done.stderr.splitlines() == [*waited_for, "writing the book"]
    drawn = {path.name for path in (project / "report/figures").iterdir()}
    assert drawn == {f"loss-curve{dark}.{kind}" for dark in ("", "-dark") for kind in ("png", "svg")}
    (project / "report/bench.json").write_text("{}")
    before = sorted(project.rglob("*"))

    write_notebook(project / "notebooks/03_train.ipynb", "# First", "1 / 0")
    failed = runner.invoke(app, ["report"])
    assert failed.exit_code == 1
    assert failed.stderr.endswith("replicate: 03_train.ipynb, cell 2: ZeroDivisionError: division by zero\n")
    assert sorted(project.rglob("*")) == before

    write_notebook(project / "notebooks/03_train.ipynb", "# Another\n\n[the end](04_gone.ipynb)", FIGURE)
    failed = runner.invoke(app, ["report"])
    assert failed.exit_code == 1
    last = failed.stderr.splitlines()[-1]
    assert last.startswith("replicate: the report: notebooks/03_train.ipynb") and "04_gone.ipynb" in last
    assert sorted(project.rglob("*")) == before

    write_notebook(project / "notebooks/03_train.ipynb", "# Another", FIGURE)
    assert runner.invoke(app, ["report"]).exit_code == 0
    assert "Another" in (project / "report/index.html").read_text(encoding="utf-8")
    assert sorted(project.rglob("*")) == before  # the measured ratios among them


def test_one_report_is_made_at_a_time_and_one_that_was_killed_costs_none(project):
    write_notebook(project / "notebooks/03_train.ipynb", "# First", FIGURE)
    (project / ".report/new").mkdir(parents=True)
    (project / ".report/new/03_train.ipynb").write_text("left by a process that was killed")
    with locked(project / ".report"):
        second = CliRunner().invoke(app, ["report"])
    assert second.exit_code == 2 and second.stderr.startswith("replicate: another process is at work on")

    (project / "report").mkdir()
    (project / "report/index.html").write_text("the one before")
    (project / "report").rename(project / ".report/new/earlier")  # as it was killed between its last steps
    write_notebook(project / "notebooks/03_train.ipynb", "# Fails", "1 / 0")
    assert CliRunner().invoke(app, ["report"]).exit_code == 1
    assert (project / "report/index.html").read_text() == "the one before"
    assert [path.name for path in (project / ".report").iterdir()] == [".lock"]


def test_a_report_that_is_a_link_is_made_where_it_leads(project, monkeypatch):
    write_notebook(project / "notebooks/03_train.ipynb", "# First")
    (project / "web").mkdir()
    (project / "report").symlink_to("web")
    monkeypatch.setattr("replicate.publish.report._execute_all", lambda *_: [])
    monkeypatch.setattr(
        "replicate.publish.report.write_book", lambda *given: (given[-1].mkdir(), (given[-1] / "a").touch())
    )
    for _ in range(2):
        assert CliRunner().invoke(app, ["report"]).exit_code == 0
        assert (project / "report").is_symlink()
        assert [path.name for path in (project / "web").glob("[!.]*")] == ["a"]


def test_a_report_that_is_a_link_to_itself_is_refused(project):
    write_notebook(project / "notebooks/03_train.ipynb", "# First")
    (project / "report").symlink_to("report")
    told = CliRunner().invoke(app, ["report"])
    assert told.exit_code == 2 and told.stderr.endswith("report is a link that leads to itself; remove it\n")


def test_a_report_replaces_nothing_but_a_report(project, monkeypatch):
    write_notebook(project / "notebooks/03_train.ipynb", "# First")
    monkeypatch.setattr("replicate.publish.report._execute_all", lambda *_: [])
    monkeypatch.setattr(
        "replicate.publish.report.write_book", lambda *given: (given[-1].mkdir(), (given[-1] / "a").touch())
    )

    def said(status):
        told = CliRunner().invoke(app, ["report"])
        assert told.exit_code == status
        return told.stderr

    report = project / "report"
    report.write_text("mine")
    assert said(2) == "replicate: report is a file, and the report is a folder; move it elsewhere\n"
    report.unlink()
    (report / "draft").mkdir(parents=True)
    (report / "draft/notes.md").write_text("mine")
    assert "report/draft/notes.md is not of a report" in said(2)
    assert (report / "draft/notes.md").read_text() == "mine"

    (report / "draft").rename(project / "draft")
    (report / "bench.json").touch()  # measured before there is a report
    (report / ".DS_Store").touch()
    for _ in range(2):
        said(0)
        assert (report / "a").exists() and (report / "bench.json").exists()
    (report / ".written").unlink()  # as of a former version, which Sphinx has marked alone
    assert "report/a is not of a report" in said(2)
    (report / ".buildinfo").touch()
    said(0)
    (report / ".git").mkdir()
    (report / ".git/HEAD").touch()
    assert "report/.git/HEAD is not of a report" in said(2)
    shutil.rmtree(report / ".git")
    (project / "draft").rename(report / "draft")
    assert said(2).startswith("replicate: report/draft/notes.md is not of a report, which is replaced whole")
    assert (report / "draft/notes.md").read_text() == "mine" and (report / "bench.json").exists()
    monkeypatch.setattr(Path, "is_mount", lambda path: path.name == "report")
    assert "report is a mount point" in said(2)


def test_ctrl_c_as_the_report_is_replaced_leaves_the_one_before(project, monkeypatch):
    write_notebook(project / "notebooks/03_train.ipynb", "# First", FIGURE)
    (project / "report").mkdir()
    (project / "report/.buildinfo").touch()
    (project / "report/index.html").write_text("the one before")
    rename = Path.rename

    def interrupted(path, target):
        if target == Path("report") and path.name == "report":
            raise KeyboardInterrupt
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    assert CliRunner().invoke(app, ["report"]).exit_code == 130
    assert (project / "report/index.html").read_text() == "the one before"


def test_a_refreshed_notebook_has_its_outputs_and_one_edited_meanwhile_keeps_the_edit(tmp_path):
    notebook = write_notebook(tmp_path / "01.ipynb", "print(6 * 7)")
    refresh(notebook)
    assert nbformat.read(notebook, as_version=4).cells[-1].outputs[0].text == "42\n"

    write_notebook(notebook, "from pathlib import Path", f"Path({str(notebook)!r}).write_text('edited')")
    with pytest.raises(NotebookError, match=r"01\.ipynb was changed while it was executed"):
        refresh(notebook)
    assert notebook.read_text() == "edited" and list(tmp_path.iterdir()) == [notebook]
