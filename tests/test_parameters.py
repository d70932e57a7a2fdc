"""Parameters: what a cell may hold, whose value wins, and what a wrong one is told."""

import json
from pathlib import Path

import nbformat
import papermill
import pytest
from nbclient import NotebookClient
from papermill.exceptions import PapermillExecutionError
from shared import write_notebook

from replicate.parameters import (
    ParameterError,
    check_parameters,
    notebook_parameters,
    run_config,
)

DEFAULTS = """# Parameters
steps = 100  # updates
rate = 5e-4
reverse = False
run = "../results/small"  # a # in a string
limit = None
offset = -1
"""
CALL = "from replicate.parameters import notebook_parameters\nparameters = notebook_parameters(In)"


def given(*lines: str) -> str:
    return "\n".join(["# Parameters", *lines, ""])


def run_papermill(notebook: Path, parameters: dict) -> nbformat.NotebookNode:
    kernel = {"kernel_name": "python3", "language": "python", "progress_bar": False}
    return papermill.execute_notebook(notebook, None, parameters, **kernel)


def values(*history: str) -> dict:
    return notebook_parameters(["", "import this", *history])


def test_the_defaults_are_read_without_running_the_cell():
    assert values(DEFAULTS) == {
        "steps": 100,
        "rate": 5e-4,
        "reverse": False,
        "run": "../results/small",
        "limit": None,
        "offset": -1,
    }


def test_later_cells_override():
    assert values(DEFAULTS, given("steps = 7"), given("offset = 3"), CALL)["steps"] == 7
    assert values(DEFAULTS, given("steps = 7"), CALL, given("rate = 1"), CALL)["steps"] == 7


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("reverse = 'false'", False),
        ("reverse = 'TRUE'", True),
        ("steps = 1e3", 1000),
        ("steps = '12'", 12),
        ("steps = '1e3'", 1000),
        ("rate = 'none'", None),
        ("run = '007'", "007"),
        ("run = '2026_11'", "2026_11"),
        ("limit = '2.5'", "2.5"),  # nothing says that a number is wanted
        ("limit = 'none'", None),
        ("steps = None", None),
        ("rate = 1", 1.0),
        ("rate = float('-inf')", float("-inf")),
        ("run = 7", "7"),
        ("limit = 2.5", 2.5),
        ("limit = 'all'", "all"),
    ],
)
def test_a_value_takes_the_type_of_its_default(line, value):
    read = values(DEFAULTS, given(line))[line.split()[0]]
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("stpes = 1", r"unknown parameter 'stpes': did you mean 'steps'\? .* steps, rate, reverse, run"),
        ("zzz = 1", "unknown parameter 'zzz': did you mean"),
        ("steps = 'ten'", "steps must be a whole number, not 'ten'"),
        ("steps = 2.5", "steps must be a whole number, not 2.5"),
        ("steps = True", "steps must be a whole number, not True"),
        ("steps = 1e999", "steps must be a whole number, not inf"),
        ("rate = [1]", r"rate must be a number, not \[1\]"),
        ("reverse = 'yes'", "reverse must be True or False, not 'yes'"),
        ("reverse = 1", "reverse must be True or False, not 1"),
        ("rate = float('1')", r"rate must be a plain value, not `float\('1'\)`"),
        ("import os", "one `name = value` a line, not `import os`"),
        ("steps = rate = 1", "one `name = value` a line"),
        ("steps =", "line 2 of the parameters cell is not Python"),
        (f"steps = {'-' * 20_000}1", "nested too deeply to be read"),
        (f"steps = 1{'+1' * 1_000}", "steps must be a plain value, not `code nested too deeply to be shown`"),
        (f"steps{'.a' * 1_000} = 1", "a line, not `code nested too deeply to be shown`"),
    ],
)
def test_a_wrong_cell_is_refused_in_one_line(line, message):
    with pytest.raises(ParameterError, match=message) as caught:
        values(DEFAULTS, given(line))
    assert "\n" not in str(caught.value)


