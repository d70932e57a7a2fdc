"""Parallel text from LibreOffice's help, which Debian has in English and in French (licence MPL-2.0).

Both packages have the same pages, whose paragraphs and headings carry the same ids in either language.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from replicate.tasks.translation.archive import files_of
from replicate.tasks.translation.corpus import CorpusError, Pair, content_of
from replicate.tasks.translation.tokens import normalised, words

PAGE = r"/help/[^/]+/(text/.+)\.html$"
LANGUAGE = re.compile(r'<html[^>]*\blang="([a-z]+)')
SHORTEST = 3  # words and signs a side
RATIO = 2.0  # the longer side over the shorter one, in words and signs

SENTENCE_END = re.compile(r"(?<=[.!?…]) (?=[\"«(]?\s?[A-ZÀ-Ý0-9])")
# Markup, formulas, addresses and paths are no sentences, nor are letters with marks that Unicode sets apart.
STRANGE = re.compile(r"[<>{}=\\|@#$^*_~\[\]+]|\S/\S|\.\w|\w\(|;.*;|\d:\d|[\u0300-\u036f\u064b-\u065f]")


def read_help(english: Path, french: Path, longest: int = 20) -> list[Pair]:
    """Unique pairs of 3 to `longest` words and signs a side, with their pages.

    Args:
        english, french: two packages, or the folders that they install.

    Raises:
        CorpusError: one cannot be read, or holds no help, or that of another language, or they have no pair
            together.
    """
    sides = [_pages(english, "en"), _pages(french, "fr")]
    found: dict[tuple[str, str], Pair] = {}
    for page in sorted(sides[0].keys() & sides[1].keys()):
        try:
            paragraphs = [_paragraphs(side[page]) for side in sides]
        except AssertionError as error:  # of the parser, at a declaration that HTML does not know
            raise CorpusError(f"the page {page} of the help is damaged: {error}") from error
        for name in (name for name in paragraphs[0] if name in paragraphs[1]):
            for source, target in _sentences(paragraphs[0][name], paragraphs[1][name]):
                if _is_usable(source, target, longest):
                    found.setdefault((source, target), Pair(source, target, page))
    if not found:
        raise CorpusError(
            f"{english} and {french} have no pair of sentences of {SHORTEST} to {longest} words; they must "
            "be the help in English and in French"
        )
    return list(found.values())


def _pages(place: Path, language: str) -> dict[str, str]:
    if place.is_dir():
        pages = {
            path.relative_to(place).with_suffix("").as_posix(): _text(path)
            for path in sorted(place.glob("text/**/*.html"))
        }
    else:
        pages = {}
        for path, text in files_of(place, PAGE):
            pages[re.search(PAGE, path)[1]] = text
    if not pages:
        raise CorpusError(f"{place} holds no pages of LibreOffice's help")
    for text in pages.values():
        if (found := LANGUAGE.search(text)) and found[1] != language:
            raise CorpusError(f"{place} is the help in {found[1]}, where that in {language} is wanted")
    return pages


def _text(page: Path) -> str:
    try:
        return content_of(page).decode("utf-8")
    except UnicodeDecodeError as error:
        raise CorpusError(f"{page} is not UTF-8") from error


class _Paragraphs(HTMLParser):
    """Collects the text of what carries the id of a paragraph or heading."""

    def __init__(self):
        super().__init__()
        self.texts: dict[str, str] = {}
        self.tag = self.name = None

    def handle_starttag(self, tag, attributes):
        attributes = {name: value or "" for name, value in attributes}
        name, kind = attributes.get("id", ""), attributes.get("class", "")
        if name.startswith(("par_id", "hd_id")) and name not in self.texts and "code" not in kind:
            self.tag, self.name = tag, name
            self.texts[name] = ""
        elif kind == "MAC" and self.name:  # one key there, another here: a paragraph with two texts
            del self.texts[self.name]
            self.name = None
        elif tag == "br":
            self.handle_data(" ")

    def handle_endtag(self, tag):
        if tag == self.tag:
            self.tag = self.name = None

    def handle_data(self, data):
        if self.name:
            self.texts[self.name] += data


def _paragraphs(page: str) -> dict[str, str]:
    parser = _Paragraphs()
    parser.feed(page)
    return {name: normalised(text) for name, text in parser.texts.items()}


def _sentences(source: str, target: str) -> Iterator[tuple[str, str]]:
    """The sentences of two paragraphs side by side where they are as many, else the paragraphs."""
    sources, targets = SENTENCE_END.split(source), SENTENCE_END.split(target)
    if len(sources) == len(targets):
        return zip(sources, targets, strict=True)
    return iter([(source, target)])


def _is_usable(source: str, target: str, longest: int) -> bool:
    """Whether they are sentences, about as long as each other."""
    sides = words(source), words(target)
    shorter, longer = sorted(map(len, sides))
    return (
        shorter >= SHORTEST
        and longer <= min(longest, RATIO * shorter)
        and source != target
        and not any(map(STRANGE.search, (source, target)))
        and all(sum(word[:2].isalpha() and len(word) > 1 for word in side) >= 2 for side in sides)
    )
