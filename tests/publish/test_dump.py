"""A notebook's outputs as parts of a post: tables, and what cannot be shown."""

from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from replicate.errors import ParameterError
from replicate.publish.dump import post_body
from replicate.publish.html_table import tables_from_html


def body_of(cell) -> str:
    cell.metadata["tags"] = ["blog-hide"]
    return post_body(new_notebook(cells=[cell]), Path(), "a-post")[0]


def shown(**data) -> str:
    """The body of a post whose one cell has this output, by MIME types with `_` in place of `/`."""
    data = {kind.replace("_", "/"): value for kind, value in data.items()}
    output = new_output("execute_result", data, execution_count=1)
    return body_of(new_code_cell("x", execution_count=1, outputs=[output]))


def rows(markdown: str) -> list[list[str]]:
    """The cells of a Markdown table, without the rule under its header."""
    lines = [[cell.strip() for cell in line[1:-1].split("|")] for line in markdown.splitlines()]
    assert set(lines[1]) == {"---"}
    return lines[:1] + lines[2:]


def test_a_table_with_a_column_index_name_keeps_its_header():
    html = "<table><tr><th>rung</th><th>x</th></tr><tr><th>a</th><td>1</td></tr></table>"
    assert rows(tables_from_html(html)) == [["rung", "x"], ["a", "1"]]


def test_tables_of_one_column_and_of_no_row():
    one = pd.DataFrame({"x": ["a", "b"]}).to_html(index=False)
    assert rows(tables_from_html(one)) == [["x"], ["a"], ["b"]]
    empty = pd.DataFrame({"x": []})
    assert shown(text_html=empty.to_html(), text_plain=str(empty)) == f"```text\n{empty}\n```"


def test_the_levels_of_an_index_of_rows_stand_in_every_row():
    index = pd.MultiIndex.from_product([["a", "b"], ["x", "y"]], names=["k", "l"])
    table = tables_from_html(pd.DataFrame({"n": [1, 2, 3, 4]}, index=index).to_html())
    assert rows(table) == [
        ["k", "l", "n"],
        ["a", "x", "1"],
        ["a", "y", "2"],
        ["b", "x", "3"],
        ["b", "y", "4"],
    ]


def test_the_levels_of_columns_are_joined_over_their_values():
    columns = pd.MultiIndex.from_product([["p", "q"], ["u", "v"]])
    table = tables_from_html(pd.DataFrame([[1, 2, 3, 4]], columns=columns).to_html())
    assert rows(table) == [["", "p u", "p v", "q u", "q v"], ["0", "1", "2", "3", "4"]]
    grouped = pd.DataFrame({"k": ["a", "a"], "n": [1, 3]}).groupby("k").agg({"n": ["min", "max"]})
    assert rows(tables_from_html(grouped.to_html())) == [["k", "n min", "n max"], ["a", "1", "3"]]


def test_a_header_reaches_into_no_row_of_values_and_a_foot_stands_last():
    html = (
        "<table><tfoot><tr><td>sum</td><td>3</td></tr></tfoot><thead><tr><th rowspan=3>k</th><th>n</th></tr>"
    )
    html += "</thead><tbody><tr><td>a</td><td>1</td></tr><tr><td>b</td><td>2</td></tr></tbody></table>"
    assert rows(tables_from_html(html)) == [["k", "n"], ["a", "1"], ["b", "2"], ["sum", "3"]]


def test_an_index_keeps_its_name_beside_that_of_the_columns():
    table = pd.DataFrame([[1]], index=pd.Index(["a"], name="row"), columns=pd.Index(["x"], name="column"))
    assert rows(tables_from_html(table.to_html())) == [["row / column", "x"], ["a", "1"]]
    table.index.name = None
    assert rows(tables_from_html(table.to_html())) == [["column", "x"], ["a", "1"]]
    levels = pd.MultiIndex.from_tuples([("n", "min"), ("n", "max")], names=["of", "how"])
    table = pd.DataFrame([[1, 2]], index=["a"], columns=levels)
    assert rows(tables_from_html(table.to_html())) == [["of how", "n min", "n max"], ["a", "1", "2"]]
    table.index.name = "k"
    assert rows(tables_from_html(table.to_html()))[0] == ["k / of how", "n min", "n max"]


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
    "html",
    [
        "",
        "<table></table>",
        "<table><thead><tr></tr><tr></tr></thead></table>",
        "<table><tr><th>x</th></tr></table>",
    ],
)
def test_html_without_a_row_under_a_header_is_no_table(html):
    assert not tables_from_html(html)


