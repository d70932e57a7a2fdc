"""`-p NAME VALUE` and `-r NAME TEXT` on the command line, as papermill has them."""

from collections.abc import Iterator
from itertools import islice

import typer
from typer.core import TyperCommand


class PairOptions(TyperCommand):
    """A command with these options; typer has no repeatable option of two words."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:
        words = iter(args)
        return super().parse_args(
            ctx, [_pair(word, words) if word in ("-p", "-r") else word for word in words]
        )


def _pair(option: str, words: Iterator[str]) -> str:
    """One word of the option and what follows it: `NAME VALUE`, or `name=value`, as which it is read."""
    name = next(words, "")
    return option + ("=".join([name, *islice(words, 1)]) if "=" not in name else name)
