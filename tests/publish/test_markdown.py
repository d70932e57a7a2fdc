"""Tables, lists, code and links of notebooks' Markdown, as kramdown renders them."""

import pytest
from bs4 import BeautifulSoup
from markdown_it import MarkdownIt
from shared import formulas

from replicate.errors import ParameterError
from replicate.publish.markdown import links_by_name, to_kramdown


@pytest.mark.parametrize(
    "code",
    [
        "<pre>cost $A$ | [a](b.md)</pre>\n",
        "<PRE>\ncost $A$ | b\n\n$B$</PRE>\n",
    ],
)
def test_what_is_preformatted_is_never_touched(code):
    assert code in to_kramdown(f"Before $a$:\n\n{code}\nAfter $b$.")
    assert "$$b$$" in to_kramdown(f"Before $a$:\n\n{code}\nAfter $b$.")


@pytest.mark.parametrize(
    "code",
    ["export A=$HOME/$PATH", "echo $x$ | [a](b.md)", "a ``` <b>\n  b\n\n\tc", "  x", "* * *", "- 1. > a"],
)
@pytest.mark.parametrize("mark", ["", "- ", "> ", "1. ", "- a\n\n  ", "> - ", "Text\n\n"])
def test_code_by_indentation_is_shown_as_it_is(render, mark, code):
    inner = mark.rpartition("\n")[2].replace("-", " ").replace("1.", "  ")
    indented = "\n".join((inner if n else "") + f"    {line}" for n, line in enumerate(code.split("\n")))
    page = render(to_kramdown(f"{mark}{indented}\n\nAfter $b$."))
    assert [block.get_text().expandtabs(4) for block in page.select("pre")] == [code.expandtabs(4) + "\n"]
    assert formulas(page) == ["b"] and not page.select("b")
    assert len(page.select("li pre, blockquote pre")) == any(character in mark for character in ">-1")


def test_an_indented_paragraph_of_a_list_is_no_code():
    assert to_kramdown("- one\n\n    and $a$\n") == "\n- one\n\n    and $$a$$\n"


@pytest.mark.parametrize(
    "code", ["- 1. > a", "* * *", "# h", "| a |\n|---|", "<b>x</b>", "a\u2028```\x0c```", "a\n\n\n- b"]
)
@pytest.mark.parametrize("mark", ["- ", "1. ", "- 1. ", "> - ", "- > "])
def test_a_fence_on_the_line_of_its_mark_holds_what_could_be_a_block(render, mark, code):
    inner = "".join(character if character == ">" else " " for character in mark)
    lines = ["```", *code.split("\n"), "```", "", "end"]
    page = render(to_kramdown("\n".join((inner if n else mark) + line for n, line in enumerate(lines))))
    assert [block.get_text() for block in page.select("li pre")] == [code + "\n"]
    assert [text.get_text() for text in page.select("li p")] == ["end"] and not page.select("b")


def test_lists_that_follow_one_another_keep_apart(render):
    page = render(to_kramdown("7. 1. a\n   2. b\n- ~~~html\n  <b>\n  ~~~"))
    assert [len(one.find_all("li")) for one in page.select("ol")] == [3, 2]
    assert page.select_one("ul pre").get_text() == "<b>\n" and not page.select("b")


BLOCKS = ["h1", "h2", "li", "blockquote", "hr"]  # beside paragraphs


def outline(page):
    """The blocks that a reader sees, each with its text and what it stands in."""
    found = page.select(", ".join([*BLOCKS, "p"]))
    blocks = [block for block in found if block.name in BLOCKS or not block.find_parent("li")]
    return [
        (
            block.name,
            " ".join(block.get_text().split()),
            [parent.name for parent in block.parents if parent.name in BLOCKS],
        )
        for block in blocks
    ]


