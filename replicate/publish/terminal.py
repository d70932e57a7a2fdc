"""What a program prints for a terminal, as a page shows it."""

import re

# What moves, colours or names things in a terminal (ECMA-48); a page would show it as signs.
STRING = (
    r"\x1b[PX\]^_][^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"  # such as a window's title, or where a link leads
)
SEQUENCE = r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # such as a colour
SHORT = r"\x1b[ -/]*[0-~]?"  # such as the choice of a set of signs
CONTROL = r"[\x00-\x07\x0b\x0c\x0e-\x1f\x7f-\x9f]"  # all others but \b, \t, \n and \r
UNSEEN = re.compile(f"{STRING}|{SEQUENCE}|{SHORT}|{CONTROL}")

# What erases in a line, from the cursor on, before it or all of it, and the sign that stands for it here.
ERASING = re.compile(r"(?:\x1b\[|\x9b)0*([12]?)[KJ]")
AFTER, BEFORE, ALL = "\x00", "\x01", "\x02"
ERASED = {"1": BEFORE, "2": ALL}
TO_THE_START = re.compile(r"(?:\x1b\[|\x9b)0*1?G")
STEPS_DOWN = ("\x0b", "\x0c", "\x85")  # which part words
WRITTEN_OVER = re.compile(f"[\b\r{AFTER}{BEFORE}{ALL}]")
TAB = 8  # columns


def as_seen(text: str) -> str:
    """The text without its control signs, and without what was erased or written over in a line."""
    lines = UNSEEN.sub(_meant, text).split("\n")
    return "\n".join(_written(line) if WRITTEN_OVER.search(line) else line for line in lines)


def _meant(sign: re.Match) -> str:
    if erasing := ERASING.fullmatch(sign[0]):
        return ERASED.get(erasing[1], AFTER)
    if TO_THE_START.fullmatch(sign[0]):
        return "\r"
    return " " if sign[0] in STEPS_DOWN else ""


def _written(line: str) -> str:
    """What stands in a line after a terminal has written it, sign by sign."""
    signs, place = [], 0
    for sign in line:
        if sign == "\r":
            place = 0
        elif sign == "\b":
            place = max(place - 1, 0)
        elif sign == "\t":
            place += TAB - place % TAB
        elif sign == AFTER:
            del signs[place:]
        elif sign == BEFORE:
            signs[: place + 1] = " " * min(place + 1, len(signs))
        elif sign == ALL:
            signs = []
        else:
            signs += " " * (place - len(signs))
            signs[place : place + 1] = [sign]
            place += 1
    return "".join(signs).rstrip(" ")
