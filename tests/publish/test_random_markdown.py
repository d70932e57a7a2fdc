"""Random Markdown, as a notebook shows it and as its post does: none of its code is live in the post."""

import random

import pytest
from test_markdown import seen_in_notebook, structure

from replicate.publish.kramdown import past_liquid
from replicate.publish.markdown import to_kramdown

CODE = [
    "`<i>`",
    "``<i>``",
    "`` ` <i> ``",
    "```<i>```",
    "```\n<i>\n```",
    "~~~html\n<i>\n~~~",
    "    <i>",
    "- ```\n  <i>\n  ```",
]
CODE += [
    "-     <i>",
    "1.     <i>",
    "> ```\n> <i>\n> ```",
    "| a | `<i>` |\n|---|---|\n| `<i>` | $x$ |\n\n",
    "| `a\\|<i>` | b |\n|-|-|\nc\n\n",
]
CODE += [
    "<div>\n\n`<i>`\n\n</div>",
    "<code>`<i>`</code>",
    "<a href='x`y'>`<i>`</a>",
    "[`<i>`](other.md)",
    "$a<i$",
    "$$a<i>b$$",
]
MARKS = [
    "text",
    "- a\n- b",
    "3. x\n4. y",
    "> q",
    "# h",
    "---",
    "<b>",
    "</b>",
    "<div>",
    "<pre>",
    "<!--",
    "\\`",
]
MARKS += [
    "`",
    "``",
    "```",
    "~~~",
    "$",
    "$$",
    "\\",
    "|",
    "\\|",
    "\t",
    "\\begin{x}",
    "\\end{x}",
    "{{",
    "{% raw %}",
    "{:.c}",
    "*",
]
MARKS += [
    "{::nomarkdown}",
    "[^1]",
    "<code>",
    "</code>",
    "<https://e.org/`>",
    "====",
    "\u2028",
    "<br>",
    "\n",
    "\\\\",
]
BETWEEN = ["\n", "\n\n", "\n\n", " ", "", "\n\n\n"]


def document(chosen: random.Random) -> str:
    """Some pieces, some of them in quotations and items."""
    text = ""
    for _ in range(chosen.randint(1, 6)):
        piece = chosen.choice(chosen.choice([CODE, MARKS]))
        before, inner = chosen.choice(
            [("", "")] * 4 + [("> ", "> "), ("- ", "  "), ("7. ", "   "), ("  ", "  ")]
        )
        text += before + piece.replace("\n", f"\n{inner}") + chosen.choice(BETWEEN)
    return text.strip("\n")


@pytest.mark.parametrize("seed", range(4))
def test_a_post_shows_what_its_notebook_shows(render, seed):
    chosen, alike = random.Random(seed), 0
    for _ in range(500):
        text = document(chosen)
        page, shown = render(past_liquid(to_kramdown(text))), seen_in_notebook(text)
        assert len(page.select("i")) <= len(shown.select("i")), text
        if "$" not in text and "\\begin" not in text:
            assert structure(page) == structure(shown), text
            alike += 1
    assert alike > 200
