"""Who hears Ctrl-C, a terminal that is closed and that it is to end, and when."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from types import FrameType

from replicate.telling import tell
from replicate.training.progress import in_kernel

STOPPING = "stopping; once more stops at once"


class Flag:
    """What a handler of signals sets.

    A `threading.Event` has a lock, for which a handler that interrupts another would wait without end.
    """

    def __init__(self):
        self._is_set = False

    def set(self) -> None:
        self._is_set = True

    def is_set(self) -> bool:
        return self._is_set


@contextmanager
def interrupts() -> Iterator[Flag]:
    """Ctrl-C sets the flag instead of ending the work wherever it is; pressed again, it does end it.

    So does being asked to end, as a time limit may ask all processes of a command at once; each signal counts
    for itself, for a process that is asked to end may be sent Ctrl-C by the one that started it, too.
    """
    pressed = Flag()

    def note() -> None:
        # In a kernel it is a button that stops, or a command that says so itself.
        if not pressed.is_set() and not in_kernel():
            tell(STOPPING)
        pressed.set()

    with _answering_once(signal.SIGTERM, note), _answering_once(signal.SIGINT, note):
        yield pressed


@contextmanager
def telling_that_it_stops() -> Iterator[None]:
    """Ctrl-C says at once that it was heard: a kernel that trains may need some seconds to save."""
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return

    def stop() -> None:
        tell(STOPPING)
        raise KeyboardInterrupt

    with _answering_once(signal.SIGINT, stop):
        yield


@contextmanager
def _answering_once(number: signal.Signals, answer: Callable[[], None]) -> Iterator[None]:
    """A signal that is heard calls the function; sent again, it does what it did before."""
    is_main = threading.current_thread() is threading.main_thread()  # no other one gets signals
    is_ignored = signal.getsignal(number) is signal.SIG_IGN  # as of what a script runs in its background
    if not is_main or is_ignored:
        yield
        return

    def once(signum: int, frame: FrameType | None) -> None:
        signal.signal(number, before)
        answer()

    before = signal.signal(number, once)
    try:
        yield
    finally:
        signal.signal(number, before)


@contextmanager
def deaf_to_interrupts() -> Iterator[None]:
    """Processes started meanwhile never hear Ctrl-C, not even as they start; here it is heard afterwards.

    Nor do they hear that the terminal was closed, which the command itself answers.
    """
    if os.name == "nt":  # which has no such mask; a worker ignores Ctrl-C once it has started
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    try:
        resource_tracker.ensure_running()  # which, as it starts, would have SIGINT heard again
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        with _heard_afterwards():
            yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _heard_afterwards() -> Iterator[None]:
    """Ctrl-C waits. A mask is of one thread: where another takes the signal, Python still answers it here."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda signum, frame: pressed.append(signum))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        for signum in pressed:
            signal.raise_signal(signum)


@contextmanager
def hearing_interrupts() -> Iterator[None]:
    """Processes started meanwhile hear Ctrl-C, though this one was started deaf."""
    if os.name == "nt":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
