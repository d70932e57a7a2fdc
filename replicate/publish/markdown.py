"""A notebook's Markdown as kramdown: what a reader of the notebook sees stands in the post, and no more.

Blocks of code, HTML, tables and lists are found by their tokens, as a reader of the notebook sees them. HTML
is its author's and stays; formulas arrive untouched (`publish.formulas`).
"""

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

from replicate.errors import ParameterError
from replicate.fields import shortened
from replicate.publish.formulas import EMPTY, LINE_MARKS, LONE_BAR, converted, hidden, is_formula, within
from replicate.publish.html_block import COMMENT, OpenElements
from replicate.publish.kramdown import fence_around

# Where an image is that a post shows; one beside the notebook, or in it, would be a gap.
SHOWN_IMAGE = re.compile(r"https?:|data:|/")
IMAGE_ELEMENT = re.compile(r"<img\b[^>]*?\bsrc\s*=\s*[\"']?([^\"'\s>]*)", re.IGNORECASE)
# A link that a notebook does not follow, and shows as text, and that a post would follow.
UNSAFE_LINK = re.compile(r"\]\(\s*<?[\s\0-\x20]*(?:javascript|vbscript|file|data)\s*:", re.IGNORECASE)
LISTS = ("ordered_list_open", "bullet_list_open")
NUMBER = re.compile(r"(\d+)[.)][ \t]*$")  # the last of a line's marks
# How a line of a paragraph may begin and not be an item of a list, for a notebook's reader.
NUMBERED_LINE = re.compile(r"^([ \t>]*\d+)([.)])(?=[ \t])")


def to_kramdown(markdown: str) -> str:
    """Convert one cell's Markdown.

    Raises:
        ParameterError: it shows an image that a post would not have, or HTML that takes in what follows.
    """
    markdown = re.sub("\r\n?", "\n", markdown)
    lines = re.split(r"(?<=\n)", markdown)
    tokens = _tokens(markdown, lines)
    for place in _images(tokens):
        if not SHOWN_IMAGE.match(place):
            raise ParameterError(
                f"a post would not have the image {place!r}: name it by its address, or draw it as a figure"
            )
    for text in _texts(tokens):
        if UNSAFE_LINK.search(text):
            raise ParameterError(f"a post would follow the link in {shortened(text)}: write it as code")
    return "".join(_parts(_numbered(lines, tokens), tokens))


def links_by_name(markdown: str) -> dict[str, str]:
    """The names and addresses of the links that a cell defines, as in `[name]: address`."""
    MarkdownIt().parse(markdown, found := {})
    return {name: link["href"] for name, link in found.get("references", {}).items()}


def _tokens(markdown: str, lines: list[str]) -> list[Token]:
    """The blocks that a notebook's reader sees: none within a formula, and no formula within code."""
    parser, parts, end = MarkdownIt().enable("table"), [], 0
    for token in parser.parse(markdown):
        if token.type in ("fence", "code_block"):
            first, stop = token.map
            parts += [hidden("".join(lines[end:first])), *lines[first:stop]]
            end = stop
    return parser.parse("".join([*parts, hidden("".join(lines[end:]))]))


def _texts(tokens: list[Token]) -> Iterator[str]:
    """What is text or HTML to a notebook's reader."""
    for token in tokens:
        if token.type == "html_block":
            yield token.content
        yield "".join(
            child.content for child in token.children or [] if child.type in ("text", "html_inline")
        )


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
            for number, shown in enumerate(token.content.split("\n"), token.map[0]):
                if number > token.map[0] and NUMBERED_LINE.match(shown):  # and is in no formula
                    lines[number] = NUMBERED_LINE.sub(r"\1\\\2", lines[number])
    return lines


def _parts(lines: list[str], tokens: list[Token]) -> Iterator[str]:
    """Blocks, each in its way, and what stands between them, such as empty lines."""
    end, elements = 0, OpenElements()
    for token in tokens:
        elements.check(token.type)
        if not token.map or token.map[0] < end:  # within a block that is written
            continue
        first, stop = token.map
        if (block := _block(token, lines[first:stop], elements)) is not None:
            yield "".join(lines[end:first])
            yield block
            end = first if token.type in LISTS else stop
    yield "".join(lines[end:])
    elements.refuse_open()


def _block(token: Token, lines: list[str], elements: OpenElements) -> str | None:
    """The lines of a block as kramdown has them, or what it needs before a list; None for what has blocks."""
    block = "".join(lines)
    match token.type:
        case "fence":
            return _fenced(token, lines[0])
        case "code_block":
            return _indented(token, lines[0])
        case "html_block":
            return elements.read(block if token.level else block.lstrip(" "))
        case "table_open":
            return _table(block)
        case "ordered_list_open" if "start" in token.attrs:
            return _start(block)
        case "ordered_list_open" | "bullet_list_open" if token.level == 0:
            return "\n"  # else kramdown may take it for a part of the list before
        case "inline":
            return _text(block, within_paragraph="p" in elements.names)
    return None


def _text(block: str, within_paragraph: bool) -> str:
    """A paragraph or a heading."""
    marks = LINE_MARKS.match(block)[0]
    if is_formula(block[len(marks) :].strip()) and not within_paragraph:
        return f"{marks}\\{converted(block[len(marks) :])}"  # kramdown would take it for a block formula
    return converted(block)


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
    lines = re.split(r"(?<=\n)", block.rstrip("\n") + "\n")
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


def _fenced(token: Token, first_line: str) -> str:
    """Code in a fence, in the list's item or the quotation where it stands."""
    before = first_line.partition(token.markup)[0] if token.level else ""
    return _code(token.content, before, " ".join(token.info.split()[:1]))


def _indented(token: Token, first_line: str) -> str:
    """Code by indentation, in a fence: kramdown does not know it where it follows the mark of an item."""
    first_code = token.content.partition("\n")[0]
    start = first_code.lstrip()
    lead = len(first_code.expandtabs(4)) - len(start.expandtabs(4))
    up_to_start = first_line.removesuffix("\n").removesuffix(start).expandtabs(4)
    return _code(token.content, up_to_start[: len(up_to_start) - lead - 4])


def _code(code: str, before: str, language: str = "") -> str:
    """A fence as kramdown knows it: between empty lines, and closed by a line like the one that opened it."""
    inner, fence = within(before), fence_around(code)
    gap = inner.rstrip()
    above = [gap] if before == inner else [f"{before}{EMPTY}", gap]
    lines = [f"{inner}{line}" if line else gap for line in code.removesuffix("\n").split("\n")]
    return "\n".join([*above, f"{inner}{fence}{language}", *lines, f"{inner}{fence}", gap, ""])
