"""HTML in Markdown: in many elements kramdown looks for Markdown only where they say so."""

import re

from replicate.errors import ParameterError

# In which a notebook's Markdown goes on after an empty line, where they say so; in a `p` that is text alone.
AROUND = {
    *("address", "article", "aside", "blockquote", "details", "div", "fieldset", "figure", "footer", "form"),
    *("header", "main", "nav", "p", "section"),
}
# In the text of which kramdown looks by itself.
INLINE = {
    *("a", "abbr", "b", "bdo", "big", "button", "cite", "del", "dfn", "em", "i", "ins", "label"),
    *("q", "ruby", "rp", "rt", "select", "small", "span", "strong", "sub", "sup", "tt"),
}
# Which have no end.
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
BLOCKS = [  # tokens of Markdown that are no text
    *("fence", "code_block", "heading_open", "bullet_list_open", "ordered_list_open", "blockquote_open"),
    "table_open",
]
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
ATTRIBUTES = r"(?:[^<>\"']|\"[^\"]*\"|'[^']*')*"
PIECES = re.compile(
    rf"{COMMENT.pattern}"
    r"|<(?P<raw>script|style)\b.*?(?P<closed></(?P=raw)\s*>|\Z)"
    rf"|<(?P<end>/?)(?P<name>[a-z][\w-]*)(?P<rest>{ATTRIBUTES})>",
    re.DOTALL | re.IGNORECASE,
)
OPENING = re.compile(rf"(?<!\\)<(?P<name>[a-z][\w-]*)(?P<rest>(?:[\s/]{ATTRIBUTES})?)>", re.IGNORECASE)


class OpenElements:
    """The elements that the HTML blocks of a cell have opened and not closed so far."""

    def __init__(self):
        self.names: list[str] = []

    def read(self, block: str) -> str:
        """A block; what it leaves open says that there is Markdown within.

        Raises:
            ParameterError: it ends what is not open, and what follows would be read as something else.
        """
        if "<!--" in COMMENT.sub("", block):
            raise ParameterError("a post needs the end of a comment, -->: it would be shown")
        block = block.replace("{:", "&#123;:")  # which would be kramdown's attributes
        opened: list[tuple[str, int]] = []
        for match in PIECES.finditer(block):
            if match["closed"] == "":
                self.names.append(match["raw"].lower())
            name = (match["name"] or "").lower()
            if not name or name in VOID or match["rest"].endswith("/"):
                continue
            if not match["end"]:
                opened.append((name, match.end() - 1))
            elif name in (names := [name for name, _ in opened]):
                _refuse_within(names[_last(names, name) :])
                del opened[_last(names, name) :]
            elif name in self.names:
                _refuse_within(self.names[_last(self.names, name) :] + names)
                del self.names[_last(self.names, name) :]
            else:
                raise ParameterError(f"</{name}> ends nothing here; leave it out")
        self.names += [name for name, _ in opened]
        for name, end in reversed(opened):
            if name in AROUND:
                block = f'{block[:end]} markdown="1"{block[end:]}'
        return block

    def check(self, kind: str) -> None:
        """Refuse a token of Markdown here.

        Raises:
            ParameterError: it stands within an element of which kramdown would show it as it is written.
        """
        for name in reversed(self.names):
            is_text_alone = name == "p" and kind in BLOCKS
            if is_text_alone or (name not in AROUND and kind in (*BLOCKS, "inline")):
                raise ParameterError(
                    f"a post cannot show the Markdown within <{name}>: write all of that element in HTML, "
                    "without empty lines, or all of it in Markdown"
                )

    def refuse_open(self) -> None:
        """Refuse the end of a cell here.

        Raises:
            ParameterError: an element is open, which would take in the cells that follow.
        """
        if self.names:
            raise ParameterError(f"a post needs the end of <{self.names[-1]}>: close it in its cell")


def inline(text: str, cell: str) -> str:
    """A text with its inline elements, each of which says that there is Markdown within.

    Args:
        cell: where their ends are looked for.

    Raises:
        ParameterError: one has no end, and would take in what follows.
    """

    def told(match: re.Match) -> str:
        name = match["name"].lower()
        if name in VOID | INLINE or match["rest"].endswith("/"):
            return match[0]
        if f"</{name}" not in cell.lower():
            raise ParameterError(
                f"a post needs the end of <{name}>: close it, or write \\<{name}> for a text"
            )
        return match[0] if name in AROUND else f'<{match["name"]}{match["rest"]} markdown="span">'

    return OPENING.sub(told, text)


def _refuse_within(names: list[str]) -> None:
    """Refuse elements that are open where the first of them ends: kramdown would read on."""
    if len(names) > 1:
        raise ParameterError(f"a post needs the end of <{names[-1]}> before that of <{names[0]}>")


def _last(names: list[str], name: str) -> int:
    return len(names) - 1 - names[::-1].index(name)
