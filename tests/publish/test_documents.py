"""The generated blocks of the README and docs/ agree with the results they are made from."""

import re

import pytest
from shared import PROJECT

from replicate.figures.catalogue import CATALOGUE
from replicate.publish.documents import BLOCKS, FIGURES, documents, stored_figure, with_blocks

pytestmark = pytest.mark.slow

DOCUMENTS = documents(PROJECT)


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


@pytest.mark.parametrize("text", ["<!-- gone: begin --><!-- gone: end -->", "<!-- soak: begin -->"])
def test_marks_of_no_block_and_without_an_end_are_refused(text):
    with pytest.raises(ValueError, match=r"must be a block \(findings, verdicts"):
        with_blocks(text)


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
