"""Formulas and code of notebooks, as kramdown renders them."""

import re

import nbformat
import pytest
from shared import PROJECT, formulas

from replicate.publish.formulas import are_formulas_alone
from replicate.publish.markdown import latex_to_kramdown, to_kramdown

NOTEBOOKS = sorted((PROJECT / "notebooks").glob("[0-9]*.ipynb"))


def formulas_of(markdown: str) -> list[str]:
    """The formulas that a cell of ours means, none of which is in doubt, as they should arrive."""
    cell = re.sub(r"`[^`\n]+`", "", markdown)
    found = re.findall(r"\$\$(.+?)\$\$|\$(.+?)\$|(\\begin\{(\w+)\}.+?\\end\{\4\})", cell, re.DOTALL)
    return [" ".join(next(filter(None, formula)).split()) for formula in found]


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("With $p(y|x)$ and $a_1 * b_1 * c$ here", ["p(y|x)", "a_1 * b_1 * c"]),
        (r"A norm $\|g\|$ and a set $\{1, 2\}$", [r"\|g\|", r"\{1, 2\}"]),
        ("Text\n$$x_1 | y_1$$\nmore", ["x_1 | y_1"]),
        (
            "Text\n\\begin{equation}\na_1 < b_2\n\\end{equation}\nmore",
            [r"\begin{equation} a_1 < b_2 \end{equation}"],
        ),
        (
            "\\begin{align*}\na &= b \\\\\nc &= d\n\\end{align*}",
            [r"\begin{align*} a &= b \\ c &= d \end{align*}"],
        ),
        ("No formula: `$x$`, 5$ and\n\n6, \\$7\\$ and\n\n```\n$y | z$\n```", []),
        (r"As $ x $, $b = \$5$, \\(y\\), \\[z\\], $a$5", ["x", r"b = \$5", "y", "z", "a"]),
        ("$$\ny = a\n-     b\n$$", ["y = a - b"]),
        (r"$\text{$x$ inside}$, $\{1\}_{b_{c}}$, $a{$ b", [r"\text{$x$ inside}", r"\{1\}_{b_{c}}"]),
        ("A row $\\left|x\\right|$, $|$", [r"\left|x\right|", "|"]),
        (
            r"In $\text{P(a|b)}$ and $\begin{array}{c|c}a\\|b|\end{array}$",
            [r"\text{P(a|b)}", r"\begin{array}{c|c}a\\|b|\end{array}"],
        ),
    ],
)
def test_formulas_arrive_untouched_and_bear_no_table(render, markdown, expected):
    page = render(to_kramdown(markdown))
    assert formulas(page) == expected
    assert not page.select("table")


def test_a_table_keeps_its_columns_though_a_cell_has_a_bar(render):
    page = render(to_kramdown("| a | b |\n|---|---|\n| $p(x|y)$ | 2 |\n"))
    assert [cell.get_text() for cell in page.select("td")] == [r"\(p(x|y)\)", "2"]


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        # a backtick that begins no code
        ("We call it ``greedy'' search.\n\nThe loss is $L=a*b*c$ and $$x_1$$\n\nIt is ``exact'' here.", None),
        ("The R\u00e9nyi`s entropy is $L=a*b*c$ and $$x_1$$, see\n\n- `code`", None),
        ("1. <kbd>`</kbd> for $L=a*b*c$\n2. <kbd>`</kbd> for $$x_1$$", None),
        ("| ` | $L=a*b*c$ |\n|---|---|\n| ` | $$x_1$$ |", None),
        ("> ` $L=a*b*c$\n\nand\n\n> $$x_1$$ `", None),
        ("<!-- ` --> $L=a*b*c$ <!-- ` -->\n\n$$x_1$$", None),
        ("<pre>`</pre> $L=a*b*c$ <pre>`</pre> $$x_1$$", None),
        ("For i <n steps, `f` maps $L=a*b*c$ to $$x_1$$ with y > 0.", None),
        (r"That $x_i = \text{``a''}$ where $b$ is", [r"x_i = \text{``a''}", "b"]),
        # formulas side by side, and other names of environments
        (r"$(a,b)$$(c,d)$, $\alpha$$\beta$-model", ["(a,b)", "(c,d)", r"\alpha", r"\beta"]),
        (r"\begin{Vmatrix} 1 \end{Vmatrix}", [r"\begin{Vmatrix} 1 \end{Vmatrix}"]),
        # a space that is a sign
        ("Let $a\\ $ and \\\\(b\\ \\\\), $$c\\\\ $$", ["a\\", "b\\", "c\\\\"]),
        # what is not closed, or not before its braces are, begins nothing
        ("$a {b$ and\n\n$c_1*d*e$", ["c_1*d*e"]),
        (r"\\(a \\(b\\) and $$c", [r"a \\(b"]),
    ],
)
def test_formulas_are_those_that_jupyterlab_shows(render, markdown, expected):
    assert formulas(render(to_kramdown(markdown))) == (expected or ["L=a*b*c", "x_1"])


