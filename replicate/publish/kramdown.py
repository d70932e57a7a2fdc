"""What a notebook holds as Jekyll reads it: Liquid fills in the whole body first, then kramdown renders it.

The rule:

- Markdown, of a cell or of an output, is its author's and stays Markdown, HTML included. Its formulas arrive
  untouched: kramdown knows no `$...$`, takes `|` for the column of a table even inside a formula, and needs
  `$$` and empty lines around an environment (`to_kramdown`).
- Everything else is text, and a reader sees exactly it. Code and what it printed stand in a fence longer than
  any in them (`code_block`); in a table's cell, a caption and an alternative text the marks are character
  references, which kramdown never reads as marks (`as_text`).
- Nothing is meant for Liquid: every `{` of the body that would open a tag is printed by one (`past_liquid`).
"""

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

from replicate.parameters import ParameterError
from replicate.publish.html_block import OpenElements, inline

# In this order: code is never touched, and a block formula is not two inline ones.
PIECES = re.compile(
    r"(?P<code>(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)|<(?P<tag>code|kbd|samp)\b.*?</(?P=tag)>)"
    r"|(?P<block>\$\$.+?\$\$)"
    r"|(?P<environment>\\begin\{(?P<name>[a-z]+\*?)\}.*?\\end\{(?P=name)\})"
    r"|(?P<inline>(?<![\\$])\$(?![\s$])(?:(?!\n[ \t]*\n)[^$`])*?(?<![\s\\])\$(?![\d$]))",
    re.DOTALL | re.MULTILINE,
)
# A link to a file of this project leads nowhere from a post; its text stays.
RELATIVE_LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\((?![a-z]+:|#|/)(?:[^()]|\([^()]*\))*\)")
LINE_MARKS = re.compile(r"(?:[ \t]*(?:>|[-*+](?=[ \t])|\d+[.)](?=[ \t])))*[ \t]*")  # of quotations and items
LONE_BAR = re.compile(r"(?<!\\)\|")

# The marks of HTML and Markdown in a line of text, and what kramdown would join (dashes, dots) or take for
# the rule of a table: a dash with no word after it. Chirpy looks for `=` in attributes.
MARKS = re.compile(r"[&<>\"'`*\[\]{}|\\$~=^]|(?<![a-zA-Z])_|_(?![a-zA-Z])|-(?=-|\W*$)|\.(?=\.)")
# Where an image is that a post shows; one beside the notebook, or in it, would be a gap.
SHOWN_IMAGE = re.compile(r"https?:|data:|/")
IMAGE_ELEMENT = re.compile(r"<img\b[^>]*?\bsrc\s*=\s*[\"']?([^\"'\s>]*)", re.IGNORECASE)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
# `$`, and the backslash of `\(` and `\begin`: they begin a formula for MathJax as Chirpy has it. No formula
# reads on past an element.
FORMULA_MARK = re.compile("&#(36|92);")
LIQUID = re.compile(r"\{(?=[{%])")


def as_text(text: str) -> str:
    """Plain text as one line of kramdown that shows exactly it, formulas that MathJax would find included."""
    return FORMULA_MARK.sub(r"<span>\g<0></span>", as_attribute(text))


def as_attribute(text: str) -> str:
    """The same for an alternative text, which holds no element and where MathJax does not look."""
    return MARKS.sub(lambda mark: f"&#{ord(mark[0])};", " ".join(text.split()))


def code_block(text: str, language: str) -> str:
    """Text in a fence that nothing in it can end, without empty lines around it; "" for blank text."""
    text = text.rstrip().lstrip("\n")
    fence = "`" * (1 + max([2, *map(len, re.findall("`+", text))]))
    return f"{fence}{language}\n{text}\n{fence}" if text else ""


def past_liquid(body: str) -> str:
    """What Liquid turns into this body."""
    return LIQUID.sub("{{'{'}}", body)


def to_kramdown(markdown: str) -> str:
    """Convert one cell's Markdown.

    Raises:
        ParameterError: it shows an image that a post would not have, or HTML that takes in what follows.
    """
    markdown = re.sub("\r\n?", "\n", markdown)
    tokens = MarkdownIt().enable("table").parse(markdown)
    for place in _images(tokens):
        if not SHOWN_IMAGE.match(place):
            raise ParameterError(
                f"a post would not have the image {place!r}: name it by its address, or draw it as a figure"
            )
    return "".join(_parts(markdown, tokens))


def _images(tokens: list[Token]) -> Iterator[str]:
    """Where the images are that Markdown or HTML shows."""
    for token in tokens:
        if token.type == "image":
            yield token.attrs["src"]
        elif token.type in ("html_block", "html_inline"):
            yield from IMAGE_ELEMENT.findall(COMMENT.sub("", token.content))
        yield from _images(token.children or [])


def _parts(markdown: str, tokens: list[Token]) -> Iterator[str]:
    """The blocks of code, HTML and tables, each in its way, and the prose between them."""
    lines, end, elements = re.split(r"(?<=\n)", markdown), 0, OpenElements()
    for token in tokens:
        elements.check(token.type)
        if token.type not in ("fence", "code_block", "html_block", "table_open"):
            continue
        first, stop = token.map
        yield _converted("".join(lines[end:first]))
        block, end = "".join(lines[first:stop]), stop
        if token.type == "fence":
            yield _fenced(token, lines[first:stop])
        elif token.type == "table_open":
            marks = LINE_MARKS.match(block)[0]
            gap = f"{_within(marks).rstrip()}\n"
            yield f"{gap if marks == _within(marks) else ''}{_converted(block, bars=True)}{gap}"
        else:
            yield elements.read(block) if token.type == "html_block" else block
    yield _converted("".join(lines[end:]))
    elements.refuse_open()


def _within(marks: str) -> str:
    """What a line begins with that goes on where a line with these marks of lists and quotations stands."""
    return re.sub("[^>]", " ", marks)


def _fenced(token: Token, lines: list[str]) -> str:
    """A fence as kramdown knows it: between empty lines, and closed by a line like the one that opened it."""
    (opening, *body), fence = lines, token.markup
    before = opening.partition(fence)[0]
    within = _within(before)
    if body and re.fullmatch(rf"[ \t>]*{fence}{fence[0]}*\s*", body[-1]):
        body.pop()
    if body and not body[-1].endswith("\n"):
        body.append("\n")
    language = " ".join(token.info.split()[:1])
    gap = f"{within.rstrip()}\n"
    first = gap if before == within else ""  # else it stands on the line of its item's mark
    return f"{first}{before}{fence}{language}\n{''.join(body)}{within}{fence}\n{gap}"


def _converted(markdown: str, bars: bool = False) -> str:
    """Text without blocks of code; its bars are letters, or the edges of a table's cells."""
    parts, end = [], 0
    for match in PIECES.finditer(markdown):
        parts += [_prose(markdown[end : match.start()], markdown, bars), _piece(match)]
        end = match.end()
    return "".join([*parts, _prose(markdown[end:], markdown, bars)])


def _prose(text: str, cell: str, bars: bool) -> str:
    text = inline(RELATIVE_LINK.sub(r"\1", text), cell)
    return text if bars else LONE_BAR.sub("&#124;", text)  # kramdown would take a line with it for a table


def _piece(match: re.Match) -> str:
    if match["code"]:
        return match[0]
    if match["inline"]:
        return f"$${without_bars(match[0][1:-1])}$$"
    return _block_formula(match)


def _block_formula(match: re.Match) -> str:
    """A formula between lines of `$$`, in the list's item or the quotation where it stands."""
    before = match.string[: match.start()].rpartition("\n")[2]
    marks = LINE_MARKS.match(before)[0]
    within = _within(marks)
    body = match[0] if match["environment"] else match[0][2:-2].strip()
    if ">" in within:
        body = re.sub(r"^[ \t>]+", "", body, flags=re.MULTILINE)
    if not marks:
        return f"\n\n$$\n{body}\n$$\n\n"
    lines = "\n".join(within + line.strip() for line in ("$$", *body.strip().splitlines(), "$$"))
    if before == marks != within:  # right after the mark of its item
        return f"{lines.removeprefix(within)}\n{within.rstrip()}\n{within}"
    return f"\n{within.rstrip()}\n{lines}\n{within.rstrip()}\n{within}"


def without_bars(formula: str) -> str:
    """The same formula without a `|`, which kramdown would take for the edge of a cell."""
    formula = formula.replace(r"\|", r"\Vert ")
    formula = re.sub(r"\\(left|right|middle|[bB]igg?[lrm]?) *\|", r"\\\1\\vert ", formula)
    return re.sub(r" *\| *", r" \\mid ", formula)
