"""Pieces of words: any text of the training letters comes back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replicate.tasks.translation.corpus import CorpusError
from replicate.tasks.translation.grammar import grammar_pairs
from replicate.tasks.translation.subwords import Subwords
from replicate.tasks.translation.tokens import BOS, EOS, UNK, normalised, unknown_rate

TEXTS = [pair.target for pair in grammar_pairs()]
VOCABULARY = Subwords(TEXTS, 120)
LETTERS = sorted(set("".join(TEXTS)))


@given(st.text(LETTERS))
def test_a_text_of_known_letters_comes_back(text):
    tokens = VOCABULARY.encode(text)
    assert UNK not in tokens and VOCABULARY.decode(tokens) == normalised(text)


def test_ids_are_as_in_every_vocabulary_of_the_task():
    assert (VOCABULARY.bos, VOCABULARY.eos, VOCABULARY.size) == (BOS, EOS, 120)
    assert VOCABULARY.decode([0, 1, 2, 3]) == "<pad><s></s><unk>"
    assert VOCABULARY.encode("ж").count(UNK) == 1 and unknown_rate(VOCABULARY, ["ж"]) > 0
    assert VOCABULARY.encode("") == [] and VOCABULARY.encode("\u2581 \u2581") == [UNK]
    assert VOCABULARY.encode("L\u2019e\u0301toile\u202f!") == VOCABULARY.encode("L'étoile !")


def test_rare_words_are_spelt_and_the_pieces_are_always_the_same():
    assert len(VOCABULARY.encode("souvent")) == 1 < len(VOCABULARY.encode("tnevuos"))
    assert Subwords(TEXTS, 120).encode(TEXTS[7]) == VOCABULARY.encode(TEXTS[7])


@pytest.mark.parametrize(
    ("size", "why"), [(9, r"it needs \d+, one a letter"), (1, "too small"), (10_000, "too high"), (2**31, "")]
)
def test_a_size_that_does_not_suit_the_text_is_refused_in_one_line(size, why):
    with pytest.raises(CorpusError, match=f"subwords {size} does not suit this text: .*{why}") as error:
        Subwords(TEXTS, size)
    assert "\n" not in str(error.value)
