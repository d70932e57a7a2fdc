"""The full runs, made as a sweep of `03_train` under `runs/replication/`, and results/ written from them."""

from collections.abc import Callable

from replicate.files import RunError, first_line, write_table
from replicate.runs.folder import PROJECT, Run, project_notebook
from replicate.runs.places import runs_root
from replicate.settings import RunConfig
from replicate.studies.measuring import (
    measure_missing,
    refuse_unknown_tables,
    unmeasured,
    unmeasured_runs,
)
from replicate.studies.plan import studies
from replicate.studies.published.plan import published_runs, reversal_runs
from replicate.studies.registration import refuse_unready
from replicate.studies.results import RESULTS, is_kept_whole, keep, training_table
from replicate.sweeps.case_folder import run_of
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
    chosen = plans if only is None else {only: plans[only]}
    chosen = _possible(chosen) if only is None else chosen
    to_measure = set().union(*map(unmeasured_runs, chosen))
    wanted = {name: config for plan in chosen.values() for name, config in plan.items()}
    for study, plan in chosen.items():
        refuse_unknown_tables(study)
        if not all(is_kept_whole(*run) for run in plan.items()):
            refuse_unready(study)
    study_of = {name: study for study, plan in chosen.items() for name in plan}
    finished: dict[str, Run] = {}  # those with a checkpoint that this machine has

    def keep_now(name: str, run: Run) -> None:
        """Measure at once, too, what needs no other run: a sweep of hours may be stopped before its end."""
        keep(name, run)
        finished[name] = run
        if not run.diverged:
            measure_missing(study_of[name], finished)

    _make(wanted, to_measure, scheduler, workers, keep_now)
    if "published" in chosen:
        write_table(RESULTS / "published_table.csv", training_table(published_runs()))
    if "reversal" in chosen:
        write_table(RESULTS / "reversal.csv", training_table(reversal_runs()))
    for study in chosen:
        measure_missing(study, finished)


def _possible(plans: dict[str, dict[str, RunConfig]]) -> dict[str, dict[str, RunConfig]]:
    """The studies but for those with something left to do whose text is not there, which are named."""
    possible = {}
    for study, plan in plans.items():
        try:
            if unmeasured(study) or not all(is_kept_whole(*run) for run in plan.items()):
                for config in plan.values():
                    config.task.check()
            possible[study] = plan
        except ValueError as error:
            tell(f"{study} is left out: {first_line(error)}")
    return possible


def _make(
    wanted: dict[str, RunConfig],
    to_measure: set[str],
    scheduler: str | None,
    workers: int | None,
    keep_now: Callable[[str, Run], None],
) -> None:
    """Make what is neither kept nor done, each run kept as it ends."""
    folder = runs_root() / "replication"
    notebook = project_notebook(NOTEBOOK)
    # The longest first, so that no worker is left with one of them at the end.
    order = sorted(
        wanted, key=lambda name: wanted[name].training.rounds * wanted[name].training.steps, reverse=True
    )
    jobs = {name: make_job(notebook, wanted[name].flat(), name) for name in order}
    todo = [jobs[name] for name in order if name in to_measure or not is_kept_whole(name, wanted[name])]

    def on_done(job: Job) -> None:
        keep_now(job.name, run_of(folder / job.name))

    for job in todo:
        if state(folder, job) == "done":  # by a sweep that was stopped before it was kept
            on_done(job)
    if not todo:
        tell(f"every run that is asked for is in {RESULTS}")
        return
    run_sweep(todo, folder, scheduler, workers, on_done)
    if failed := failures(folder, todo):
        raise RunError(f"{', '.join(failed)} failed; {folder}/summary.csv says why, `make replicate` goes on")
