"""What a person is told on stderr while work goes on; one who no longer listens stops no work."""

import io
import sys
from contextlib import suppress


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
