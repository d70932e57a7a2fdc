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

from replicate.parameters import ParameterError

# In this order: code is never touched, and a block formula is not two inline ones.
PIECES = re.compile(
    r"(?P<code>^(?P<fence>```+(?![^\n]*`)|~~~+).*?(?P<end>^(?P=fence)[ \t]*$|\Z)"
    r"|(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`))"
    r"|(?P<block>\$\$.+?\$\$)"
    r"|(?P<environment>\\begin\{(?P<name>[a-z]+\*?)\}.*?\\end\{(?P=name)\})"
    r"|(?P<inline>(?<![\\$])\$(?![\s$])[^$]*?(?<![\s\\])\$(?![\d$]))",
    re.DOTALL | re.MULTILINE,
)
# A link to a file of this project leads nowhere from a post; its text stays.
RELATIVE_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((?![a-z]+:|#|/)[^)]*\)")

# The marks of HTML and Markdown in a line of text, and what kramdown would join (dashes, dots) or take for
# the rule of a table: a dash with no word after it. Chirpy looks for `=` in attributes.
MARKS = re.compile(r"[&<>\"'`*\[\]{}|\\$~=^]|(?<![a-zA-Z])_|_(?![a-zA-Z])|-(?=-|\W*$)|\.(?=\.)")
# An image whose file is beside the notebook, or in it; a post would show a gap.
LOST_IMAGE = re.compile(r"!\[[^\]]*\]\((?!https?:|data:|/)([^)\s]*)")
VERBATIM = re.compile(r"\s*<(pre|script|style|textarea)\b", re.IGNORECASE)
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
        ParameterError: it shows an image that a post would not have.
    """
    return "".join(text if is_code else _converted(text) for text, is_code in _parts(markdown))


def _parts(markdown: str) -> Iterator[tuple[str, bool]]:
    """The text cut at its indented code, `<pre>` and the like, and whether a part is such.

    Code in fences is not: one that is left open is closed later.
    """
    markdown = re.sub("\r\n?", "\n", markdown)
    lines, end = re.split(r"(?<=\n)", markdown), 0
    for token in MarkdownIt().parse(markdown):
        if token.type == "code_block" or (token.type == "html_block" and VERBATIM.match(token.content)):
            first, stop = token.map
            yield "".join(lines[end:first]), False
            yield "".join(lines[first:stop]), True
            end = stop
    yield "".join(lines[end:]), False


def _converted(markdown: str) -> str:
    parts, end = [], 0
    for match in PIECES.finditer(markdown):
        parts += [_prose(markdown[end : match.start()]), _piece(match)]
        end = match.end()
    return "".join([*parts, _prose(markdown[end:])])


def _prose(text: str) -> str:
    if lost := LOST_IMAGE.search(text):
        raise ParameterError(
            f"a post would not have the image {lost[1]!r}: name it by its address, or draw it as a figure"
        )
    return RELATIVE_LINK.sub(r"\1", text)


def _piece(match: re.Match) -> str:
    if match["code"]:
        open_fence = match["fence"] and not match["end"]  # would take in the cells that follow
        return f"{match[0].rstrip()}\n{match['fence']}" if open_fence else match[0]
    if match["inline"]:
        return f"$${without_bars(match[0][1:-1])}$$"
    body = match[0] if match["environment"] else match[0][2:-2].strip()
    return f"\n\n$$\n{body}\n$$\n\n"


def without_bars(formula: str) -> str:
    """The same formula without a `|`, which kramdown would take for the edge of a cell."""
    formula = formula.replace(r"\|", r"\Vert ")
    formula = re.sub(r"\\(left|right|big|Big|bigl|bigr|middle)\|", r"\\\1\\vert ", formula)
    return re.sub(r" *\| *", r" \\mid ", formula)
