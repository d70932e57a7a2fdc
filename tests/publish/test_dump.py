"""A notebook's outputs and headings as parts of a post, and what cannot be shown."""

from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from replicate.errors import ParameterError
from replicate.publish.dump import post_body


def body_of(cell) -> str:
    cell.metadata["tags"] = ["blog-hide"]
    return post_body(new_notebook(cells=[cell]), Path(), "a-post")[0]


def shown(**data) -> str:
    """The body of a post whose one cell has this output, by MIME types with `_` in place of `/`."""
    data = {kind.replace("_", "/"): value for kind, value in data.items()}
    output = new_output("execute_result", data, execution_count=1)
    return body_of(new_code_cell("x", execution_count=1, outputs=[output]))


def test_a_table_without_a_row_is_shown_as_its_text():
    empty = pd.DataFrame({"x": []})
    assert shown(text_html=empty.to_html(), text_plain=str(empty)) == f"```text\n{empty}\n```"


def test_a_listing_is_no_formula():
    listing = r"\begin{Verbatim}[commandchars=\\\{\}]" "\nx\n" r"\end{Verbatim}"
    with pytest.raises(ParameterError, match="a post cannot show the output"):
        shown(text_latex=listing, text_html="<div>x</div>", text_plain="<IPython.core.display.Code object>")


@pytest.mark.parametrize(
    ("cells", "title", "kept"),
    [
        (["# One\n\ntext"], "Other", False),
        (["# One\n\ntext", "# Two"], "Other", True),
        (["# One\n\ntext", "# Two"], "One", False),
        (["## One\n\ntext"], "One", True),
    ],
)
def test_a_section_at_the_beginning_is_no_title(cells, title, kept):
    notebook = new_notebook(cells=[new_markdown_cell(cell) for cell in cells])
    body, _ = post_body(notebook, Path(), "a-post", title)
    assert ("One" in body) is kept and "text" in body


@pytest.mark.parametrize(
    "plain",
    [
        "<IPython.core.display.SVG object>",
        "<a.B object at 0x7f00>",
        "<Figure size 300x200 with 1 Axes>",
        "<Figure size 640x480.5 with 12 Axes>",
    ],
)
def test_an_output_that_a_post_cannot_show_is_refused(plain):
    with pytest.raises(ParameterError, match=f"a post cannot show the output {plain}: show a table"):
        shown(text_html="<b>bold</b>", text_plain=plain)
    assert "<x>" in shown(text_plain="<x>")  # a text of one's own


@pytest.mark.parametrize(
    "data",
    [
        {"text_html": "<b>The answer is 42</b>", "text_plain": "Card()"},
        {"text_html": "<b>The answer is 42</b>", "text_plain": "<__main__.Card at 0x7ff06d19d250>"},
        {"image_svg+xml": "<svg/>"},
        {"image_jpeg": "x", "text_plain": "a picture"},
        {"application_vnd.plotly.v1+json": {}, "text_html": "<div></div>"},
    ],
)
def test_what_would_be_lost_of_an_output_is_refused(data):
    with pytest.raises(ParameterError, match=r"^cell 1: a post cannot show the output "):
        shown(**data)


def test_a_formula_is_an_output_too():
    assert r"<p><span>\(\displaystyle a|b\)</span></p>" in shown(
        text_latex=r"$\displaystyle a|b$", text_plain="a|b"
    )


def test_only_a_heading_at_the_beginning_is_the_posts_title():
    cells = [new_markdown_cell(text) for text in ("# Title\n\nFirst.", "# Data\n\nOf it.")]
    underlined = [new_markdown_cell("Title\n===\n\nFirst."), cells[1]]
    left = ["First.", "Data", "Of it."]
    turned = ["Of it.", "Title", "First."]
    for order, title, words in (
        (cells, "Title", left),
        (underlined, "Title", left),
        (cells[::-1], "Data", turned),
    ):
        body, _ = post_body(new_notebook(cells=order), Path(), "a-post", title)
        assert [part.get_text() for part in BeautifulSoup(body, "html.parser").select("h1, p")] == words


def test_a_comment_in_code_at_the_beginning_is_no_title():
    body, _ = post_body(new_notebook(cells=[new_markdown_cell("    # comment\n    x = 1")]), Path(), "a-post")
    assert "# comment\nx = 1" in body