def test_spans_that_are_no_numbers_or_too_large_do_no_harm():
    most = "9" * 5000
    html = f"<table><tr><th rowspan='1e9'>x</th></tr><tr><td rowspan='{most}'>a</td></tr></table>"
    assert rows(tables_from_html(html)) == [["x"], ["a"]]
    assert rows(tables_from_html(html.replace("1e9", "-1"))) == [["x"], ["a"]]


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("1.5 \u00d7 10<sup>3</sup>", "1.5 \u00d7 10<sup>3</sup>"),
        ("m<sup>2</sup>, H<sub>2</sub>O", "m<sup>2</sup>, H<sub>2</sub>O"),
        ("1<b>23</b><span>4</span>", "1234"),
        ("<p>1</p><p>2</p>3<br>4<ul><li>5</li><li>6</li></ul>", "1 2 3 4 5 6"),
        ("x<sup><b>a</b>&lt;i&gt;</sup>", "x<sup>a&#60;i&#62;</sup>"),
        ("\ue000script\ue001", "\ufffdscript\ufffd"),
        ("&#xe000;script&#57345;", "\ufffdscript\ufffd"),
        ("<![CDATA[\ue000script]]>", "\ufffdscript"),
        ("x<!-- \ue000 unseen --><style>.a { content: '\ue001' }</style>", "x"),
    ],
)
def test_a_tag_within_a_word_or_a_number_parts_it_no_more_than_in_the_notebook(cell, shown):
    html = f"<table><tr><th>{cell}</th></tr><tr><td>{cell}</td></tr></table>"
    assert rows(tables_from_html(html)) == [[shown], [shown]]


@pytest.mark.parametrize(
    "caption", ["2. Losses", "1) a", "- minus", "+ 1", "# of runs", ": so", "10 runs", "-"]
)
def test_a_caption_is_a_line_of_text_whatever_it_begins_with(render, caption):
    html = f"<table><caption>{caption}</caption><tr><th>x</th></tr><tr><td>1</td></tr></table>"
    assert render(tables_from_html(html)).find("p").get_text() == caption


@pytest.mark.parametrize(
    "row", ["<tr><th>n<th>score<tr><td>1<td>0.5", "<tr><th>n</th></tr><tr><td>1<td>2</td></tr>"]
)
def test_a_table_whose_cells_have_no_end_is_refused(row):
    with pytest.raises(ParameterError, match="a post needs the end tags"):
        tables_from_html(f"<table>{row}</table>")


@pytest.mark.parametrize("lost", ["<del>5</del>6", "<math><mfrac><mn>1</mn><mn>2</mn></mfrac></math>"])
def test_what_would_read_as_another_number_is_refused(lost):
    with pytest.raises(ParameterError, match="a post cannot show <"):
        tables_from_html(f"<table><tr><th>x</th></tr><tr><td>{lost}</td></tr></table>")


def test_two_tables_stay_two():
    one = "<table><tr><th>x</th></tr><tr><td>1</td></tr></table>"
    assert tables_from_html(one + one.replace("x", "y")).count("---") == 2


def test_text_beside_a_table_is_refused_and_a_caption_stays():
    table = "<table><caption>All | of it</caption><tr><th>x</th></tr><tr><td>1</td></tr></table>"
    assert tables_from_html(f"<style>b {{}}</style>{table}").startswith("All &#124; of it\n\n| x |\n")
    with pytest.raises(ParameterError, match="a post would not have the text 'IMPORTANT' that an output has"):
        tables_from_html(f"<p>IMPORTANT</p>{table}")
    long = pd.DataFrame({"x": range(100)})._repr_html_()
    assert "100 rows" in long and "| 99 | 99 |" in tables_from_html(long)


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


@pytest.mark.parametrize("lost", ["<img src='data:image/png;base64,x'>", "<svg></svg>", "<table></table>"])
def test_a_picture_or_a_table_in_a_table_is_refused(lost):
    table = "<table><tr><th>x</th></tr><tr><td>1{}</td></tr></table>"
    with pytest.raises(ParameterError, match=f"a post cannot show {lost[:4]}.* in an output with a table"):
        tables_from_html(table.format(lost))


def test_a_picture_beside_a_table_is_refused():
    with pytest.raises(ParameterError, match="a post cannot show <svg> in an output with a table"):
        tables_from_html("<svg></svg><table><tr><td>1</td></tr></table>")


def test_a_table_without_a_header_has_an_empty_one():
    table = pd.DataFrame({"a": [1.5, 2], "b": [3, 4]}).style.hide(axis="columns")
    assert rows(tables_from_html(table.to_html()))[0] == [""] * 3
    table = table.hide(axis="index").to_html()
    assert rows(tables_from_html(table)) == [["", ""], ["1.500000", "3"], ["2.000000", "4"]]


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
