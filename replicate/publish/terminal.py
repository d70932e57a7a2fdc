"""What a program prints for a terminal, as a page shows it."""

import re

# What moves, colours or names things in a terminal (ECMA-48); a page would show it as signs.
STRING = r"\x1b[PX\]^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?"  # such as a window's title, or where a link leads
SEQUENCE = r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # such as a colour
SHORT = r"\x1b[ -/]*[0-~]?"  # such as the choice of a set of signs
CONTROL = r"[\x00-\x07\x0b\x0c\x0e-\x1f\x7f-\x9f]"  # all others but \b, \t, \n and \r
UNSEEN = re.compile(f"{STRING}|{SEQUENCE}|{SHORT}|{CONTROL}")

TO_THE_END, ALL = "\x00", "\x01"  # what erases in a line, while that is written
SEEN = {
    **dict.fromkeys(["\x1b[K", "\x1b[0K", "\x9bK", "\x9b0K"], TO_THE_END),
    **dict.fromkeys(["\x1b[2K", "\x9b2K"], ALL),
    **dict.fromkeys("\x0b\x0c\x85", " "),  # steps down, which part words
}
WRITTEN_OVER = re.compile(r"[\b\r\x00\x01]")


def as_seen(text: str) -> str:
    """The text without its control signs, and without what was erased or written over in a line."""
    lines = UNSEEN.sub(lambda sign: SEEN.get(sign[0], ""), text).split("\n")
    return "\n".join(_written(line) if WRITTEN_OVER.search(line) else line for line in lines)


def _written(line: str) -> str:
    """What stands in a line after a terminal has written it, sign by sign."""
    signs, place = [], 0
    for sign in line:
        if sign == "\r":
            place = 0
        elif sign == "\b":
            place = max(place - 1, 0)
        elif sign == TO_THE_END:
            del signs[place:]
        elif sign == ALL:
            signs = [" "] * place
        else:
            signs[place : place + 1] = [sign]
            place += 1
    return "".join(signs).rstrip(" ")
