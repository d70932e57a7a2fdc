"""Loaded by each worker of this machine's own cluster: Ctrl-C, as a closed terminal, is the sweep's.

A worker that took them, too, would end before its kernel has saved a run, and pressed again leave a
traceback. A handler that does nothing, unlike a signal that is ignored, is not handed on to kernels. Asked
to end, as a time limit asks all processes at once, a worker lets its kernel save first.
"""

import signal

from replicate.publish.kernels import end_after_kernels

signal.signal(signal.SIGINT, lambda signum, frame: None)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda signum, frame: None)
signal.signal(signal.SIGTERM, lambda signum, frame: end_after_kernels())
