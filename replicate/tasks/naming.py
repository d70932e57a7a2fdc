"""Tokens as a reader sees them, special ones by their names."""

from collections.abc import Sequence

from replicate.tasks.batch import PAD
from replicate.tasks.task import Vocabulary


def name_of(vocabulary: Vocabulary, token: int) -> str:
    special = _special(vocabulary)
    return special[token] if token in special else vocabulary.decode([token])


def text_of(vocabulary: Vocabulary, tokens: Sequence[int]) -> str:
    """A text, or, where special tokens stand in it, which none has, one token after the other."""
    if _special(vocabulary).keys().isdisjoint(tokens):
        return vocabulary.decode(tokens)
    return " ".join(name_of(vocabulary, token) for token in tokens)


def _special(vocabulary: Vocabulary) -> dict[int, str]:
    return {PAD: "PAD", vocabulary.bos: "BOS", vocabulary.eos: "EOS"}  # EOS last: it may be BOS too
