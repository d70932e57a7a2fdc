"""Formulas in a post's page, as Chirpy's MathJax reads them."""

import re
from collections.abc import Iterator

from bs4 import BeautifulSoup, Tag
from bs4.element import PreformattedString

from replicate.publish.formulas import SetAside, formulas_in
from replicate.publish.kramdown import READ_BY_MATHJAX

# In which no formula stands on lines of its own.
IN_A_LINE = ["h1", "h2", "h3", "h4", "h5", "h6", "th", "td"]
AS_WRITTEN = ["pre", "code", "kbd", "samp", "script", "style", "textarea"]  # in which nothing is a formula


def put_formulas_back(page: BeautifulSoup, aside: SetAside) -> None:
    """Put what was set aside back into a page's texts and attributes."""
    for element in page.find_all(True):
        for name, value in element.attrs.items():
            element[name] = aside.as_written(value)
    for text in page.find_all(string=True):
        if isinstance(text, PreformattedString) or text.find_parent(AS_WRITTEN):
            text.replace_with(type(text)(aside.as_written(text)))
        else:
            text.replace_with(*for_mathjax(text, text.find_parent(IN_A_LINE) is not None, aside))


def for_mathjax(text: str, in_a_line: bool, aside: SetAside) -> Iterator[str | Tag]:
    """A text with its formulas; what MathJax alone would take for one is parted from what follows."""
    end, read = 0, aside.as_read(text)
    for formula in formulas_in(read):
        yield from _parted(read[end : formula.start], aside)
        yield _span(aside.as_written(formula.as_tex(in_a_line)))
        end = formula.stop
    yield from _parted(read[end:], aside)


def _parted(text: str, aside: SetAside) -> Iterator[str | Tag]:
    """A text without formulas; the marks in it are of dollars."""
    end = 0
    for sign in re.finditer(f"{aside.mark.pattern}|{READ_BY_MATHJAX.pattern}", text):
        yield text[end : sign.start()]
        yield _span(sign[0] if sign[1] is None else "$")
        end = sign.end()
    yield text[end:]


def _span(text: str) -> Tag:
    element = BeautifulSoup().new_tag("span")
    element.string = text
    return element
