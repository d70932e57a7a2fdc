"""A dask cluster of processes, for sweeps to run on."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest


class Cluster:
    """A scheduler in a process, and workers that share nothing, in a process each."""

    def __init__(self, folder: Path):
        self.folder, self.file, self.processes = folder, folder / "scheduler.json", []
        self._start("scheduler", "--host", "127.0.0.1", "--port", "0")
        while not self.file.exists():
            time.sleep(0.1)
        self.address = re.search(r"tcp://[\d.:]+", self.file.read_text())[0]

    def add_worker(self, threads: int = 1) -> None:
        runs = str(self.folder / f"machine-{len(self.processes) - 1}")
        self._start("worker", "--no-nanny", "--nthreads", str(threads), REPLICATE_RUNS=runs)

    def kill(self, process: subprocess.Popen) -> None:
        process.kill()
        process.wait()

    def _start(self, *command: str, **variables: str) -> None:
        dask = [str(Path(sys.executable).with_name("dask")), *command, "--no-dashboard"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        place = ["--scheduler-file", str(self.file)]
        self.processes.append(subprocess.Popen(dask + place, env=os.environ | variables, **quiet))


@pytest.fixture
def idle(tmp_path):
    """A cluster that has no workers yet."""
    started = Cluster(tmp_path)
    yield started
    for process in started.processes:
        started.kill(process)


@pytest.fixture
def cluster(idle):
    """The address of a scheduler with two workers."""
    idle.add_worker()
    idle.add_worker()
    return idle.address
