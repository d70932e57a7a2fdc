"""The cell with a notebook's defaults: papermill goes by its tag, the library by its first line."""

from pathlib import Path

import nbformat
import papermill
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell
from papermill.exceptions import PapermillExecutionError

from replicate.errors import ParameterError
from replicate.parameters import check_parameters, notebook_parameters

CALL = "from replicate.parameters import notebook_parameters\nprint(notebook_parameters(In)['size'])"
MESSAGE = "the cell with the tag parameters must start with '# Parameters'"
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
WRONG = ["size = 3\nsteps = 5", "# What it takes\n# Parameters\nsize = 3\nsteps = 5"]


def write(path: Path, defaults: str, code: str) -> Path:
    """A notebook whose first cell has the tag, whatever stands in it."""
    cells = [new_code_cell(defaults, metadata={"tags": ["parameters"]}), new_code_cell(code)]
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": KERNEL}), path)
    return path


@pytest.mark.parametrize("defaults", WRONG)
@pytest.mark.parametrize("given", [{}, {"steps": 50}])
def test_a_notebook_that_asks_the_library_needs_the_first_line(tmp_path, defaults, given):
    path = write(tmp_path / "own.ipynb", defaults, CALL)
    with pytest.raises(ParameterError, match=MESSAGE):
        check_parameters(path, given)


@pytest.mark.parametrize("tag", ["parameters", "injected-parameters"])
@pytest.mark.parametrize("new_cell", [new_markdown_cell, new_raw_cell])
def test_a_tag_of_parameters_on_a_heading_is_refused(tmp_path, tag, new_cell):
    """Papermill would put what is given after the heading, and the defaults would overwrite it."""
    cells = [
        new_cell("## Parameters", metadata={"tags": [tag]}),
        new_code_cell("# Parameters\nx = 1", metadata={"tags": ["parameters"]}),
    ]
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": KERNEL}), tmp_path / "own.ipynb")
    with pytest.raises(ParameterError, match=rf"^own\.ipynb: the tag {tag} is of a cell of code, and a "):
        check_parameters(tmp_path / "own.ipynb", {"x": 5})


@pytest.mark.parametrize("defaults", WRONG)
def test_plain_papermill_is_told_in_the_kernel(tmp_path, defaults):
    path = write(tmp_path / "own.ipynb", defaults, CALL)
    with pytest.raises(PapermillExecutionError) as error:
        papermill.execute_notebook(path, tmp_path / "out.ipynb", {"steps": 50}, progress_bar=False)
    assert error.value.evalue == MESSAGE


@pytest.mark.parametrize(
    "cell",
    [
        "size: int = 3",
        "%matplotlib inline\nsize = 3",
        "'''it'''\nsize = 3",
        "import os\nsize = 3",
        "size, n = 3, 4",
    ],
)
def test_other_ways_to_set_a_parameter_are_seen(cell):
    with pytest.raises(ParameterError, match=MESSAGE):
        notebook_parameters(["", cell, "# Parameters\nsize = 4"])


@pytest.mark.parametrize(
    ("second", "name"),
    [("# Parameters\nsize = 7", "size"), ("# Parameters\nwidth = 5\nheight = 2", "height")],
)
def test_a_second_cell_of_parameters_is_refused(tmp_path, second, name):
    path = write(tmp_path / "own.ipynb", "# Parameters\nsize = 3", second)
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.insert(1, new_code_cell("import this"))
    notebook.cells.append(new_code_cell(CALL))
    nbformat.write(notebook, path)
    message = f"{name} has a value in a second cell that starts with '# Parameters', beside which"
    with pytest.raises(ParameterError, match=message):
        check_parameters(path, {"size": 4})
    with pytest.raises(PapermillExecutionError) as error:
        papermill.execute_notebook(path, tmp_path / "out.ipynb", {"size": 4}, progress_bar=False)
    assert error.value.evalue.startswith(message)


@pytest.mark.parametrize(
    "second",
    ["# Parameters of the figure\nwidth = 5", "# Parameters\ndef fit(x):\n    size = x", "# Parameters\n"],
)
def test_a_cell_that_sets_no_parameter_is_none(tmp_path, second):
    path = write(tmp_path / "own.ipynb", "# Parameters\nsize = 3", second)
    assert check_parameters(path, {"size": 4})["size"] == 4
    history = ["", "# Parameters\nsize = 3", "# Parameters\nsize = 4", second, CALL]
    if not second.startswith("# Parameters\n"):
        assert notebook_parameters(history)["size"] == 4


def test_two_cells_of_parameters_without_a_common_name_are_refused(monkeypatch):
    monkeypatch.setattr("replicate.training.progress.cell_is_watched", lambda: True)
    with pytest.raises(ParameterError, match="have no name in common, height and size among them"):
        notebook_parameters(["", "# Parameters\nsize = 3", "1", "# Parameters\nwidth = 5\nheight = 2", CALL])


def test_in_jupyterlab_any_cell_may_have_run_before(monkeypatch):
    monkeypatch.setattr("replicate.training.progress.cell_is_watched", lambda: True)
    assert notebook_parameters(["", "size = 3", "# Parameters\nsize = 4"])["size"] == 4


@pytest.mark.parametrize(
    "code", ["# notebook_parameters(In)", "notebook_parameters = 1", "'notebook_parameters(In)'"]
)
def test_a_notebook_that_only_names_the_function_needs_no_first_line(tmp_path, code):
    assert check_parameters(write(tmp_path / "own.ipynb", "size = 3", code), {"size": 4})["size"] == 4


def test_a_notebook_that_reads_its_variables_needs_no_first_line(tmp_path):
    path = write(tmp_path / "own.ipynb", "size = 3", "print(size)")
    assert dict(check_parameters(path, {"size": 4})) == {"size": 4}


def test_code_before_the_parameters_cell_is_no_defaults():
    for before in ("", "import this", "size = 1\nprint(size)", "other = 1", "x ="):
        parameters = notebook_parameters(["", before, "# Parameters\nsize = 3", "# Parameters\nsize = 4"])
        assert (dict(parameters), parameters.given) == ({"size": 4}, {"size": 4})


def test_with_the_first_line_the_defaults_are_those_of_the_cell(tmp_path):
    path = write(tmp_path / "own.ipynb", "# Parameters\nsize = 3\nsteps = 5", CALL)
    assert check_parameters(path, {"steps": 50})["size"] == 3
    papermill.execute_notebook(path, tmp_path / "out.ipynb", {"steps": 50}, progress_bar=False)
    (printed,) = nbformat.read(tmp_path / "out.ipynb", as_version=4).cells[-1].outputs
    assert printed.text == "3\n"