def test_a_slip_beside_the_setting_is_refused_and_a_parameter_of_ones_own_is_none():
    for slip in ("max_lenght", "max_lengt"):
        with pytest.raises(ParameterError, match=f"{slip} is no setting, and max_length is one"):
            run_config(values(f"# Parameters\nmax_length = 5\n{slip} = 9", CALL))
    assert run_config(values("# Parameters\nsteps = 5\nstep = 1", CALL)).training.steps == 5


@pytest.mark.parametrize("name", ["step", "stesp", "stepps", "steqs"])
def test_a_setting_that_is_misspelt_in_the_cell_with_the_defaults_is_refused(name):
    with pytest.raises(ParameterError, match=f"^{name} is no setting, and steps is one: correct the name"):
        run_config(values(f"# Parameters\n{name} = 7\nrounds = 2", CALL))


def test_a_parameter_of_ones_own_is_like_no_setting():
    own = "# Parameters\nseeds = [1, 2]\nruns = 3\nname = 'x'\nsize = 2\nworkers = 1\nsteps = 5"
    assert run_config(values(own, CALL)).training.steps == 5


def test_a_file_is_checked_as_a_running_notebook_is(tmp_path):
    notebook = write_notebook(tmp_path / "tiny.ipynb", DEFAULTS)
    assert check_parameters(notebook, {"steps": 1e3}) == values(DEFAULTS, given("steps = 1e3"))
    with pytest.raises(ParameterError, match="did you mean 'reverse'"):
        check_parameters(notebook, {"reversed": True})


def test_a_file_without_parameters_takes_none(tmp_path):
    notebook = write_notebook(tmp_path / "tiny.ipynb", "1")
    assert check_parameters(notebook, {}) == {}
    with pytest.raises(ParameterError, match=r"tiny\.ipynb takes no parameters"):
        check_parameters(notebook, {"steps": 1})


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(ParameterError, match=r"cannot read .*none\.ipynb: No such file"):
        check_parameters(tmp_path / "none.ipynb", {})
    (tmp_path / "text.ipynb").write_text("hello")
    with pytest.raises(ParameterError, match=r"text\.ipynb is not a notebook"):
        check_parameters(tmp_path / "text.ipynb", {})


@pytest.mark.slow
def test_papermill_hands_its_parameters_over(tmp_path):
    notebook = write_notebook(tmp_path / "tiny.ipynb", DEFAULTS, CALL, "print(parameters)")
    executed = run_papermill(notebook, {"steps": 3, "reverse": "true"})
    assert executed.cells[-1].outputs[0].text == f"{dict(values(DEFAULTS)) | {'steps': 3, 'reverse': True}}\n"


@pytest.mark.slow
def test_an_executed_copy_with_given_parameters_is_no_notebook_to_execute(tmp_path):
    """papermill would leave what was given there, or with other parameters drop all of it."""
    notebook = write_notebook(tmp_path / "tiny.ipynb", DEFAULTS, "print(steps)")
    nbformat.write(run_papermill(notebook, {}), tmp_path / "plain.ipynb")
    assert check_parameters(tmp_path / "plain.ipynb", {"steps": 3})["steps"] == 3
    nbformat.write(run_papermill(notebook, {"steps": 3}), tmp_path / "copy.ipynb")
    for given in ({}, {"rate": 1.0}):
        with pytest.raises(ParameterError, match=r"copy\.ipynb is an executed copy with given parameters"):
            check_parameters(tmp_path / "copy.ipynb", given)


@pytest.mark.slow
def test_papermill_stops_at_a_wrong_parameter(tmp_path):
    notebook = write_notebook(tmp_path / "tiny.ipynb", DEFAULTS, CALL, f"open('{tmp_path}/trained', 'w')")
    with pytest.raises(PapermillExecutionError, match="ParameterError: unknown parameter 'stpes'") as caught:
        run_papermill(notebook, {"stpes": 3})
    assert len(caught.value.traceback) == 1  # no traceback: the line is all that is shown
    assert not (tmp_path / "trained").exists()


