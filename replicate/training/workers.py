"""Processes that share the parts of a run."""

import multiprocessing
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, Self

import torch

from replicate.training.progress import Progress


class Stopped(Exception):
    """Ends a part at its next report, where its state is whole: the run was interrupted, or a part failed."""


@contextmanager
def interrupts() -> Iterator[threading.Event]:
    """Ctrl-C sets the event instead of ending the work wherever it is; pressed again, it does end it."""
    pressed = threading.Event()

    def note(signum: int, frame) -> None:
        signal.signal(signal.SIGINT, before)
        pressed.set()
        print("stopping; once more stops at once", file=sys.stderr, flush=True)

    if threading.current_thread() is not threading.main_thread():  # where no signal arrives
        yield pressed
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


class Workers:
    """Runs `function(part, ..., progress)` for every part; with one worker, in this process.

    A part that fails ends the others at their next report; workers end with the process that started them.
    """

    def __init__(self, count: int, progress_steps: int):
        self.count, self.steps, self.maps = count, progress_steps, 0

    def __enter__(self) -> Self:
        if self.count > 1:
            context = multiprocessing.get_context("spawn")
            self.reports, self.stop = context.Queue(), context.Event()
            threads = max(1, torch.get_num_threads() // self.count)
            self.pool = ProcessPoolExecutor(
                self.count, context, initializer=_start_worker, initargs=(self.reports, self.stop, threads)
            )
        return self

    def __exit__(self, *_) -> None:
        if self.count > 1:
            self.stop.set()
            self.pool.shutdown(cancel_futures=True)

    def map(self, function: Callable[..., Any], parts: list, *arguments) -> list[Any]:
        """The results, in the order of the parts.

        `progress(step, loss)` shows the parts' mean step.
        """
        with Progress(self.steps) as progress:
            if self.count > 1:
                self.maps += 1
                futures = [
                    self.pool.submit(_run_in_worker, (self.maps, i), function, part, *arguments)
                    for i, part in enumerate(parts)
                ]
                self._watch(futures, progress)
                return [future.result() for future in futures]
            return self._here(function, parts, arguments, progress)

    def _here(self, function: Callable[..., Any], parts: list, arguments: tuple, progress: Progress) -> list:
        latest, results = [0] * len(parts), []
        with interrupts() as interrupted:

            def report(step: int, loss: float) -> None:
                latest[len(results)] = step
                progress.show(sum(latest) // len(latest), loss)
                if interrupted.is_set():
                    raise Stopped

            for part in parts:
                results.append(function(part, *arguments, report))
                if interrupted.is_set():  # between two reports, or in work that makes none
                    raise Stopped
        return results

    def _watch(self, futures: list[Future], progress: Progress) -> None:
        latest = [0] * len(futures)
        while True:
            done, running = wait(futures, timeout=0.2, return_when=FIRST_EXCEPTION)
            for future in done:
                future.result()  # raises what the part raised
            while True:
                try:
                    (call, part), step, loss = self.reports.get_nowait()
                except queue.Empty:
                    break
                if call == self.maps:  # a part's last reports may come after its result, in the next call
                    latest[part] = step
                    progress.show(sum(latest) // len(latest), loss)
            if not running:
                return


_reports = _stop = None  # in a worker: where it reports to, and whether to go on


def _start_worker(reports: multiprocessing.Queue, stop, threads: int) -> None:
    global _reports, _stop
    _reports, _stop = reports, stop
    torch.set_num_threads(threads)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, who stops the workers
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)


def _run_in_worker(key: tuple[int, int], function: Callable[..., Any], part, *arguments) -> Any:
    def report(step: int, loss: float) -> None:
        if _stop.is_set():
            raise Stopped
        _reports.put((key, step, loss))

    return function(part, *arguments, report)
