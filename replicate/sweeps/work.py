"""What a worker does: execute one case of a sweep in a folder of its own and hand back what is in it."""

import hashlib
import io
import platform
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from distributed import get_worker

from replicate.errors import ParameterError
from replicate.files import RunError, first_line, locked, write_whole
from replicate.publish.execute import NotebookError, execute, kernel_environment
from replicate.runs.places import EARLIER_RUNS, runs_root
from replicate.sweeps.case_folder import COMING, EARLIER, EXECUTED, OWN, runs_of_attempt
from replicate.sweeps.earlier import leave_only_runs, put_earlier_runs
from replicate.sweeps.refusals import (
    refuse_another_text,
    refuse_names_of_the_sweep,
    refuse_other_code,
    refuse_other_registration,
)
from replicate.sweeps.spec import Job
from replicate.training.interrupts import hearing_interrupts

SAID = 200  # characters of a line that a case tells the sweep
COPY = ".executed.ipynb"  # until it gets its name, which no cell may take
ORPHAN_SECONDS = 60  # a worker that lost its scheduler, and the kernel of one that died, end within these

_one_at_a_time = threading.Lock()  # papermill changes the folder, and we the environment, of a whole process
_root: Path | None = None  # this process's folder of runs, while a case has one of its own in the environment


@dataclass(frozen=True)
class Outcome:
    """How a case ended: the files it left, by their path in its folder, and the error if there was one."""

    error: str | None
    seconds: float
    machine: str
    files: dict[str, bytes]


def told_topic(sweep: str) -> str:
    """The topic under which they tell how far it is."""
    return f"replicate-case-told-{sweep}"


def started_topic(sweep: str) -> str:
    """The topic under which workers say that they start a case of this sweep."""
    return f"replicate-case-started-{sweep}"


class Telling(io.TextIOBase):
    """Takes what a case's cells write to stderr, and tells the sweep the last line of it."""

    def __init__(self, job: Job):
        self.worker, self.job = get_worker(), job

    def write(self, text: str) -> int:
        if lines := text.strip().splitlines():
            event = {"name": self.job.name, "said": lines[-1][:SAID]}
            self.worker.log_event(told_topic(self.job.sweep), event)
        return len(text)


def work(job: Job) -> Outcome:
    """Execute a case's notebook in this machine's working folder, where an earlier attempt goes on."""
    get_worker().log_event(started_topic(job.sweep), {"name": job.name})
    began, error, files = time.monotonic(), None, {}
    try:
        refuse_other_code(job)
        refuse_other_registration(job)
        with _one_at_a_time, _own_root(), locked(folder := working_folder(job), ORPHAN_SECONDS):
            began = time.monotonic()
            try:
                _execute(job, folder)
                refuse_another_text(job, folder)
                refuse_other_code(job)
                refuse_other_registration(job)
            finally:
                files = _files(folder)
    except (NotebookError, ParameterError, RunError, OSError) as failure:
        error = first_line(failure).replace(f".{job.notebook}", job.notebook)  # the copy that was executed
    return Outcome(error, time.monotonic() - began, platform.node(), files)


def working_folder(job: Job) -> Path:
    """The same for every attempt at a case, and for no case of another sweep.

    It is not another one when the notebook was edited: what was trained before is gone on with.
    """
    identity = hashlib.sha256(f"{job.sweep} {job.name} {job.digest}".encode()).hexdigest()[:16]
    return (_root or runs_root()) / "working" / f"{Path(job.notebook).stem}-{identity}"


@contextmanager
def _own_root() -> Iterator[None]:
    """Remember where this process's working folders are, for other threads, while a case changes it."""
    global _root
    _root = runs_root()
    try:
        yield
    finally:
        _root = None


def forget(job: Job) -> None:
    """Remove the working folder of a case whose files have been stored."""
    shutil.rmtree(working_folder(job), ignore_errors=True)


def _execute(job: Job, folder: Path) -> None:
    _wait_for_orphans(folder)
    leave_only_runs(folder)
    put_earlier_runs(job, folder)
    source = folder / f".{job.notebook}"
    write_whole(source, lambda file: file.write_text(job.source, encoding="utf-8"))
    with (
        hearing_interrupts(),  # Ctrl-C has a run in training saved
        kernel_environment(
            REPLICATE_RUNS=str(folder / "runs"),
            REPLICATE_PROGRESS="lines",  # which the sweep shows
            # Dask's, for its own work; a training allocates all the time, and OMP_NUM_THREADS alone says
            # how many threads it has.
            MALLOC_TRIM_THRESHOLD_=None,
            MKL_NUM_THREADS=None,
            OPENBLAS_NUM_THREADS=None,
        ),
    ):
        try:
            execute(source, folder / COPY, job.given, folder, Telling(job))
        finally:
            if (folder / COPY).exists():
                refuse_names_of_the_sweep(folder)
                (folder / COPY).rename(folder / EXECUTED)


def _wait_for_orphans(folder: Path) -> None:
    """Let the kernel of a worker that was killed let go of its run."""
    for run in runs_of_attempt(folder):
        with locked(run, ORPHAN_SECONDS):
            pass


def _files(folder: Path) -> dict[str, bytes]:
    """What is handed back of a working folder; its earlier runs are those that were not asked for."""
    found = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder)
        if path.is_file() and not path.name.startswith(".") and name.parts[0] not in (COMING, *OWN):
            apart = name.parts[0] == EARLIER_RUNS
            found[Path(EARLIER, *name.parts[1:]) if apart else name] = path.read_bytes()
    return {name.as_posix(): content for name, content in found.items()}
