"""Notebooks' Markdown after Liquid and kramdown: a reader sees what a notebook shows, and no more."""

import pytest
from bs4 import BeautifulSoup
from markdown_it import MarkdownIt
from shared import formulas

from replicate.errors import ParameterError
from replicate.publish.kramdown import past_liquid
from replicate.publish.markdown import to_kramdown

SCRIPT = "```html\n<script>alert(1)</script>\n- b\n```"


def seen_in_notebook(markdown: str) -> BeautifulSoup:
    """By a parser of its own, which knows no formulas."""
    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    return BeautifulSoup(reader.render(markdown), "html.parser")


def structure(page: BeautifulSoup) -> list[tuple]:
    """Every element with its words and its attributes, but for headings' names and languages."""
    for link in page.find_all("a", href=True):
        if not link["href"].lower().startswith(("http", "/", "#")):  # it leads nowhere from a post
            link.unwrap()
    return [
        (
            part.name,
            {
                key: value
                for key, value in part.attrs.items()
                if (part.name, key) != ("code", "class") and key != "id"
            },
            part.get_text().split(),
        )
        for part in [page, *page.find_all(True)]
    ]


@pytest.mark.parametrize(
    "markdown",
    [
        # what kramdown would read as something else
        "The interval [0, 1](both ends included) and x[i](mod n), \\[text\\](address)",
        "[paper]( https://e.org/1 ), [a](\nhttps://e.org/2), [b](HTTPS://e.org), [c](<https://e.org/y z>)",
        "See [a [b] c](other.md), [z](z_(w).md) and [d](https://e.org).",
        "50\\% of R\\&D at C:\\\\\nnext, a\\, b\\/c\\;d\\?e\\@f\\^g",
        "| a | b |\n|---|---|\n| 1 | 2 |\n| - | - |\n| 3 | 4 |",
        "| = | b |\n|---|---|\n| -- | --- |",
        "See [^1].\n\n[^1]: the note",
        "a {: .c} b {::options /} c {:/}\n{: .d}\n\n{:/nomarkdown}\n\n{::nomarkdown}",
        "HTML\n\n*[HTML]: x",
        "term\n: definition",
        "# h {: #id}",
        "[Note]: this is important",
        "[k]: javascript:alert(1) is bad [k]",
        "[k](javascript:alert(1)) [a]: https://e.org (title)",
        "p(y | x) with\n\n- a | b\n\n`c | d` and \\| too",
        'it\'s "a" -- b --- c ... d << e >>',
        "{{ site.title }} {% raw %} {% endraw %}",
        "<img src='https://e.org/x.png'>\n{: onclick='alert(1)'}\n",
        # lists, rules and headings
        "7. 1. a\n   2. b\n- ~~~html\n  <b>\n  ~~~",
        "3) a\n4) b\n\ntext\n\n5) c",
        "In the year\n1914. It\nand (or\n3) more",
        "- a\n- b\n---\nThe rest\n***\nafter\n\n> quote\n---\nafter",
        "some text\nmore text\n---\n\nIntro\nResults #\n=======\nnext",
        "> a\n> b\n> ---\n> c\n\n- T\n  ===\n  text",
        "1. Title | x\n   ---\n   text\n2. b\n## Next\nIts text.",
        "# #\n#\ntext\n\n# C\\#\n## H {#a}\n[link](https://a.b)\n=\n- one",
        "- one\n\n    and\n\n- two\n\n      code",
        # code
        "````\n```\ninner\n```\n````\n  ```\n  a\n     ```\n  b\n  ```",
        "~~~\necho $HOME/$PATH [a](b)\n ~~~\n```python title=x\nprint()",
        "- ```\n  * * *\n  # h\n  | a |\n  ```\n\n  end\n- 1. > code\n\n         a\n\n\n         - b",
        "`` ` <b> `` and ```<b>``` \\`a` <b>x</b> ` `a\n<i>` <a href='x`y'>`c`</a>",
        "| `a \\| b` | ``x`\\|y`` | <code>c\\|d</code> |\n|-|-|-|\n| `a | `<i>x</i>` |",
        "Text\n\n    export A=1 {{ b }}\n\n\ttab\n\nafter",
        # HTML
        f"<details>\n<summary>How</summary>\n\n{SCRIPT}\n\n</details>",
        f"<table><tr><td>\n\n{SCRIPT}\n\n</td></tr></table>",
        f"<center>\n\n**x** {SCRIPT}\n\n</center>\n\n<ul>\n<li>\n\n`<b>`\n\n</li>\n</ul>",
        "<p align=center>\n\n**x** `<script>`\n\n</p>\n\nAfter **b**",
        "<font color='red'>**W:**</font> and <u>**x**</u>\n\n<s>**y**</s> ~~z~~",
        "vector<int> of <your_name>, 1 < 2 &amp; &lt;b&gt; \\<model>",
        "text\n\n  <!--\n\n  hidden\n\n-->\n\nafter <!-- <b> --> it",
        '<div title="a > b">x</div>\n<hr/>\n<details>a</details>\n\n<https://e.org> x<br>y',
    ],
)
def test_a_post_shows_what_the_notebook_shows(render, markdown):
    page = render(past_liquid(to_kramdown(markdown)))
    assert structure(page) == structure(seen_in_notebook(markdown))


