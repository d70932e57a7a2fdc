"""An executed notebook as a post of a Jekyll blog with the Chirpy theme, with its figures, light and dark."""

import re
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import yaml
from bs4 import BeautifulSoup
from nbformat import NotebookNode
from PIL import Image

from replicate.parameters import ParameterError
from replicate.publish.kramdown import to_kramdown

FIGURES = "/assets/img/posts"  # where Chirpy keeps the images of posts
DOTS_AN_INCH = 2  # a saved figure's pixels over those on the page


class Post(NamedTuple):
    """A post's place and front matter."""

    slug: str
    date: datetime  # with its zone
    title: str
    categories: list[str]
    tags: list[str]

    @property
    def file(self) -> str:
        return f"{self.date:%Y-%m-%d}-{self.slug}.md"

    def front_matter(self) -> str:
        fields = {"title": self.title, "categories": self.categories, "tags": self.tags, "math": True}
        text = yaml.safe_dump(
            fields, sort_keys=False, allow_unicode=True, default_flow_style=None, width=1000
        )
        return f"---\n{text}date: {self.date:%Y-%m-%d %H:%M:%S %z}\n---\n"  # yaml would quote it


def check_executed(notebook: NotebookNode, name: str) -> None:
    """Refuse a notebook that has not run from top to bottom without an error."""
    for i, cell in enumerate(notebook.cells, 1):
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        if cell.execution_count is None:
            raise ParameterError(f"{name}, cell {i} has not been executed; execute the notebook first")
        if any(output.output_type == "error" for output in cell.outputs):
            raise ParameterError(f"{name}, cell {i} failed; a post is made of notebooks without errors")


def check_new(post: Post, out: Path) -> None:
    """Refuse a slug that is no plain name, a post that exists, and a folder that cannot be one."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", post.slug):
        raise ParameterError(
            f"slug {post.slug!r} must be small letters and digits, with single dashes between"
        )
    for path in (out / "_posts" / post.file, out / FIGURES[1:] / post.slug):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ParameterError(f"{path.parent} cannot be a folder of posts: {error.strerror}") from error
        if path.exists():
            raise ParameterError(f"{path} exists; choose another slug, or remove it first")


def write_post(body: str, figures: list[Path], post: Post, out: Path) -> Path:
    """Write a post and its figures, all or nothing, and return the post's path."""
    check_new(post, out)
    target, images = out / "_posts" / post.file, out / FIGURES[1:] / post.slug
    with TemporaryDirectory(dir=out, prefix=".post-") as temporary:
        new = Path(temporary) / post.slug
        new.mkdir()
        for figure in figures:
            shutil.copyfile(figure, new / figure.name)
        (Path(temporary) / post.file).write_text(f"{post.front_matter()}\n{body.strip()}\n", encoding="utf-8")
        if figures:
            new.rename(images)
        (Path(temporary) / post.file).rename(target)
    return target


def post_body(notebook: NotebookNode, figures: Path, slug: str) -> tuple[str, list[Path]]:
    """A notebook's cells as kramdown, and the files of the figures shown in them.

    The first heading is left out: Chirpy shows the post's title. Code is folded away, shown where the cell
    has the tag `blog-show`, and left out with `blog-hide`; `blog-drop` leaves out the cell with its outputs.

    Args:
        figures: where `figures.style.show` saved them.
    """
    parts, files, titled = [], [], False
    for cell in notebook.cells:
        if "blog-drop" in cell.metadata.get("tags", []):
            continue
        if cell.cell_type == "markdown":
            source = cell.source.strip()
            if not titled and source.startswith("# "):
                titled, source = True, source.partition("\n")[2]
            parts.append(to_kramdown(source.strip()))
        elif cell.cell_type == "code":
            parts.append(_code(cell))
            for output in cell.outputs:
                text, shown = _output(output, figures, slug)
                parts.append(text)
                files += shown
    return "\n\n".join(part for part in parts if part), files


def _code(cell: NotebookNode) -> str:
    tags = cell.metadata.get("tags", [])
    if "blog-hide" in tags or not cell.source.strip():
        return ""
    code = f"```python\n{cell.source.strip()}\n```"
    if "blog-show" in tags:
        return code
    return f'<details markdown="1">\n<summary>Code</summary>\n\n{code}\n\n</details>'


def _output(output: NotebookNode, figures: Path, slug: str) -> tuple[str, list[Path]]:
    """One output as kramdown, and the files of its figure."""
    if output.output_type == "stream":
        shown = output.text.strip() if output.name == "stdout" else ""
        return (f"```text\n{shown}\n```" if shown else ""), []
    data = output.get("data", {})
    if "image/png" in data:
        return figure(output.metadata.get("filename"), output.metadata.get("caption"), figures, slug)
    if "text/markdown" in data:
        return to_kramdown(data["text/markdown"].strip()), []
    if "<table" in data.get("text/html", ""):
        return table_from_html(data["text/html"]), []
    return (f"```text\n{data['text/plain'].strip()}\n```" if "text/plain" in data else ""), []


def figure(name: str | None, caption: str | None, figures: Path, slug: str) -> tuple[str, list[Path]]:
    """A figure, light and dark, with its caption as kramdown, and its files."""
    if not name or not caption:
        raise ParameterError("a figure has no name or no caption; draw it with replicate.figures.style.show")
    files = [figures / f"{name}.png", figures / f"{name}-dark.png"]
    for file in files:
        if not file.exists():
            raise ParameterError(f"the figure {file} is missing; execute the notebook again")
    with Image.open(files[0]) as image:
        width, height = (pixels // DOTS_AN_INCH for pixels in image.size)
    alt = caption.rstrip(".").replace("[", "(").replace("]", ")")
    lines = [
        f'![{alt}]({FIGURES}/{slug}/{file.name}){{: .{theme} w="{width}" h="{height}" }}'
        for file, theme in zip(files, ("light", "dark"), strict=True)
    ]
    return "\n".join([*lines, f"_{caption}_"]), files


def table_from_html(html: str) -> str:
    """The table of a DataFrame's HTML as Markdown; header rows of an index name and columns become one."""
    rows = [[cell.get_text(" ", strip=True) for cell in row(["th", "td"])] for row in _rows(html)]
    header, body = rows[0], rows[1:]
    if body and not any(body[0][1:]):  # the index's name stands in a row of its own
        header, body = [body[0][0], *header[1:]], body[1:]
    lines = [header, ["---"] * len(header), *body]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines)


def _rows(html: str) -> Iterator:
    yield from BeautifulSoup(html, "html.parser").find("table").find_all("tr")
