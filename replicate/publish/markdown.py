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
from replicate.publish import blocks
from replicate.publish.formulas import LINE_MARKS, hidden
from replicate.publish.html_block import COMMENT, OpenElements

# Where an image is that a post shows; one beside the notebook, or in it, would be a gap.
SHOWN_IMAGE = re.compile(r"https?:|data:|/")
IMAGE_ELEMENT = re.compile(r"<img\b[^>]*?\bsrc\s*=\s*[\"']?([^\"'\s>]*)", re.IGNORECASE)
# A link that a notebook does not follow, and shows as text, and that a post would follow.
UNSAFE_LINK = re.compile(r"\]\(\s*<?[\s\0-\x20]*(?:javascript|vbscript|file|data)\s*:", re.IGNORECASE)
HOLDERS = ("ordered_list_open", "bullet_list_open", "blockquote_open")  # of blocks of their own
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
    quotation_ends = {
        token.map[1] for token in tokens if token.type == "blockquote_open" and token.level == 0
    }
    for token in tokens:
        elements.check(token.type)
        if not token.map or token.map[0] < end:  # within a block that is written
            continue
        first, stop = token.map
        if (block := _block(token, lines[first:stop], elements)) is not None:
            yield from _between(lines, end, first, quotation_ends)
            yield block
            end = first if token.type in HOLDERS else stop
            if end == stop and stop in quotation_ends:
                yield "\n"
    yield from _between(lines, end, len(lines), quotation_ends)
    elements.refuse_open()


def _between(lines: list[str], first: int, stop: int, quotation_ends: set[int]) -> Iterator[str]:
    """Lines as they are, and an empty one where a quotation ends: kramdown may take what follows into it."""
    for number in range(first, stop):
        yield lines[number]
        if number + 1 in quotation_ends:
            yield "\n"


def _block(token: Token, lines: list[str], elements: OpenElements) -> str | None:
    """The lines of a block as kramdown has them, or what it needs before a list; None for what has blocks."""
    block = "".join(lines)
    match token.type:
        case "fence":
            return blocks.fenced(token, lines[0])
        case "code_block":
            return blocks.indented(token, lines[0])
        case "html_block":
            return elements.read(block if token.level else block.lstrip(" "))
        case "table_open":
            return blocks.table(block)
        case "ordered_list_open" if "start" in token.attrs:
            return blocks.start(block)
        case "ordered_list_open" | "bullet_list_open" if token.level == 0:
            return "\n"  # else kramdown may take it for a part of the list before
        case "hr":
            return blocks.rule(lines[0])
        case "heading_open":
            return blocks.heading(token, lines)
        case "blockquote_open" if token.level == 0:
            return "\n"  # else it may be of the item before
        case "inline":
            return blocks.paragraph(block, within_paragraph="p" in elements.names)
    return None
