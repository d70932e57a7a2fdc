"""Formulas and tables of notebooks, as kramdown renders them."""

import re

import nbformat
import pytest
from shared import PROJECT, formulas

from replicate.parameters import ParameterError
from replicate.publish.html_block import AROUND
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


OPEN = "~~~\necho $HOME/$PATH [a](b)"


@pytest.mark.parametrize(
    ("markdown", "code"),
    [
        ("```\ncode $a$ | b\n````", "code $a$ | b\n"),  # closed by a longer fence
        (f"{OPEN}\n ~~~", OPEN[4:] + "\n"),  # by an indented one
        (OPEN, OPEN[4:] + "\n"),  # by the end of the cell
        ("- a\n  ```\n  open $x$ y $z$", "open $x$ y $z$\n"),  # by the end of the list's item
        ("> ~~~\n> $a$ b $c$", "$a$ b $c$\n"),
        ("```python title=x\nprint()\n```", "print()\n"),
        ("````\n```\ninner\n```\n````", "```\ninner\n```\n"),
    ],
)
def test_a_fence_ends_where_a_reader_of_the_notebook_sees_its_end(render, markdown, code):
    next_cell = to_kramdown("after $b$ and\n\n```\nnext\n```")
    page = render(f"{to_kramdown(markdown)}\n\n{next_cell}")
    assert [block.get_text() for block in page.select("pre")] == [code, "next\n"]
    assert formulas(page) == ["b"]


@pytest.mark.parametrize(
    "html",
    [
        "<div><pre>$a$ and $b$</pre></div>\n",
        "<code>$a$ x $b$</code>",
        "Text with <kbd>$</kbd> and <samp>$b$ [a](b.md)</samp>.",
    ],
)
def test_code_in_html_is_never_touched(html):
    assert to_kramdown(html).strip() == html.strip()


def test_a_relative_link_with_brackets_becomes_its_text():
    assert to_kramdown("See [a [b] c](other.md) and [d](https://e.org).") == (
        "See a [b] c and [d](https://e.org)."
    )
    assert to_kramdown("[a](z_(w).md) after") == "a after"


SCRIPT = "```html\n<script>alert(1)</script>\n- b\n```"


@pytest.mark.parametrize(
    "markdown",
    [
        f"<details>\n<summary>How</summary>\n\n{SCRIPT}\n\n</details>",
        f"<div class='alert'>\n\n{SCRIPT}\n\n</div>",
        f"<div>\n<pre>$a$</pre>\n<div>\n\n{SCRIPT}\n\n</div></div>",
        *(f"<{name} id=a>\n\n{SCRIPT}\n\n</{name}>" for name in sorted(AROUND - {"p"})),
        "- a page:\n" + "".join(f"  {line}\n" for line in SCRIPT.splitlines()) + "- b",
        "1. a page:\n" + "".join(f"   {line}\n" for line in SCRIPT.splitlines()) + "2. b",
        "".join(f"> {line}\n" for line in SCRIPT.splitlines()),
        f"Text\n{SCRIPT}\nText",
    ],
)
def test_code_in_html_lists_and_quotations_is_shown_and_not_run(render, markdown):
    page = render(f"{to_kramdown(markdown)}\n\n{to_kramdown('after $b$')}")
    assert not page.select("script")
    assert [code.get_text() for code in page.select("pre code")] == ["<script>alert(1)</script>\n- b\n"]
    assert formulas(page) == ["b"]


def test_markdown_in_html_is_read_as_such(render):
    page = render(to_kramdown("<div class='alert'>\n\n**Note** see `x`, $p(a|b)$.\n\n</div>\n\nAfter"))
    assert page.select_one("div.alert strong").get_text() == "Note"
    assert page.select_one("div.alert code").get_text() == "x" and formulas(page) == [r"p(a \mid b)"]
    assert page.find_all("p")[-1].get_text() == "After"


@pytest.mark.parametrize(
    ("markdown", "message"),
    [
        (f"<table><tr><td>\n\n{SCRIPT}\n\n</td></tr></table>", "the Markdown within <td>"),
        ("<ul>\n<li>\n\n`<b>`\n\n</li>\n</ul>", "the Markdown within <li>"),
        (f"<center>\n\n{SCRIPT}\n\n</center>", "the Markdown within <center>"),
        ("<div>\n\ntext", "the end of <div>"),
        (f"<details>\n<p>\n\n{SCRIPT}\n\n</p>\n</details>", "the Markdown within <p>"),
        ("<p>\n\n- a\n\n</p>", "the Markdown within <p>"),
    ],
)
def test_html_that_would_swallow_markdown_is_refused(markdown, message):
    with pytest.raises(ParameterError, match=message):
        to_kramdown(markdown)


