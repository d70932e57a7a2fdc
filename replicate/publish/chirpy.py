"""An executed notebook as a post of a Jekyll blog with the Chirpy theme, with its figures, light and dark."""

import re
import shutil
from datetime import datetime
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import yaml
from bs4 import BeautifulSoup
from nbformat import NotebookNode
from PIL import Image

from replicate.parameters import ParameterError
from replicate.publish.kramdown import as_text, code_block, past_liquid, to_kramdown

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
        """The post's fields in YAML, which Liquid does not read; Chirpy takes the texts for HTML."""
        lists = {name: [_html(text) for text in getattr(self, name)] for name in ("categories", "tags")}
        fields = {"title": _html(self.title), **lists, "math": True}
        text = yaml.safe_dump(
            fields, sort_keys=False, allow_unicode=True, default_flow_style=None, width=1000
        )
        return f"---\n{text}date: {self.date:%Y-%m-%d %H:%M:%S %z}\n---\n"  # yaml would quote it


def _html(text: str) -> str:
    return escape(" ".join(text.split()), quote=False)


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
        text = f"{post.front_matter()}\n{past_liquid(body.strip())}\n"
        (Path(temporary) / post.file).write_text(text, encoding="utf-8")
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
    code = code_block(cell.source, "python")
    if "blog-show" in tags:
        return code
    return f'<details markdown="1">\n<summary>Code</summary>\n\n{code}\n\n</details>'


def _output(output: NotebookNode, figures: Path, slug: str) -> tuple[str, list[Path]]:
    """One output as kramdown, and the files of its figure."""
    if output.output_type == "stream":
        return code_block(output.text if output.name == "stdout" else "", "text"), []
    data = output.get("data", {})
    if "image/png" in data:
        return figure(output.metadata.get("filename"), output.metadata.get("caption"), figures, slug)
    if "text/markdown" in data:
        return to_kramdown(data["text/markdown"].strip()), []
    table = table_from_html(data.get("text/html", ""))
    return table or code_block(data.get("text/plain", ""), "text"), []


def figure(name: str | None, caption: str | None, figures: Path, slug: str) -> tuple[str, list[Path]]:
    """A figure, light and dark, with its caption as kramdown, and its files."""
    if not name or not caption:
        raise ParameterError("a figure has no name or no caption; draw it with replicate.figures.style.show")
    if not re.fullmatch(r"[\w.-]+", name):
        raise ParameterError(f"a figure's name must be of letters, digits and any of '_.-', not {name!r}")
    files = [figures / f"{name}.png", figures / f"{name}-dark.png"]
    for file in files:
        if not file.exists():
            raise ParameterError(f"the figure {file} is missing; execute the notebook again")
    with Image.open(files[0]) as image:
        width, height = (pixels // DOTS_AN_INCH for pixels in image.size)
    alt = as_text(caption.rstrip("."))
    lines = [
        f'![{alt}]({FIGURES}/{slug}/{file.name}){{: .{theme} w="{width}" h="{height}" }}'
        for file, theme in zip(files, ("light", "dark"), strict=True)
    ]
    return "\n".join([*lines, f"_{as_text(caption)}_"]), files


def table_from_html(html: str) -> str:
    """The table of a DataFrame's HTML as Markdown; header rows of an index name and columns become one.

    Returns "" where there is no table, or none with a row under its header, which kramdown would not read.
    """
    page = BeautifulSoup(html, "html.parser")
    rows = [[as_text(cell.get_text(" ")) for cell in row(["th", "td"])] for row in page.select("table tr")]
    header, *body = rows or [[]]
    if len(page.select("thead tr")) > 1 and not any(body[0][1:]):  # the index's name has a row of its own
        header, body = [body[0][0], *header[1:]], body[1:]
    lines = [header, ["---"] * len(header), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) if body else ""
