"""A file's name is had by one command, and nothing is left where nothing was written."""

import pytest

from replicate.errors import ParameterError
from replicate.files import RunError, claimed, write_whole
from replicate.notebooks import place_of_copy


def test_of_two_commands_at_once_one_has_the_name(tmp_path):
    out = tmp_path / "new" / "figure.svg"
    with claimed(out):
        with pytest.raises(RunError, match=r"figure\.svg exists and is empty, as a command at work"):
            claimed(out).__enter__()
        write_whole(out, lambda file: file.write_text("the first's"))
    with pytest.raises(RunError, match=r"figure\.svg exists; choose another file, or remove it first"):
        claimed(out).__enter__()
    assert out.read_text() == "the first's"


def test_a_name_under_which_nothing_was_written_is_free_again(tmp_path):
    with pytest.raises(ZeroDivisionError), claimed(tmp_path / "x"):
        raise ZeroDivisionError
    assert not list(tmp_path.iterdir())


def test_a_place_that_takes_no_file_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match=r"x\.svg cannot be written: "):
        claimed(tmp_path / "file" / "x.svg").__enter__()


@pytest.mark.parametrize("out", [None, "copy.ipynb"])
def test_a_copy_in_a_folder_that_was_deleted_is_refused(tmp_path, monkeypatch, out):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    notebook, place = tmp_path / "a.ipynb", gone / out if out else None
    if out:
        (tmp_path / "gone").touch()  # a file is in the way
    with pytest.raises(ParameterError, match="cannot be written"):
        place_of_copy(notebook, place, False).__enter__()