@pytest.mark.parametrize(
    "markdown",
    [
        "- one\n- two\n---\nThe rest",
        "> quote\n---\nafter",
        "Text before\n***\nafter",
        "some text\nmore text\n---",
        "Intro line\nResults #\n=======\nnext",
        "- a\n\n  b\n  ***\n  c",
        "- T\n  ===\n  text",
        "> a\n> b\n> ---\n> c",
        "* ---\n* x",
        "1. Title | x\n   ---\n   text\n2. b",
        "- - -\n_ _ _\n- a",
        "- one\n- two\n## Next\nIts text.",
        "1. a\n   - b\n# H\nx",
        "> quote\n## Next\nIts text.",
        "> ## Note\nText after.",
        "> quote\n>\n> ---\nafter",
        "- item\n> quote",
        " Title\n===",
        ">  word\n> ===",
        "one\\\ntwo\n---",
        "  # H #\n x",
        "- # H `a`\n- ## I #\n  text",
        "## H {#a}",
        "# C\\#",
        "A [link](https://a.b) and `code #`\n=\n- one",
    ],
)
def test_rules_and_underlined_headings_are_those_of_the_notebook(render, markdown):
    notebook = BeautifulSoup(MarkdownIt().render(markdown), "html.parser")
    assert outline(render(to_kramdown(markdown))) == outline(notebook)


def test_an_empty_heading_shows_nothing(render):
    assert render(to_kramdown("# #\n#\ntext")).get_text().split() == ["text"]


def test_a_block_formula_right_after_a_table_is_refused():
    table = "| a |\n|---|\n| 1 |\n"
    with pytest.raises(ParameterError, match="a block formula right after a table would be a part of it"):
        to_kramdown(f"{table}$$\na<b>c\n$$")
    assert "a< b>c" in to_kramdown(f"{table}\n$$\na<b>c\n$$")


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
        ("  ```\n  a\n     ```\n  b\n  ```", "a\n   ```\nb\n"),  # too far in to end it
        ("  ```\n  code\n    more\n  ```", "code\n  more\n"),
    ],
)
def test_a_fence_ends_where_a_reader_of_the_notebook_sees_its_end(render, markdown, code):
    next_cell = to_kramdown("after $b$ and\n\n```\nnext\n```")
    page = render(f"{to_kramdown(markdown)}\n\n{next_cell}")
    assert [block.get_text() for block in page.select("pre")] == [code, "next\n"]
    assert formulas(page) == ["b"]


def test_a_relative_link_with_brackets_becomes_its_text():
    assert to_kramdown("See [a [b] c](other.md) and [d](https://e.org).") == (
        "See a [b] c and [d](https://e.org)."
    )
    assert to_kramdown("[a](z_(w).md) after") == "a after"


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


@pytest.mark.parametrize("row", ["the rest", "`c`", "$x|y$ and"])
def test_a_line_right_after_a_table_is_its_last_row(render, row):
    for mark in ("", "> ", "- "):
        inner = mark.replace("-", " ")
        page = render(to_kramdown(f"{mark}| a | b |\n{inner}|---|---|\n{inner}| 1 | 2 |\n{inner}{row}"))
        rows = [[cell.get_text() for cell in row.select("td")] for row in page.select("tr")]
        assert len(rows) == 3 and rows[1] == ["1", "2"] and rows[2][0]


def test_a_cell_has_a_formula_of_two_dollars(render):
    page = render(to_kramdown("| $$a|b$$ | b |\n|---|---|\n| \\begin{array}x\\end{array} | $$x$$ |"))
    assert formulas(page) == [r"a \mid b", r"\begin{array}x\end{array}", "x"]
    assert len(page.select("td")) == 2


def test_a_table_ends_with_its_cell(render):
    page = render(to_kramdown("> | a | b |\n> |---|---|\n> | 1 | 2 |") + "\n\nnext")
    assert [cell.get_text() for cell in page.select("td")] == ["1", "2"]


def test_a_formula_with_a_bar_heads_a_column(render):
    page = render(to_kramdown("| $|x|$ | $p(a|b)$ |\n|---|---|\n| 1 | 2 |"))
    assert [cell.get_text() for cell in page.select("th")] == [r"$\mid x \mid$", r"$p(a \mid b)$"]


