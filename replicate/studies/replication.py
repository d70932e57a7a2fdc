"""The full runs, made as a sweep of `03_train` under `runs/replication/`, and results/ written from them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from replicate.files import RunError, first_line, write_table
from replicate.runs.folder import PROJECT, Run, project_notebook
from replicate.runs.places import runs_root
from replicate.settings import RunConfig
from replicate.studies.measuring import measure_missing, refuse_unknown_tables, unmeasured_runs
from replicate.studies.plan import studies
from replicate.studies.published.plan import published_runs, reversal_runs
from replicate.studies.registration import check_registered, is_registered, refuse_unready, stamp
from replicate.studies.results import RESULTS, keep, kept_whole, training_table
from replicate.sweeps.case_folder import place_of, run_of
from replicate.sweeps.changes import is_changed
from replicate.sweeps.schedule import run_sweep
from replicate.sweeps.spec import Job, make_job
from replicate.sweeps.store import failures, state
from replicate.telling import tell

NOTEBOOK = PROJECT / "notebooks" / "03_train.ipynb"


def replicate_all(only: str | None = None, scheduler: str | None = None, workers: int | None = None) -> None:
    """Make every run that is missing, finish every one that was stopped, and write results/ anew.

    A run that is under results/ is finished, unless something is still to be measured on its checkpoint:
    results/ keeps none.

    Args:
        only: the name of one study.

    Raises:
        RunError: there is no such study, or some runs failed; the others are kept.
    """
    plans = studies()
    if only is not None and only not in plans:
        raise RunError(f"there is no study {only!r}; there are {', '.join(plans)}")
    notebook = project_notebook(NOTEBOOK)
    tell(f"looking for what is missing in {RESULTS}")  # which may take half a minute on a busy machine
    if only is not None:
        missing = {only: _missing(only, plans[only], notebook)}
    else:
        missing = _missing_where_possible(plans, notebook)
    for study, jobs in missing.items():
        refuse_unknown_tables(study)
        if jobs:
            refuse_unready(study)
    study_of = {job.name: study for study, jobs in missing.items() for job in jobs}
    finished: dict[str, Run] = {}  # those with a checkpoint that this machine has

    def keep_now(name: str, run: Run) -> None:
        """Measure at once, too, what needs no other run: a sweep of hours may be stopped before its end."""
        if is_registered(study_of[name]):
            refuse_unready(study_of[name])
            check_registered(run, study_of[name])
        keep(name, run)
        finished[name] = run
        if not run.diverged:
            try:
                measure_missing(study_of[name], finished)
            except Exception as error:  # which speaks against no other run; it is tried again at the end
                tell(f"{study_of[name]} is not measured yet: {first_line(error)}")

    _make([job for jobs in missing.values() for job in jobs], scheduler, workers, keep_now)
    if "published" in missing:
        write_table(RESULTS / "published_table.csv", training_table(published_runs()))
    if "reversal" in missing:
        write_table(RESULTS / "reversal.csv", training_table(reversal_runs()))
    for study in missing:
        measure_missing(study, finished)


def _missing(study: str, plan: dict[str, RunConfig], notebook: Path) -> list[Job]:
    """The runs of a study that are not kept, or whose checkpoints are still to be measured.

    Raises:
        ValueError: one of them cannot be made here, such as where its text is not there.
    """
    to_measure = unmeasured_runs(study)
    kept = {name: run for name, config in plan.items() if (run := kept_whole(name, config))}
    missing = [(name, plan[name]) for name in plan if name not in kept or name in to_measure]
    if is_registered(study):
        for run in kept.values():  # one that could decide nothing would never be made again
            check_registered(run, study)
    for _, config in missing:
        config.task.check()
    if missing:
        for run in kept.values():
            run.refuse_changed()
    jobs = [make_job(notebook, config.flat(), name) for name, config in missing]
    return [replace(job, registration=stamp(study)) for job in jobs] if is_registered(study) else jobs


def _missing_where_possible(plans: dict[str, dict[str, RunConfig]], notebook: Path) -> dict[str, list[Job]]:
    """The same of every study, but for those of which a run cannot be made here, which are named."""
    missing = {}
    for study, plan in plans.items():
        try:
            missing[study] = _missing(study, plan, notebook)
        except ValueError as error:
            tell(f"{study} is left out: {first_line(error)}")
    return missing


def _make(
    missing: list[Job], scheduler: str | None, workers: int | None, keep_now: Callable[[str, Run], None]
) -> None:
    """Make what is missing, each run kept as it ends."""
    folder = runs_root() / "replication"
    # The longest first, so that no worker is left with one of them at the end.
    todo = sorted(missing, key=lambda job: job.given["rounds"] * job.given["steps"], reverse=True)

    def on_done(job: Job) -> None:
        keep_now(job.name, run_of(folder / job.name))

    for job in todo:
        # By a sweep that was stopped before it was kept.
        if state(folder, job) == "done" and not is_changed(place_of(folder, job.name)):
            on_done(job)
    if not todo:
        tell(f"every run that can be made here is in {RESULTS}")
        return
    run_sweep(todo, folder, scheduler, workers, on_done)
    if failed := failures(folder, todo):
        raise RunError(f"{', '.join(failed)} failed; {folder}/summary.csv says why, `make replicate` goes on")
