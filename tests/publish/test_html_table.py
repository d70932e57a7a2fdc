"""Tables of an output's HTML as Markdown."""

import pandas as pd
import pytest

from replicate.errors import ParameterError
from replicate.publish.html_table import tables_from_html


def rows(markdown: str) -> list[list[str]]:
    """The cells of a Markdown table, without the rule under its header."""
    lines = [[cell.strip() for cell in line[1:-1].split("|")] for line in markdown.splitlines()]
    assert set(lines[1]) == {"---"}
    return lines[:1] + lines[2:]


def test_a_table_with_a_column_index_name_keeps_its_header():
    html = "<table><tr><th>rung</th><th>x</th></tr><tr><th>a</th><td>1</td></tr></table>"
    assert rows(tables_from_html(html)) == [["rung", "x"], ["a", "1"]]


def test_a_table_of_one_column_is_one():
    one = pd.DataFrame({"x": ["a", "b"]}).to_html(index=False)
    assert rows(tables_from_html(one)) == [["x"], ["a"], ["b"]]


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


@pytest.mark.parametrize(
    "hidden",
    ["<span style='color: red; display:none'>9</span>", "<i hidden>9</i>", "<b style='DISPLAY: none'>9</b>"],
)
def test_what_a_page_hides_is_left_out(hidden):
    html = f"<table><tr><th>x</th></tr><tr><td>1{hidden}</td></tr><tr hidden><td>2</td></tr></table>"
    assert rows(tables_from_html(html)) == [["x"], ["1"]]


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
