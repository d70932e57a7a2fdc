"""The full runs, made as a sweep of `03_train` under `runs/replication/`, and results/ written from them."""

from .claims.measure import measure_missing
from .config import RunConfig
from .plan import claims_runs, ladder_runs, published_runs, reversal_runs
from .results import RESULTS, keep, training_table
from .runs import PROJECT, Run, RunError, runs_root, write_table
from .sweeps.schedule import run_sweep
from .sweeps.spec import make_job
from .sweeps.store import failures, run_of

NOTEBOOK = PROJECT / "notebooks" / "03_train.ipynb"


def replicate_all(scheduler: str | None = None, workers: int | None = None) -> None:
    """Make every run that is missing, finish every one that was stopped, and write results/ anew.

    Raises:
        RunError: some runs failed; the others are kept.
    """
    # The longest first, so that no worker is left with one of them at the end.
    plan = reversal_runs() | published_runs() | ladder_runs() | claims_runs()
    finished = _make(plan, scheduler, workers)
    for name, run in finished.items():
        keep(name, run)
    write_table(RESULTS / "published_table.csv", training_table(published_runs()))
    write_table(RESULTS / "reversal.csv", training_table(reversal_runs()))
    measure_missing(finished)


def _make(plan: dict[str, RunConfig], scheduler: str | None, workers: int | None) -> dict[str, Run]:
    folder = runs_root() / "replication"
    jobs = [make_job(NOTEBOOK, config.model_dump(), name) for name, config in plan.items()]
    run_sweep(jobs, folder, scheduler, workers)
    if failed := failures(folder, jobs):
        raise RunError(f"{', '.join(failed)} failed; {folder}/summary.csv says why, `make replicate` goes on")
    return {name: run_of(folder / name) for name in plan}
