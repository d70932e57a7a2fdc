"""The full runs made, resumably, under `runs/replication/`, and results/ written from them."""

from .claims.measure import measure_missing
from .config import RunConfig
from .experiment import run
from .plan import claims_runs, ladder_runs, published_runs, reversal_runs
from .results import RESULTS, keep, training_table
from .runs import Run, runs_root, write_table


def replicate_all() -> None:
    """Make every run that is missing, finish every one that was stopped, and write results/ anew."""
    _make(published_runs())
    write_table(RESULTS / "published_table.csv", training_table(published_runs()))
    _make(ladder_runs())
    measure_missing(_make(claims_runs()))
    _make(reversal_runs())
    write_table(RESULTS / "reversal.csv", training_table(reversal_runs()))


def _make(runs: dict[str, RunConfig]) -> dict[str, Run]:
    """The finished runs, each kept as soon as it is there."""
    finished = {}
    for name, config in runs.items():
        print(f"{name}: {config.rounds} trainings of at most {config.steps} updates", flush=True)
        finished[name] = run(config, runs_root() / "replication" / name)
        keep(name, finished[name])
    return finished
