"""Progress of a run: a bar where a person watches, sparse lines in a log, silence in a check."""

import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Self, TextIO

from IPython import get_ipython
from tqdm import tqdm

from replicate.files import RunError

LINES = 10  # log lines a run
BAR = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"


def progress_style() -> str:
    """`bar`, `lines` or `off`, by the environment variable REPLICATE_PROGRESS or by who is watching."""
    if sys.stderr is None and not in_kernel():  # of a script, closed
        return "off"
    watched = sys.stderr.isatty() or cell_is_watched()
    style = os.environ.get("REPLICATE_PROGRESS") or ("bar" if watched else "lines")
    if style not in ("bar", "lines", "off"):
        raise RunError(f"REPLICATE_PROGRESS is {style!r}; it may be bar, lines or off")
    return style


def progress_stream() -> TextIO:
    """Where progress is written: stderr, but for a cell that is watched, whose stderr has a red ground."""
    return sys.stdout if cell_is_watched() else sys.stderr


def cell_is_watched() -> bool:
    """Whether a notebook's cell runs that was sent from where a person could be asked for input.

    JupyterLab and its like say with each cell that it may ask; what executes notebooks headless says no.
    """
    if not in_kernel():
        return False
    return get_ipython().kernel.get_parent("shell").get("content", {}).get("allow_stdin", False)


def in_kernel() -> bool:
    """Whether this process is a notebook's kernel."""
    return getattr(get_ipython(), "kernel", None) is not None


@dataclass(frozen=True)
class Stage:
    """What a run does for a while: so many units of work, which take about as long as so many updates."""

    name: str
    unit: str
    count: int
    updates: float


class Progress:
    """Shows how much of a run is done, the loss and the time left, from the moment on when it is made.

    The environment variable REPLICATE_PROGRESS says how: `bar`, `lines` or `off`. Without it a terminal or a
    notebook that is watched gets the bar and everything else lines. The plain text bar is meant for notebooks
    too: widgets freeze at 0% on GitHub.
    """

    def __init__(self, stages: Sequence[Stage]):
        self.stages, self.total = stages, sum(stage.updates for stage in stages)
        self.style, self.stream, self.started = progress_style(), progress_stream(), time.monotonic()
        self.first, self.line, self.done = None, 0.0, 0.0
        self.bar = self._bar("starting")
        self._line("starting")

    def show(self, stage: Stage, done: float, loss: float | None = None) -> None:
        """Show that so much of a stage's count is done; never less than before."""
        before = sum(earlier.updates for earlier in self.stages[: self.stages.index(stage)])
        all_done = self.done = max(self.done, before + stage.updates * min(done / stage.count, 1))
        if self.first is None:  # a run that goes on began elsewhere
            self.first, self.line, self.started = all_done, all_done, time.monotonic()
            self.bar.close()
            self.bar = self._bar(stage.name, initial=all_done)
        known = "" if loss is None else f"loss {loss:.3f}"
        self.bar.set_description_str(stage.name, refresh=False)
        self.bar.set_postfix_str(known, refresh=False)
        self.bar.update(all_done - self.bar.n)
        if all_done - self.line >= self.total / LINES or (all_done >= self.total > self.line):
            self.line = all_done
            left = (time.monotonic() - self.started) / max(all_done - self.first, 1) * (self.total - all_done)
            parts = [f"{stage.name}: {done:.0f} of {stage.count} {stage.unit}", known, f"{left:.0f} s left"]
            self._line(", ".join(filter(None, parts)))

    def _bar(self, name: str, initial: float = 0) -> tqdm:
        return tqdm(
            desc=name,
            total=self.total,
            initial=initial,
            bar_format=BAR,
            file=self.stream,
            leave=name != "starting",
            disable=self.style != "bar",
        )

    def _line(self, text: str) -> None:
        if self.style == "lines":
            with suppress(OSError):  # such as of a pipe whose reader has ended, or a disk that is full
                print(text, file=self.stream, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_) -> None:
        self.bar.close()
