"""HTML in notebooks' Markdown, as kramdown renders it: no code runs, and nothing swallows what follows."""

import pytest
from shared import formulas

from replicate.errors import ParameterError
from replicate.publish.html_block import AROUND
from replicate.publish.markdown import to_kramdown


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


@pytest.mark.parametrize("name", ["code", "kbd", "samp", "b"])
def test_code_within_an_element_is_code(render, name):
    page = render(to_kramdown(f"a <{name}>`<i>x</i>`</{name}> b"))
    assert page.select_one(f"{name} code").get_text() == "<i>x</i>" and not page.select("i")


def test_a_comment_that_is_indented_is_one(render):
    page = render(to_kramdown("text\n\n  <!--\n\n  hidden\n\n-->\n\nafter"))
    assert page.get_text().replace("hidden", "").split() == ["text", "after"]
    assert [text.get_text() for text in page.select("p")] == ["text", "after"]


@pytest.mark.parametrize(
    ("markdown", "message"),
    [
        ("- <pre>\n  a\n- `b`", "the end of <pre>|Markdown within <pre>"),
        ("<pre>\na\n\nb", "the end of <pre>"),
        ("<pre>vector<int> v</pre>", "the end of <int> before that of <pre>"),
        ("a <code>vector<int></code> b", "the end of <int>"),
        ("<!-- draft:\n\n<b>x</b>", "the end of a comment"),
        ("</pre>\n```|\n\n- `b`", "^</pre> ends nothing here; leave it out"),
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
        "a <details> b\n\n</details>",
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
        "a <div>x</div> b",
        "<https://e.org> 1 < 2",
        "<b>x</b> <em>**y**</em>",
    ],
)
def test_ordinary_marks_of_html_stay(markdown):
    assert to_kramdown(markdown) == markdown


@pytest.mark.parametrize("html", ['<img src="https://e.org/x.png">', "<hr>", "<details>a</details>"])
def test_attributes_of_kramdown_after_html_are_text(render, html):
    page = render(to_kramdown(f'{html}\n{{: onclick="alert(1)"}}\n'))
    assert not page.select("[onclick]") and '{: onclick="alert(1)"}' in page.get_text().replace(
        "”", '"'
    ).replace("“", '"')
