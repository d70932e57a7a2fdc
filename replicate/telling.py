"""What a person is told on stderr while work goes on; one who no longer listens stops no work."""

import io
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

SLOW_SECONDS = 5


class PatientStderr(io.TextIOBase):
    """This process's own, where it has one: what cannot be written there is left out."""

    def write(self, text: str) -> int:
        if sys.stderr:  # None where it was closed before this process began
            with suppress(OSError):  # such as of a pipe whose reader has ended
                sys.stderr.write(text)
                sys.stderr.flush()
        return len(text)


def tell(text: str) -> None:
    """A line on stderr."""
    PatientStderr().write(f"{text}\n")


@contextmanager
def told_if_slow(text: str, is_heard: bool) -> Iterator[None]:
    """Say what is done meanwhile where that takes longer than a person wonders."""
    timer = threading.Timer(SLOW_SECONDS, tell, [text])
    if is_heard:
        timer.start()
    try:
        yield
    finally:
        timer.cancel()


def open_closed_streams() -> None:
    """Have what is written to a stream that was closed before this process began go nowhere.

    Else the next file that is opened takes the stream's place, and no kernel of a notebook starts.
    """
    for place, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(place)
        except OSError:
            nowhere = os.open(os.devnull, os.O_RDWR)  # at the lowest place, this one, and not inherited
            os.set_inheritable(nowhere, True)
            setattr(sys, name, os.fdopen(nowhere, "r" if place == 0 else "w", encoding="utf-8"))
