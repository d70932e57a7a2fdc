r"""Formulas of Markdown, as JupyterLab finds them, in two steps.

Before a text is read they are set aside, so that nothing in them is taken for Markdown (`SetAside`): they
stand between dollars, `\\(` and `\\)` or `\\[` and `\\]`, or are an environment. In the page, where they are
again, MathJax finds them by a rule of its own (`formulas_in`).
"""

import re
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple

# What JupyterLab looks at. An environment's name has letters, and perhaps a star.
SIGNS = re.compile(r"\$\$?|\\(?:begin|end)\{[a-z]*\*?\}|\\[{}$]|[{}]|(?:\n\s*)+|\\\\[()\[\]]", re.IGNORECASE)
EMPTY_LINE = re.compile(r"\n.*\n")
CODE = re.compile(r"(?<![`\\])(`+)(?!`)[^\n]*?(?<!`)\1(?!`)")  # in a line, where a dollar is no sign
QUOTED = re.compile(r"[ \t]*>")  # how a line of a quotation begins
# What MathJax looks at, and what ends what it finds.
OPENING = re.compile(r"\\begin\s*\{(?P<name>[^}]*)\}|\$\$?|\\[(\[]|\\[\\$]")
# Environments of LaTeX that MathJax does not have.
OF_TEXT = re.compile(r"\\begin\{(?:[vV]erbatim|tabular|table|figure|itemize|enumerate|longtable|center)\*?\}")
ENDS = {"$": r"\$", "$$": r"\$\$", r"\(": r"\\\)", r"\[": r"\\\]"}


class Formula(NamedTuple):
    """A formula in a text of a page."""

    start: int
    stop: int
    tex: str  # without what it stands between
    is_block: bool  # and stands on lines of its own

    def as_tex(self, in_a_line: bool) -> str:
        """What MathJax, as Chirpy has it, reads in a page; where all is in a line, the formula is, too."""
        if in_a_line or not self.is_block:
            return rf"\({self.tex}\)"
        return self.tex if self.tex.startswith("\\begin") else rf"\[{self.tex}\]"


def formulas_in(text: str) -> Iterator[Formula]:
    """The formulas that MathJax finds in a text of a page."""
    stop = 0
    while opening := OPENING.search(text, stop):
        start, stop, sign = opening.start(), opening.end(), opening[0]
        name = opening["name"]
        end = ENDS.get(sign) if name is None else rf"\\end\s*\{{{re.escape(name)}\}}"
        if end and (closing := _closing(text, stop, end)):
            tex = text[stop : closing.start()] if name is None else text[start : closing.end()]
            stop = closing.end()
            yield Formula(start, stop, _stripped(tex), is_block=sign not in ("$", r"\("))


def _stripped(tex: str) -> str:
    """Without space around it, but for one that a backslash makes a sign."""
    stripped = tex.strip()
    backslashes = len(stripped) - len(stripped.rstrip("\\"))
    return f"{stripped} " if backslashes % 2 else stripped


def _closing(text: str, start: int, end: str) -> re.Match | None:
    """What ends a formula that begins at `start`: the first such sign that stands in no braces of it."""
    depth = 0
    for sign in re.compile(rf"(?P<end>{end})|\\.|[{{}}]", re.DOTALL).finditer(text, start):
        if sign["end"] and not depth:
            return sign
        if sign[0] == "{":
            depth += 1
        elif sign[0] == "}":
            depth = max(depth - 1, 0)
    return None


def is_mathematics(latex: str) -> bool:
    """Whether an output's LaTeX is formulas alone, and none is of text, as `IPython.display.Code` has it."""
    return are_formulas_alone(latex) and not OF_TEXT.search(latex)


def are_formulas_alone(text: str) -> bool:
    """Whether a text of a page is formulas, with nothing but space between them."""
    stop = 0
    for formula in formulas_in(text):
        if text[stop : formula.start].strip():
            return False
        stop = formula.stop
    return not text[stop:].strip()


class SetAside:
    """Takes formulas, and dollars that are none, out of a text, and knows them by marks meanwhile."""

    def __init__(self, markdown: str):
        self.sources: list[str] = []
        self.own = f"@@{sha256(markdown.encode()).hexdigest()[:16]}."  # which no text has of itself
        self.mark = re.compile(rf"{re.escape(self.own)}(\d+)@@")

    def __call__(self, markdown: str, spared: Sequence[tuple[int, int]]) -> str:
        """The text with a mark, of one line, for each formula that does not begin in a spared part of it."""
        parts, end = [], 0
        for start, stop in _set_aside(markdown, spared):
            source = markdown[start:stop]
            if QUOTED.match(markdown[:start].rpartition("\n")[2]):
                source = re.sub(r"\n(?:[ \t]*>)+", "\n", source)
            parts += [markdown[end:start], f"{self.own}{len(self.sources)}@@"]
            self.sources.append(source)
            end = stop
        return "".join([*parts, markdown[end:]])

    def as_written(self, text: str) -> str:
        """The text with all as it was, where nothing is a formula, as in code."""
        return self.mark.sub(lambda mark: self.sources[int(mark[1])], text)

    def as_read(self, text: str) -> str:
        """The text with its formulas as MathJax reads them; dollars that are none have their marks still."""
        return self.mark.sub(self._as_read, text)

    def _as_read(self, mark: re.Match) -> str:
        source = self.sources[int(mark[1])]
        if source == r"\$":
            return mark[0]
        return source[1:-3] + source[-2:] if source.startswith("\\\\") else source


def _set_aside(text: str, spared: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Where the formulas of Markdown begin and end, and dollars after a backslash that are in none."""
    code = [match.span() for match in CODE.finditer(text)]
    signs = [sign for sign in SIGNS.finditer(text) if "$" not in sign[0] or not _is_in(sign, code)]
    place = 0
    while place < len(signs):
        opening = signs[place]
        end = "" if _is_in(opening, spared) else _end_of(opening[0])
        if end:
            place, is_closed = _last_of(signs, place, end)
            if is_closed:
                yield opening.start(), signs[place].end()
        elif opening[0] == r"\$":
            yield opening.span()
        place += 1


def _last_of(signs: list[re.Match], opening: int, end: str) -> tuple[int, bool]:
    """The place of a formula's last sign, and whether that ends it; else it ends where the text is parted.

    An end in braces does where there is no other.
    """
    depth, in_braces, place = 0, None, opening
    for place in range(opening + 1, len(signs)):
        sign = signs[place][0]
        if sign == end and not depth:
            return place, True
        if sign == end:
            in_braces = place
        elif EMPTY_LINE.search(sign):
            break
        elif sign == "{":
            depth += 1
        elif sign == "}":
            depth = max(depth - 1, 0)
    return (place, False) if in_braces is None else (in_braces, True)


def _end_of(sign: str) -> str:
    """What ends a formula that a sign begins; "" where it begins none."""
    if sign in ("$", "$$"):
        return sign
    if sign in (r"\\(", r"\\["):
        return sign.translate({ord("("): ")", ord("["): "]"})
    return sign.replace(r"\begin", r"\end") if sign.startswith(r"\begin") else ""


def _is_in(sign: re.Match, parts: Sequence[tuple[int, int]]) -> bool:
    """Whether a sign begins in one of these parts of its text."""
    return any(start <= sign.start() < stop for start, stop in parts)
