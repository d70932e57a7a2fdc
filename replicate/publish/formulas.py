"""Formulas and code in Markdown as kramdown reads them: it knows no `$...$`, and a `|` makes a table."""

import re
from html import escape

from replicate.publish.html_block import inline

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


def hidden(markdown: str) -> str:
    """The same lines, with formulas in which no reader of Markdown sees the edge of a table's cell."""
    return PIECES.sub(lambda piece: piece[0] if piece["code"] else piece[0].replace("|", "x"), markdown)


def is_formula(text: str) -> bool:
    """Whether a text is one formula for within a line, and nothing else."""
    piece = PIECES.fullmatch(text)
    return piece is not None and piece["inline"] is not None


def within(marks: str) -> str:
    """What a line begins with that goes on where a line with these marks of lists and quotations stands."""
    return re.sub("[^>]", " ", marks)


def converted(markdown: str, in_table: bool = False) -> str:
    """Text without blocks of code; its bars are letters, or the edges of a table's cells."""
    parts, end = [], 0
    for match in PIECES.finditer(markdown):
        parts += [_prose(markdown[end : match.start()], markdown, in_table), _piece(match, in_table)]
        end = match.end()
    return "".join([*parts, _prose(markdown[end:], markdown, in_table)])


def _prose(text: str, cell: str, in_table: bool) -> str:
    text = inline(RELATIVE_LINK.sub(r"\1", text), cell)
    return text if in_table else LONE_BAR.sub("&#124;", text)  # else kramdown makes its line a table


def _piece(match: re.Match, in_table: bool) -> str:
    if match["code"]:
        return _code_of_a_table(match) if in_table and r"\|" in match[0] else match[0]
    if match["inline"]:
        return f"$${without_bars(match[0][1:-1])}$$"
    return _block_formula(match)


def _code_of_a_table(match: re.Match) -> str:
    """Code with a bar, without the backslash that a table needs there and a notebook's reader never sees."""
    if match["tag"]:
        return match[0].replace(r"\|", "&#124;")
    code = escape(match[0].strip("`").strip(" ").replace(r"\|", "|"), quote=False)
    return f"<code>{code.replace('|', '&#124;')}</code>"


def _block_formula(match: re.Match) -> str:
    """A formula between lines of `$$`, in the list's item or the quotation where it stands."""
    before = match.string[: match.start()].rpartition("\n")[2]
    marks = LINE_MARKS.match(before)[0]
    inner = within(marks)
    body = match[0] if match["environment"] else match[0][2:-2].strip()
    if ">" in inner:
        body = re.sub(r"^[ \t>]+", "", body, flags=re.MULTILINE)
    if not marks:
        return f"\n\n$$\n{body}\n$$\n\n"
    lines = "\n".join(inner + line.strip() for line in ("$$", *body.strip().splitlines(), "$$"))
    if before == marks != inner:  # right after the mark of its item
        return f"{lines.removeprefix(inner)}\n{inner.rstrip()}\n{inner}"
    return f"\n{inner.rstrip()}\n{lines}\n{inner.rstrip()}\n{inner}"


def without_bars(formula: str) -> str:
    """The same formula without a `|`, which kramdown would take for the edge of a cell."""
    formula = formula.replace(r"\|", r"\Vert ")
    formula = re.sub(r"\\(left|right|middle|[bB]igg?[lrm]?) *\|", r"\\\1\\vert ", formula)
    return re.sub(r" *\| *", r" \\mid ", formula)