@pytest.mark.parametrize(
    ("latex", "shown"),
    [
        (r"$a * b * c$ \(d\)", [r"\(a * b * c\)", r"\(d\)"]),
        (r"\begin{Bmatrix} e \end{Bmatrix}", [r"\begin{Bmatrix} e \end{Bmatrix}"]),
        ("$$f_1\n\n = g_1$$", ["\\[f_1\n\n = g_1\\]"]),
    ],
)
def test_formulas_of_an_output_are_no_markdown(render, latex, shown):
    assert are_formulas_alone(latex)
    assert [part.get_text() for part in render(latex_to_kramdown(latex)).select("p > span")] == shown


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_formulas_and_tables_of_every_notebook_arrive(render, notebook):
    cells = [c.source for c in nbformat.read(notebook, as_version=4).cells if c.cell_type == "markdown"]
    page = render("\n\n".join(map(to_kramdown, cells)))
    assert formulas(page) == [formula for cell in cells for formula in formulas_of(cell)]
    for code in page.select("code, span"):
        code.decompose()
    assert not re.search(r"\$|\\(begin|frac|mid)", page.get_text())  # none is left as text
    tables = sum(len(re.findall(r"^\|[ :|-]+\|$", cell, re.MULTILINE)) for cell in cells)
    assert len(page.select("table")) == tables


@pytest.mark.parametrize(
    ("markdown", "parent", "count"),
    [
        ("> The loss is\n>\n> $$\n> a = b\n> $$\n>\n> end", "blockquote", 1),
        ("> $$a = b$$\n> end", "blockquote", 1),
        ("> \\begin{equation}\n> a = b\n> \\end{equation}\n>\n> end", "blockquote", 1),
        ("1. First\n\n    $$\n    a = b\n    $$\n\n    where **end**.\n\n2. Second", "li", 2),
        ("1. First\n\n   $$\n   a = b\n   $$\n\n   where **end**.\n\n2. Second", "li", 2),
        ("* An item: $$a = b$$ and end\n* Second", "li", 2),
        ("- $$a = b$$\n\n  end\n- Second", "li", 2),
        ("- a\n  - Inner\n    $$a = b$$\n    end\n- Second", "li", 3),
    ],
)
def test_a_block_formula_stays_in_its_item_or_quotation(render, markdown, parent, count):
    page = render(to_kramdown(markdown))
    (formula,) = formulas(page)
    assert formula in ("a = b", r"\begin{equation} a = b \end{equation}")
    (place,) = [found.find_parent(parent) for found in page.select("span")]
    assert "end" in place.get_text() and not page.select("pre")
    assert len(page.select(parent)) == count


def test_no_formula_reads_on_past_an_empty_line(render):
    page = render(to_kramdown("It costs $5 an hour.\n\nThe input ($x$) and ($y$)."))
    assert formulas(page) == ["x", "y"] and "$5 an hour" in page.get_text()


@pytest.mark.parametrize(
    "markdown",
    [
        *("$x$", "- a\n\n  $x$", "> $x$\n\nafter", "- $x$\n- b", "1. $x$"),
        *("## H\n$x$", "> ## H\n> $x$", "- # H\n  $x$", "H\n---\n$x$", "***\n$x$", "<!-- c -->\n$x$"),
    ],
)
def test_a_formula_alone_in_a_paragraph_stays_within_it(render, markdown):
    page = render(to_kramdown(markdown))
    assert [part.get_text() for part in page.select("span")] == [r"\(x\)"] and page.select("p, li, h2")


def test_a_formula_in_a_cell_or_a_heading_stays_in_its_line(render):
    rows = "| $$a|b$$ | \\begin{array}x\\end{array} |\n|---|---|\n| $$c$$ | \\\\[d\\\\] |\n\n# $$e$$"
    page = render(to_kramdown(rows))
    assert [part.get_text() for part in page.select("th span, td span, h1 span")] == [
        *(r"\(a|b\)", r"\(\begin{array}x\end{array}\)", r"\(c\)", r"\(d\)", r"\(e\)")
    ]


def test_a_block_formula_in_a_cell_begins_no_paragraph(render):
    page = render(to_kramdown("| $$x$$ and z | b |\n|---|---|\n| p | $$x$$ $y$ |"))
    assert page.select_one("th").get_text() == r"\(x\) and z" and formulas(page) == ["x", "x", "y"]


