"""The report's pages: executed notebooks as HTML and an index, to open from a disk without a network."""

import re
from pathlib import Path
from typing import NamedTuple

import nbformat
from jinja2 import Environment, PackageLoader
from latex2mathml.converter import convert
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pandas import DataFrame

from replicate.publish.refresh import cleaned

TEMPLATES = Environment(loader=PackageLoader("replicate.publish"))


class Page(NamedTuple):
    """One notebook's page, as the index lists it."""

    file: str
    title: str
    summary: str  # HTML


def write_site(notebooks: list[Path], folder: Path, *, title: str, tables: dict[str, DataFrame]) -> None:
    """Write the executed notebooks and an index into a folder whose `figures/` is already filled."""
    pages = [write_page(notebook, folder) for notebook in notebooks]
    # In the order of the notebooks that drew them.
    drawn = [path for path in (folder / "figures").glob("*.png") if not path.stem.endswith("-dark")]
    figures = sorted(drawn, key=lambda path: path.stat().st_mtime_ns)
    index = TEMPLATES.get_template("index.html.j2")
    html = index.render(title=title, tables=tables, pages=pages, figures=[path.stem for path in figures])
    (folder / "index.html").write_text(html, encoding="utf-8")


def write_page(notebook: Path, folder: Path) -> Page:
    """Write one executed notebook as HTML."""
    cells = cleaned(nbformat.read(notebook, as_version=4))  # progress on stderr has served its turn
    title, summary = heading(cells)
    cells.metadata.title = title
    exporter = HTMLExporter(
        raw_template=TEMPLATES.loader.get_source(TEMPLATES, "notebook.html.j2")[0],
        filters={"markdown2html": markdown},
        exclude_anchor_links=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )
    page = folder / f"{notebook.stem}.html"
    page.write_text(exporter.from_notebook_node(cells)[0], encoding="utf-8")
    return Page(page.name, title, markdown(summary))


def heading(notebook: nbformat.NotebookNode) -> tuple[str, str]:
    """Return the title and the first paragraph of a notebook's first Markdown cell."""
    source = next((cell.source for cell in notebook.cells if cell.cell_type == "markdown"), "")
    title, _, rest = source.strip().partition("\n")
    return title.lstrip("# "), rest.strip().partition("\n\n")[0]


def markdown(source: str) -> str:
    """Return a Markdown text as HTML, its formulas as MathML."""
    return MarkdownWithMath(renderer=_Renderer(escape=False, exclude_anchor_links=True)).render(source)


class _Renderer(IPythonRenderer):
    """Formulas become MathML, which browsers draw by themselves, without a script."""

    def block_math(self, body: str) -> str:
        return formula(body, "block")

    def inline_math(self, body: str) -> str:
        return formula(body, "inline")

    def latex_environment(self, name: str, body: str) -> str:
        return formula(rf"\begin{{{name}}}{body}\end{{{name}}}", "block")

    def link(self, text: str, url: str, title: str | None = None) -> str:
        # Notebooks link to each other; so do their pages.
        return super().link(text, re.sub(r"^([^:]*)\.ipynb\b", r"\1.html", url), title)


def formula(tex: str, display: str) -> str:
    """Return a LaTeX formula as MathML."""
    # The converter numbers the lines of `align`, as Jupyter does not, and knows no `aligned` and no `arg`.
    tex = re.sub(r"\\(begin|end)\{align(?:ed)?\}", r"\\\1{align*}", tex)
    tex = re.sub(r"\\arg\b", r"\\operatorname{arg}", tex)
    return convert(tex, display=display).replace(r"\_", "_")  # it leaves \texttt{a\_b} as it is
