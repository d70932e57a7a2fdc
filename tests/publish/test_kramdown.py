"""Formulas and tables of notebooks, as kramdown renders them."""

import re

import nbformat
import pytest
from shared import PROJECT, formulas

from replicate.publish.kramdown import PIECES, to_kramdown, without_bars

NOTEBOOKS = sorted((PROJECT / "notebooks").glob("[0-9]*.ipynb"))


def formulas_of(markdown: str) -> list[str]:
    """The formulas a notebook means, as they should arrive."""
    found = []
    for match in PIECES.finditer(markdown):
        if match["inline"]:
            found.append(without_bars(match[0][1:-1]))
        elif match["block"] or match["environment"]:
            found.append(match[0].removeprefix("$$").removesuffix("$$"))
    return [" ".join(formula.split()) for formula in found]


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("With $p(y|x)$ and $a_1 * b_1 * c$ here", [r"p(y \mid x)", "a_1 * b_1 * c"]),
        (r"A norm $\|g\|$ and a set $\{1, 2\}$", [r"\Vert g\Vert", r"\{1, 2\}"]),
        ("Text\n$$x_1 | y_1$$\nmore", ["x_1 | y_1"]),
        (
            "Text\n\\begin{equation}\na_1 < b_2\n\\end{equation}\nmore",
            [r"\begin{equation} a_1 < b_2 \end{equation}"],
        ),
        (
            "\\begin{align*}\na &= b \\\\\nc &= d\n\\end{align*}",
            [r"\begin{align*} a &= b \\ c &= d \end{align*}"],
        ),
        ("No formula: `$x$`, 5$ and 6$, and\n\n```\n$y | z$\n```", []),
        ("A row $\\left|x\\right|$, $|$", [r"\left\vert x\right\vert", r"\mid"]),
    ],
)
def test_formulas_arrive_untouched_and_bear_no_table(render, markdown, expected):
    page = render(to_kramdown(markdown))
    assert formulas(page) == expected
    assert not page.select("table")


def test_a_table_keeps_its_columns_though_a_cell_has_a_bar(render):
    page = render(to_kramdown("| a | b |\n|---|---|\n| $p(x|y)$ | 2 |\n"))
    assert [cell.get_text() for cell in page.select("td")] == [r"$p(x \mid y)$", "2"]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_formulas_and_tables_of_every_notebook_arrive(render, notebook):
    cells = [c.source for c in nbformat.read(notebook, as_version=4).cells if c.cell_type == "markdown"]
    page = render("\n\n".join(map(to_kramdown, cells)))
    assert formulas(page) == [formula for cell in cells for formula in formulas_of(cell)]
    for code in page.select("code, .kdmath"):
        code.decompose()
    assert not re.search(r"\$|\\(begin|frac|mid)", page.get_text())  # none is left as text
    tables = sum(len(re.findall(r"^\|[ :|-]+\|$", cell, re.MULTILINE)) for cell in cells)
    assert len(page.select("table")) == tables


@pytest.mark.parametrize(
    "code",
    [
        "    export A=$HOME/$PATH\n",
        "\techo $x$ | [a](b.md)\n",
        "<pre>cost $A$ | [a](b.md)</pre>\n",
        "<PRE>\ncost $A$ | b\n\n$B$</PRE>\n",
    ],
)
def test_indented_code_and_pre_are_never_touched(code):
    assert code in to_kramdown(f"Before $a$:\n\n{code}\nAfter $b$.")
    assert "$$b$$" in to_kramdown(f"Before $a$:\n\n{code}\nAfter $b$.")


def test_an_indented_paragraph_of_a_list_is_no_code():
    assert to_kramdown("- one\n\n    and $a$\n") == "- one\n\n    and $$a$$\n"
