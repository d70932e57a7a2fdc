"""Processes that share the parts of a run."""

import multiprocessing
import multiprocessing.connection
import os
import pickle
import queue
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from typing import Any, Self

import torch

from replicate.files import RunError
from replicate.runs.code import code_digest, is_changed
from replicate.training.interrupts import Flag, deaf_to_interrupts, interrupts
from replicate.training.progress import Progress, Stage


class Stopped(Exception):
    """Ends a part at its next report, where its state is whole: the run was interrupted, or a part failed."""


class Workers:
    """Runs `function(part, ..., progress)` for every part; with one worker, in this process.

    The stages of the work are shown from the start on; a function's `progress(done, loss)` says how much of
    the stage at hand its part has done.

    A part that fails, or Ctrl-C, ends the others at their next report; Ctrl-C once more kills the workers.
    They end with the process that started them, too. Each has so many `threads` of PyTorch, on which the last
    bits of what it computes depend.
    """

    def __init__(self, count: int, stages: Sequence[Stage], threads: int):
        self.count, self.stages, self.threads, self.maps = count, stages, threads, 0

    def __enter__(self) -> Self:
        self.progress = Progress(self.stages)
        if self.count > 1:
            context = multiprocessing.get_context("spawn")
            # An Event has a lock, which a worker that is killed might take along.
            self.stop, self.has_begun = context.RawValue("b", False), context.RawValue("b", False)
            self.reports = context.Queue()
            given = self.reports, self.stop, self.has_begun, self.threads, code_digest()
            self.pool = ProcessPoolExecutor(self.count, context, initializer=_start_worker, initargs=given)
        self.threads_before = torch.get_num_threads()
        torch.set_num_threads(self.threads)
        self.hearing = ExitStack()
        self.interrupted = self.hearing.enter_context(interrupts())
        return self

    def __exit__(self, kind: type[BaseException] | None, *_) -> None:
        self.progress.__exit__()
        torch.set_num_threads(self.threads_before)
        with self.hearing:  # until here: of two signals to end, the second would not have the workers save
            if self.count > 1:
                self._end(is_waiting=kind is not KeyboardInterrupt)
        if kind is None and self.interrupted.is_set():
            raise Stopped

    def _end(self, is_waiting: bool) -> None:
        self.stop.value = True
        processes = self._processes()  # `kill_workers`, which Python 3.14 has
        try:
            # Not `wait=True`: before Python 3.13 a join of the pool's thread that Ctrl-C interrupts takes
            # the thread for ended, and at exit what it works with is closed under it.
            self.pool.shutdown(wait=False, cancel_futures=True)
            if is_waiting:
                for process in processes:
                    multiprocessing.connection.wait([process.sentinel])
        finally:  # those left where Ctrl-C was pressed again: the end of this process would wait for them
            for process in processes:
                process.kill()

    def map(self, stage: Stage, function: Callable[..., Any], parts: list, *arguments) -> list[Any]:
        """The results, in the order of the parts; shown is the parts' mean."""
        call = self._here if self.count == 1 else self._in_workers
        results = call(stage, function, parts, arguments)
        self.progress.show(stage, stage.count)
        return results

    def _here(self, stage: Stage, function: Callable[..., Any], parts: list, arguments: tuple) -> list:
        latest, results = [0] * len(parts), []

        def report(done: float, loss: float | None = None) -> None:
            latest[len(results)] = done
            self.progress.show(stage, sum(latest) / len(latest), loss)
            if self.interrupted.is_set():
                raise Stopped

        for part in parts:
            results.append(function(part, *arguments, report))
            if self.interrupted.is_set():  # between two reports, or in work that makes none
                raise Stopped
        return results

    def _in_workers(self, stage: Stage, function: Callable[..., Any], parts: list, arguments: tuple) -> list:
        self.maps += 1
        with deaf_to_interrupts():
            futures = [
                self.pool.submit(_run_in_worker, (self.maps, i), function, part, *arguments)
                for i, part in enumerate(parts)
            ]
        try:
            self._watch(futures, stage)
        except BrokenProcessPool as error:
            if not self.has_begun.value and self._has_failed():
                raise RunError(
                    "a process of the run could not begin, as it said: a script must be a file, and a task "
                    "or a model of one's own in a module that can be imported"
                ) from error
            raise
        return [future.result() for future in futures]

    def _has_failed(self) -> bool:
        """Whether a process ended by an error of Python's, where one that is killed ends by a signal."""
        for process in self._processes():
            process.join(10)  # the pool has seen an end, and ends the others
        return any(process.exitcode == 1 for process in self._processes())

    def _processes(self) -> list[multiprocessing.Process]:
        return list(self.pool._processes.values())

    def _watch(self, futures: list[Future], stage: Stage) -> None:
        latest = [0] * len(futures)
        while True:
            ended, running = wait(futures, timeout=0.2, return_when=FIRST_EXCEPTION)
            if self.interrupted.is_set():
                raise Stopped
            for future in ended:
                future.result()  # raises what the part raised
            # The pool may not see the death of a process that started while it made its list of them.
            if any(process.exitcode is not None for process in self._processes()):
                raise BrokenProcessPool
            while True:
                try:
                    (call, part), done, loss = self.reports.get_nowait()
                except queue.Empty:
                    break
                if call == self.maps:  # a part's last reports may come after its result, in the next call
                    latest[part] = done
                    self.progress.show(stage, sum(latest) / len(latest), loss)
            if not running:
                return


_reports = _stop = None  # in a worker: where it reports to, and whether to end
_has_begun = None  # in a worker: whether any has had work
_is_other_code = False  # in a worker: whether it has loaded another library than the process that started it


def _start_worker(reports: multiprocessing.Queue, stop, has_begun, threads: int, code: str) -> None:
    global _reports, _stop, _has_begun, _is_other_code
    _reports, _stop, _has_begun = reports, stop, has_begun
    _is_other_code = code_digest() != code or is_changed()
    torch.set_num_threads(threads)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, who stops the workers
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)


def _run_in_worker(key: tuple[int, int], function: Callable[..., Any], part, *arguments) -> Any:
    _has_begun.value = True
    if _is_other_code:
        raise RunError(
            "the library was changed since it was imported here, and other processes would run it as it is "
            "now; start the kernel or the command again"
        )

    asked_to_end = Flag()

    def report(done: float, loss: float | None = None) -> None:
        if _stop.value or asked_to_end.is_set():
            raise Stopped
        _reports.put((key, done, loss))

    # Again and again: a kernel that is shut down asks all processes that it has started, several times.
    before = signal.signal(signal.SIGTERM, lambda signum, frame: asked_to_end.set())
    try:
        return function(part, *arguments, report)
    except Exception as error:
        raise _that_can_be_sent(error) from error
    finally:
        signal.signal(signal.SIGTERM, before)
        if asked_to_end.is_set():
            signal.raise_signal(signal.SIGTERM)


def _that_can_be_sent(error: Exception) -> Exception:
    """An error as it is, or, where it cannot be made again from what is sent, its words."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # whatever its class does then
        return RunError(f"{type(error).__name__}: {error}")
    return error
