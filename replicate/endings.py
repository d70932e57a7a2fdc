"""How a command ends: in one line where a person, a notebook or the disk is at fault."""

import errno
import os
import signal
import sys
from tempfile import gettempdir
from types import FrameType
from typing import Any

import typer
from typer.core import TyperGroup

from replicate.errors import FULL, OneLineError
from replicate.telling import tell

EXTRA_OF = {  # modules that are imported here -> the extra of pyproject.toml that installs them
    **dict.fromkeys(["cryptography", "dask", "distributed", "rich"], "sweep"),
    **dict.fromkeys(["PIL", "bs4", "docutils", "jinja2", "latex2mathml"], "report"),
    **dict.fromkeys(["markdown_it", "noto_cjk", "sphinx"], "report"),
    **dict.fromkeys(["ipywidgets", "jupyter_core", "jupyterlab"], "lab"),
    **dict.fromkeys(["sacrebleu", "sentencepiece"], "translation"),
}
# Of a path that can be neither read nor written.
CLOSED = (
    errno.EACCES,
    errno.EPERM,
    errno.EEXIST,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.ENAMETOOLONG,
    errno.EXDEV,
)


class OneLineErrors(TyperGroup):
    """Ends in one line where a person or a notebook is at fault; a traceback is for this program's faults."""

    def invoke(self, ctx: typer.Context) -> Any:
        for stream in filter(None, (sys.stdout, sys.stderr)):  # None where it was closed
            # Names and texts print in an ASCII locale too.
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")
        signal.signal(signal.SIGTERM, _as_ctrl_c)
        _hear_hang_up()
        try:
            os.getcwd()
        except FileNotFoundError:  # which libraries meet in ways of their own, some by ending at once
            tell("replicate: the current folder is not there any more; go to another one")
            raise typer.Exit(2) from None
        try:
            gettempdir()
        except FileNotFoundError as error:  # the disk is full
            tell(f"replicate: {error.strerror}: make room, or set TMPDIR")
            raise typer.Exit(2) from None
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as interrupt:
            tell(f"replicate: {str(interrupt) or 'stopped'}")
            raise typer.Exit(128 + signal.SIGINT) from None
        except (ModuleNotFoundError, OSError, ValueError, RuntimeError) as error:
            if (fault := _fault(error)) is None:
                raise
            message, code = fault
            tell(f"replicate: {message}")
            raise typer.Exit(code) from error


def _as_ctrl_c(signum: int, frame: FrameType | None) -> None:
    """Asked to end, as by a time limit, a command saves and clears up as at Ctrl-C."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # of a command in a script's background
        raise KeyboardInterrupt
    signal.raise_signal(signal.SIGINT)


def outlives_terminal() -> bool:
    """Whether a closed terminal is no signal to this process: it was told so, or the system has none."""
    return os.name == "nt" or signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def _hear_hang_up() -> None:
    """Have a command whose terminal was closed save and clear up, too, unless it was told to outlive it."""
    if outlives_terminal():
        return
    terminals = [stream for stream in (1, 2) if os.isatty(stream)]

    def hang_up(signum: int, frame: FrameType | None) -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in terminals:  # where every word would be an error
            os.dup2(nowhere, stream)
        _as_ctrl_c(signum, frame)

    signal.signal(signal.SIGHUP, hang_up)


def forget_hang_up() -> None:
    """End with the terminal, as what answers Ctrl-C by a question must."""
    if not outlives_terminal():
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


def _fault(error: Exception) -> tuple[str, int] | None:
    """What to tell the person, and the exit status; None where the fault is this program's."""
    if isinstance(error, ModuleNotFoundError):
        package = (error.name or "").partition(".")[0]
        if package not in EXTRA_OF:
            return None
        wanted = f"pip install 'seq2seq-replication[{EXTRA_OF[package]}]'"
        return f"this command needs {package}, which is not installed: {wanted}", 2
    if isinstance(error, OSError):
        if error.errno not in FULL + CLOSED:
            return None
        what = "written" if error.errno in FULL else "used"
        return f"{error.filename or 'a file'} cannot be {what}: {error.strerror}", 2
    return (str(error), error.status) if isinstance(error, OneLineError) else None
