"""Loaded by each worker of this machine's own cluster: Ctrl-C is the sweep's, and its kernels', not theirs.

A worker that took it, too, would end before its kernel has saved a run, and pressed again leave a traceback.
A handler that does nothing, unlike a signal that is ignored, is not handed on to kernels.
"""

import signal

signal.signal(signal.SIGINT, lambda signum, frame: None)
