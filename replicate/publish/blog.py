"""`replicate blog`: the articles, or a notebook of one's own, as posts of a Jekyll blog."""

import re
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbformat import NotebookNode

from replicate.errors import ParameterError
from replicate.figures.language import LANGUAGES
from replicate.publish.articles import ARTICLES, article, slug_of
from replicate.publish.chirpy import check_place, earlier, write_post
from replicate.publish.dump import DROPPED, check_executed, post_body
from replicate.publish.execute import execute, figures_in
from replicate.publish.front_matter import Post
from replicate.publish.html_table import tables_from_html
from replicate.publish.read_notebook import read_notebook, without_marks
from replicate.publish.refresh import cleaned
from replicate.publish.terminal import as_seen
from replicate.studies.results import RESULTS
from replicate.telling import tell

NEEDED = {"slug": "--slug", "title": "--title", "categories": "--category", "tags": "--tag"}  # and its option


def make_article(
    name: str, lang: str, out: Path, code: str | None = None, force: bool = False, **given: str | list | None
) -> str:
    """Write an article's post under `out` and return what was done.

    Args:
        code: where the project's code can be read, a URL.
        given: what takes the place of the article's own slug, date, title, description, image, categories
            and tags.
    """
    if name not in ARTICLES:
        raise ParameterError(f"there is no article {name!r}; there are {', '.join(ARTICLES)}")
    if lang not in LANGUAGES:
        raise ParameterError(f"lang must be {' or '.join(LANGUAGES)}, not {lang!r}")
    if not RESULTS.exists():
        raise ParameterError(f"there is no {RESULTS}: the project's results are in its checkout")
    slug = given["slug"] = given.get("slug") or slug_of(name, lang)
    check_place(slug, out)
    tell(f"writing {name}, {lang}")
    with TemporaryDirectory() as figures:
        front, body, files = article(name, lang, slug, Path(figures), code)
        return write_post(body, files, post_of(front, given, name, out), out, force)


def make_post(notebook: Path, out: Path, force: bool = False, **given: str | list | None) -> str:
    """Write a notebook's post under `out` and return what was done.

    The stored notebook must have been executed without errors; it is executed once more, to draw its figures
    for light and dark pages.

    Args:
        given: as for an article; the notebook's own are in its metadata, under `blog`.
    """
    stored = read_notebook(notebook)
    check_executed(stored, notebook.name)
    post = post_of(stored.metadata.get("blog", {}), given, notebook.name, out)
    check_place(post.slug, out)
    with TemporaryDirectory() as temporary:
        figures = Path(temporary) / "figures"
        tell(f"executing {notebook.name}")
        with figures_in(figures):
            executed = cleaned(nbformat.read(execute(notebook, Path(temporary) / notebook.name, {}), 4))
        body, files = post_body(executed, figures, post.slug, post.title)
        _tell_what_differs(stored, executed, notebook.name)
        if not body:
            raise ParameterError(f"{notebook.name} has nothing to show in a post")
        return write_post(body, files, post, out, force)


def _tell_what_differs(stored: NotebookNode, executed: NotebookNode, name: str) -> None:
    """Name the cells whose output a reader of the notebook sees otherwise than one of the post will."""
    pairs = zip(without_marks(cleaned(stored)), without_marks(executed), strict=True)
    differing = [str(i) for i, (one, other) in enumerate(pairs, 1) if _said(one) != _said(other)]
    if differing:
        tell(
            f"{name} was executed anew for the post, where cell {', '.join(differing)} has another output "
            "than in the notebook"
        )


def _said(cell: NotebookNode) -> list[str]:
    """What a cell's outputs say; images, other HTML and where objects lie may differ in what nobody sees."""
    if DROPPED in cell.metadata.get("tags", []):
        return []
    texts = []
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        if "image/png" in data:
            texts.append((output.get("metadata") or {}).get("caption"))
            continue
        said = [data.get(kind) for kind in ("text/markdown", "text/latex", "text/plain")]
        texts.append(_table_of(data) or next(filter(None, [output.get("text"), *said]), ""))
    return [re.sub(r" at 0x[0-9a-f]+", "", as_seen(str(text))) for text in texts]


def _table_of(data: dict[str, str]) -> str:
    """An output's table as a post shows it; the notebook may hold one that no post could."""
    html = str(data.get("text/html", ""))
    try:
        return tables_from_html(html)
    except ParameterError:
        return html


def post_of(own: dict, given: dict, name: str, out: Path) -> Post:
    """The front matter: what the article or notebook says, and what was given in place of that."""
    if not isinstance(own, dict):
        raise ParameterError(f"{name}: `blog` in its metadata must be names and values, not {own!r}")
    fields = {field: value for field, value in own.items() if value is not None}
    fields |= {field: value for field, value in given.items() if value}
    if missing := [field for field in NEEDED if field not in fields]:
        options = ", ".join(NEEDED[field] for field in missing)
        raise ParameterError(
            f"{name} has no {', '.join(missing)} for a post: name it under `blog` in its metadata, or give "
            f"{options}"
        )
    for field in ("categories", "tags"):
        if not isinstance(fields[field], list):
            raise ParameterError(f"{name}: {field} of a post must be a list, not {fields[field]!r}")
        fields[field] = [_text_of(field, own, name) for own in fields[field]]
    if unknown := fields.keys() - {*Post._fields}:
        raise ParameterError(f"{name}: a post has no {min(unknown)}; it has {', '.join(Post._fields)}")
    texts = {
        field: _text_of(field, fields[field], name)
        for field in ("slug", "title", "description", "image")
        if field in fields
    }
    date = _date(fields["date"]) if fields.get("date") else _date_of(earlier(texts["slug"], out))
    return Post(**fields | texts | {"date": date or datetime.now().astimezone()})


def _text_of(field: str, value: object, name: str) -> str:
    """A value of the front matter; it says something, in signs that a file can have."""
    if isinstance(value, list | dict):
        raise ParameterError(f"{name}: {field} of a post must be text, not {value!r}")
    text = "" if value is None else str(value)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ParameterError(f"{name}: {field} of a post must be UTF-8, not {text!r}") from error
    if field in NEEDED and not text.strip():
        raise ParameterError(f"{name}: {field} of a post must not be empty")
    return text


def _date_of(post: Path | None) -> datetime | None:
    """The date of a post that is there already, so that it can be made again on another day."""
    if post is None:
        return None
    try:
        found = re.search(r"^date: (.+)$", post.read_text(encoding="utf-8"), re.MULTILINE)
        return _date(found[1]) if found else None
    except (UnicodeDecodeError, ParameterError) as error:
        why = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else error
        raise ParameterError(f"the date of {post}, which is there already, cannot be read: {why}") from error


def _date(text: str) -> datetime:
    try:
        return datetime.strptime(str(text), "%Y-%m-%d %H:%M:%S %z")
    except ValueError as error:
        raise ParameterError(
            f"date must be like '2025-04-20 10:00:00 +0800', with the zone, not {text!r}"
        ) from error