@pytest.mark.slow
def test_a_kernel_without_history_has_the_defaults(tmp_path):
    # nbval runs cells like this.
    path = write_notebook(tmp_path / "tiny.ipynb", DEFAULTS, CALL, "print(parameters)")
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, kernel_name="python3")
    with client.setup_kernel():
        for index, cell in enumerate(notebook.cells):
            client.execute_cell(cell, index, store_history=False)
    assert notebook.cells[-1].outputs[0].text == f"{values(DEFAULTS)}\n"


def test_a_notebook_without_a_line_for_the_task_is_checked_as_of_the_one_whose_settings_it_has(tmp_path):
    """As 08_translation: no other task has pairs."""
    notebook = write_notebook(tmp_path / "own.ipynb", '# Parameters\npairs = ""\nembedding_size = 5')
    (tmp_path / "mine.tsv").write_text("a\tb\n")
    given = {"pairs": str(tmp_path / "mine.tsv"), "embedding_size": 3}  # of a model that it chooses itself
    assert run_config(check_parameters(notebook, given)).task.kind == "translation"
    with pytest.raises(ParameterError, match=r"cannot read gone\.tsv"):
        run_config(check_parameters(notebook, {"pairs": "gone.tsv"}))
    for line in (
        "pairs = 5",
        "pairs = ''\ntokens = 20",
        "pairs = 'gone.tsv'\nmax_length = 3",
    ):  # mean other things
        own = write_notebook(tmp_path / "other.ipynb", f"# Parameters\n{line}")
        assert run_config(check_parameters(own, {})).task.kind == "primes"


def test_a_cell_that_is_no_python_is_refused_without_a_line_if_it_has_none(tmp_path):
    notebook = tmp_path / "a.ipynb"
    write_notebook(notebook, "# Parameters\nsteps = 1\n\0")
    with pytest.raises(ParameterError, match=r"^the parameters cell is not Python: .*null bytes"):
        check_parameters(notebook, {})


def test_none_is_refused_where_it_would_silently_be_another_default(tmp_path):
    notebook = tmp_path / "a.ipynb"
    write_notebook(notebook, "# Parameters\nsteps = 30\nclip_norm = 1.0\n")
    with pytest.raises(ParameterError, match=r"^steps needs a value; without one given it is 30$"):
        run_config(check_parameters(notebook, {"steps": None}))
    config = run_config(check_parameters(notebook, {"clip_norm": None}))  # which a run may have
    assert (config.training.steps, config.training.clip_norm) == (30, None)


PARAMETERS = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": "# Parameters\nx = 1"}


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([{key: PARAMETERS[key] for key in ("cell_type", "metadata")}], "is not a notebook"),
        ([PARAMETERS | {"source": 5}], "is not a notebook"),
        ([PARAMETERS, PARAMETERS | {"metadata": {"tags": [{"a": 1}]}}], "is not a notebook"),
        ([PARAMETERS, {"cell_type": "code", "metadata": {}}], "is not a notebook"),
        ([PARAMETERS | {"source": "# Parameters\nx = '\ud800'"}], "is not a notebook"),
        (
            [PARAMETERS, {"cell_type": "markdown", "metadata": {}, "source": "cut \ud83d"}],
            "is not a notebook",
        ),
        ([PARAMETERS, PARAMETERS], "has 2 cells with the tag parameters; only one can be read"),
    ],
)
def test_a_damaged_notebook_is_refused_in_one_line(tmp_path, cells, message):
    notebook = tmp_path / "a.ipynb"
    notebook.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    with pytest.raises(ParameterError, match=rf"a\.ipynb {message}$"):
        check_parameters(notebook, {})


def test_a_long_value_is_shown_shortened(tmp_path):
    notebook = tmp_path / "a.ipynb"
    write_notebook(notebook, "# Parameters\nsteps = 30\n")
    with pytest.raises(ParameterError, match=r"steps must be a whole number, not '?x+\.\.\.$") as error:
        check_parameters(notebook, {"steps": "x" * 5000})
    assert len(str(error.value)) < 120
