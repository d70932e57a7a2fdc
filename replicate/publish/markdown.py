"""A notebook's Markdown as kramdown: what a reader of the notebook sees stands in the post, and no more.

Blocks of code, HTML, tables and lists are found by their tokens, as a reader of the notebook sees them. HTML
is its author's and stays; formulas arrive untouched (`publish.formulas`).
"""

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

from replicate.parameters import ParameterError
from replicate.publish.formulas import LINE_MARKS, LONE_BAR, converted, hidden, is_formula, within
from replicate.publish.html_block import OpenElements

# Where an image is that a post shows; one beside the notebook, or in it, would be a gap.
SHOWN_IMAGE = re.compile(r"https?:|data:|/")
IMAGE_ELEMENT = re.compile(r"<img\b[^>]*?\bsrc\s*=\s*[\"']?([^\"'\s>]*)", re.IGNORECASE)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
NUMBER = re.compile(r"(\d+)[.)][ \t]*$")  # the last of a line's marks
# How a line of a paragraph may begin and not be an item of a list, for a notebook's reader.
NUMBERED_LINE = re.compile(r"^([ \t>]*\d+)([.)])(?=[ \t])")


def to_kramdown(markdown: str) -> str:
    """Convert one cell's Markdown.

    Raises:
        ParameterError: it shows an image that a post would not have, or HTML that takes in what follows.
    """
    markdown = re.sub("\r\n?", "\n", markdown)
    tokens = MarkdownIt().enable("table").parse(hidden(markdown))
    for place in _images(tokens):
        if not SHOWN_IMAGE.match(place):
            raise ParameterError(
                f"a post would not have the image {place!r}: name it by its address, or draw it as a figure"
            )
    return "".join(_parts(_numbered(re.split(r"(?<=\n)", markdown), tokens), tokens))


def links_by_name(markdown: str) -> dict[str, str]:
    """The names and addresses of the links that a cell defines, as in `[name]: address`."""
    MarkdownIt().parse(markdown, found := {})
    return {name: link["href"] for name, link in found.get("references", {}).items()}


def _images(tokens: list[Token]) -> Iterator[str]:
    """Where the images are that Markdown or HTML shows."""
    for token in tokens:
        if token.type == "image":
            yield token.attrs["src"]
        elif token.type in ("html_block", "html_inline"):
            yield from IMAGE_ELEMENT.findall(COMMENT.sub("", token.content))
        yield from _images(token.children or [])


def _numbered(lines: list[str], tokens: list[Token]) -> list[str]:
    """The lines, where a number and a point make an item of a list, and nothing else does."""
    lines = list(lines)
    for token in tokens:
        if token.type == "list_item_open" and token.markup == ")":
            marks = LINE_MARKS.match(line := lines[token.map[0]])[0]
            lines[token.map[0]] = marks.replace(")", ".") + line[len(marks) :]
        elif token.type == "inline" and token.map:
            for number in range(token.map[0] + 1, token.map[1]):
                lines[number] = NUMBERED_LINE.sub(r"\1\\\2", lines[number])
    return lines


def _parts(lines: list[str], tokens: list[Token]) -> Iterator[str]:
    """The blocks that kramdown would read in another way, and the prose between them."""
    end, elements = 0, OpenElements()
    for token in tokens:
        elements.check(token.type)
        if not token.map or token.map[0] < end:  # within a block that is written
            continue
        first, stop = token.map
        if (block := _block(token, lines[first:stop], elements)) is not None:
            yield converted("".join(lines[end:first]))
            yield block
            end = first if token.type == "ordered_list_open" else stop
    yield converted("".join(lines[end:]))
    elements.refuse_open()


def _block(token: Token, lines: list[str], elements: OpenElements) -> str | None:
    """A block's lines as kramdown has them, or what it needs before a list; None for what is prose."""
    block = "".join(lines)
    match token.type:
        case "fence":
            return _fenced(token, lines)
        case "code_block":
            return block
        case "html_block":
            return elements.read(block)
        case "table_open":
            return _table(block)
        case "ordered_list_open" if "start" in token.attrs:
            return _start(block)
        case "inline" if is_formula(token.content) and "p" not in elements.names:
            marks = LINE_MARKS.match(block)[0]
            return f"{marks}\\{converted(block[len(marks) :])}"  # kramdown would take it for a block formula
    return None


def _start(items: str) -> str:
    """What kramdown needs before a list's first line to begin with its number."""
    marks = LINE_MARKS.match(items)[0]
    number = NUMBER.search(marks)
    before = marks[: number.start()] if number else marks
    if number is None or before != within(before):  # it begins on the line of another item's mark
        return ""
    return f'{before.rstrip()}\n{before}{{:start="{int(number[1])}"}}\n'


def _table(block: str) -> str:
    """A table between empty lines, with an edge of a cell in every row, which kramdown asks for."""
    marks = LINE_MARKS.match(block)[0]
    inner = within(marks)
    gap = f"{inner.rstrip()}\n"
    first, *rows = re.split(r"(?<=\n)", converted(block, in_table=True))
    rows = [row if LONE_BAR.search(row) or not row.strip(" >\n") else _row(row, inner) for row in rows]
    return f"{gap if marks == inner else ''}{first}{''.join(rows)}{gap}"


def _row(line: str, inner: str) -> str:
    """A line right after a table, which is its last row's first cell."""
    return f"{inner}| {line[len(inner) :].strip()} |\n"


def _fenced(token: Token, lines: list[str]) -> str:
    """A fence as kramdown knows it: between empty lines, and closed by a line like the one that opened it."""
    (opening, *body), fence = lines, token.markup
    before = opening.partition(fence)[0]
    inner = within(before)
    if body and re.fullmatch(rf"[ \t>]*{fence}{fence[0]}*\s*", body[-1]):
        body.pop()
    if body and not body[-1].endswith("\n"):
        body.append("\n")
    language = " ".join(token.info.split()[:1])
    gap = f"{inner.rstrip()}\n"
    first = gap if before == inner else ""  # else it stands on the line of its item's mark
    return f"{first}{before}{fence}{language}\n{''.join(body)}{inner}{fence}\n{gap}"
