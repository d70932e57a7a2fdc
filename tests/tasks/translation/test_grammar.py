"""The default text: always the same, and French."""

import re

import pytest

from replicate.tasks.translation.corpus import checksum
from replicate.tasks.translation.grammar import NOUNS, grammar_pairs

CHECKSUM = "bbf867a698eff2a5b7f9229ca6db6137bd586fd3b0cdfe4ebd08c6fd0cb5ded7"
PAIRS = {pair.source: pair.target for pair in grammar_pairs()}
FRENCH = "\n".join(PAIRS.values())


def test_it_has_thousands_of_distinct_pairs_and_never_changes():
    assert len(PAIRS) == len(grammar_pairs()) > 4_000
    assert checksum(grammar_pairs()) == CHECKSUM, "runs on the grammar would be of another text"


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("They never hide a red coin.", "Ils ne cachent jamais de pièce rouge."),
        ("She awaits my school.", "Elle attend mon école."),
        ("He often draws this tree.", "Il dessine souvent cet arbre."),
        ("She does not bring him.", "Elle ne l'apporte pas."),
        ("The young girls do not bring them.", "Les jeunes filles ne les apportent pas."),
        ("My child never looks for these pretty horses.", "Mon enfant ne cherche jamais ces jolis chevaux."),
        ("This woman is never polite.", "Cette femme n'est jamais polie."),
    ],
)
def test_words_change_places_agree_and_are_elided(source, target):
    assert PAIRS[source] == target


def test_articles_agree_with_every_noun_and_are_elided_before_every_vowel():
    assert not re.findall(r"\b(?:le|la|ne|de|ce|ma) [aeiouhéê]\w*", FRENCH, re.IGNORECASE)
    assert not re.findall(r"\b(?:[lnd]'|cet )[^aeiouhéê]\w*", FRENCH, re.IGNORECASE)
    assert not re.findall(r"\b(?:ces|mes|deux) \w*[^sx\W]\b", FRENCH, re.IGNORECASE)
    for noun in NOUNS:
        wrong = ["le", "un", "cet", "ce"] if noun.feminine else ["la", "une", "cette", "ma"]
        assert not re.findall(rf"\b(?:{'|'.join(wrong)}) {noun.french}\b", FRENCH, re.IGNORECASE)
