"""Formulas and code in a line of Markdown as kramdown reads them.

It knows no `$...$`, takes a `|` for a table's, ends code at the first backtick that may do, and may leave a
formula's `<` to be read as HTML.
"""

import re

from replicate.publish.html_block import inline
from replicate.publish.kramdown import as_attribute

# In this order: code is never touched, a backtick in an address or a tag begins none, and a block formula is
# not two inline ones.
PIECES = re.compile(
    r"(?P<mark>\\[\\`$]|<[a-zA-Z][\w+.-]*:[^\s<>]*>|<[a-zA-Z][\w-]*\s[^<>]*`[^<>]*>)"
    r"|(?P<code>(?<!(?<!\\)`)(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)"
    r"|<(?P<tag>code|kbd|samp)\b[^`]*?</(?P=tag)>)"
    r"|(?P<block>\$\$.+?\$\$)"
    r"|(?P<environment>\\begin\{(?P<name>[a-z]+\*?)\}(?:(?!\$\$).)*?\\end\{(?P=name)\})"
    r"|(?P<inline>(?<![\\$])\$(?![\s$])(?:(?!\n[ \t]*\n)[^$`])*?(?<![\s\\])\$(?![\d$]))",
    re.DOTALL | re.MULTILINE,
)
# A link to a file of this project leads nowhere from a post; its text stays.
RELATIVE_LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\((?![a-z]+:|#|/)(?:[^()]|\([^()]*\))*\)")
LINE_MARKS = re.compile(r"(?:[ \t]*(?:>|[-*+](?=[ \t])|\d+[.)](?=[ \t])))*[ \t]*")  # of quotations and items
BACKTICK = "&#96;"  # in a table kramdown sees code even after a backslash
EMPTY = "<!-- -->"  # on the line of an item's mark: kramdown looks for lists in the lines of a block there
# What kramdown alone would read: a backtick without code, footnotes, attributes, abbreviations, definitions.
KRAMDOWN_ALONE = re.compile(
    r"`|\$(?=\$)|(?<=\$)\$|(?<!\\)\[\^|\{[:#]|\*(?=\[[^\]\n]*\]:)|(?<![^\n]):(?=[ \t])"
)
# `[name]: text`, in which kramdown takes any text for an address.
DEFINITION = re.compile(rf"^({LINE_MARKS.pattern})\[(?=[^\]\n]*\]:)", re.MULTILINE)
LONE_BAR = re.compile(r"(?<!\\)\|")


def hidden(markdown: str) -> str:
    """The same lines with letters for formulas, in which a notebook's reader sees no Markdown."""
    return PIECES.sub(_letters, markdown)


def _letters(piece: re.Match) -> str:
    if piece["code"] or piece["mark"]:
        return piece[0]
    first, *lines = piece[0].split("\n")
    quoted = [re.match(r"(?:[ \t]*>)*", line)[0] for line in lines]
    return "\n".join(["x" * len(first), *(f"{marks}x" for marks in quoted)])


def is_formula(text: str) -> bool:
    """Whether a text is one formula for within a line, and nothing else."""
    piece = PIECES.fullmatch(text)
    return piece is not None and piece["inline"] is not None


def has_formulas_alone(text: str) -> bool:
    """Whether a text is formulas, with nothing but space between them."""
    return not PIECES.sub(lambda piece: piece[0] if piece["code"] or piece["mark"] else "", text).strip()


def within(marks: str) -> str:
    """What a line begins with that goes on where a line with these marks of lists and quotations stands."""
    return re.sub("[^>]", " ", marks)


def converted(text: str, in_table: bool = False) -> str:
    """One paragraph, heading or table; its bars are letters, or the edges of a table's cells."""
    text = DEFINITION.sub(r"\1\\[", text)
    parts, end, after_block = [], 0, False
    for match in PIECES.finditer(text):
        prose = text[end : match.start()].lstrip(" " if after_block else "")
        is_alone = after_block and match["inline"] and not prose.strip() and _ends(text[match.end() :])
        parts += [_prose(prose, text, in_table), "\\" if is_alone else "", _piece(match, in_table)]
        end, after_block = match.end(), not in_table and bool(match["block"] or match["environment"])
    return "".join([*parts, _prose(text[end:].lstrip(" " if after_block else ""), text, in_table)])


def _ends(text: str) -> bool:
    """Whether a paragraph, as kramdown has it, ends here: with the text or at a block formula."""
    piece = PIECES.search(text)
    is_block = piece is not None and (piece["block"] or piece["environment"])
    return not text[: piece.start() if is_block else None].strip()


def _prose(text: str, whole: str, in_table: bool) -> str:
    """Text without code and formulas, in which nothing is meant for kramdown alone."""
    text = KRAMDOWN_ALONE.sub(r"\\\g<0>", inline(RELATIVE_LINK.sub(r"\1", text), whole))
    if in_table:
        return text.replace("\\`", BACKTICK)
    return LONE_BAR.sub("&#124;", text)  # else kramdown makes its line a table


def _piece(match: re.Match, in_table: bool) -> str:
    if match["mark"] or match["tag"]:
        kept = inline(match[0], match.string)  # of code, an element within that has no end is refused
        kept = kept if match["mark"] else match[0]
        return kept.replace(r"\|", "&#124;").replace("\\`", BACKTICK) if in_table else kept
    if match["code"]:
        return _code(match, in_table)
    if match["inline"] or in_table:  # a cell has one line
        return f"$${for_kramdown(' '.join(match[0].strip('$').split()))}$$"
    return _block_formula(match)


def _code(match: re.Match, in_table: bool) -> str:
    """Code as an element where kramdown would see a fence, a block, no code, or a table's backslash in it."""
    code = match[0][len(match["ticks"]) : -len(match["ticks"])]
    seen = code.replace(r"\|", "|") if in_table else code
    plain = seen == code and len(match["ticks"]) < 3 and not re.search(r"[`\n]|^\s", code)
    return match[0] if plain else f"<code>{as_attribute(seen)}</code>"


def _block_formula(match: re.Match) -> str:
    """A formula between lines of `$$`, in the list's item or the quotation where it stands."""
    before = match.string[: match.start()].rpartition("\n")[2]
    marks = LINE_MARKS.match(match.string)[0]  # of the paragraph: what else a line begins with means nothing
    inner = within(marks)
    body = without_html(match[0] if match["environment"] else match[0][2:-2].strip())
    if ">" in inner:
        body = re.sub(r"^[ \t>]+", "", body, flags=re.MULTILINE)
    if not marks:
        return f"\n\n$$\n{body}\n$$\n\n"
    lines = "\n".join(inner + line.strip() for line in ("$$", *body.strip().splitlines(), "$$"))
    above = EMPTY if before == marks != inner else ""  # right after the mark of its item
    gap = inner.rstrip()
    return f"{above}\n{gap}\n{lines}\n{gap}\n{inner}"


def for_kramdown(formula: str) -> str:
    """The same formula without a `|`, the edge of a cell to kramdown, and with nothing that could be HTML."""
    formula = formula.replace(r"\|", r"\Vert ")
    formula = re.sub(r"\\(left|right|middle|[bB]igg?[lrm]?) *\|", r"\\\1\\vert ", formula)
    formula = re.sub(r" *\| *", r" \\mid ", formula)
    return without_html(formula)


def without_html(formula: str) -> str:
    """The same formula with a space after each `<` and `&` that could begin HTML."""
    return re.sub(r"<(?=[a-zA-Z/!?])|&(?=[a-zA-Z#])", r"\g<0> ", formula)
