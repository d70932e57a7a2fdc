"""HTML in Markdown: kramdown looks for Markdown within an element only where the element says so."""

import re

from replicate.parameters import ParameterError

# In which a notebook's Markdown goes on after an empty line, and kramdown can look for it.
AROUND = {
    *("address", "article", "aside", "blockquote", "details", "div", "fieldset", "figure", "footer", "form"),
    *("header", "main", "nav", "p", "section"),
}
# In which it cannot: there a fence's code would be HTML of the page.
WITHOUT = {
    *("center", "table", "thead", "tbody", "tfoot", "tr", "td", "th", "ul", "ol", "li", "dl", "dt", "dd"),
}
PIECES = re.compile(
    r"<!--.*?-->"
    r"|<(?P<raw>pre|script|style|textarea)\b.*?(?:</(?P=raw)\s*>|\Z)"
    r"|<(?P<end>/?)(?P<name>[a-z][\w-]*)(?P<rest>(?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>",
    re.DOTALL | re.IGNORECASE,
)


class OpenElements:
    """The elements that the HTML blocks of a cell have opened and not closed so far."""

    def __init__(self):
        self.names: list[str] = []

    def read(self, block: str) -> str:
        """A block; what it leaves open says that there is Markdown within."""
        opened: list[tuple[str, int]] = []
        for match in PIECES.finditer(block):
            name = (match["name"] or "").lower()
            if name not in AROUND | WITHOUT or match["rest"].endswith("/"):
                continue
            if not match["end"]:
                opened.append((name, match.end() - 1))
            elif name in (names := [name for name, _ in opened]):
                del opened[_last(names, name) :]
            elif name in self.names:
                del self.names[_last(self.names, name) :]
        self.names += [name for name, _ in opened]
        for name, end in reversed(opened):
            if name in AROUND:
                block = f'{block[:end]} markdown="1"{block[end:]}'
        return block

    def refuse_markdown(self) -> None:
        """Refuse Markdown here.

        Raises:
            ParameterError: it stands within an element of which kramdown would show it as it is written.
        """
        if within := [name for name in self.names if name in WITHOUT]:
            raise ParameterError(
                f"a post cannot show the Markdown within <{within[-1]}>: write all of that element in HTML, "
                "without empty lines, or all of it in Markdown"
            )

    def refuse_open(self) -> None:
        """Refuse the end of a cell here.

        Raises:
            ParameterError: an element is open, which would take in the cells that follow.
        """
        if self.names:
            raise ParameterError(f"a post needs the end of <{self.names[-1]}>: close it in its cell")


def _last(names: list[str], name: str) -> int:
    return len(names) - 1 - names[::-1].index(name)
