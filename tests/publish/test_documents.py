"""The generated blocks of the README and docs/ agree with the results they are made from."""

import re

import pytest
from shared import PROJECT, write_notebook
from typer.testing import CliRunner

from replicate.cli import app
from replicate.errors import ParameterError
from replicate.figures.catalogue import CATALOGUE
from replicate.files import RunError
from replicate.publish.documents import (
    BLOCKS,
    FIGURES,
    soak_block,
    stored_figure,
    texts,
    with_blocks,
    write_documents,
)

pytestmark = pytest.mark.slow

DOCUMENTS = texts(PROJECT)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_the_blocks_are_what_the_results_say(document):
    text = document.read_text(encoding="utf-8")
    assert with_blocks(text) == text


def test_every_block_stands_somewhere_once():
    texts = "".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)
    assert {name: texts.count(f"<!-- {name}: begin -->") for name in BLOCKS} == dict.fromkeys(BLOCKS, 1)


def test_a_block_that_was_edited_by_hand_is_put_right():
    whole = (PROJECT / "docs" / "results.md").read_text(encoding="utf-8")
    begin, end = "<!-- verdicts: begin -->", "<!-- verdicts: end -->"
    inside = whole[whole.index(begin) : whole.index(end)]
    text = f"before\n{inside}{end}\nafter"  # this block alone: the others take long to make
    for edited in (inside.replace("consistent", "reproduced"), begin):
        assert edited != inside and with_blocks(text.replace(inside, edited)) == text


def test_a_document_that_is_edited_while_its_tables_are_made_keeps_the_edit(tmp_path, monkeypatch):
    document = tmp_path / "README.md"
    document.write_text("before")

    def slowly(text):
        document.write_text("a person's")
        return text.upper()

    monkeypatch.setattr("replicate.publish.documents.with_blocks", slowly)
    with pytest.raises(ParameterError, match=r"README\.md was changed meanwhile; it stays"):
        write_documents(tmp_path)
    assert document.read_text() == "a person's"


@pytest.mark.parametrize("content", [None, b"", b"\xff", b"cases\n3\n"])
def test_a_damaged_table_of_the_soak_is_named(tmp_path, monkeypatch, content):
    monkeypatch.setattr("replicate.publish.documents.RESULTS", tmp_path)
    if content is not None:
        (tmp_path / "soak.csv").write_bytes(content)
    with pytest.raises(RunError, match=r"soak\.csv cannot be read .*; `make soak` writes it"):
        soak_block()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"<!-- gone: begin --><!-- gone: end -->",
            r"README\.md: <!-- gone: begin --> must be a block \(findings",
        ),
        (b"<!-- soak: begin -->", r"README\.md: <!-- soak: begin --> must be a block"),
        (b"\xff", r"README\.md is not UTF-8"),
        (None, r"cannot read .*README\.md: No such file"),
    ],
)
def test_a_damaged_document_is_refused_before_any_notebook_is_executed(
    tmp_path, monkeypatch, content, message
):
    monkeypatch.chdir(tmp_path)
    write_notebook(tmp_path / "notebooks" / "01_a.ipynb", "1")
    if content is not None:
        (tmp_path / "README.md").write_bytes(content)
    result = CliRunner().invoke(app, ["refresh"])
    assert result.exit_code == 2 and re.fullmatch(rf"replicate: .*{message}.*\n", result.stderr)
    assert result.stdout == ""


def test_a_figure_that_a_notebook_does_not_hold_is_named(tmp_path):
    with pytest.raises(ParameterError, match=r"01_a\.ipynb holds no figure ladder"):
        stored_figure(write_notebook(tmp_path / "01_a.ipynb", "1"), "ladder")


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_the_one_that_its_notebook_shows(name):
    notebook = PROJECT / "notebooks" / f"{CATALOGUE[name].notebook}.ipynb"
    assert (PROJECT / "docs" / "figures" / f"{name}.png").read_bytes() == stored_figure(notebook, name)


def test_every_link_leads_to_a_file():
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for link in re.findall(r"\]\(([^)#]+)", text):
            if not link.startswith("http"):
                assert (document.parent / link).exists(), f"{document.name}: {link}"
