"""The report as a book: executed notebooks and the project's documents as pages, by MyST-NB and Sphinx.

The sources of the pages lie as they do in the checkout, so that the links between them hold; docs/conf.py is
Sphinx's configuration.
"""

import shutil
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from sphinx.util.console import strip_escape_sequences
from sphinx.util.docutils import docutils_namespace

from replicate.errors import OneLineError
from replicate.figures.catalogue import CATALOGUE
from replicate.publish.documents import findings_block
from replicate.publish.kramdown import as_attribute
from replicate.publish.live.page import TITLE, fragment
from replicate.publish.refresh import cleaned
from replicate.publish.terminal import as_seen

DOCUMENTS = {  # page of the checkout -> its title in the contents; None for its own
    "docs/results.md": None,
    "results/rules.md": None,
    "results/README.md": "What the columns mean",
    "docs/running.md": None,
    "docs/house.md": None,
    "docs/extending.md": None,
}


class BookError(OneLineError, RuntimeError):
    """A page that cannot be made as its source stands; the message names both in one line."""

    status = 1


def check_documents(root: Path) -> None:
    """Refuse a project that lacks a page of the book."""
    for name in ["README.md", *DOCUMENTS]:
        if not (root / name).is_file():
            raise BookError(f"the report needs {root / name}, and there is no such file")


def write_book(root: Path, notebooks: list[Path], figures: Path, output: Path) -> None:
    """Write the pages of executed notebooks and of a project's documents.

    Args:
        figures: where `figures.style.show` saved the notebooks' figures.

    Raises:
        BookError: Sphinx warns, of a link that leads nowhere for example, or fails.
    """
    with TemporaryDirectory() as temporary:
        pages = Path(temporary) / "pages"
        shutil.copytree(figures, pages / "docs" / "figures", ignore=shutil.ignore_patterns("*.svg"))
        for notebook in notebooks:
            write_source(notebook, pages / "notebooks" / notebook.name)
        for name in DOCUMENTS:
            (pages / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(root / name, pages / name)
        (pages / "index.md").write_text(first_page(root, figures), encoding="utf-8")
        (pages / "live.md").write_text(live_page(), encoding="utf-8")
        places = [pages, root / "docs", output, Path(temporary) / "doctrees"]
        warnings = StringIO()
        try:
            with docutils_namespace():  # what Sphinx registers lasts no longer than this
                Sphinx(*places, "html", status=None, warning=warnings).build()
        except SphinxError as error:
            raise BookError(f"the report: {error}") from error
    if said := strip_escape_sequences(warnings.getvalue()).replace(f"{pages.resolve()}/", "").strip():
        raise BookError(f"the report: {'; '.join(dict.fromkeys(said.splitlines()))}")


def write_source(executed: Path, page: Path) -> None:
    """Copy an executed notebook with its code folded, and its figures as links to their files."""
    notebook = cleaned(nbformat.read(executed, as_version=4))  # progress on stderr has served its turn
    notebook.metadata["language_info"]["pygments_lexer"] = "ipython3"  # which knows `!command` and `%magic`
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.metadata.tags = list(dict.fromkeys([*cell.metadata.get("tags", []), "hide-input"]))
        for output in cell.get("outputs", []):
            if output.output_type == "stream":
                output.text = as_seen(output.text)
            elif plain := output.get("data", {}).get("text/plain"):
                output.data["text/plain"] = as_seen(plain)
            own = output.get("metadata", {})
            if own.get("filename") and own.get("caption"):  # drawn by `figures.style.show`
                image = f"![{as_attribute(own.caption)}](../docs/figures/{own.filename}.png)"
                output.data = {"text/markdown": image}
    page.parent.mkdir(exist_ok=True)
    nbformat.write(notebook, page)


def first_page(root: Path, figures: Path) -> str:
    """What the README says before its first section, the findings, the figures drawn, and the contents."""
    opening = (root / "README.md").read_text(encoding="utf-8").partition("\n## ")[0]
    drawn = [(name, entry) for name, entry in CATALOGUE.items() if (figures / f"{name}.png").exists()]
    gallery = "\n".join(
        f"- [![](docs/figures/{name}.png) {caption}](notebooks/{notebook}.ipynb)"
        for name, (notebook, caption) in drawn
    )
    documents = "\n".join(f"{title} <{page}>" if title else page for page, title in DOCUMENTS.items())
    return f"""{opening}

[Type a list of your own, and see six trained models answer it](live.md)

## What was found

::::{{container}} findings
{findings_block()}
::::

## The figures

::::{{container}} gallery
{gallery}
::::

## Contents

```{{toctree}}
:maxdepth: 1

live
```

```{{toctree}}
:caption: Notebooks
:maxdepth: 1
:glob:

notebooks/*
```

```{{toctree}}
:caption: Documents
:maxdepth: 1

{documents}
```
"""


def live_page() -> str:
    """The models that answer, in a page of the book."""
    return f"""# {TITLE}

```{{raw}} html
{fragment()}
```
"""
