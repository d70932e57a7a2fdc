"""Parameters as the command line gives them."""

import pytest
from shared import write_notebook

from replicate.arguments import as_its_kernel_reads, given_parameters
from replicate.errors import ParameterError
from replicate.parameters import check_parameters

FORMS = ["pairs", "raw", "typed"]  # from the weakest to the strongest


def test_a_path_is_meant_from_the_folder_where_it_is_typed(tmp_path, monkeypatch):
    """The kernel works in the notebook's folder, where it would mean another file or none."""
    notebook = write_notebook(tmp_path / "deep" / "own.ipynb", '# Parameters\npairs = ""\nname = ""')
    (tmp_path / "mine.tsv").write_text("a\tb\n")
    monkeypatch.chdir(tmp_path)
    given = given_parameters(notebook, typed=["pairs=mine.tsv", "name=mine.tsv"])
    assert given == {"pairs": str(tmp_path / "mine.tsv"), "name": "mine.tsv"}
    assert given_parameters(notebook, typed=["pairs=gone.tsv"]) == {"pairs": "gone.tsv"}


def test_a_notebooks_own_path_starts_at_its_folder(tmp_path, monkeypatch):
    notebook = write_notebook(
        tmp_path / "deep" / "own.ipynb", '# Parameters\npairs = "own.tsv"\nname = "own.tsv"'
    )
    for folder in (tmp_path, notebook.parent):
        (folder / "own.tsv").touch()
    monkeypatch.chdir(tmp_path)
    read = as_its_kernel_reads(check_parameters(notebook, {}), notebook.parent)
    assert dict(read) == {"pairs": str(notebook.parent / "own.tsv"), "name": "own.tsv"} and not read.given


@pytest.mark.parametrize("form", FORMS)
def test_bytes_that_are_no_text_are_refused(tmp_path, form):
    notebook = write_notebook(tmp_path / "own.ipynb", '# Parameters\nname = ""')
    with pytest.raises(ParameterError, match=r"name is 'r\\udce9', which is not UTF-8"):
        given_parameters(notebook, **{form: ["name=r\udce9"]})


def test_text_stays_text_where_nothing_says_what_is_wanted(tmp_path):
    notebook = tmp_path / "a.ipynb"
    write_notebook(notebook, "# Parameters\nlimit = None\nsteps = 1\n")
    forms = {form: given_parameters(notebook, **{form: ["limit=007", "steps=2"]}) for form in FORMS}
    limits = {form: check_parameters(notebook, given)["limit"] for form, given in forms.items()}
    assert limits == {"pairs": 7, "raw": "007", "typed": 7}
    assert [check_parameters(notebook, given)["steps"] for given in forms.values()] == [2, 2, 2]


def test_of_two_forms_the_later_wins(tmp_path):
    notebook = tmp_path / "a.ipynb"
    write_notebook(notebook, "# Parameters\nlimit = None\n")
    values = dict.fromkeys(FORMS)
    for number, form in enumerate(FORMS):
        values = {name: [f"limit={number}"] for name in FORMS[: number + 1]} | {form: ["limit=9"]}
        assert str(given_parameters(notebook, **values)["limit"]) == "9"
