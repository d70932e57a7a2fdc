"""A replication of Sutskever, Vinyals & Le (2014), on prime extraction and on translation. See README.md."""

import os

# A thread that waits for another one of its training keeps its core busy meanwhile, by default for
# milliseconds. Where other programs want the cores too, it takes the core of the very thread it waits for.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")  # some ten microseconds; read as torch is loaded

import replicate.runs.code  # noqa: F401  the files as they are when the first is imported
