"""The blocks of a notebook's Markdown as kramdown has them: paragraphs, headings, rules, tables and code."""

import re

from markdown_it.token import Token

from replicate.errors import ParameterError
from replicate.publish.formulas import (
    EMPTY,
    LINE_MARKS,
    LONE_BAR,
    PIECES,
    converted,
    hidden,
    is_formula,
    within,
)
from replicate.publish.kramdown import fence_around

NUMBER = re.compile(r"(\d+)[.)][ \t]*$")  # the last of a line's marks
RULE = re.compile(r"([-*_])[ \t]*(?:\1[ \t]*){2,}\n?$")  # at the end of its line
HASH = "&#35;"  # at the end of a heading, where kramdown would leave it out


def paragraph(block: str, within_paragraph: bool) -> str:
    """A paragraph or a heading."""
    marks = LINE_MARKS.match(block)[0]
    if is_formula(block[len(marks) :].strip()) and not within_paragraph:
        inner = within(marks)
        gap = f"{inner.rstrip()}\n" if marks == inner else ""  # kramdown reads the backslash after one alone
        return f"{gap}{marks}\\{converted(block[len(marks) :])}"  # it would take it for a block formula
    return converted(block)


def rule(line: str) -> str:
    """A rule as HTML: kramdown takes one for the underline of text before it, and for the end of a list."""
    return _apart(line[: RULE.search(line).start()], "<hr />")


def heading(token: Token, lines: list[str]) -> str:
    """A heading with its mark before it, between empty lines.

    kramdown takes one line for an underlined heading, or none, and a heading right after a list, or after a
    quotation, for a part of that.
    """
    marks = LINE_MARKS.match(lines[0])[0]
    text = converted(PIECES.sub(_within_a_line, _words(token, lines, len(marks))))
    if not text:
        return "\n"
    text = re.sub(r"\\?#+$", lambda end: end[0].lstrip("\\").replace("#", HASH), text)
    before = re.sub(r">[ \t]+$", "> ", marks) if token.level else ""
    return _apart(before, f"{'#' * int(token.tag[1:])} {text}")


def _words(token: Token, lines: list[str], start: int) -> str:
    """What a heading says, in one line."""
    if token.markup.startswith("#"):
        return re.sub(r"(?:^|[ \t]+)#+$", "", lines[0][start + len(token.markup) :].strip()).strip()
    *words, last = [lines[0][start:], *(re.sub(r"^[ \t>]+", "", line) for line in lines[1:-1])]
    return " ".join([*(re.sub(r"\\$", "", word.strip()) for word in words), last.strip()])


def _within_a_line(piece: re.Match) -> str:
    """A block formula as one for within a line."""
    return f"${' '.join(piece[0][2:-2].split())}$" if piece["block"] else piece[0]


def _apart(before: str, *lines: str) -> str:
    """Lines between empty ones, in the list's item or the quotation that begins so."""
    inner = within(before)
    gap = inner.rstrip()
    above = [gap] if before == inner else [f"{before}{EMPTY}", gap]
    return "\n".join([*above, *(f"{inner}{line}" if line else gap for line in lines), gap, ""])


def start(items: str) -> str:
    """What kramdown needs before a list's first line to begin with its number."""
    marks = LINE_MARKS.match(items)[0]
    number = NUMBER.search(marks)
    before = marks[: number.start()] if number else marks
    if number is None or before != within(before):  # it begins on the line of another item's mark
        return ""
    return f'{before.rstrip()}\n{before}{{:start="{int(number[1])}"}}\n'


def table(block: str) -> str:
    """A table between empty lines, with an edge of a cell in every row, which kramdown asks for."""
    marks = LINE_MARKS.match(block)[0]
    inner = within(marks)
    gap = f"{inner.rstrip()}\n"
    lines = re.split(r"(?<=\n)", block.rstrip("\n") + "\n")
    if any(line.lstrip(" \t>").startswith("$$") for line in lines):
        raise ParameterError("a block formula right after a table would be a part of it: add an empty line")
    first, *rows = ["".join(converted(cell, in_table=True) for cell in _cells(line)) for line in lines]
    rows = [row if LONE_BAR.search(row) or not row.strip(" >\n") else _row(row, inner) for row in rows]
    return f"{gap if marks == inner else ''}{first}{''.join(rows)}{gap}"


def _cells(line: str) -> list[str]:
    """A line of a table in pieces, each with the edge before it: no code goes on in the next cell."""
    edges = [0, *(edge.start() for edge in LONE_BAR.finditer(hidden(line)))]
    return [line[start:end] for start, end in zip(edges, [*edges[1:], len(line)], strict=True)]


def _row(line: str, inner: str) -> str:
    """A line right after a table, which is its last row's first cell."""
    return f"{inner}| {line[len(inner) :].strip()} |\n"


def fenced(token: Token, first_line: str) -> str:
    """Code in a fence, in the list's item or the quotation where it stands."""
    before = first_line.partition(token.markup)[0] if token.level else ""
    return _code(token.content, before, " ".join(token.info.split()[:1]))


def indented(token: Token, first_line: str) -> str:
    """Code by indentation, in a fence: kramdown does not know it where it follows the mark of an item."""
    first_code = token.content.partition("\n")[0]
    start = first_code.lstrip()
    lead = len(first_code.expandtabs(4)) - len(start.expandtabs(4))
    up_to_start = first_line.removesuffix("\n").removesuffix(start).expandtabs(4)
    return _code(token.content, up_to_start[: len(up_to_start) - lead - 4])


def _code(code: str, before: str, language: str = "") -> str:
    """A fence as kramdown knows it: between empty lines, and closed by a line like the one that opened it."""
    fence = fence_around(code)
    return _apart(before, f"{fence}{language}", *code.removesuffix("\n").split("\n"), fence)
