r"""Formulas of Markdown, set aside before anything else is read, as JupyterLab does.

They stand between dollars, `\\(` and `\\)` or `\\[` and `\\]`, or are an environment; none goes on past an
empty line, and none begins in code.
"""

import re
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

SIGN = r"(?!\n[ \t]*\n)."  # of a formula
# In braces, such as those of a text, it may have dollars; they may have braces in them.
PLAIN = r"(?!\n[ \t]*\n)(?:\\.|[^\\{}`])"
BRACES = rf"\{{(?:{PLAIN})*\}}"
for _ in range(2):
    BRACES = rf"\{{(?:{PLAIN}|{BRACES})*\}}"
# In this order: a backtick in an address or a tag begins no code, and a block formula is not two inline ones.
PIECES = re.compile(
    rf"(?P<round>\\\\\((?:{SIGN})+?\\\\\))|(?P<square>\\\\\[(?:{SIGN})+?\\\\\])"
    r"|(?P<mark>\\[\\`$]|<[a-zA-Z][\w+.-]*:[^\s<>]*>|<[a-zA-Z][\w-]*\s[^<>]*`[^<>]*>)"
    r"|(?P<code>(?<!(?<!\\)`)(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)"
    r"|<(?P<tag>code|kbd|samp)\b[^`]*?</(?P=tag)>)"
    rf"|(?P<block>\$\$(?:{SIGN})+?\$\$)"
    rf"|(?P<environment>\\begin\{{(?P<name>[a-z]+\*?)\}}(?:(?!\$\$){SIGN})*?\\end\{{(?P=name)\}})"
    rf"|(?P<inline>\$(?!\$)(?:{BRACES}|(?!\n[ \t]*\n)(?:\\.|[^$\\`{{}}]))+\$(?!\$))",
    re.DOTALL | re.MULTILINE,
)
QUOTED = re.compile(r"[ \t]*>")  # how a line of a quotation begins


class Formula(NamedTuple):
    """A formula, as a text has it."""

    source: str
    is_block: bool  # and stands on lines of its own

    def as_tex(self, in_a_line: bool) -> str:
        """What MathJax, as Chirpy has it, reads in a page; where all is in a line, the formula is, too."""
        if self.source.startswith("\\begin"):
            return rf"\({self.source}\)" if in_a_line else self.source
        tex = re.sub(r"^(?:\$+|\\\\[(\[])|(?:(?<!\\)\$+|\\\\[)\]])$", "", self.source).strip()
        return rf"\[{tex}\]" if self.is_block and not in_a_line else rf"\({tex}\)"


class SetAside:
    """Takes formulas out of a text, and knows them by the marks that stand there meanwhile."""

    def __init__(self, markdown: str):
        self.formulas: list[Formula] = []
        self.own = f"@@{sha256(markdown.encode()).hexdigest()[:16]}."  # which no text has of itself
        self.mark = re.compile(rf"{re.escape(self.own)}(\d+)@@")

    def __call__(self, markdown: str, spared: Sequence[tuple[int, int]]) -> str:
        """The text with a mark, of one line, for each formula that does not begin in a spared part of it."""
        parts, end = [], 0
        while piece := PIECES.search(markdown, end):
            stop = next((stop for start, stop in spared if start <= piece.start() < stop), None)
            if stop is None:
                parts += [markdown[end : piece.start()], self._set_aside(piece)]
                stop = piece.end()
            else:
                parts.append(markdown[end:stop])
            end = stop
        return "".join([*parts, markdown[end:]])

    def as_written(self, text: str) -> str:
        """The text with its formulas as they were, where they are none, as in code."""
        return self.mark.sub(lambda mark: self.formulas[int(mark[1])].source, text)

    def _set_aside(self, piece: re.Match) -> str:
        if piece["code"] or piece["mark"]:
            return piece[0]
        source = piece[0]
        if QUOTED.match(piece.string[: piece.start()].rpartition("\n")[2]):
            source = re.sub(r"\n(?:[ \t]*>)+", "\n", source)
        self.formulas.append(Formula(source, is_block=not (piece["inline"] or piece["round"])))
        return f"{self.own}{len(self.formulas) - 1}@@"


def has_formulas_alone(text: str) -> bool:
    """Whether a text is formulas, with nothing but space between them."""
    return not PIECES.sub(lambda piece: piece[0] if piece["code"] or piece["mark"] else "", text).strip()
