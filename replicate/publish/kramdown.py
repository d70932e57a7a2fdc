"""A notebook's Markdown as kramdown, Jekyll's parser, reads it: formulas arrive untouched.

kramdown knows no `$...$`, takes `|` for the column of a table even inside a formula, and needs `$$` and empty
lines around an environment.
"""

import re

# In this order: code is never touched, and a block formula is not two inline ones.
PIECES = re.compile(
    r"(?P<code>^(?P<fence>```+|~~~+).*?^(?P=fence)[ \t]*$|(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`))"
    r"|(?P<block>\$\$.+?\$\$)"
    r"|(?P<environment>\\begin\{(?P<name>[a-z]+\*?)\}.*?\\end\{(?P=name)\})"
    r"|(?P<inline>(?<![\\$])\$(?![\s$])[^$]*?(?<![\s\\])\$(?![\d$]))",
    re.DOTALL | re.MULTILINE,
)
# A link to a file of this project leads nowhere from a post; its text stays.
RELATIVE_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((?![a-z]+:|#|/)[^)]*\)")


def to_kramdown(markdown: str) -> str:
    """Convert one cell's Markdown."""
    parts, end = [], 0
    for match in PIECES.finditer(markdown):
        parts += [_prose(markdown[end : match.start()]), _piece(match)]
        end = match.end()
    return "".join([*parts, _prose(markdown[end:])])


def _prose(text: str) -> str:
    return RELATIVE_LINK.sub(r"\1", text)


def _piece(match: re.Match) -> str:
    if match["code"]:
        return match[0]
    if match["inline"]:
        return f"$${without_bars(match[0][1:-1])}$$"
    body = match[0] if match["environment"] else match[0][2:-2].strip()
    return f"\n\n$$\n{body}\n$$\n\n"


def without_bars(formula: str) -> str:
    """The same formula without a `|`, which kramdown would take for the edge of a cell."""
    formula = formula.replace(r"\|", r"\Vert ")
    formula = re.sub(r"\\(left|right|big|Big|bigl|bigr|middle)\|", r"\\\1\\vert ", formula)
    return re.sub(r" *\| *", r" \\mid ", formula)
