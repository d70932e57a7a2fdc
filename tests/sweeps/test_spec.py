"""What a sweep's file asks for, and what is refused in it."""

import re
from pathlib import Path

import nbformat
import pytest
from shared import PROJECT, SWEPT, write_notebook, write_sweep
from typer.testing import CliRunner

from replicate.cli import app
from replicate.errors import ParameterError
from replicate.settings import RunConfig
from replicate.sweeps import spec
from replicate.sweeps.spec import read_sweep
from replicate.tasks.translation import settings
from replicate.tasks.translation.corpus import CorpusError, Pair, write_tsv


def test_a_grid_is_every_combination_with_every_case(tmp_path):
    file = write_sweep(
        tmp_path, "fixed: {end: x}\nlist: [{name: a}, {name: b}]\ngrid: {steps: [1, 2], rate: [1e-3, .5]}"
    )
    jobs = read_sweep(file)
    found = [(job.given["name"], job.given["steps"], job.given["rate"]) for job in jobs]
    assert found == [(name, steps, rate) for name in "ab" for steps in (1, 2) for rate in (0.001, 0.5)]
    assert {job.changes["end"] for job in jobs} == {"x"} and not any("log" in job.changes for job in jobs)
    assert len({job.name for job in jobs}) == 8 and all(re.fullmatch(r"[\w.-]+", job.name) for job in jobs)


