"""What a post holds as Jekyll reads it: Liquid fills in the whole body first, then kramdown renders it.

The rule:

- Markdown, of a cell or of an output, is read as in a notebook, HTML included (`publish.markdown`); kramdown
  hands on what a reader sees (`passed_on`).
- Everything else is text, and a reader sees exactly it. Code and what it printed stand in a fence longer than
  any in them (`code_block`); in a table's cell, a caption and an alternative text the marks are character
  references, which kramdown never reads as marks (`as_text`).
- Nothing is meant for Liquid: every `{` of the body that would open a tag is printed by one (`past_liquid`).
"""

import re

# The marks of HTML and Markdown in a line of text, and what kramdown would join (dashes, dots) or take for
# the rule of a table: a dash with no word after it. Chirpy looks for `=` in attributes.
MARKS = re.compile(r"[&<>\"'`*\[\]{}|\\$~=^]|(?<![a-zA-Z])_|_(?![a-zA-Z])|-(?=-|\W*$)|\.(?=\.)")
# `$`, and the backslash of `\(` and `\begin`: they begin a formula for MathJax as Chirpy has it. No formula
# reads on past an element.
FORMULA_MARK = re.compile("&#(36|92);")
READ_BY_MATHJAX = re.compile(r"\$|\\(?=[(\[]|begin\{)")  # the same in a page's text
LIQUID = re.compile(r"\{(?=[{%])")


def as_text(text: str) -> str:
    """Plain text as one line of kramdown that shows exactly it, formulas that MathJax would find included."""
    return FORMULA_MARK.sub(r"<span>\g<0></span>", as_attribute(text))


def as_attribute(text: str) -> str:
    """The same for an alternative text, which holds no element and where MathJax does not look."""
    return MARKS.sub(lambda mark: f"&#{ord(mark[0])};", " ".join(text.split()))


def code_block(text: str, language: str) -> str:
    """Text in a fence that nothing in it can end, without empty lines around it; "" for blank text."""
    text, fence = text.rstrip().lstrip("\n"), fence_around(text)
    return f"{fence}{language}\n{text}\n{fence}" if text else ""


def passed_on(html: str) -> str:
    """HTML that kramdown leaves as it is; "" for blank text."""
    html = html.strip().replace("{:/", "&#123;:/")  # which would end it
    return f"{{::nomarkdown}}\n{html}\n{{:/nomarkdown}}" if html else ""


def fence_around(text: str) -> str:
    """A fence longer than any in the text."""
    return "`" * (1 + max([2, *map(len, re.findall("`+", text))]))


def past_liquid(body: str) -> str:
    """What Liquid turns into this body."""
    return LIQUID.sub("{{'{'}}", body)
