"""Words of a text, and a vocabulary of them."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the module of tasks needs torch, and settings read texts without
    from replicate.tasks.task import Vocabulary

BOS, EOS, UNK = 1, 2, 3  # after PAD, which is 0 in every vocabulary
SPECIAL = ["<pad>", "<s>", "</s>", "<unk>"]

# Typographic apostrophes and hyphens; what takes no room, such as the soft hyphen, goes.
PLAIN = {0x2019: "'", 0x02BC: "'", 0x2010: "-", 0x2011: "-", 0x00AD: None, 0x200B: None, 0xFEFF: None}
CLOSING = frozenset(".,;:!?)]}%\u2026")  # no space before it
OPENING = frozenset("([{")  # no space after it


def normalised(text: str) -> str:
    """One form for equal texts: NFC, plain apostrophes and hyphens, one plain space for any blank.

    French sets no-break spaces (U+00A0, U+202F) before ; : ! ? and inside quotes; they part words as others.
    """
    return " ".join(unicodedata.normalize("NFC", text.translate(PLAIN)).split())


@cache  # made when a text is read, not as every command starts: it asks for each sign whether it is a mark
def _word() -> re.Pattern:
    """What a word is; an apostrophe stays with the letters that it shortens.

    l' d' qu' jusqu' stand before a word, 's 't 're after one.
    """
    # Signs of other scripts that belong to the letter before them, as vowels do, and joiners of letters.
    marks = "\u200c\u200d" + "".join(
        sign for sign in map(chr, range(0x300, 0x20000)) if unicodedata.category(sign)[0] == "M"
    )
    letters = rf"\w[\w{marks}]*"
    return re.compile(
        rf"""
        \b(?:\w|\w*qu)'(?=\w)                                       # an elision, a word of its own
        | {letters} (?: (?:- | (?<=\d)[.,](?=\d)) {letters} )*       # a word, with its hyphens, or a number
        | (?<=[\w{marks}])'{letters}                                 # what is left of one after an apostrophe
        | \S[{marks}]*                                               # any other sign alone
        """,
        re.VERBOSE | re.IGNORECASE,
    )


def words(text: str) -> list[str]:
    """The words and signs of a text; their case is kept."""
    return _word().findall(normalised(text))


def joined(tokens: Iterable[str]) -> str:
    """A text of these words: what `words` parts again as it was."""
    text = ""
    glued = True  # to what comes before
    for token in tokens:
        glued = glued or token in CLOSING or (len(token) > 1 and token[0] == "'")
        text += token if glued else f" {token}"
        glued = token in OPENING or (len(token) > 1 and token[-1] == "'")
    return text


class Words:
    """The words of some sentences, the commonest first; any other is UNK (the paper, section 3.1)."""

    bos, eos, unknown = BOS, EOS, UNK

    def __init__(self, texts: Iterable[str], min_count: int):
        counts = Counter(word for text in texts for word in words(text))
        known = [word for word, count in counts.items() if count >= min_count]
        known.sort(key=lambda word: (-counts[word], word))
        self.tokens = [*SPECIAL, *known]
        self.size = len(self.tokens)
        self._ids = {word: token for token, word in enumerate(self.tokens)}

    def encode(self, text: str) -> list[int]:
        """The ids of a text's words; there is no text that cannot be encoded."""
        return [self._ids.get(word, UNK) for word in words(text)]

    def decode(self, tokens: Sequence[int]) -> str:
        return joined(self.tokens[token] for token in tokens)


def unknown_rate(vocabulary: Vocabulary, texts: Iterable[str]) -> float:
    """The share of the tokens of some texts that are out of a vocabulary."""
    tokens = [token for text in texts for token in vocabulary.encode(text)]
    return tokens.count(UNK) / max(len(tokens), 1)
