"""The tables of an output's HTML, such as a DataFrame's, as Markdown."""

import re
from itertools import groupby, product

from bs4 import BeautifulSoup
from bs4.element import CData, NavigableString, Tag

from replicate.errors import ParameterError
from replicate.fields import shortened
from replicate.publish.kramdown import as_text

SIZE = re.compile(r"\d+ rows \u00d7 \d+ columns")  # what pandas says of a table that it shows a part of
LOST = [
    *("img", "svg", "canvas", "iframe", "video", "audio", "object", "embed", "math", "ruby"),
    *("del", "s", "strike", "select", "input", "textarea", "progress", "meter"),
]
MOST_COLUMNS = 1_000  # that one cell may span in HTML
# Elements that stand on lines of their own; all others are within a line, where a tag parts no word.
APART = {
    *("address", "article", "aside", "blockquote", "br", "dd", "details", "div", "dl", "dt", "figcaption"),
    *("figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav"),
    *("ol", "p", "pre", "section", "summary", "ul"),
}
LINE_MARK = re.compile(r"^(\d*)([-+#:.)])")  # what begins a list, a heading or a definition in a line
# What stays an element, and the signs (of no text) that stand for its two tags while all else becomes text.
RAISED = {"sup": "\ue000\ue001", "sub": "\ue002\ue003"}
SIGNS = re.compile(f"[{''.join(RAISED.values())}]")


def tables_from_html(html: str) -> str:
    """The tables as Markdown, whose tables have one header row and no cell that spans several places.

    Header rows become one: the levels of a column are joined, and the names of an index stand over it. Text
    that spans several places stands in each. Returns "" where no table has a row under its header, which
    kramdown would not read.

    Raises:
        ParameterError: there is text beside the tables, an image or a table in a table, which would be lost.
    """
    page = BeautifulSoup(html, "html.parser")
    for text in page.find_all(string=SIGNS):  # a cell may write them as &#xe000;
        if type(text) in (NavigableString, CData):  # and no comment or style
            text.replace_with(SIGNS.sub("\ufffd", text))
    for hidden in page.select("[hidden], [style*='display:none' i], [style*='display: none' i]"):
        hidden.decompose()
    found = page("table")
    if found and (lost := page.find(LOST) or page.select_one("table table")):
        raise ParameterError(
            f"a post cannot show <{lost.name}> in an output with a table; show the two apart"
        )
    if page.select_one("td td, td th, th td, th th, tr tr, td tr, th tr"):
        raise ParameterError("a post needs the end tags of the cells and rows of a table in an output")
    tables = "\n\n".join(filter(None, map(_markdown, found)))
    for part in (*found, *page(["style", "script"])):
        part.decompose()
    beside = " ".join(page.get_text(" ").split())
    if tables and beside and not SIZE.fullmatch(beside):
        raise ParameterError(
            f"a post would not have the text {shortened(beside)} that an output has beside its table: show "
            "the two apart, or give the cell the tag blog-drop"
        )
    return tables


def _markdown(table: Tag) -> str:
    rows = [row for row in table("tr") if row(["th", "td"])]
    rows.sort(key=lambda row: (row.parent.name != "thead", row.parent.name == "tfoot"))  # as a browser does
    headers = sum(row.parent.name == "thead" for row in rows)
    if rows and not headers and not rows[0]("td"):
        headers = 1
    grid = _grid(rows)
    if not grid[headers:]:
        return ""
    index = len(rows[headers]("th"))  # its columns, and after them those of values
    columns = enumerate(zip(*grid[:headers], strict=True))
    names_index = headers > 1 and not any(grid[headers - 1][index:])  # the last of them, below the columns
    header = [
        _names(texts, names_index) if place < index else " ".join(texts).strip() for place, texts in columns
    ]
    header = header or [""] * len(grid[0])  # a table of kramdown has one
    lines = [header, ["---"] * len(header), *grid[headers:]]
    return "\n".join([*_caption(table), *(f"| {' | '.join(line)} |" for line in lines)])


def _caption(table: Tag) -> list[str]:
    """A paragraph of text."""
    text = _text(table.caption) if table.caption else ""
    return [LINE_MARK.sub(lambda mark: f"{mark[1]}&#{ord(mark[2])};", text), ""] if text else []


def _names(texts: tuple[str, ...], names_index: bool) -> str:
    """An index's own name, which stands below those of the columns, and these."""
    own, of_columns = (texts[-1], texts[:-1]) if names_index else ("", texts)
    return " / ".join(filter(None, [own, " ".join(filter(None, dict.fromkeys(of_columns)))]))


def _grid(rows: list[Tag]) -> list[list[str]]:
    """The text at every place."""
    places: dict[tuple[int, int], str] = {}
    parts = [len(list(part)) for _, part in groupby(rows, key=lambda row: id(row.parent))]  # such as a header
    left_in_part = [count for size in parts for count in range(size, 0, -1)]
    for top, row in enumerate(rows):
        left = 0
        for cell in row(["th", "td"]):
            while (top, left) in places:  # a cell of an earlier row reaches down to here
                left += 1
            height = _span(cell, "rowspan", left_in_part[top])
            width = _span(cell, "colspan", MOST_COLUMNS)
            text = _text(cell)
            places |= dict.fromkeys(product(range(top, top + height), range(left, left + width)), text)
    width = 1 + max((column for _, column in places), default=-1)
    return [[places.get((row, column), "") for column in range(width)] for row in range(len(rows))]


def _text(element: Tag) -> str:
    """What it says, in one line."""
    for part in element(True):
        opening, closing = RAISED.get(part.name, "  " if part.name in APART else ("", ""))
        part.insert_before(opening)
        part.insert_after(closing)
    text = as_text(element.get_text())
    for name, (opening, closing) in RAISED.items():
        text = text.replace(opening, f"<{name}>").replace(closing, f"</{name}>")
    return text


def _span(cell: Tag, name: str, most: int) -> int:
    given = str(cell.get(name, "1"))[:9]  # Python reads no number of thousands of digits
    return min(max(int(given), 1), most) if given.isdecimal() else 1
