"""This process's kernels: before it is told to end, it has them save what they train."""

import os
import re
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil

SAVING_SECONDS = 15  # within which a kernel saves its run and ends
DEAF_SECONDS = 0.5  # within which a kernel that has begun to listen no longer hears interrupts

_interrupting = threading.Lock()  # never let go: a second Ctrl-C would end a kernel before it has saved


def end_kernels() -> None:
    """Interrupt this process's kernels as Ctrl-C does, once, and wait until they have ended.

    One that is still starting has nothing to save; interrupted, it would print a traceback.
    """
    if os.name == "nt":  # where one process cannot interrupt another
        return
    kernels = [child for child in psutil.Process().children() if _is_kernel(child)]
    if _interrupting.acquire(blocking=False):
        for kernel in kernels:
            with suppress(psutil.Error):  # it has ended meanwhile
                kernel.send_signal(signal.SIGINT if _has_started(kernel) else signal.SIGTERM)
    psutil.wait_procs(kernels, timeout=SAVING_SECONDS)


def are_ending() -> bool:
    """Whether a kernel that dies was told to, and no other is to be started for it."""
    return _interrupting.locked()


def end_after_kernels() -> None:
    """End this process, and before it its kernels; in a thread, for its own go on meanwhile."""
    threading.Thread(target=lambda: (end_kernels(), os._exit(128 + signal.SIGTERM))).start()


def _has_started(kernel: psutil.Process) -> bool:
    """Whether it listens for what to execute, and executes something: one that waits hears no interrupt."""
    listens = any(port.status == psutil.CONN_LISTEN for port in kernel.net_connections("tcp"))
    if not listens or _is_deaf(kernel.pid):
        return False
    time.sleep(DEAF_SECONDS)
    return not _is_deaf(kernel.pid)


def _is_deaf(process: int) -> bool:
    """Whether it ignores interrupts, where the system tells."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    ignored = int(re.search(r"^SigIgn:\s*([0-9a-f]+)", status, re.MULTILINE)[1], 16)
    return bool(ignored >> (signal.SIGINT - 1) & 1)


def _is_kernel(process: psutil.Process) -> bool:
    try:
        return "ipykernel_launcher" in process.cmdline()
    except psutil.Error:
        return False
