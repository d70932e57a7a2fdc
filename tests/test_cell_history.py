"""Cells of parameters that are run again, as in JupyterLab: what was repaired, and what was changed."""

import ast

import nbformat
import pytest
from shared import PROJECT
from test_parameters import CALL, DEFAULTS, given, values

from replicate.cells import assignments, is_parameters_cell, plain_names
from replicate.errors import ParameterError
from replicate.parameters import run_config


@pytest.mark.parametrize("line", ["stpes = 7", "steps = 3 + 4", "steps ="])
def test_a_mistake_can_be_repaired_and_run_again(line):
    wrong, right = given(line), given("steps = 7")
    assert values(DEFAULTS, wrong, CALL, right, CALL)["steps"] == 7
    with pytest.raises(ParameterError):
        values(DEFAULTS, right, CALL, wrong, CALL)


@pytest.mark.parametrize("line", ["steps = 3 + 4", "steps ="])
def test_a_mistake_in_the_first_cell_can_be_repaired_and_run_again(line):
    assert dict(values(given(line), CALL, given("steps = 7"), CALL)) == {"steps": 7}


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("rouns = 4", "rounds = 4"), ("rate = 1", "rate = 1e-3"), ("reverse = 'True'", "reverse = True")],
)
def test_a_mistake_of_name_or_type_in_the_first_cell_can_be_repaired_and_run_again(wrong, right):
    rest = "steps = 5\nrun = ''"
    parameters = values(given(wrong, rest), CALL, given(right, rest), CALL)
    name, _, value = right.partition(" = ")
    assert dict(parameters) == {name: ast.literal_eval(value), "steps": 5, "run": ""}
    changed = {} if name not in wrong else {name: ast.literal_eval(value)}
    assert parameters.given == changed  # a change of type may be a mistake, or the repair of one
    again = values(given(wrong, rest), CALL, given(right, rest), given("steps = 6"), CALL)
    assert again.given == changed | {"steps": 6} and again[name] == ast.literal_eval(value)
    most = values(
        given("rate = 1.5", rest), CALL, given("rate = 2.5", "steps = 7"), CALL
    )  # as papermill's cell
    assert dict(most) == {"rate": 2.5, "steps": 7, "run": ""} and most.given == {"rate": 2.5, "steps": 7}
    with pytest.raises(ParameterError, match="unknown parameter 'stpes'"):
        values(given(wrong, rest), CALL, given(right, rest), CALL, given("stpes = 6"), CALL)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("steps = None", "steps needs a value; without one given it is 5"),
        ("bucket = True", "bucket means nothing with task 'primes'"),
        ("layers = 3.0", "layers means nothing with .* model 'post'"),
        ("steps = 'many'", "steps must be a valid integer"),
    ],
)
def test_a_line_of_another_type_in_a_cell_that_is_run_again_is_heard(line, said):
    lines = {"task": "'primes'", "model": "'post'", "steps": "5", "bucket": "None", "layers": "1"}
    first = given(*(f"{name} = {value}" for name, value in lines.items()))
    name, _, value = line.partition(" = ")
    again = given(*(f"{name} = {value}" for name, value in (lines | {name: value}).items()))
    with pytest.raises(ParameterError, match=said):
        run_config(values(first, CALL, again, CALL))
    assert run_config(values(first, CALL, again, CALL, first, CALL)).training.steps == 5


def test_a_cell_of_03_train_that_was_changed_and_run_again_gives_what_was_changed_alone():
    """As in JupyterLab: it names settings of every task and model, which were not given by a person."""
    cells = nbformat.read(PROJECT / "notebooks" / "03_train.ipynb", as_version=4).cells
    (cell,) = (cell.source for cell in cells if cell.source.startswith("# Parameters"))
    changed, wrong = (cell.replace("steps = 3000", text) for text in ("steps = 20", "steps = True"))
    parameters = values(cell, CALL, changed, CALL)
    assert parameters.given == {"steps": 20}
    assert run_config(parameters).training.steps == 20
    assert values(cell, CALL, changed, CALL, cell, CALL).given == {}
    with pytest.raises(ParameterError, match="steps: a number is wanted here, not True or False"):
        run_config(values(cell, CALL, wrong, CALL))


@pytest.mark.parametrize(
    "line",
    [
        "steps = 50",
        "# mine\n# Parameters\nsteps = 50",
        "x = 1\nsteps = rate = 50",
        "steps: int = 50",
        "steps, x = 50, 1",
        "get_ipython().run_cell_magic('time', '', '# Parameters\\nsteps = 50\\n')",
    ],
)
def test_a_value_that_is_not_read_is_refused(line):
    with pytest.raises(ParameterError, match="has a value in a cell that does not start with '# Parameters'"):
        values(DEFAULTS, CALL, line, CALL)
    assert values(DEFAULTS, CALL, line, given("steps = 7"), CALL)["steps"] == 7


@pytest.mark.parametrize(
    "line",
    [
        *("steps = open(folder)", "other = 50", "steps", "steps: int", "def f():\n    steps = 5"),
        "get_ipython().run_cell_magic('writefile', 'a.py', 'steps = 50\\n')",
    ],
)
def test_another_use_of_a_parameters_name_is_none_of_ours(line):
    assert values(DEFAULTS, CALL, line, CALL) == values(DEFAULTS, CALL)


@pytest.mark.parametrize("path", sorted((PROJECT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_no_notebook_gives_a_parameters_name_another_plain_value(path):
    sources = [cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
    names = {name for source in sources if is_parameters_cell(source) for name in assignments(source)}
    others = [source for source in sources if not is_parameters_cell(source)]
    assert not names & {name for source in others for name in plain_names(source)}


def test_without_a_parameters_cell_the_reader_is_told_to_run_it():
    with pytest.raises(ParameterError, match="run the cell that starts with '# Parameters'"):
        values("steps = 1")


def test_a_setting_in_a_cell_of_its_own_is_refused_where_settings_are_read():
    making = "config = run_config(notebook_parameters(In))"
    parameters = given("max_length = 15")
    for cells in ((parameters, "seed = 7"), ("seed = 7", parameters), (parameters, "seed = 7", parameters)):
        assert values(*cells, CALL)["max_length"] == 15  # where it may mean anything
        with pytest.raises(ParameterError, match=r"^seed has a value in a cell that does not start with"):
            values(*cells, making)
    assert values("colour = 'red'", parameters, "colour = 'blue'", making)["max_length"] == 15
