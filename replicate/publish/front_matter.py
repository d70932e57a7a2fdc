"""A post's place in a Jekyll blog, and its front matter for the Chirpy theme."""

from datetime import datetime
from html import escape
from typing import NamedTuple

import yaml

FIGURES = "/assets/img/posts"  # where Chirpy keeps the images of posts
PREVIEW = "preview.png"


class Post(NamedTuple):
    """A post's place and front matter."""

    slug: str
    date: datetime  # with its zone
    title: str
    categories: list[str]
    tags: list[str]
    description: str | None = None
    image: str | None = None  # the name of one of its figures, for lists of posts and links elsewhere

    @property
    def file(self) -> str:
        return f"{self.date:%Y-%m-%d}-{self.slug}.md"

    def front_matter(self) -> str:
        """The post's fields in YAML, which Liquid does not read; Chirpy takes the texts for HTML."""
        fields = {"title": _html(self.title)}
        if self.description:
            fields["description"] = _html(self.description)
        fields |= {name: [_html(text) for text in getattr(self, name)] for name in ("categories", "tags")}
        if self.image:
            alt = _Text(escape(" ".join(self.title.split())))
            fields["image"] = {"path": f"{FIGURES}/{self.slug}/{PREVIEW}", "alt": alt}
        text = yaml.dump(
            fields | {"math": True},
            Dumper=_Quoting,
            sort_keys=False,
            allow_unicode=True,
            default_flow_style=None,
            width=1000,
        )
        return f"---\n{text}date: {self.date:%Y-%m-%d %H:%M:%S %z}\n---\n"  # yaml would quote it


class _Text(str):
    """A text in quotes: Ruby, with which Jekyll reads it, takes some for numbers that Python does not."""


class _Quoting(yaml.SafeDumper):
    """Writes every `_Text` in quotes."""


_Quoting.add_representer(
    _Text, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')
)


def _html(text: str) -> _Text:
    return _Text(escape(" ".join(text.split()), quote=False))