def test_a_run_is_keyed_by_its_parameters_not_by_how_they_were_written(tmp_path):
    (one,) = read_sweep(write_sweep(tmp_path, "grid: {steps: [2], rate: [1.0]}"))
    (same,) = read_sweep(write_sweep(tmp_path, "list: [{steps: 2.0}]"))
    (other,) = read_sweep(write_sweep(tmp_path, "list: [{steps: 3}]"))
    assert one.digest == same.digest != other.digest


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("grid: {stpes: [1]}", "did you mean 'steps'"),
        ("grid: {steps: [many]}", "steps must be a whole number, not 'many'"),
        ("grid: {steps: 1}", r"grid.steps must be a valid list, not 1"),
        ("gird: {steps: [1]}", "did you mean 'grid'"),
        ("list: []", "list is empty; it needs at least one value"),
        ("list: [{steps: 1}, {steps: 1.0}]", "asks twice for the case with"),
        ("grid: {steps: [1], steps: [2]}", "the name steps is given twice"),
        ("grid: {steps: [1}", "is not plain YAML"),
        ("grid: !!python/object/apply:os.system [ls]", "the tag .*os.system has no meaning here"),
        ("fixed: {name: !!set {a}}", "the tag .*set has no meaning"),
        ("fixed: {name: !!binary aGk=}", "the tag .*binary has no meaning"),
        ("fixed: &a {name: *a}", r"write out what \*a stands for"),
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", r"write out what \*a stands for"),
        ("grid: {steps: []}", "grid.steps is empty; it needs at least one value"),
        ("grid: {steps: [1]}\nlist: [{steps: 2}]", "steps is both in grid and in list; one of the two"),
        ("fixed: {steps: 3}\ngrid: {steps: [1]}", "steps is both in fixed and in grid"),
        ("grid: {steps: [2026-11-25]}", "steps must be a whole number, not '2026-11-25'"),
        ("grid: {steps: [1, 2], rate: [1, 2], {a: 1}: [1]}", "did you mean|is not plain YAML"),
        ("notebook: none.ipynb", "the name notebook is given twice"),
        ("fixed: {name: [a, b]}", r"name must be text, not \['a', 'b'\]"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(tmp_path, text, message):
    file = write_sweep(tmp_path, text)
    result = CliRunner().invoke(app, ["sweep", str(file)])
    assert result.exit_code == 2
    assert re.fullmatch(rf"replicate: .*({message}).*\n", result.stderr), result.stderr
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("text", ["", "[1, 2]", "notebook: none.ipynb", "\0", "a: [" * 10_000])
def test_a_file_that_is_no_sweep_is_refused(tmp_path, text):
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(ParameterError) as error:
        read_sweep(tmp_path / "x.yaml")
    assert "\n" not in str(error.value)


def test_a_notebook_of_another_language_is_refused(tmp_path):
    file = write_sweep(tmp_path, "list: [{name: a}]")
    notebook = nbformat.read(tmp_path / "tiny.ipynb", as_version=4)
    notebook.metadata["kernelspec"] = {"name": "ir", "language": "R", "display_name": "R"}
    nbformat.write(notebook, tmp_path / "tiny.ipynb")
    with pytest.raises(ParameterError, match=r"tiny\.ipynb is a notebook of 'R'; only those of Python"):
        read_sweep(file)


def test_a_parameter_that_comes_new_with_a_default_changes_no_key(tmp_path):
    (before,) = read_sweep(write_sweep(tmp_path, "list: [{steps: 2}]"))
    write_notebook(tmp_path / "tiny.ipynb", f"{SWEPT[0]}\nbrand_new = 3", *SWEPT[1:])
    (after,) = read_sweep(tmp_path / "sweep.yaml")
    assert before.digest == after.digest and before.content != after.content


def test_a_cell_of_parameters_before_the_tagged_one_is_an_edit_and_one_after_it_is_refused(tmp_path):
    (before,) = read_sweep(write_sweep(tmp_path, "list: [{steps: 2}]"))
    path = tmp_path / "tiny.ipynb"
    notebook = nbformat.read(path, as_version=4)
    tagged = notebook.cells[0]
    notebook.cells.insert(1, nbformat.v4.new_code_cell(tagged.source, metadata=tagged.metadata.copy()))
    notebook.cells[0].metadata.tags = []
    nbformat.write(notebook, path)
    (after,) = read_sweep(tmp_path / "sweep.yaml")
    assert before.digest == after.digest and before.content != after.content
    notebook.cells[0].metadata.tags, notebook.cells[1].metadata.tags = ["parameters"], []
    nbformat.write(notebook, path)
    with pytest.raises(ParameterError, match="has a value in a second cell that starts with '# Parameters'"):
        read_sweep(tmp_path / "sweep.yaml")


@pytest.mark.parametrize("tag", ["skip-execution", "raises-exception"])
def test_a_tag_that_steers_execution_is_an_edit_and_another_is_none(tmp_path, tag):
    (before,) = read_sweep(write_sweep(tmp_path, "list: [{steps: 2}]"))
    notebook = nbformat.read(tmp_path / "tiny.ipynb", as_version=4)
    for tags, edited in ((["blog-hide"], False), (["blog-hide", tag], True)):
        notebook.cells[-1].metadata.tags = tags
        nbformat.write(notebook, tmp_path / "tiny.ipynb")
        (after,) = read_sweep(tmp_path / "sweep.yaml")
        assert (after.content != before.content) == edited


def test_text_stays_as_it_stands_in_the_file_where_the_notebook_wants_text(tmp_path):
    words = ["007", "2026_11", "12:30:00", "1e3", "2026-11-25", "none"]
    jobs = read_sweep(write_sweep(tmp_path, f"grid: {{name: [{', '.join(words)}], steps: [1e1]}}"))
    assert [job.given["name"] for job in jobs] == words and {job.given["steps"] for job in jobs} == {10}


TRAIN = PROJECT / "notebooks" / "03_train.ipynb"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("grid: {steps: [0]}", "steps must be greater than or equal to 1, not 0"),
        ("grid: {clip_norm: [1, '1']}", "asks twice for the case with"),
        ("fixed: {task: translation}\ngrid: {tokens: [null, words]}", "asks twice for the case with"),
        ("fixed: {task: translation}\ngrid: {bucket: ['no']}", "bucket must be a valid boolean, not 'no'"),
        ("grid: {workers: [-1]}", "workers is -1; it must be a whole number from 1 up"),
        ("grid: {device: [gpu]}", "device is 'gpu'"),
        ("grid: {run_name: ['..']}", "run_name '..' is no folder name"),
        (
            "fixed: {task: translation, pairs: near.tsv}",
            "pairs is 'near.tsv': a case works in a folder of its",
        ),
    ],
)
def test_what_a_case_would_stop_at_is_refused_before_any_begins(tmp_path, monkeypatch, text, message):
    monkeypatch.chdir(tmp_path)
    write_tsv(Path("near.tsv"), [Pair("one", "un")])
    Path("own.yaml").write_text(f"notebook: {TRAIN}\n{text}")
    with pytest.raises(ParameterError, match=message):
        read_sweep(Path("own.yaml"))


@pytest.mark.parametrize("notebook", [f"{TRAIN}\nfixed: {{task: translation}}", "of-text.ipynb"])
def test_a_text_that_was_changed_makes_another_case(tmp_path, notebook):
    text = tmp_path / "p.tsv"
    cells = ("# Parameters\npairs = ''\nsteps = 5", "run_config(parameters)")  # no other task has pairs
    write_notebook(tmp_path / "of-text.ipynb", *cells)
    (tmp_path / "own.yaml").write_text(f"notebook: {notebook}\ngrid: {{pairs: [{text}]}}")
    digests = []
    for french in ("un", "deux", "un"):
        write_tsv(text, [Pair("one", french)])
        (job,) = read_sweep(tmp_path / "own.yaml")
        digests.append(job.digest)
    assert digests[0] == digests[2] != digests[1]


