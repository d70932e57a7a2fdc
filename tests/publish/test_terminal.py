"""What a page shows of what was printed for a terminal."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replicate.publish.terminal import as_seen


@pytest.mark.parametrize(
    ("printed", "seen"),
    [
        ("\x1b[1;31mred\x1b[0m\n", "red\n"),
        ("\x1b]8;;https://a.org\x07a link\x1b]8;;\x07", "a link"),
        ("\x1b]8;;https://a.org\x1b\\a link\x1b]8;;\x1b\\", "a link"),
        ("\x1b]0;a title without an end\nnext", "\nnext"),
        ("bold\x1b(B\x1b[m \x1b7\x1b=\x1b>on\x1b[?25l\x1b[5n", "bold on"),
        ("bell\x07, \x00no\x01thing\x7f\x9d, a tab\t", "bell, nothing, a tab\t"),
        ("\x9b31mred\x9b0m, a\x0cb\x0bc\x85d", "red, a b c d"),
        ("cut off \x1b[3", "cut off 3"),
        (" 0%|\r50%|\r100%|##\nnext\r\r\nlast\rLAST\r\r", "100%|##\nnext\nLAST"),
        ("|\b/\b-\b\\\b done, ab\b\b\bABC", " done,ABC"),
        ("working...\r\x1b[K\nworking...\x1b[2K\r\nworking...\r\x1b[Kdone", "\n\ndone"),
        ("working...\x1b[2K\x1b[1Gdone\nworking...\x1b[2J\x1b[Gdone\n\x1b]0;t\x9cshown", "done\ndone\nshown"),
        ("working...\rdone\n10 left\tloss 0.57\r9 left\tloss 0.41", "doneing...\n9 leftt loss 0.41"),
        ("abc\x1b[1K\rX\nabc\r\x1b[00Kd\nlong text\r\x1b[Jok\nab\x1b[2Kc", "X\nd\nok\n  c"),
        ("a [0m and \\x1b[1m that are text", "a [0m and \\x1b[1m that are text"),
    ],
)
def test_a_reader_sees_what_a_terminal_shows(printed, seen):
    assert as_seen(printed) == seen


@given(st.text(alphabet="ab[]0;m\x1b\x07\b\r\n\\(é漢"))
def test_no_control_sign_is_left_and_no_line_lost(text):
    seen = as_seen(text)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", seen)
    assert seen.count("\n") == text.count("\n")


def test_a_line_of_three_million_signs_is_read_once():
    """Looked for at every place, what is written over took more than an hour."""
    line = "x" * 3_000_000
    assert as_seen(line) == line
