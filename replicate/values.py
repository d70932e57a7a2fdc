"""A parameter's value in the type of its default, whether it came as a value or as the text of one."""

import ast
import math
from typing import Any

EXACT = 2.0**53  # beyond it a float is not every whole number
WORDS = {"none": None, "true": True, "false": False}


def plain(text: str) -> Any:
    """Read a text as papermill's -p does, and true and false in any case."""
    if text.lower() in WORDS:
        return WORDS[text.lower()]
    if "_" in text:  # 2026_11 is no 202611
        return str(text)
    for number in (int, _finite):
        try:
            return number(text)
        except (ValueError, OverflowError):
            continue
    return str(text)


def _finite(text: Any) -> float:
    """A number, which is infinite only where that is said."""
    value = float(text)
    if math.isinf(value) and isinstance(text, str) and "inf" not in text.lower():
        raise OverflowError("float() would read it as infinite")
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("1 is no truth value")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError("float() would read True as 1.0")
    return _finite(value)


def _whole(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    number = _number(value)
    if number % 1 or abs(number) >= EXACT:
        raise ValueError("int() would drop the fraction, or the last digits")
    return int(number)


def _text(value: Any) -> str:
    if isinstance(value, list | tuple | dict | set):
        raise TypeError("str() would show it as Python writes it")
    return str(value)


def _list(value: Any) -> list:
    """In place of a tuple too, which papermill cannot hand over."""
    value = _spelt(value)
    if not isinstance(value, list | tuple):
        raise TypeError("list() would take the letters of a text")
    return list(value)


def _dict(value: Any) -> dict:
    value = _spelt(value)
    if not isinstance(value, dict):
        raise TypeError("dict() would take pairs")
    return value


def _spelt(value: Any) -> Any:
    """What a text spells in Python's own form."""
    if not isinstance(value, str):
        return value
    try:
        return _handed_over(ast.literal_eval(value))
    except (SyntaxError, MemoryError, RecursionError) as error:
        raise ValueError("it spells no value") from error


def _handed_over(value: Any) -> Any:
    """The value as papermill hands it over; refused is what it would change, such as a set, into text."""
    if isinstance(value, list | tuple):
        return [_handed_over(item) for item in value]
    if isinstance(value, dict):
        if not all(isinstance(name, str) for name in value):
            raise TypeError("papermill would make its names text")
        return {_handed_over(name): _handed_over(item) for name, item in value.items()}
    if not isinstance(value, str | bool | int | float | None):
        raise TypeError("papermill would make it text")
    str(value).encode()  # half of a surrogate pair is no text
    return value


KINDS = {
    bool: ("True or False", _truth),
    int: ("a whole number", _whole),
    float: ("a number", _number),
    str: ("text", _text),
    list: ("a list, such as [1, 'two']", _list),
    tuple: ("a list, such as [1, 'two']", _list),
    dict: ("names and values, such as {'one': 1}", _dict),
}
