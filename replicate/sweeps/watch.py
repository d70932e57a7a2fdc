"""A sweep as it goes: a live table where a person watches, a line a change in a log."""

import time
from contextlib import suppress
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from replicate.sweeps.work import Outcome
from replicate.telling import tell
from replicate.training.progress import progress_style

LINE_SECONDS = 30  # without a line, after which a log is told how far a case is
SHOWN = 12  # running and failed cases in the table; more do not fit a screen


class Watch:
    """Counts cases as they start and end, and shows them by REPLICATE_PROGRESS: `bar`, `lines` or `off`."""

    def __init__(self, names: list[str], done_before: int, scheduler: str):
        self.style = progress_style()
        self.waiting, self.scheduler = list(names), scheduler
        self.workers: int | None = 1  # until it is known
        self.running: dict[str, tuple[float, str]] = {}  # name -> when it started, where
        self.said: dict[str, str] = {}  # name -> how far it is, by its own last words
        self.last_line = time.monotonic()
        self.failed: dict[str, str] = {}  # name -> error
        self.seconds: list[float] = []  # of the cases done
        self.done_before = done_before
        self.live = Live(get_renderable=self._table, console=Console(stderr=True), refresh_per_second=2)

    @property
    def count(self) -> int:
        return self.done_before + len(self.waiting) + len(self.running) + len(self.failed) + len(self.seconds)

    @property
    def ended_count(self) -> int:
        return self.done_before + len(self.seconds)

    def started(self, name: str, where: str) -> None:
        if name in self.waiting:
            self.waiting.remove(name)
        elif name not in self.running:
            return  # a late word of a case that has ended
        else:
            self._line(f"{name} starts again: its worker was lost")
        self.running[name] = time.monotonic(), where

    def told(self, name: str, said: str) -> None:
        """How far a case is; in a log, now and then."""
        if name not in self.running:
            return  # late words of a case that has ended
        self.said[name] = said
        if time.monotonic() - self.last_line >= LINE_SECONDS:
            self._line(f"{name}: {said}")

    def ended(self, name: str, outcome: Outcome) -> None:
        self.running.pop(name, None)
        self.said.pop(name, None)
        if name in self.waiting:
            self.waiting.remove(name)
        if outcome.error is None:
            self.seconds.append(outcome.seconds)
            self._line(f"done in {outcome.seconds:.0f} s: {name}")
        else:
            self.failed[name] = outcome.error
            self._line(f"failed: {name}: {outcome.error}")

    def saw_workers(self, count: int | None) -> None:
        """They come and go; that there is none, or that nobody answers, is said once."""
        before, self.workers = self.workers, count
        if not count and count != before:
            self._line(self._wanting())

    def _wanting(self) -> str:
        return f"{'no answer from' if self.workers is None else 'waiting for workers at'} {self.scheduler}"

    def time_left(self) -> str:
        """From the mean time of the cases done and the number of workers."""
        left = len(self.waiting) + len(self.running)
        if not self.seconds or not left:
            return "-"
        so_far = sum(time.monotonic() - began for began, _ in list(self.running.values()))
        work = max(left * sum(self.seconds) / len(self.seconds) - so_far, 0)
        return f"{work / max(min(self.workers or 1, left), 1):.0f} s"

    def _line(self, text: str) -> None:
        if self.style == "lines":
            ended, self.last_line = self.ended_count + len(self.failed), time.monotonic()
            tell(f"{ended} of {self.count}, {self.time_left()} left; {text}")

    def _table(self) -> Group:
        counts = Table("done", "running", "waiting", "failed", "time left")
        numbers = self.ended_count, len(self.running), len(self.waiting), len(self.failed)
        counts.add_row(*map(str, numbers), self.time_left())
        cases = Table(show_header=False, box=None)
        if not self.workers:
            cases.add_row(Text(self._wanting()))
        for name, error in list(self.failed.items())[-SHOWN:]:
            cases.add_row(Text(name), Text(f"failed: {error}"))  # rich would read [words] as markup
        for name, (began, where) in list(self.running.items())[:SHOWN]:
            how_far = self.said.get(name, f"on {where}")
            cases.add_row(Text(name), Text(f"{time.monotonic() - began:.0f} s; {how_far}"))
        return Group(counts, cases)

    def __enter__(self) -> Self:
        if self.style == "bar":
            with suppress(OSError):
                self.live.start()
        return self

    def __exit__(self, *_) -> None:
        if self.style == "bar":
            with suppress(OSError):  # of a terminal that was closed; what is done has yet to be written down
                self.live.stop()
