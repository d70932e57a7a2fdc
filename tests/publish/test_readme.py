"""The README's generated blocks agree with the results they are made from."""

import pytest
from shared import PROJECT

from replicate.publish.readme import with_blocks

pytestmark = pytest.mark.slow

README = PROJECT / "README.md"


def test_the_blocks_are_what_the_results_say():
    assert with_blocks(README.read_text()) == README.read_text()


def test_a_block_that_was_edited_by_hand_is_put_right():
    text = README.read_text()
    begin, end = "<!-- verdicts: begin -->", "<!-- verdicts: end -->"
    assert with_blocks(text.replace("consistent", "reproduced")) != text.replace("consistent", "reproduced")
    inside = text[text.index(begin) : text.index(end)]
    assert with_blocks(text.replace(inside, begin)) == text


def test_a_readme_without_marks_is_refused():
    with pytest.raises(ValueError, match="must have the marks"):
        with_blocks("# Title")
