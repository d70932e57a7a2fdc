"""Loaded by each worker of this machine's own cluster: Ctrl-C, as a closed terminal, is the sweep's.

A worker that took them, too, would end before its kernel has saved a run, and pressed again leave a
traceback. A handler that does nothing, unlike a signal that is ignored, is not handed on to kernels. Asked
to end, as a time limit asks all processes at once, a worker lets its kernel save first.
"""

import signal

from replicate.endings import outlives_terminal
from replicate.publish.kernels import end_after_kernels

signal.signal(signal.SIGINT, lambda signum, frame: None)
if not outlives_terminal():
    signal.signal(signal.SIGHUP, lambda signum, frame: None)
signal.signal(signal.SIGTERM, lambda signum, frame: end_after_kernels())