def test_headings_that_are_called_alike_have_names_of_their_own():
    one, two = (
        new_markdown_cell("## The Data: 质数\n\n## *The* data"),
        new_markdown_cell("### the data\n\n## the data"),
    )
    body, _ = post_body(new_notebook(cells=[one, two]), Path(), "a-post")
    headings = BeautifulSoup(body, "html.parser").select("h2, h3")
    assert [heading["id"] for heading in headings] == ["The-Data:-质数", "The-data", "the-data", "the-data-1"]


@pytest.mark.parametrize("tag", ["blog_drop", "blog-dropped", "Blog-drop"])
def test_a_misspelt_tag_is_refused(tag):
    cell = new_code_cell("x", metadata={"tags": ["mine", tag]})
    with pytest.raises(
        ParameterError, match=f"^cell 1: a post knows no tag '{tag}'; it knows blog-drop, blog-"
    ):
        post_body(new_notebook(cells=[cell]), Path(), "a-post")


def test_a_widget_is_refused():
    with pytest.raises(ParameterError, match=r"a post cannot show the output IntSlider\(value=0\)"):
        shown(text_plain="IntSlider(value=0)", **{"application_vnd.jupyter.widget-view+json": {}})


@pytest.mark.parametrize(
    "markdown",
    [
        "![a [b] c](plot.png)",
        r"![a\]b](plot.png)",
        "![a][b]\n\n[b]: plot.png",
        'Text <img alt="x" src="plot.png"/>',
        "<div>\n<IMG SRC=plot.png>\n</div>",
        "- a list\n  - with ![an image](plot.png)",
    ],
)
def test_an_image_is_found_however_it_is_written(markdown):
    with pytest.raises(ParameterError, match=r"a post would not have the image 'plot\.png'"):
        body_of(new_markdown_cell(markdown))
    there = markdown.replace("plot.png", "https://a.org/plot.png")
    assert "https://a.org/plot.png" in body_of(new_markdown_cell(there))


@pytest.mark.parametrize("image", ["attachment:p.png", "fig.png", "../a/fig.svg"])
def test_an_image_that_a_post_would_not_have_is_refused(image):
    with pytest.raises(ParameterError, match=f"a post would not have the image '{image}'"):
        body_of(new_markdown_cell(f"See ![it]({image})."))
    assert image in body_of(new_markdown_cell(f"Write `![it]({image})`."))
    assert '<img src="https://a.org/b.png" alt="it" />' in body_of(
        new_markdown_cell("![it](https://a.org/b.png)")
    )


def test_control_signs_and_a_bar_that_was_written_over_are_left_out():
    output = new_output("stream", name="stdout", text="\x1b[1;31mred\x1b[0m\n50%|#\r100%|##\r\n")
    assert body_of(new_code_cell("x", execution_count=1, outputs=[output])) == "```text\nred\n100%|##\n```"


def test_what_a_post_cannot_show_is_said_with_its_cell():
    cells = [new_markdown_cell("text"), new_markdown_cell("![x](y.png)")]
    with pytest.raises(ParameterError, match=r"^cell 2: a post would not have the image 'y\.png'"):
        post_body(new_notebook(cells=cells), Path(), "a-post")


def test_each_cell_has_links_of_its_own():
    cells = [new_markdown_cell(f"[a]\n\n[a]: https://{host}.org") for host in "ef"]
    body, _ = post_body(new_notebook(cells=cells), Path(), "a-post")
    links = [link["href"] for link in BeautifulSoup(body, "html.parser").select("a")]
    assert links == ["https://e.org", "https://f.org"]


@pytest.mark.parametrize(
    "latex", ["<b onmouseover=alert(1)>b</b>", "$x$ <script>alert(3)</script>", "text $x$", "`$x$`"]
)
def test_latex_that_is_more_than_formulas_is_refused(latex):
    with pytest.raises(ParameterError, match="a post cannot show the output"):
        shown(text_latex=latex, text_plain="<IPython.core.display.Latex object>")


def test_latex_bears_no_html():
    assert "<b" not in shown(text_latex="$$a<b>c$$ $x$", text_plain="x")
