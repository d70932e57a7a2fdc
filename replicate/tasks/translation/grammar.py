"""The default text: English sentences of a small grammar of our own, with their French.

It has what makes a translation more than a lookup: words that change places (the red car, la voiture rouge),
agreement in gender and number, elision (l'arbre), and one word that becomes two (never: ne ... jamais).
"""

import hashlib
import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from replicate.tasks.translation.corpus import Pair

SENTENCES = 5_000  # that are made; the distinct ones among them count


class Noun(NamedTuple):
    english: str
    english_plural: str
    french: str
    feminine: bool
    is_person: bool = False


class Adjective(NamedTuple):
    english: str
    french: str
    feminine: str
    before: bool  # its noun, in French; in English it always is


class Phrase(NamedTuple):
    """A noun phrase in both languages, and what agrees with it."""

    english: str
    french: str
    plural: bool
    feminine: bool = False


NOUNS = [
    Noun("girl", "girls", "fille", True, True),
    Noun("boy", "boys", "garçon", False, True),
    Noun("woman", "women", "femme", True, True),
    Noun("man", "men", "homme", False, True),
    Noun("child", "children", "enfant", False, True),
    Noun("neighbour", "neighbours", "voisin", False, True),
    Noun("cat", "cats", "chat", False),
    Noun("horse", "horses", "cheval", False),
    Noun("tree", "trees", "arbre", False),
    Noun("house", "houses", "maison", True),
    Noun("school", "schools", "école", True),
    Noun("car", "cars", "voiture", True),
    Noun("book", "books", "livre", False),
    Noun("letter", "letters", "lettre", True),
    Noun("key", "keys", "clé", True),
    Noun("apple", "apples", "pomme", True),
    Noun("coin", "coins", "pièce", True),
    Noun("umbrella", "umbrellas", "parapluie", False),
    Noun("star", "stars", "étoile", True),
    Noun("tool", "tools", "outil", False),
]
PLURALS = {"cheval": "chevaux"}  # all others add an s

OF_PEOPLE = [
    Adjective("young", "jeune", "jeune", True),
    Adjective("tall", "grand", "grande", True),
    Adjective("tired", "fatigué", "fatiguée", False),
    Adjective("polite", "poli", "polie", False),
]
OF_THINGS = [
    Adjective("small", "petit", "petite", True),
    Adjective("big", "grand", "grande", True),
    Adjective("pretty", "joli", "jolie", True),
    Adjective("red", "rouge", "rouge", False),
    Adjective("green", "vert", "verte", False),
    Adjective("black", "noir", "noire", False),
    Adjective("white", "blanc", "blanche", False),
    Adjective("heavy", "lourd", "lourde", False),
]

VERBS = [  # English singular and plural, French singular and plural
    ("sees", "see", "voit", "voient"),
    ("finds", "find", "trouve", "trouvent"),
    ("hides", "hide", "cache", "cachent"),
    ("draws", "draw", "dessine", "dessinent"),
    ("paints", "paint", "peint", "peignent"),
    ("brings", "bring", "apporte", "apportent"),
    ("awaits", "await", "attend", "attendent"),
    ("looks for", "look for", "cherche", "cherchent"),
]
PRONOUNS = [
    Phrase("he", "il", False),
    Phrase("she", "elle", False, True),
    Phrase("they", "ils", True),
]
OBJECTS = [("him", "le"), ("her", "la"), ("them", "les")]  # which stand before the verb in French
VOWEL = "[aeiouhéêè]"  # begins a word as a vowel does; every h here is silent
ADVERBS = {"never": ("ne", "jamais"), "not": ("ne", "pas"), "often": ("", "souvent"), "": ("", "")}


class _Choices:
    """Choices without end that depend on a number alone, on any machine."""

    def __init__(self, number: int):
        self._bytes = iter(hashlib.sha256(str(number).encode()).digest())

    def of(self, options: Sequence):
        return options[next(self._bytes) % len(options)]