@pytest.mark.parametrize(
    "html", ["<div>\n\ntext", "<pre>\na\n\nb", "- <pre>\n  a\n- `b`", "a <code>vector<int>"]
)
def test_html_that_has_no_end_takes_in_no_other_cell(render, html):
    page = render(f"{to_kramdown(html)}\n\n{to_kramdown('The **next** cell.')}")
    assert [part.get_text() for part in page.find_all("p", recursive=False)][-1:] == ["The next cell."]


@pytest.mark.parametrize("name", ["pre", "code", "kbd", "samp", "script", "style", "textarea"])
def test_there_is_no_formula_in_code_of_html(render, name):
    page = render(to_kramdown(f"<div>\n<{name}>$a$ < $b$</{name}>\n</div>"))
    assert page.select_one(name).get_text() == "$a$ < $b$"


def test_there_is_no_formula_in_an_address_a_comment_or_an_alternative_text(render):
    text = "[API](https://e.org/v1?$filter=a&$top=5) ![the $x$](https://e.org/x.png) <!-- $y$ -->"
    page = render(to_kramdown(text))
    assert page.a["href"] == "https://e.org/v1?$filter=a&$top=5" and page.img["alt"] == "the $x$"
    assert formulas(page) == [] and " $y$ " in page.find_all(string=True)


def test_code_stands_in_a_fence_which_the_blog_colours():
    assert to_kramdown("a\n\n```python\nx = 1\n```\n\n- b\n\n      y").count("```") == 4
    assert "```python\nx = 1\n```" in to_kramdown("```python id=3\nx = 1\n```")


def test_what_mathjax_alone_would_take_for_a_formula_is_text(render):
    page = render(to_kramdown("From \\$5 to \\$6, \\\\(a, \\\\[b, \\begin{c}, `$e$`, as \\eqref{d} says"))
    for code in page.select("code, span"):
        assert code.name == "code" or code.get_text() in ("$", "\\")
        code.replace_with("|")
    assert page.get_text().strip() == "From |5 to |6, |(a, |[b, |begin{c}, |, as \\eqref{d} says"


def test_a_link_to_a_file_of_the_project_becomes_its_text(render):
    page = render(to_kramdown("[a](02_task.ipynb#b) [c](#d) [e](/f) [g](mailto:h@e.org) <a name='i'></a>"))
    assert [link.get("href") for link in page.select("a")] == ["#d", "/f", "mailto:h@e.org", None]
    assert page.p.get_text() == "a c e g "


@pytest.mark.parametrize(
    "shown", ["<img alt='x'>", "<video src='a.mp4'></video>", "<audio src='b.ogg'></audio>"]
)
def test_what_stands_beside_the_notebook_is_refused(shown):
    with pytest.raises(
        ParameterError, match=r"a post would not have the (image ''|video 'a.mp4'|audio 'b.ogg')"
    ):
        to_kramdown(shown)
    assert "data:image" in to_kramdown("<img src='data:image/png;base64,AA'>")
    assert "<video>" in to_kramdown("<video><source src='https://e.org/a.mp4'></video>")


def test_tasks_have_boxes_as_chirpy_knows_them(render):
    page = render(to_kramdown("- [ ] one\n- [x] *two*\n\n1. [X] three\n\n   more\n\n- [y] four `[ ] five`"))
    boxes = page.select(
        "ul.task-list > li.task-list-item > input, ol.task-list > li.task-list-item > p > input"
    )
    assert [box.has_attr("checked") for box in boxes] == [False, True, True]
    assert str(boxes[0]) == '<input class="task-list-item-checkbox" disabled="disabled" type="checkbox"/>'
    done = '<input type="checkbox" class="task-list-item-checkbox" disabled="disabled" checked="checked" />'
    assert to_kramdown("- [x] a").count(done) == 1
    words = [item.get_text().split() for item in page.select("li")]
    assert words == [["one"], ["two"], ["three", "more"], ["[y]", "four", "[", "]", "five"]]


