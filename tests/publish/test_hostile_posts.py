"""Posts of notebooks that hold any text: after Liquid and kramdown a reader sees that text and no more."""

import re
from html import escape

import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image
from test_chirpy import POST

from replicate.publish.chirpy import write_post
from replicate.publish.dump import post_body
from replicate.publish.kramdown import past_liquid
from replicate.publish.markdown import to_kramdown

WORDS = r"""
{{ }} {% %} { {{'{'}} <script>alert(1)</script> </details> <b> </code> <code> <!-- --> &lt;
&#60; & ``` ```` ~~~ ` `` $$ $ * ** _ __ ~~ | \| \ ^ [^1] [x](javascript:alert(1)) ![x](y) [a] ]
[ <http://a.b> {::nomarkdown} {:/} {::comment} {:toc} --- -- - : = === ... << >> " ' it's a 质数 %
! src= a_b 1_2 \n x
"""
PHRASES = [
    "{{ site.title }}",
    "{% include x %}",
    "{% raw %}",
    "{% endraw %}",
    "[a]: b",
    "*[a]: b",
    "# x",
    "{: .x onclick='y'}",
    "{::options auto_ids='false' /}",
    "- x",
    "+ x",
    "1. x",
    ": x",
    "> x",
    "b c",
    " /",
    "$5 and $6",
    r"\(x\) \[y\]",
    r"\begin{array}x\end{array}",
]
SPACES = ["\n", "\n\n", " ", "  ", "    ", "\t"]
MARKS = [*WORDS.split(), *PHRASES, *SPACES]
TAGS = {
    *(
        "p",
        "details",
        "summary",
        "pre",
        "code",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "img",
        "em",
        "span",
    )
}
FORMULA = re.compile(r"\$[^$]+\$|\\[(\[]|\\begin")  # as MathJax finds one, in Chirpy
WEIRD = st.characters(exclude_categories=["C", "Z"], max_codepoint=0x2FFF)
HOSTILE = st.lists(st.sampled_from(MARKS) | WEIRD, min_size=1, max_size=8).map("".join)


def line(text: str) -> str:
    """A text as a browser shows it outside of code: white space runs into one space."""
    return " ".join(text.split())


def block(text: str) -> list[str]:
    """A text as its fenced block, if any: without the empty lines around it and the spaces at its end."""
    return [text.strip("\n").rstrip()] if text.strip() else []


@pytest.fixture(scope="session")
def figures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    for name in ("a-curve", "a-curve-dark"):
        Image.new("RGB", (4, 2)).save(folder / f"{name}.png")
    return folder


def notebook_of(source: str, printed: str, cells: list[str], caption: str) -> nbformat.NotebookNode:
    header, index, one, two = cells
    rows = [["", header, "n"], ["i", one, "1"], [index, two, "2"]]
    html = "".join(
        f"<tr>{''.join(f'<{kind}>{escape(cell)}</{kind}>' for cell in row)}</tr>"
        for kind, row in zip(["th", "td", "td"], rows, strict=True)
    )
    table = new_output("execute_result", {"text/html": f"<table>{html}</table>"}, execution_count=1)
    figure = new_output(
        "display_data", {"image/png": "x"}, metadata={"filename": "a-curve", "caption": caption}
    )
    outputs = [
        new_output("stream", name="stdout", text=printed),
        table,
        figure,
        new_output("execute_result", {"text/plain": printed}, execution_count=1),
    ]
    return new_notebook(
        cells=[
            new_markdown_cell("# Title\n\nFirst.\n\n[a]: https://a.example"),
            new_code_cell(source, execution_count=1, outputs=outputs),
            new_code_cell(source, execution_count=2, metadata={"tags": ["blog-show"]}),
            new_markdown_cell("Last."),
        ]
    )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(HOSTILE, HOSTILE, st.lists(HOSTILE, min_size=4, max_size=4), HOSTILE.filter(str.strip))
