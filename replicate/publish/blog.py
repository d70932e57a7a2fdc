"""`replicate blog`: a notebook of this project as a post, in English, or its results in Chinese."""

from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbformat import NotebookNode

from replicate.parameters import ParameterError
from replicate.publish.chinese import CONTEXTS, chinese_body
from replicate.publish.chirpy import Post, check_executed, check_new, post_body, write_post
from replicate.publish.execute import execute, figures_in, read_notebook

LANGUAGES = ["en", "zh"]


def make_post(notebook: Path, out: Path, lang: str = "en", **given: str | None) -> Path:
    """Write a notebook's post under `out` and return its path.

    The stored notebook must have been executed without errors; it is executed once more, to draw its figures
    for light and dark pages.

    Args:
        given: slug, date or title in place of those in the notebook's metadata, under `blog`.
    """
    stored = read_notebook(notebook)
    check_executed(stored, notebook.name)
    post = _post(stored, notebook, lang, {name: value for name, value in given.items() if value is not None})
    check_new(post, out)
    with TemporaryDirectory() as temporary:
        figures = Path(temporary) / "figures"
        with figures_in(figures):
            executed = nbformat.read(execute(notebook, Path(temporary) / notebook.name, {}), as_version=4)
        if lang == "zh":
            body, files = chinese_body(notebook.stem, figures, post.slug)
        else:
            body, files = post_body(executed, figures, post.slug)
        return write_post(body, files, post, out)


def _post(notebook: NotebookNode, path: Path, lang: str, given: dict[str, str]) -> Post:
    """The front matter: from the notebook's metadata, in its language, and what was given."""
    if lang not in LANGUAGES:
        raise ParameterError(f"lang must be {' or '.join(LANGUAGES)}, not {lang!r}")
    if lang == "zh" and path.stem not in CONTEXTS:
        raise ParameterError(
            f"there is no Chinese edition of {path.stem}; there is one of {', '.join(CONTEXTS)}"
        )
    fields = dict(notebook.metadata.get("blog", {}))
    fields |= fields.pop("zh", {}) if lang == "zh" else {}
    fields |= given
    missing = [name for name in ("slug", "date", "title", "categories", "tags") if name not in fields]
    if missing:
        raise ParameterError(f"{path.name} has no {missing[0]} for a post in its metadata, under `blog`")
    for name in ("categories", "tags"):
        if not isinstance(fields[name], list):
            raise ParameterError(f"{path.name}: {name} of a post must be a list, not {fields[name]!r}")
    try:
        date = datetime.strptime(str(fields["date"]), "%Y-%m-%d %H:%M:%S %z")
    except ValueError as error:
        raise ParameterError(
            f"date must be like '2025-04-20 10:00:00 +0800', with the zone, not {fields['date']!r}"
        ) from error
    slug, title = str(fields["slug"]), str(fields["title"])
    return Post(slug, date, title, *(list(map(str, fields[name])) for name in ("categories", "tags")))