@cache
def grammar_pairs() -> tuple[Pair, ...]:
    """A few thousand distinct pairs, always the same; a source has one translation."""
    made = dict(_sentence(_Choices(number)) for number in range(SENTENCES))
    return tuple(Pair(source, target) for source, target in made.items())


def _sentence(choices: _Choices) -> tuple[str, str]:
    subject = choices.of([_noun_phrase(choices, of_people=True), choices.of(PRONOUNS)])
    english, french = choices.of([_state, _action, _action, _action])(choices, subject)
    return _written(english), _written(french)


def _written(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:] + "."


def _state(choices: _Choices, subject: Phrase) -> tuple[str, str]:
    """She is not tired: elle n'est pas fatiguée."""
    adjective, adverb = choices.of(OF_PEOPLE), choices.of(list(ADVERBS))
    verb = "sont" if subject.plural else "est"
    english = [subject.english, "are" if subject.plural else "is", adverb, adjective.english]
    before, after = ADVERBS[adverb]
    french = [subject.french, before, verb, after, _agreeing(adjective, subject.feminine, subject.plural)]
    return _spaced(english), _elided(french)


def _action(choices: _Choices, subject: Phrase) -> tuple[str, str]:
    """The boy never paints a red car: le garçon ne peint jamais de voiture rouge."""
    singular, plural, french_singular, french_plural = choices.of(VERBS)
    adverb = choices.of(list(ADVERBS))
    before, after = ADVERBS[adverb]
    if adverb == "not":
        english = [subject.english, "do not" if subject.plural else "does not", plural]
    else:
        english = [subject.english, adverb, plural if subject.plural else singular]
    verb = french_plural if subject.plural else french_singular
    if choices.of([True, False, False, False]):
        them, pronoun = choices.of(OBJECTS)
        return _spaced([*english, them]), _elided([subject.french, before, pronoun, verb, after])
    thing = _noun_phrase(choices, of_people=False, negated=before == "ne")
    french = [subject.french, before, verb, after, thing.french]
    return _spaced([*english, thing.english]), _elided(french)


def _noun_phrase(choices: _Choices, of_people: bool, negated: bool = False) -> Phrase:
    noun = choices.of([noun for noun in NOUNS if noun.is_person == of_people])
    adjective = choices.of([None, choices.of(OF_PEOPLE if of_people else OF_THINGS)])
    plural = choices.of([True, False])
    determiner = choices.of(["the", "these", "my", "two"] if plural else ["the", "a", "this", "my"])
    word = noun.english_plural if plural else noun.english
    english = [determiner, *([adjective.english] if adjective else []), word]
    if determiner == "a" and english[1][0] in "aeiou":
        english[0] = "an"
    french = [PLURALS.get(noun.french, f"{noun.french}s") if plural else noun.french]
    if adjective:
        french.insert(0 if adjective.before else 1, _agreeing(adjective, noun.feminine, plural))
    french.insert(0, _determiner(determiner, noun.feminine, plural, french[0], negated))
    return Phrase(_spaced(english), _elided(french), plural, noun.feminine)


def _agreeing(adjective: Adjective, feminine: bool, plural: bool) -> str:
    return (adjective.feminine if feminine else adjective.french) + ("s" if plural else "")


def _determiner(english: str, feminine: bool, plural: bool, following: str, negated: bool) -> str:
    """The French one, before a word, not yet elided."""
    if plural:
        return {"the": "les", "these": "ces", "my": "mes", "two": "deux"}[english]
    vowel = re.match(VOWEL, following)
    return {
        "the": "la" if feminine else "le",
        "a": "de" if negated else "une" if feminine else "un",  # not a car: pas de voiture
        "this": "cette" if feminine else "cet" if vowel else "ce",
        "my": "ma" if feminine and not vowel else "mon",
    }[english]


def _spaced(parts: Sequence[str]) -> str:
    return " ".join(part for part in parts if part)


def _elided(parts: Sequence[str]) -> str:
    """With le, la, ne and de cut short before a vowel."""
    return re.sub(rf"\b(l|n|d)[ea] (?={VOWEL})", r"\1'", _spaced(parts))