def test_code_with_a_bar_in_a_table_bears_no_backslash(render):
    rows = [
        "| `a \\| b` | ``x`\\|y`` | <code>c\\|d</code> | `<b>\\|` |",
        "|-|-|-|-|",
        "| `\\|\\|` | 2 | 3 | 4 |",
    ]
    page = render(to_kramdown("\n".join(rows)))
    assert [code.get_text() for code in page.select("code")] == ["a | b", "x`|y", "c|d", "<b>|", "||"]
    assert len(page.select("td")) == 4


@pytest.mark.parametrize(
    ("markdown", "numbers"),
    [
        ("3. a\n4. b", [("3", 2)]),
        ("text\n\n0. a", [("0", 1)]),
        ("3) a\n4) b\n\ntext\n\n5) c", [("3", 2), ("5", 1)]),
        ("1) a\n2) b", [(None, 2)]),
        ("- x\n\n  7. a\n  8. b\n- y", [("7", 2)]),
        ("> 7. a\n> 8. b", [("7", 2)]),
        ("1. a\n\n   2) b\n   3) c\n2. d", [(None, 2), ("2", 2)]),
        ("3. a\n   ```\n   code\n   ```\n4. b", [("3", 2)]),
        ("In the year\n1914. It\nand (or\n3) more", []),
    ],
)
def test_a_list_has_the_numbers_that_it_has_in_the_notebook(render, markdown, numbers):
    page = render(to_kramdown(markdown))
    lists = page.select("ol")
    assert [(one.get("start"), len(one.find_all("li", recursive=False))) for one in lists] == numbers
    assert "{:" not in page.get_text() and "\\" not in page.get_text()


def test_the_links_that_a_cell_names_are_found():
    assert links_by_name("See [a] and [B].\n\n[a]: https://e.org\n[b]: <https://f.org> 'F'") == {
        "A": "https://e.org",
        "B": "https://f.org",
    }
    assert links_by_name("```\n[a]: https://e.org\n```") == {}


@pytest.mark.parametrize(
    "markdown",
    [
        "See [^1].\n\n[^1]: the note",
        "a {: .c} b {::options /} c {:/}\n{: .d}",
        "HTML\n\n*[HTML]: x",
        "term\n: definition",
        "# h {: #id}",
    ],
)
def test_what_only_kramdown_would_read_is_shown_as_it_is(render, markdown):
    page = render(to_kramdown(markdown))
    assert page.get_text().split() == markdown.removeprefix("# ").split()
    assert not page.select("sup, abbr, dl, .c, .d, #id")


def test_code_in_a_table_ends_with_its_cell(render):
    page = render(to_kramdown("| a | b |\n|---|---|\n| `a | `<i>x</i>` |"))
    assert page.select_one("code").get_text() == "<i>x</i>" and not page.select("i")
    assert [cell.get_text() for cell in page.select("td")] == ["`a", "<i>x</i>"]


@pytest.mark.parametrize("before", ["", "- ", "> ", "> 1. ", "# h\n", "a\n"])
def test_a_word_in_brackets_before_a_colon_is_text(render, before):
    for text in ("[Note]: this is important", "[k]: javascript:alert(1) is bad [k]", "[`a`]: of code here"):
        page = render(to_kramdown(before + text))
        assert text.replace("`", "") in " ".join(page.get_text().split()) and not page.select("a")


@pytest.mark.parametrize(
    "text",
    ["[k](javascript:alert(1))", "<b>x</b> [k]( JavaScript:alert(1))", "<img>\n[k](data:text/html,x)"],
)
def test_a_link_that_no_notebook_follows_is_refused(text):
    with pytest.raises(ParameterError, match="a post would follow the link in"):
        to_kramdown(text)
    to_kramdown(f"`{text.splitlines()[-1]}`")