@example(
    "x = '{{ site.title }}'\n~~~\n```\n</details>\n{% endraw %}",
    "   a\n```\n<script>alert(1)</script>\n{% include x %}\n~~~",
    [
        "<script>alert(1)</script>",
        "&lt;b&gt; {{ x }}",
        "*a* `b|` $$c$$ [d](javascript:e)",
        "{: .f onclick='g'}",
    ],
    'It\'s "a" [b](c) _d_ -- {% raw %}...',
)
@example("x", "$1 or $2", ["$5 and $6", r"\(x\)", r"\begin{a}b\end{a}", r"\[y\] $$z$$"], "From $5 to $6.")
def test_a_reader_sees_every_text_as_it_is(render, figures, source, printed, cells, caption):
    body, _ = post_body(notebook_of(source, printed, cells, caption), figures, "a-post")
    page = render(past_liquid(body))

    shown = [code.get_text().removesuffix("\n") for code in page.select("pre > code")]
    assert shown == [*block(source), *block(printed), *block(printed), *block(source)]

    header, index, one, two = cells
    expected = [["", header, "n"], ["i", one, "1"], [index, two, "2"]]
    rows = [[line(cell.get_text()) for cell in row.select("th, td")] for row in page.select("tr")]
    assert rows == [[line(cell) for cell in row] for row in expected]

    light, dark = page.select("img")
    assert light["alt"] == dark["alt"] == line(caption.rstrip("."))
    assert line(dark.find_next_sibling("em").get_text()) == line(caption)

    read_for_formulas = [text for text in page.find_all(string=True) if not text.find_parent("pre")]
    assert not any(FORMULA.search(text) for text in read_for_formulas)

    top = [part.name for part in page.find_all(recursive=False)]
    folded = ["details"] if source.strip() else []
    printed_block = ["pre"] if printed.strip() else []
    shown_block = ["pre"] if source.strip() else []
    assert top == ["p", *folded, *printed_block, "table", "p", *printed_block, *shown_block, "p"]
    assert {tag.name for tag in page.find_all()} <= TAGS
    assert {name for tag in page.find_all() for name in tag.attrs} <= {"class", "src", "alt", "w", "h"}
    assert [p.get_text() for p in page.find_all("p", recursive=False)][::2] == ["First.", "Last."]


@settings(max_examples=150, deadline=None)
@given(HOSTILE, st.lists(HOSTILE, max_size=3))
def test_the_title_and_tags_of_a_hostile_post(tmp_path_factory, title, tags):
    post, blog = POST._replace(title=title, tags=tags, description=title), tmp_path_factory.mktemp("blog")
    write_post("Body.", [], post, blog)
    written = (blog / "_posts" / post.file).read_text(encoding="utf-8")
    front = re.match(
        r"\A(---\s*\n.*?\n?)^(---\s*$\n?)", written, re.DOTALL | re.MULTILINE
    )  # as Jekyll cuts it
    assert written[front.end() :].strip() == "Body."
    fields = yaml.safe_load(front[1].removeprefix("---\n"))
    # Chirpy writes both into the page as they are.
    headline = BeautifulSoup(f"<h1>{fields['title']}</h1>", "html.parser")
    assert line(headline.get_text()) == line(title) and len(headline.find_all()) == 1
    if title:
        description = BeautifulSoup(f"<p>{fields['description']}</p>", "html.parser")
        assert line(description.get_text()) == line(title) and len(description.find_all()) == 1
    assert [BeautifulSoup(tag, "html.parser").get_text() for tag in fields["tags"]] == [*map(line, tags)]


@settings(deadline=None)
@given(HOSTILE)
def test_liquid_has_nothing_to_do_in_any_text(text):
    written = past_liquid(text).split("{{'{'}}")  # what Liquid prints as a brace
    assert not any("{{" in part or "{%" in part for part in written)


def test_a_fence_left_open_in_a_cell_ends_with_it(render):
    cells = ["Open:\n\n```python\nx = 1", "~~~\n```\n~~~", "```a` and ``b```", "Then *this*."]
    page = render("\n\n".join(map(to_kramdown, cells)))
    assert [code.get_text() for code in page.select("pre code")] == ["x = 1\n", "```\n"]
    assert [em.get_text() for em in page.select("p > em")] == ["this"]
