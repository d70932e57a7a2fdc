"""What a worker does: execute one run of a sweep in a folder of its own and hand back what is in it."""

import platform
import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from distributed import get_worker

from replicate.files import RunError, locked
from replicate.publish.execute import NotebookError, execute, kernel_environment
from replicate.runs.folder import runs_root
from replicate.sweeps.spec import Job

EXECUTED = "notebook.ipynb"
STARTED = "replicate-run-started"  # the topic under which a worker says so
ORPHAN_SECONDS = 60  # a kernel ends within seconds of the worker that started it

_one_at_a_time = threading.Lock()  # papermill changes the folder, and we the environment, of a whole process


@dataclass(frozen=True)
class Outcome:
    """How a run ended: the files it left, by their path in its folder, and the error if there was one."""

    error: str | None
    seconds: float
    machine: str
    files: dict[str, bytes]


def work(job: Job) -> Outcome:
    """Execute a run's notebook in this machine's working folder, where an earlier attempt goes on."""
    get_worker().log_event(STARTED, {"name": job.name})
    with _one_at_a_time, locked(working_folder(job)):
        began, error = time.monotonic(), None
        try:
            _execute(job, working_folder(job))
        except (NotebookError, RunError) as failure:
            error = str(failure)
        return Outcome(error, time.monotonic() - began, platform.node(), _files(working_folder(job)))


def working_folder(job: Job) -> Path:
    return runs_root() / "working" / f"{Path(job.notebook).stem}-{job.digest}"


def forget(job: Job) -> None:
    """Remove the working folder of a run whose files have been stored."""
    shutil.rmtree(working_folder(job), ignore_errors=True)


def _execute(job: Job, folder: Path) -> None:
    _wait_for_orphans(folder / "runs")
    for name, content in job.earlier.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    source = folder / f".{job.notebook}"
    source.write_text(job.source, encoding="utf-8")
    with kernel_environment(
        REPLICATE_RUNS=str(folder / "runs"),
        REPLICATE_PROGRESS="off",  # nobody would see it
        MALLOC_TRIM_THRESHOLD_=None,  # dask's, for its own data; a training allocates all the time
    ):
        execute(source, folder / EXECUTED, job.given, folder)


def _wait_for_orphans(runs: Path) -> None:
    """Let the kernel of a worker that was killed let go of its run."""
    deadline = time.monotonic() + ORPHAN_SECONDS
    for run in runs.glob("*"):
        while True:
            try:
                with locked(run):
                    break
            except RunError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)


def _files(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
