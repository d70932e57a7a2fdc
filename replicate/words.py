"""YAML of lists, names and words alone: nothing in it is a date, a set or an object, and nothing refers back.

YAML would read 12:30:00 as 45000, 010 as 8 and 2026_11 as 202611. Here a word is its text until it is known
what is wanted of it.
"""

from collections.abc import Mapping
from typing import Any

import yaml

from replicate.values import plain


class Word(str):
    """A scalar without quotes."""

    __slots__ = ()

    @property
    def is_null(self) -> bool:
        """Whether YAML says that it stands for no value."""
        return self.lower() in ("", "~", "null")

    def __repr__(self) -> str:  # in messages, without the quotes that the file does not have
        return str(self) or "nothing"


def load(text: str) -> Any:
    """Lists, dicts with text as keys, words, and text that had quotes.

    Raises:
        yaml.YAMLError, ValueError, RecursionError: it is no YAML, or has tags, aliases or a name twice.
    """
    return yaml.load(text, _Loader)


def value_of(data: Any) -> Any:
    """The same with each word as the value that it spells, as on the command line: a number, True, None."""
    if isinstance(data, list):
        return [value_of(item) for item in data]
    if isinstance(data, dict):
        return {str(name): value_of(item) for name, item in data.items()}
    if isinstance(data, Word):
        return None if data.is_null else plain(data)
    return data


def values_of(words: dict[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """What words stand for: a parameter whose default is text keeps the text as it stands."""
    return {
        name: str(word)
        if isinstance(word, Word) and isinstance(defaults.get(name), str) and not word.is_null
        else value_of(word)
        for name, word in words.items()
    }


def refuse_names_twice(node: yaml.MappingNode) -> None:
    """Refuse what YAML would take the last of."""
    seen = set()
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode):
            if key.value in seen:
                raise _refusal(f"the name {key.value} is given twice", key.start_mark)
            seen.add(key.value)


def one_line(error: Exception) -> str:
    """What YAML, or a check of what it held, says of a mistake."""
    return " ".join(str(error).replace('"<unicode string>", ', "").split())


class _Loader(yaml.BaseLoader):
    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node:
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent):
            # Aliases of aliases grow without end, and one can stand inside what it names.
            raise _refusal(f"write out what *{event.anchor} stands for", event.start_mark)
        if event.tag is not None:
            raise _refusal(f"the tag {event.tag} has no meaning here", event.start_mark)
        return super().compose_node(parent, index)

    def construct_scalar(self, node: yaml.Node) -> str:
        text = super().construct_scalar(node)
        text.encode()  # refuses half of a surrogate pair, which could be written to no file
        return Word(text) if node.style is None else text

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        refuse_names_twice(node)
        return super().construct_mapping(node, deep)


def _refusal(problem: str, mark: yaml.Mark) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=mark)