@pytest.mark.parametrize(
    "markdown",
    [
        "- \\[x\\] a\n- &#91;x] b",
        "<ul class='c'><li class='d'>[x] raw</li></ul>",
        "- > [x] a",
        "- <b></b>[x] b",
        "[x] a",
        "- [x]b",
    ],
)
def test_what_is_no_task_has_no_box(render, markdown):
    assert structure(render(to_kramdown(markdown))) == structure(seen_in_notebook(markdown))


def test_the_box_of_an_inner_list_is_its_own(render):
    page = render(to_kramdown("- a\n  - [x] b\n- c\n\n1. - [ ] d\n   - e"))
    assert [part.name for part in page.select(".task-list > .task-list-item > input")] == ["input"] * 2
    assert len(page.select(".task-list")) == 2 and not page.select("body > .task-list, ol.task-list")


@pytest.mark.parametrize("mark", ["", "- a\n\n  ", "> "])
@pytest.mark.parametrize("code", ["if x:\n    echo ${a}\nelse:\n    echo ${b}", "echo $x\necho $y", "$$\n$$"])
def test_dollars_in_indented_code_are_its_own(render, mark, code):
    inner = mark.rpartition("\n")[2]
    indented = "\n".join((inner if n else mark) + f"    {line}" for n, line in enumerate(code.split("\n")))
    page = render(to_kramdown(f"{indented}\n\nAfter $b$."))
    assert page.pre.get_text() == f"{code}\n" and formulas(page) == ["b"]


def test_links_find_headings_by_the_names_that_jupyterlab_gives():
    page = BeautifulSoup(
        to_kramdown(
            "<h2 id='a'>A</h2>\n\n## a\n\n[it](#The-Data)\n\n## The *Data*\n\n## n $n$ of  `m`\n\n##"
        ),
        "html.parser",
    )
    assert [heading["id"] for heading in page.select("h2[id]")] == ["a", "a-1", "The-Data", "n-$n$-of--m"]
    assert page.a["href"] == "#The-Data"


def test_code_in_a_line_has_the_class_by_which_the_blog_shows_it():
    page = BeautifulSoup(to_kramdown("`a` <pre><code>b</code></pre> <code class='c'>d</code>"), "html.parser")
    classes = [code.get("class") for code in page.select("code")]
    assert classes == [["language-plaintext", "highlighter-rouge"], None, ["c"]]


def test_what_looks_like_a_mark_of_a_formula_is_text(render):
    page = render(to_kramdown("@@0.0@@ @\\@0.0@@ &#64;@0.3@@ <pre>&#64;@0.0</pre> $x$"))
    assert page.get_text().split() == ["@@0.0@@", "@@0.0@@", "@@0.3@@", "@@0.0", "\\(x\\)"]


def test_deep_lists_are_whole(render):
    depth = 40
    page = render(to_kramdown("\n".join(f"{'  ' * level}- l{level}" for level in range(depth))))
    assert page.get_text().split() == [f"l{level}" for level in range(depth)]


def test_lines_that_end_as_on_windows_are_lines(render):
    page = render(to_kramdown("$$\r\nx\r\n$$\r\n\r\n- a\r\n- b\r\n"))
    assert formulas(page) == ["x"] and [item.get_text() for item in page.select("li")] == ["a", "b"]


def test_tasks_in_a_quotation_have_boxes(render):
    page = render(to_kramdown("To do:\n\n> - [x] train\n>   1. [ ] write\n> - > - [x] read"))
    boxes = page.select("blockquote .task-list > .task-list-item > input")
    assert [box.has_attr("checked") for box in boxes] == [True, False, True]
    assert len(page.select(".task-list")) == 3


@pytest.mark.parametrize(
    "shown",
    [
        "<picture><source srcset='https://e.org/a.png, b.png 2x'></picture>",
        "<img src='https://e.org/a.png' srcset='b.png 2x'>",
        "<object data='b.png'></object>",
        "<video poster='b.png' src='https://e.org/a.mp4'></video>",
    ],
)
def test_a_file_beside_the_notebook_is_refused_wherever_it_is_named(shown):
    with pytest.raises(ParameterError, match=r"a post would not have the .* 'b.png'"):
        to_kramdown(shown)
    assert "a.svg" in to_kramdown(shown.replace("b.png", "https://e.org/a.svg"))
