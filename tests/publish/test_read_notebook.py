"""Notebook files: what is read, and what is none, told in one line."""

import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from replicate.errors import ParameterError
from replicate.publish.blog import make_post
from replicate.publish.read_notebook import read_notebook


def test_half_a_letter_is_no_text_of_a_notebook(tmp_path):
    notebook = nbformat.writes(new_notebook(cells=[new_markdown_cell("cut X")])).replace("X", "\\ud83d")
    (tmp_path / "a.ipynb").write_text(notebook)
    with pytest.raises(ParameterError, match=r"a\.ipynb is not a notebook"):
        make_post(tmp_path / "a.ipynb", tmp_path)


R = {"name": "ir", "display_name": "R", "language": "R"}


@pytest.mark.parametrize(
    "told", [{"kernelspec": R}, {"kernelspec": R | {"language": ""}, "language_info": {"name": "R"}}]
)
def test_a_notebook_of_another_language_is_not_executed(tmp_path, told):
    notebook = new_notebook(cells=[new_code_cell("print(5^2)", execution_count=1)], metadata=told)
    nbformat.write(notebook, tmp_path / "a.ipynb")
    with pytest.raises(ParameterError, match=r"a\.ipynb is a notebook of 'R'; only those of Python"):
        make_post(tmp_path / "a.ipynb", tmp_path)


@pytest.mark.parametrize(
    "damage",
    [
        lambda notebook: notebook.cells[0].metadata.update(tags=5),
        lambda notebook: notebook.cells[0].metadata.update(tags=None),
        lambda notebook: notebook.cells[0].update(source=None),
        lambda notebook: notebook.cells[0].pop("execution_count"),
        lambda notebook: notebook.cells[0].update(cell_type="Code"),
        lambda notebook: notebook.cells[0].update(cell_type="heading"),
        lambda notebook: notebook.cells.append(new_markdown_cell("a") | {"outputs": None}),
        lambda notebook: notebook.cells.append(new_markdown_cell("a") | {"outputs": 5}),
        lambda notebook: notebook.cells[0].update(outputs=[5]),
        lambda notebook: notebook.pop("nbformat_minor"),
        lambda notebook: notebook.update(cells={}),
    ],
)
def test_a_damaged_notebook_is_told_in_one_line(tmp_path, damage):
    damage(notebook := new_notebook(cells=[new_code_cell("1", execution_count=1)]))
    (tmp_path / "a.ipynb").write_text(json.dumps(notebook))
    with pytest.raises(ParameterError, match=r"a\.ipynb is not a notebook"):
        make_post(tmp_path / "a.ipynb", tmp_path)


def test_a_notebook_is_read_that_other_programs_wrote(tmp_path):
    notebook = new_notebook(cells=[new_code_cell("1", execution_count=1)])
    notebook.metadata = {"kernelspec": {"name": "python3"}, "language_info": {}, "authors": "me"}
    notebook.cells[0].metadata = {"tags": ["a", "a", "b,c"], "collapsed": "true"}
    notebook.cells[0] |= {
        "id": "an id",
        "execution_count": "1",
        "outputs": [{"output_type": "stream", "text": "1"}],
    }
    (tmp_path / "a.ipynb").write_text(json.dumps(notebook))
    assert read_notebook(tmp_path / "a.ipynb").cells[0].source == "1"
