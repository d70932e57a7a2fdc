"""Progress of a training: a bar where a person watches, sparse lines in a log, silence in a check."""

import os
import sys
import time
from typing import Self

from IPython import get_ipython
from tqdm import tqdm

from replicate.files import RunError

LINES = 10  # log lines a training


def progress_style() -> str:
    """`bar`, `lines` or `off`, by the environment variable REPLICATE_PROGRESS or by who is watching."""
    watched = sys.stderr.isatty() or _cell_is_watched()
    style = os.environ.get("REPLICATE_PROGRESS") or ("bar" if watched else "lines")
    if style not in ("bar", "lines", "off"):
        raise RunError(f"REPLICATE_PROGRESS is {style!r}; it may be bar, lines or off")
    return style


def _cell_is_watched() -> bool:
    """Whether a notebook's cell runs that was sent from where a person could be asked for input.

    JupyterLab and its like say with each cell that it may ask; what executes notebooks headless says no.
    """
    kernel = getattr(get_ipython(), "kernel", None)
    return kernel is not None and kernel.get_parent("shell").get("content", {}).get("allow_stdin", False)


class Progress:
    """Shows updates done, the loss and the time left.

    The environment variable REPLICATE_PROGRESS says how: `bar`, `lines` or `off`. Without it a terminal or a
    notebook that is watched gets the bar and everything else lines. The plain text bar is meant for notebooks
    too: widgets freeze at 0% on GitHub.
    """

    def __init__(self, steps: int):
        self.style = progress_style()
        self.steps, self.first, self.line, self.started = steps, None, 0, time.monotonic()
        self.bar = None

    def show(self, done: int, loss: float) -> None:
        if self.first is None:  # not before: work that reports nothing shows nothing
            self.first = self.line = done
            self.bar = tqdm(total=self.steps, initial=done, unit="update", disable=self.style != "bar")
        self.bar.set_postfix_str(f"loss {loss:.3f}", refresh=False)
        self.bar.update(done - self.bar.n)
        if self.style == "lines" and (done - self.line >= self.steps / LINES or done == self.steps):
            self.line = done
            left = (time.monotonic() - self.started) / max(done - self.first, 1) * (self.steps - done)
            print(
                f"update {done} of {self.steps}, loss {loss:.3f}, {left:.0f} s left",
                file=sys.stderr,
                flush=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_) -> None:
        if self.bar is not None:
            self.bar.close()
