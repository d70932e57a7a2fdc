"""Words: parted, joined again, counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replicate.tasks.batch import PAD
from replicate.tasks.translation.tokens import BOS, EOS, UNK, Words, joined, normalised, unknown_rate, words

ALPHABET = "aéqul'\u2019-.,;:!?()\"«»13 \u00a0\u202f\u00adQ%…"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("L'arbre et l\u2019école.", ["L'", "arbre", "et", "l'", "école", "."]),
        ("Jusqu'à ce qu'il vienne", ["Jusqu'", "à", "ce", "qu'", "il", "vienne"]),
        ("Aujourd'hui, s'il te plaît", ["Aujourd", "'hui", ",", "s'", "il", "te", "plaît"]),
        ("We don't see the girl's cat", ["We", "don", "'t", "see", "the", "girl", "'s", "cat"]),
        ("Où\u202f? «\u00a0Ici\u00a0»\u00a0!", ["Où", "?", "«", "Ici", "»", "!"]),
        ("Peut-être 3,5 ou 1.000", ["Peut-être", "3,5", "ou", "1.000"]),
        ("one,two.three", ["one", ",", "two", ".", "three"]),
        ("(environ 20%).", ["(", "environ", "20", "%", ")", "."]),
        ("non\u2011breaking so\u00adft", ["non-breaking", "soft"]),
        ("'quoted' words'", ["'", "quoted", "'", "words", "'"]),
        ("wait...", ["wait", ".", ".", "."]),
        ("", []),
        ("हिन्दी में लिखा।", ["हिन्दी", "में", "लिखा", "।"]),  # vowels and other marks stay with their letters
        ("كَتَبَ الوَلَدُ", ["كَتَبَ", "الوَلَدُ"]),
        ("ที่นี่", ["ที่นี่"]),
        ("क्\u200dष", ["क्\u200dष"]),  # a joiner
        ("i̇ ❤️!", ["i̇", "❤️", "!"]),
    ],
)
def test_words_and_signs_are_parted_and_keep_their_case(text, parts):
    assert words(text) == parts


@pytest.mark.parametrize(
    "text", ["L'arbre, l'école (20%) et le chat.", "The girl's cat isn't here: look!", "Oui; non?"]
)
def test_a_text_without_odd_blanks_comes_back_as_it_was(text):
    assert joined(words(text)) == text


def test_equal_texts_have_one_form():
    assert normalised(" e\u0301te\u0301\u00a0\u202f:\tl\u2019an\ufeff ") == "été : l'an"
    assert normalised("e\u00ad\u0301") == "é"  # once the soft hyphen is gone


@given(st.text(ALPHABET) | st.text())
def test_joined_words_part_as_before_and_lose_nothing_but_blanks(text):
    parts = words(text)
    assert words(joined(parts)) == parts
    assert "".join(parts) == normalised(text).replace(" ", "")


def test_a_vocabulary_has_the_frequent_words_the_commonest_first():
    vocabulary = Words(["b z z", "z b c", "C c"], min_count=2)
    assert (PAD, BOS, EOS, UNK) == (0, 1, 2, 3)
    assert (vocabulary.bos, vocabulary.eos, vocabulary.size) == (BOS, EOS, 7)
    assert vocabulary.tokens[4:] == ["z", "b", "c"]
    assert vocabulary.encode("c Z z") == [6, UNK, 4]
    assert vocabulary.decode([6, UNK, 4]) == "c <unk> z"
    assert unknown_rate(vocabulary, ["c Z z", "b C z"]) == pytest.approx(2 / 6)
    assert unknown_rate(vocabulary, []) == 0


@given(st.lists(st.sampled_from(["l'", "été", "(", ")", ".", "Chat", "3,5", "%", "peut-être"]), max_size=9))
def test_a_text_within_the_vocabulary_comes_back(parts):
    text = joined(words(joined(parts)))  # an elision before a sign is none
    vocabulary = Words([text], min_count=1)
    assert UNK not in vocabulary.encode(text)
    assert vocabulary.decode(vocabulary.encode(text)) == text
