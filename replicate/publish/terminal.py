"""What a program prints for a terminal, as a page shows it."""

import re

# What moves, colours or names things in a terminal (ECMA-48); a page would show it as signs.
STRING = r"\x1b[PX\]^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?"  # such as a window's title, or where a link leads
SEQUENCE = r"\x1b\[[0-?]*[ -/]*[@-~]"  # such as a colour
SHORT = r"\x1b[ -/]*[0-~]?"  # such as the choice of a set of signs
CONTROL = r"[\x00-\x07\x0b\x0c\x0e-\x1f\x7f-\x9f]"  # all others but \b, \t, \n and \r
UNSEEN = re.compile(f"{STRING}|{SEQUENCE}|{SHORT}|{CONTROL}")


def as_seen(text: str) -> str:
    """The text without its control signs, and without what a return or a backspace has written over."""
    lines = UNSEEN.sub("", text).split("\n")
    return "\n".join(_written_over(line.rstrip("\r").rpartition("\r")[2]) for line in lines)


def _written_over(line: str) -> str:
    """A backspace goes one place back, and the next sign stands there."""
    if "\b" not in line:
        return line
    signs, place = [], 0
    for sign in line:
        if sign == "\b":
            place = max(place - 1, 0)
        else:
            signs[place : place + 1] = [sign]
            place += 1
    return "".join(signs)