def test_a_sweep_of_many_cases_says_that_it_checks_them(tmp_path, capsys):
    write_notebook(tmp_path / "own.ipynb", "# Parameters\na = 0\nb = 0")
    for count, said in ((20, ""), (40, "checking 1,600 cases\n")):
        numbers = list(range(count))
        (tmp_path / "own.yaml").write_text(f"notebook: own.ipynb\ngrid: {{a: {numbers}, b: {numbers}}}")
        assert len(read_sweep(tmp_path / "own.yaml")) == count**2
        assert capsys.readouterr().err == said


def test_equal_lists_of_other_kinds_are_other_cases(tmp_path):
    write_notebook(tmp_path / "own.ipynb", "# Parameters\nl = [1]")
    (tmp_path / "own.yaml").write_text("notebook: own.ipynb\ngrid: {l: [[1], [true]]}")
    assert len({job.digest for job in read_sweep(tmp_path / "own.yaml")}) == 2


def test_one_text_of_many_cases_and_of_their_run_is_read_once(tmp_path, monkeypatch):
    write_tsv(tmp_path / "p.tsv", [Pair("one", "un")])
    read, whole = [], settings.read_tsv
    monkeypatch.setattr(settings, "read_tsv", lambda *place: read.append(place) or whole(*place))
    fixed = f"fixed: {{task: translation, pairs: {tmp_path / 'p.tsv'}}}"
    (tmp_path / "own.yaml").write_text(f"notebook: {TRAIN}\n{fixed}\ngrid: {{seed: [1, 2, 3]}}")
    assert len(read_sweep(tmp_path / "own.yaml")) == 3 and len(read) == 1
    config = RunConfig.of(task="translation", pairs=str(tmp_path / "p.tsv"))
    assert config.task.read() == [Pair("one", "un")] and len(read) == 1
    write_tsv(tmp_path / "p.tsv", [Pair("two", "deux")])
    with pytest.raises(CorpusError, match="holds another text"):
        config.task.read()


def test_parameters_in_another_order_within_a_value_are_another_case(tmp_path):
    write_notebook(tmp_path / "own.ipynb", "# Parameters\nnote = ''\norder = None")
    orders = "[{a: 1, b: 2}, {b: 2, a: 1}]"
    (tmp_path / "own.yaml").write_text(f"notebook: own.ipynb\ngrid: {{note: [{'x' * 90}], order: {orders}}}")
    assert len({(job.name, job.key) for job in read_sweep(tmp_path / "own.yaml")}) == 2


def test_two_cases_of_one_folder_are_refused(tmp_path, monkeypatch):
    write_notebook(tmp_path / "own.ipynb", "# Parameters\nnote = ''")
    names = [f"{'x' * 90}{number}" for number in (1, 2)]
    (tmp_path / "own.yaml").write_text(f"notebook: own.ipynb\ngrid: {{note: [{', '.join(names)}]}}")
    assert len(read_sweep(tmp_path / "own.yaml")) == 2
    monkeypatch.setattr("replicate.sweeps.spec.Job.digest", "0123456789")
    with pytest.raises(ParameterError, match=r"two of its cases would have one folder, note-x+-0123456789"):
        read_sweep(tmp_path / "own.yaml")


@pytest.mark.parametrize(("checkout", "end"), [(True, r"whole, or start at .*"), (False, "whole")])
def test_a_path_that_no_case_would_find_is_refused(tmp_path, monkeypatch, checkout, end):
    """Without the checkout a case's project folder is the one that it works in."""
    monkeypatch.setattr(spec, "IS_CHECKOUT", checkout)
    monkeypatch.setattr(spec, "PROJECT", tmp_path / "checkout" if checkout else tmp_path)
    monkeypatch.chdir(tmp_path)
    write_tsv(tmp_path / "my.tsv", [Pair("one", "un")])
    fixed = "fixed: {task: translation, pairs: my.tsv}"
    (tmp_path / "own.yaml").write_text(f"notebook: {TRAIN}\n{fixed}\ngrid: {{seed: [1, 2]}}")
    with pytest.raises(ParameterError, match=rf"pairs is 'my\.tsv': .* a path must be {end}$"):
        read_sweep(tmp_path / "own.yaml")
    monkeypatch.setattr(spec, "IS_CHECKOUT", True)
    monkeypatch.setattr(spec, "PROJECT", tmp_path)
    assert len(read_sweep(tmp_path / "own.yaml")) == 2