def test_a_formula_in_the_line_after_a_block_formula_stays_within_its_line(render):
    page = render(to_kramdown("$$\ny\n$$\n$x$\n$$\nz\n$$"))
    assert [part.get_text() for part in page.select("span")] == [r"\[y\]", r"\(x\)", r"\[z\]"]


@pytest.mark.parametrize("markdown", ["$$\nx\n$$\n---", "We have $$x$$\n---", "# The $$x$$ of\ntext"])
def test_a_block_formula_in_a_heading_stays_there(render, markdown):
    page = render(to_kramdown(markdown))
    (heading,) = page.select("h1, h2")
    assert formulas(heading) == ["x"] and not page.select("hr")


@pytest.mark.parametrize(
    "markdown", ["The loss is\n    $$x$$\nwhere", "   $$x$$ where", "a\n\n  $$x$$   where"]
)
def test_a_block_formula_with_blanks_around_it_makes_no_code(render, markdown):
    page = render(to_kramdown(markdown))
    assert formulas(page) == ["x"] and not page.select("pre") and "where" in page.select("p")[-1].get_text()


@pytest.mark.parametrize(
    "markdown",
    ["$x$ is", "a\n$x$", "a\n$x$ more", "<p>\n\n$x$\n\n</p>", "| a |\n|---|\n| $x$ |", "# $x$", "$x$\n==="],
)
def test_a_formula_among_others_stays_as_it_is(render, markdown):
    page = render(to_kramdown(markdown))
    assert formulas(page) == ["x"] and page.get_text().count("\\") == 2


@pytest.mark.parametrize(
    ("markdown", "code"),
    [
        ("`` `<b>x</b>`", ["<b>x</b>"]),  # the first two begin nothing
        ("``\n\n``` `<b>` ```", ["`<b>`"]),
        ("> ``\n``` `<b>` ```", ["`<b>`"]),
        ("`a``<b>``c`", ["a``<b>``c"]),
        ("`` a ```<b>```", ["<b>"]),
        ("\\`a` <b>x</b> `", ["<b>x</b>"]),
        ("\\``<b>`", ["<b>"]),
        ("`` ` <b> ``", ["` <b>"]),
        ("```<b>```\n\n    <i>", ["<b>", "<i>\n"]),  # no fence
        ("a `c\n<b>\n` d", ["c <b> "]),  # no block
        ("a ` <b>` c", [" <b>"]),
        ("<https://e.org/`> `<b>` <a href='x`y'>`c`</a>", ["<b>", "c"]),
    ],
)
def test_code_ends_where_a_reader_of_the_notebook_sees_its_end(render, markdown, code):
    page = render(to_kramdown(markdown))
    assert [one.get_text() for one in page.select("code")] == code
    assert not page.select("code b, b code")


@pytest.mark.parametrize("formula", ["a<b>1</b>", "a<!-- b", "a&lt;b", "x</p>y", "a &copy"])
@pytest.mark.parametrize("dollars", ["$", "$$"])
def test_a_formula_bears_no_html(render, formula, dollars):
    page = render(to_kramdown(f"With {dollars}{formula}{dollars} here"))
    (found,) = formulas(page)
    assert found == formula and "here" in page.get_text()


def test_a_formula_with_the_marks_of_blocks_stays_one(render):
    for mark, inner in (("", ""), ("- ", "  "), ("> ", "> ")):
        page = render(to_kramdown(f"{mark}$$\n{inner}a\n{inner}- b\n{inner}# c\n{inner}$$"))
        assert formulas(page) == ["a - b # c"] and len(page.select("li")) == (mark == "- ")


@pytest.mark.parametrize("dollars", ["$", "$$"])
def test_a_number_at_the_beginning_of_a_formulas_line_is_no_list(render, dollars):
    page = render(to_kramdown(f"With {dollars}(1 +\n2) + 3{dollars} and\n4. more"))
    assert formulas(page) == ["(1 + 2) + 3"] and not page.select("ol")
    assert page.get_text().split()[-3:] == ["and", "4.", "more"]


def test_two_dollars_that_begin_no_formula_end_none(render):
    page = render(to_kramdown("$$ alone, `<b>` and $x$"))
    assert formulas(page) == ["x"] and page.select_one("code").get_text() == "<b>"


def test_a_formula_does_not_begin_in_text_and_end_in_code(render):
    page = render(to_kramdown("Between $$ and\n\n```\n<b>$$</b>\n```\n\nthere is $$ no formula"))
    assert not page.select("b") and page.select_one("pre").get_text() == "<b>$$</b>\n"


def test_an_environment_with_dollars_and_an_empty_line_bears_no_html(render):
    text = "\\begin{a}$$\n\n![x](https://e.org/y.png){: onerror='alert(1)'}\n\n$$\\end{a}"
    for body in (to_kramdown(text), latex_to_kramdown(text)):
        assert not render(body).select("[onerror]")
