"""An executed notebook, cell by cell, as the body of a post."""

import re
from pathlib import Path
from textwrap import shorten

from nbformat import NotebookNode

from replicate.errors import ParameterError
from replicate.publish.chirpy import figure
from replicate.publish.formulas import is_mathematics
from replicate.publish.html_table import tables_from_html
from replicate.publish.kramdown import code_block
from replicate.publish.markdown import count_titles, latex_to_kramdown, to_kramdown, without_title
from replicate.publish.terminal import as_seen

# What stands for an object, such as HTML or an SVG image, where the object itself cannot be shown.
OBJECT = re.compile(r"<[\w.]+ object>|<.+ at 0x\w+>|<Figure size \S+ with \d+ Axes>")
DROPPED, SHOWN, HIDDEN = "blog-drop", "blog-show", "blog-hide"


def check_executed(notebook: NotebookNode, name: str) -> None:
    """Refuse a notebook that has not run from top to bottom without an error."""
    for i, cell in enumerate(notebook.cells, 1):
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        if cell.execution_count is None:
            raise ParameterError(f"{name}, cell {i} has not been executed; execute the notebook first")
        if any(output.output_type == "error" for output in cell.outputs):
            raise ParameterError(f"{name}, cell {i} failed; a post is made of notebooks without errors")


def post_body(notebook: NotebookNode, figures: Path, slug: str, title: str = "") -> tuple[str, list[Path]]:
    """A notebook's cells as kramdown, and the files of the figures shown in them.

    A heading at the beginning is left out where it is the title, which Chirpy shows, or no other heading is
    of its level. Code is folded away, shown where the cell has the tag `blog-show`, and left out with
    `blog-hide`; `blog-drop` leaves out the cell with its outputs.

    Args:
        figures: where `figures.style.show` saved them.
    """
    _refuse_two_of_one_name(notebook)
    parts, files, names = [], [], set()
    titles = sum(count_titles(cell.source) for cell in notebook.cells if cell.cell_type == "markdown")
    for i, cell in enumerate(notebook.cells, 1):
        if DROPPED in cell.metadata.get("tags", []):
            continue
        try:
            _check_tags(cell)
            if not any(parts) and cell.cell_type == "markdown":
                cell = NotebookNode(cell | {"source": without_title(cell.source, title, titles == 1)})
            text, shown = _cell(cell, names, figures, slug)
        except ParameterError as error:
            raise ParameterError(f"cell {i}: {error}") from error
        parts.append(text)
        files += shown
    return "\n\n".join(part for part in parts if part), files


def _check_tags(cell: NotebookNode) -> None:
    """Refuse a tag that seems meant for a post and means nothing: what it should leave out would be shown."""
    known = [DROPPED, SHOWN, HIDDEN]
    for tag in cell.metadata.get("tags", []):
        if tag.casefold().startswith("blog") and tag not in known:
            raise ParameterError(f"a post knows no tag {tag!r}; it knows {', '.join(known)}")


def _cell(cell: NotebookNode, names: set[str], figures: Path, slug: str) -> tuple[str, list[Path]]:
    """A cell with its outputs as kramdown, and the files of its figures; its headings' names are added."""
    if cell.cell_type == "markdown":
        return to_kramdown(cell.source.strip("\n"), names), []
    if cell.cell_type != "code":
        return "", []
    parts, files = [_code(cell)], []
    for output in cell.outputs:
        text, shown = _output(output, names, figures, slug)
        parts.append(text)
        files += shown
    return "\n\n".join(part for part in parts if part), files


def _refuse_two_of_one_name(notebook: NotebookNode) -> None:
    """Refuse two figures that would be one file."""
    images = {}
    for cell in notebook.cells:
        # A cell that is dropped has drawn over the file, too.
        for output in cell.get("outputs", []):
            name, image = output.get("metadata", {}).get("filename"), output.get("data", {}).get("image/png")
            if name and images.setdefault(name.casefold(), image) != image:  # some disks ignore the case
                raise ParameterError(f"two figures are called {name!r}; a post needs a name for each")


def _code(cell: NotebookNode) -> str:
    tags = cell.metadata.get("tags", [])
    if HIDDEN in tags or not cell.source.strip():
        return ""
    code = code_block(cell.source, "python")
    if SHOWN in tags:
        return code
    return f'<details markdown="1">\n<summary>Code</summary>\n\n{code}\n\n</details>'


def _output(output: NotebookNode, names: set[str], figures: Path, slug: str) -> tuple[str, list[Path]]:
    """One output as kramdown, and the files of its figure."""
    if output.output_type == "stream":
        return _printed(output.text if output.name == "stdout" else ""), []
    data = output.get("data", {})
    if "image/png" in data:
        return figure(output.metadata.get("filename"), output.metadata.get("caption"), figures, slug)
    if "text/markdown" in data:
        return to_kramdown(data["text/markdown"], names), []
    html = data.get("text/html", "")
    if tables := tables_from_html(html):
        return tables, []
    if "text/latex" in data and is_mathematics(data["text/latex"].strip()):
        return latex_to_kramdown(data["text/latex"].strip()), []
    plain = data.get("text/plain", "")
    known = {"text/plain", "text/html"} if "<table" in html else {"text/plain"}  # one without rows
    if OBJECT.fullmatch(plain) or data.keys() - known:
        shown = shorten(as_seen(plain), 60) or min(data)
        raise ParameterError(
            f"a post cannot show the output {shown}: show a table or a figure, or give its cell the tag "
            f"{DROPPED}"
        )
    return _printed(plain), []


def _printed(text: str) -> str:
    return code_block(as_seen(text), "text")