@pytest.mark.parametrize(
    "html",
    [
        "<table>\n<tr>\n\n<td>1</td>\n\n</tr>\n</table>",
        "<p>closed $a$</p>\n<hr/>\n<div><br></div>",
        "<div>\n<table><tr><td>1</td></tr></table>\n</div>",
        "<!-- <div> -->\n\ntext",
        '<div title="a > b">x</div>',
    ],
)
def test_html_that_is_closed_stays_as_it_is(html):
    assert to_kramdown(html) == html


def test_markdown_in_a_paragraph_of_html_is_escaped(render):
    page = render(to_kramdown("<p align=center>\n\n**x** `<script>`\n\n</p>\n\nAfter **b**"))
    assert not page.select("script") and [bold.get_text() for bold in page.select("strong")] == ["x", "b"]


def test_a_bar_in_a_line_of_text_makes_no_table(render):
    page = render(to_kramdown("We compare p(y | x) with the rest.\n\n- a | b\n\n`c | d` and \\| too"))
    assert not page.select("table")
    texts = [part.get_text() for part in page.select("p, li")]
    assert texts == ["We compare p(y | x) with the rest.", "a | b", "c | d and | too"]


def test_a_table_right_after_a_line_of_text_is_one(render):
    page = render(to_kramdown("Results:\n| a | b |\n|---|---|\n| 1 | $x|y$ |"))
    assert [cell.get_text() for cell in page.select("td")] == ["1", r"$x \mid y$"]


@pytest.mark.parametrize("mark", ["> ", "- "])
def test_a_table_in_a_quotation_or_an_item_stays_there(render, mark):
    within = mark if mark == "> " else "  "
    rows = ["Results:", "| a | b |", "|---|---|", "| 1 | $x|y$ |", "", "end"]
    page = render(to_kramdown("\n".join((within if n else mark) + row for n, row in enumerate(rows))))
    (place,) = page.select("blockquote, li")
    assert [cell.get_text() for cell in place.select("td")] == ["1", r"$x \mid y$"]
    assert place.find_all("p")[-1].get_text() == "end"


def test_a_dollar_before_code_opens_no_formula(render):
    page = render(to_kramdown("It costs $5 on a disk, see `$HOME`. But $a$ does."))
    assert page.select_one("code").get_text() == "$HOME" and formulas(page) == ["a"]


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
    (place,) = [found.find_parent(parent) for found in page.select(".kdmath")]
    assert "end" in place.get_text() and not page.select("pre")
    assert len(page.select(parent)) == count


@pytest.mark.parametrize("size", ["left", "right", "big", "Bigg", "Bigl", "bigr", "biggm", "middle"])
def test_a_bar_after_a_size_stays_a_delimiter(size):
    assert without_bars(rf"\{size} | x \{size}| y") == rf"\{size}\vert  x \{size}\vert  y"


def test_no_formula_reads_on_past_an_empty_line(render):
    page = render(to_kramdown("It costs $5 an hour.\n\nThe input ($x$) and ($y$)."))
    assert formulas(page) == ["x", "y"] and "$5 an hour" in page.get_text()


def test_markdown_in_inline_html_is_read_as_such(render):
    page = render(
        to_kramdown("<font color='red'>**W:** $x$</font> and <u>**x**</u>\n\n<s>**y**</s>\n\nAfter")
    )
    assert [bold.get_text() for bold in page.select("strong")] == ["W:", "x", "y"]
    assert formulas(page) == ["x"] and page.find_all("p")[-1].get_text() == "After"


@pytest.mark.parametrize(
    "markdown",
    [
        "<model> is **x**",
        "a vector<int> of <your_name>",
        "<font color=red>**x**",
        f"<font color='red'>\n\n{SCRIPT}\n\n</font>",
        "<font color='red'>\n\ntext",
    ],
)
def test_an_element_that_has_no_end_or_takes_in_blocks_is_refused(markdown):
    with pytest.raises(ParameterError, match=r"a post (needs the end of|cannot show the Markdown within) <"):
        to_kramdown(markdown)


@pytest.mark.parametrize(
    "markdown",
    [
        "a \\<model> b `<model>`",
        "x<br>y <a name='z'></a>",
        "<https://e.org> 1 < 2",
        "<b>x</b> <em>**y**</em>",
    ],
)
def test_ordinary_marks_of_html_stay(markdown):
    assert to_kramdown(markdown) == markdown
