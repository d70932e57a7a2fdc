"""Runs a sweep on dask: what is missing or failed, anywhere, each result stored as it comes."""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pandas as pd
from dask.system import CPU_COUNT
from distributed import Client, Future, KilledWorker, wait

from replicate.files import first_line, locked
from replicate.publish.kernels import end_kernels
from replicate.sweeps.case_folder import place_of
from replicate.sweeps.changes import is_changed, refuse_mixed_tasks
from replicate.sweeps.cluster import as_they_end, asking, connected
from replicate.sweeps.earlier import is_all_stored, with_earlier_runs
from replicate.sweeps.spec import Job, SweepError
from replicate.sweeps.store import clear_leftovers, state, store
from replicate.sweeps.tables import claim, write_tables
from replicate.sweeps.watch import Watch
from replicate.sweeps.work import Outcome, forget, started_topic, told_topic, work, working_folder
from replicate.telling import tell, told_if_slow
from replicate.training.progress import progress_style

CLEANING_SECONDS = 60  # for the workers to remove what they worked in


def run_sweep(
    jobs: list[Job],
    folder: Path,
    scheduler: str | None = None,
    workers: int | None = None,
    on_done: Callable[[Job], None] = lambda job: None,
    file: Path | None = None,
) -> pd.DataFrame:
    """Do the cases that are missing or failed; returns the summary, which is in `summary.csv` too.

    Args:
        folder: where each case gets a folder of its own.
        scheduler: the address of a dask scheduler, such as tcp://10.0.0.1:8786; a cluster of this machine's
            own without it.
        workers: processes of the own cluster, each with one case at a time; one a core by default.
        on_done: called with each case as soon as it is done and stored.
        file: the sweep's own, to tell it from another sweep of the same name.

    Raises:
        RunError: the folder or the scheduler is not there, another sweep is at work on the folder, or it
            holds what this sweep did not make.
        SweepError: the scheduler, all processes or a case's folder were lost, or the task was changed from
            one case to another; what is done is kept.
        KeyboardInterrupt: Ctrl-C; what was finished is stored.
    """
    with locked(folder):
        clear_leftovers(folder, jobs)
        states = {job.name: state(folder, job) for job in jobs}
        token = claim(folder, file)
        jobs = [replace(job, sweep=token) for job in jobs]
        if edited := [name for name, found in states.items() if found == "edited"]:
            tell(
                f"{jobs[0].notebook} was edited: {len(edited)} of {len(jobs)} cases are executed again; what "
                "they have trained with equal settings is used"
            )
        done = [job.name for job in jobs if states[job.name] in ("done", "edited")]
        with told_if_slow("reading the tasks of the cases that are done", progress_style() != "off"):
            changed = [name for name in done if is_changed(place_of(folder, name))]
        if changed:
            tell(f"task or model was changed: {len(changed)} of {len(jobs)} cases are trained again")
            states |= dict.fromkeys(changed, "changed")
        for job in jobs:
            if states[job.name] == "done" and is_all_stored(working_folder(job), folder / job.name):
                forget(job)  # a sweep that was stopped may not have come to it
        todo = [with_earlier_runs(folder, job) for job in jobs if states[job.name] != "done"]
        if todo:
            if progress_style() != "off":  # a cluster takes seconds to start, and a case longer
                tell(f"{len(todo)} of {len(jobs)} cases to execute, into {folder}")
            with connected(scheduler, min(workers or CPU_COUNT, len(todo))) as client:
                _do(client, todo, folder, len(jobs) - len(todo), on_done)
        table = write_tables(folder, jobs)
        if gone := [job.name for job in jobs if not (folder / job.name).exists()]:
            raise SweepError(
                f"removed from {folder} meanwhile: {', '.join(gone)}; the same command does these cases again"
            )
        refuse_mixed_tasks([place_of(folder, job.name) for job in jobs])
        return table


def _do(
    client: Client, jobs: list[Job], folder: Path, done_before: int, on_done: Callable[[Job], None]
) -> None:
    with Watch([job.name for job in jobs], done_before, client.scheduler.address) as watch:
        client.subscribe_topic(
            started_topic(jobs[0].sweep), lambda event: watch.started(event[1]["name"], event[1]["worker"])
        )
        client.subscribe_topic(
            told_topic(jobs[0].sweep), lambda event: watch.told(event[1]["name"], event[1]["said"])
        )
        # Of tasks of one kind, dask begins those of the highest priority first: here in the order given.
        futures = {client.submit(work, job, key=job.key, priority=-n): job for n, job in enumerate(jobs)}
        cleaning = []
        try:
            for future in as_they_end(client, list(futures), watch.saw_workers):
                job = futures[future]
                with asking():
                    outcome = _outcome(future)
                store(folder, job, outcome)
                watch.ended(job.name, outcome)
                if outcome.error is None:
                    on_done(job)
                    with asking():
                        where = client.who_has([future])[future.key]
                    cleaning.append(
                        client.submit(forget, job, workers=where, allow_other_workers=True, priority=1)
                    )
                future.release()
            left = [future for future in cleaning if future.status == "pending"]
            with suppress(TimeoutError):  # a process that is lost by now has nothing to keep others from
                wait(left, timeout=CLEANING_SECONDS)
        except KeyboardInterrupt:
            if client.cluster is not None:  # a scheduler of others has their cases too, and goes on
                for name in ("asyncio", "tornado.application"):  # of a connection that is closed meanwhile
                    logging.getLogger(name).setLevel(logging.CRITICAL)
                tell("stopping: cases at work are saved; once more stops at once")
                with suppress(KeyboardInterrupt):  # pressed again: nothing is waited for
                    client.cancel(list(futures))  # what waits must not begin
                    client.run(end_kernels, on_error="ignore")  # a worker may end meanwhile
            done = f"{watch.ended_count} of {watch.count} cases are in {folder}"
            raise KeyboardInterrupt(f"stopped; {done}, and the same command goes on") from None


def _outcome(future: Future) -> Outcome:
    error = future.exception()
    if error is None:
        return future.result()
    lost = isinstance(error, KilledWorker)
    return Outcome("worker after worker died under it" if lost else first_line(error), 0.0, "", {})
