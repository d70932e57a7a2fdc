"""The tables of an output's HTML, such as a DataFrame's, as Markdown."""

from itertools import product

from bs4 import BeautifulSoup
from bs4.element import Tag

from replicate.publish.kramdown import as_text

MOST_COLUMNS = 1_000  # that one cell may span in HTML


def tables_from_html(html: str) -> str:
    """The tables as Markdown, whose tables have one header row and no cell that spans several places.

    Header rows become one: the levels of a column are joined, and the names of an index stand over it. Text
    that spans several places stands in each. Returns "" where no table has a row under its header, which
    kramdown would not read.
    """
    page = BeautifulSoup(html, "html.parser")
    return "\n\n".join(filter(None, map(_markdown, page("table"))))


def _markdown(table: Tag) -> str:
    rows = [row for row in table("tr") if row(["th", "td"])]
    headers = max(1, sum(row.find_parent("thead") is not None for row in rows))
    grid = _grid(rows)
    if not grid[headers:]:
        return ""
    index = len(rows[headers]("th"))  # its columns, and after them those of values
    columns = enumerate(zip(*grid[:headers], strict=True))
    header = [_last(texts) if place < index else " ".join(texts).strip() for place, texts in columns]
    lines = [header, ["---"] * len(header), *grid[headers:]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _last(texts: tuple[str, ...]) -> str:
    """An index's own name, which stands below the name of the columns."""
    return next(filter(None, reversed(texts)), "")


def _grid(rows: list[Tag]) -> list[list[str]]:
    """The text at every place."""
    places: dict[tuple[int, int], str] = {}
    for top, row in enumerate(rows):
        left = 0
        for cell in row(["th", "td"]):
            while (top, left) in places:  # a cell of an earlier row reaches down to here
                left += 1
            height = _span(cell, "rowspan", len(rows) - top)
            width = _span(cell, "colspan", MOST_COLUMNS)
            text = as_text(cell.get_text(" "))
            places |= dict.fromkeys(product(range(top, top + height), range(left, left + width)), text)
    width = 1 + max((column for _, column in places), default=-1)
    return [[places.get((row, column), "") for column in range(width)] for row in range(len(rows))]


def _span(cell: Tag, name: str, most: int) -> int:
    given = str(cell.get(name, "1"))[:9]  # Python reads no number of thousands of digits
    return min(max(int(given), 1), most) if given.isdecimal() else 1
