"""What the committed notebooks must agree on with the library, beyond what nbval checks."""

import ast

import nbformat
import pytest
from papermill import inspect_notebook
from shared import PROJECT

from replicate.parameters import check_parameters
from replicate.presets import QUICK
from replicate.publish.refresh import cleaned
from replicate.setting_names import flat_names
from replicate.settings import RunConfig

NOTEBOOK_METADATA = {"kernelspec": {"name": "python3", "display_name": "Python 3"}, "widgets": {}}
NOTEBOOKS = sorted((PROJECT / "notebooks").glob("*.ipynb"))


def test_training_takes_every_setting_and_defaults_to_the_quick_preset():
    defaults = check_parameters(next(n for n in NOTEBOOKS if n.stem == "03_train"), {})
    settings = {name: defaults[name] for name in flat_names()}  # all of them
    assert RunConfig.of(**settings) == QUICK


def test_training_has_what_is_worth_changing_first_on_top_and_papermill_knows_it_all():
    notebook = next(n for n in NOTEBOOKS if n.stem == "03_train")
    found, defaults = inspect_notebook(str(notebook)), check_parameters(notebook, {})
    assert list(found)[:6] == ["model", "max_length", "reverse", "learning_rate", "steps", "rounds"]
    assert list(found) == list(defaults)
    assert all(ast.literal_eval(found[name]["default"]) == value for name, value in defaults.items())


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_clean_and_has_one_parameters_cell(notebook):
    stored = nbformat.read(notebook, as_version=4)
    tags = [tag for cell in stored.cells for tag in cell.metadata.get("tags", [])]
    assert tags.count("parameters") == 1
    assert cleaned(nbformat.read(notebook, as_version=4)) == stored


def test_cleaning_keeps_what_a_reader_sees():
    stream = nbformat.v4.new_output
    cell = nbformat.v4.new_code_cell(
        "print(1)",
        execution_count=3,
        metadata={"tags": ["parameters"], "jupyter": {"source_hidden": True}, "papermill": {"duration": 1}},
        outputs=[
            stream("stream", text="a"),
            stream("stream", name="stderr", text="x"),
            stream("stream", text="b"),
        ],
    )
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata=NOTEBOOK_METADATA)
    (kept,) = cleaned(notebook).cells
    assert kept.metadata == {"tags": ["parameters"], "jupyter": {"source_hidden": True}}
    assert kept.execution_count == 3
    assert [output.text for output in kept.outputs] == ["ab"]
    assert "widgets" not in notebook.metadata
