"""Parallel text: pairs from a TSV or from two line-aligned files, in any two languages."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from replicate.errors import OneLineError
from replicate.files import PROJECT, read_bytes, write_whole
from replicate.tasks.translation.tokens import normalised


class CorpusError(OneLineError, ValueError):
    """A text that cannot be read, or is not the one meant; one line that names file and line."""


class Pair(NamedTuple):
    """A sentence, its translation, and the page or other group that both are from; "" where none is named."""

    source: str
    target: str
    group: str = ""


def read_tsv(path: Path, source_column: int, target_column: int, group_column: int | None) -> list[Pair]:
    """The pairs of a UTF-8 file with a pair a line and tabs between its columns, which count from 1.

    Raises:
        CorpusError: it is no such file, or a line lacks a column, or has another number of them.
    """
    columns = [source_column, target_column, *([] if group_column is None else [group_column])]
    pairs, width = [], None
    for number, line in enumerate(_lines(path), 1):
        cells = line.split("\t")
        width = width or len(cells)
        if len(cells) < max(columns):
            raise CorpusError(
                f"{path}, line {number}: column {max(columns)} is missing; it has {len(cells)}, by tabs"
            )
        if len(cells) != width:  # a tab in a sentence would move the rest of it into the next column
            raise CorpusError(f"{path}, line {number}: it has {len(cells)} columns, and line 1 has {width}")
        pairs.append([cells[column - 1] for column in columns])
    return _pairs(path, pairs)


def read_aligned(source: Path, target: Path) -> list[Pair]:
    """The pairs of two UTF-8 files, of which equal lines belong together.

    Raises:
        CorpusError: one is no such file, or they differ in length.
    """
    sources, targets = list(_lines(source)), list(_lines(target))
    if len(sources) != len(targets):
        raise CorpusError(
            f"{source} has {len(sources)} lines and {target} has {len(targets)}; equal lines must "
            "belong together"
        )
    return _pairs(source, zip(sources, targets, strict=True))


def write_tsv(path: Path, pairs: Sequence[Pair]) -> None:
    """A pair and its group a line, in columns 1 to 3."""
    text = "".join("\t".join(pair) + "\n" for pair in pairs)
    write_whole(path, lambda file: file.write_text(text, encoding="utf-8", newline="\n"))


def checksum(pairs: Sequence[Pair]) -> str:
    """SHA-256 of normalised pairs and their groups: one text has one, wherever and however it is stored."""
    return hashlib.sha256("\n".join(map("\t".join, pairs)).encode()).hexdigest()


def _pairs(path: Path, rows: Iterable[Sequence[str]]) -> list[Pair]:
    """Normalised, without those of which a side is empty."""
    pairs = [Pair(*map(normalised, row)) for row in rows]
    pairs = [pair for pair in pairs if pair.source and pair.target]
    if not pairs:
        raise CorpusError(f"{path} holds no pair of sentences")
    if all(pair.source == pair.target for pair in pairs):
        raise CorpusError(
            f"{path}: source and target are equal in every pair, so there is nothing to translate"
        )
    return pairs


def found_at(path: Path | str) -> Path:
    """Where a text is: a relative path may start at the project's folder, as a run's does."""
    return Path(path) if Path(path).exists() else PROJECT / path


def content_of(path: Path) -> bytes:
    """What is in a file.

    Raises:
        CorpusError: it cannot be read, or is no file.
    """
    try:
        return read_bytes(found_at(path))
    except OSError as error:
        raise CorpusError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:  # a zero byte in the path
        raise CorpusError(f"cannot read {str(path)!r}: {error}") from error


def _lines(path: Path) -> Iterator[str]:
    """The lines of a text."""
    data = content_of(path)
    if not data.strip():
        raise CorpusError(f"{path} is empty")
    # Not str.splitlines, which also cuts at characters that a sentence may hold, such as U+2028.
    for number, line in enumerate(data.removesuffix(b"\n").split(b"\n"), 1):
        if b"\0" in line or b"\r" in line.removesuffix(b"\r"):
            what = "a zero byte" if b"\0" in line else "a carriage return; lines end in LF or CR LF"
            raise CorpusError(f"{path}, line {number}: {what}")
        try:
            yield line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise CorpusError(f"{path}, line {number}: not UTF-8") from error
