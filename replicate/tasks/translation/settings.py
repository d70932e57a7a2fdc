"""What the task can be told: which text, in which words, and how it is read."""

import re
from contextlib import suppress
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from replicate.fields import Count, TaskSettings, Truth
from replicate.tasks.translation.corpus import CorpusError, Pair, checksum, found_at, read_aligned, read_tsv
from replicate.tasks.translation.grammar import grammar_pairs
from replicate.tasks.translation.split import shares


class TranslationSettings(TaskSettings):
    """A parallel text in any two languages, and how it is handed to a model.

    Two runs are of one text where its checksum is the same, wherever it lies and however it is stored.
    """

    kind = "translation"
    places: ClassVar[frozenset[str]] = frozenset(
        {"pairs", "target_file", "source_column", "target_column", "group_column"}
    )
    pairs: str = ""  # a TSV with a pair a line; "": the small grammar of this library
    target_file: str = ""  # with it, `pairs` holds the sources, a line each, and this file their translations
    source_column: Count = 1  # of the TSV, from 1
    target_column: Count = 2
    group_column: Count | None = None  # names the page that a pair is from, of which none is torn apart
    filled: ClassVar[frozenset[str]] = frozenset({"pairs_sha256"})
    # SHA-256 of the pairs; filled in from the text where it is not given.
    pairs_sha256: Annotated[str, Field(validate_default=True)] = ""
    tokens: Literal["words", "subwords"] = "words"
    min_count: Count = 3  # words that training has less often are out of the vocabulary
    subwords: Annotated[Count, Field(le=1_000_000)] = 4_000  # pieces of each language's vocabulary
    max_tokens: Annotated[Count, Field(le=1_000)] = 30  # a side; longer pairs are left out
    reverse: Truth = False  # reverses the source alone
    source_eos: Truth = False  # end the source with EOS, after any reversal (the paper, Fig. 1)
    # Batches of sentences that are about equally long (the paper, section 3.4). A packed batch has no padding
    # to save, and trainings side by side then differ in length at each update: all wait for the longest.
    bucket: Truth = False

    @field_validator("pairs_sha256")
    @classmethod
    def _of_the_text(cls, given: str, info: ValidationInfo) -> str:
        if given and not re.fullmatch("[0-9a-f]{64}", given):
            raise ValueError("a SHA-256 is 64 digits of 0-9 and a-f; leave it out to take the text's own")
        # One that is given is compared when the text is read, so that a run opens without its text.
        if given or not cls.places <= info.data.keys():  # what is lacking there was wrong
            return given
        return _text(**{name: info.data[name] for name in cls.places})[1]

    @model_validator(mode="after")
    def _one_kind_of_text(self) -> Self:
        if self.target_file and not self.pairs:
            raise ValueError("target_file needs the file of the sources, pairs")
        columns = self.source_column, self.target_column, self.group_column
        if columns != (1, 2, None) and (self.target_file or not self.pairs):
            raise ValueError("source_column, target_column and group_column are of a TSV: pairs alone")
        if self.source_column == self.target_column:
            raise ValueError(f"source_column and target_column are both {self.source_column}")
        return self

    @classmethod
    def task_class(cls) -> type:
        from replicate.tasks.translation.task import TranslationTask

        return TranslationTask

    def label(self) -> str:
        return f"{self.tokens}-{'reverse' if self.reverse else 'forward'}"

    def check(self) -> None:
        if self.tokens == "subwords" and find_spec("sentencepiece") is None:
            extra = "pip install 'seq2seq-replication[translation]'"
            raise CorpusError(f"tokens 'subwords' needs sentencepiece, which is not installed: {extra}")
        shares(self.read())

    def read(self) -> list[Pair]:
        """The pairs of the text.

        Raises:
            CorpusError: it cannot be read, or is another text.
        """
        wanted = f"the text of these settings has the SHA-256 {self.pairs_sha256}"
        try:
            found, own = _text(**{name: getattr(self, name) for name in self.places})
        except CorpusError as error:
            raise CorpusError(f"{error}; {wanted}; put it there again") from error
        if own != self.pairs_sha256:
            raise CorpusError(f"{self.pairs or 'the grammar'} holds another text: {wanted}")
        return found


def _text(pairs: str, target_file: str, **columns: int | None) -> tuple[list[Pair], str]:
    """A text as its files stand now, and its checksum."""
    return _read((_stamp(pairs), _stamp(target_file)), pairs, target_file, **columns)


def _stamp(file: str) -> tuple[int, ...] | None:
    """What changes when a file does."""
    with suppress(OSError, ValueError):  # which the reading will tell
        found = found_at(file).stat()
        return found.st_ino, found.st_ctime_ns, found.st_mtime_ns, found.st_size


@lru_cache(maxsize=8)  # of a run, and of all cases of a sweep, a text is read once
def _read(
    stamps: tuple[tuple[int, int] | None, ...],
    pairs: str,
    target_file: str,
    source_column: int,
    target_column: int,
    group_column: int | None,
) -> tuple[list[Pair], str]:
    if not pairs:
        found = list(grammar_pairs())
    elif target_file:
        found = read_aligned(Path(pairs), Path(target_file))
    else:
        found = read_tsv(Path(pairs), source_column, target_column, group_column)
    return found, checksum(found)
