"""The tables of results/claims: what is measured on the trained models beyond their scores."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from ..plan import claims_runs
from ..provenance import begin, now
from ..results import RESULTS, is_kept, open_kept
from ..runs import Run, RunError, checksums, read_json, write_json, write_table
from .bucketing import bucketing_table
from .lengths import alignment_table, commonness_table, length_table
from .search import beam_table, ensemble_table, rescoring_table
from .states import distance_table, state_map

SAMPLES = 4_000  # fresh ones a round
SIZES = [(1, 1), (1, 12), (2, 12), (5, 1), (5, 2), (5, 12)]  # models and beam width, the paper's Table 1
EXAMPLE = [50, 7, 12, 33, 61, 88, 90, 2, 45, 97, 14, 66, 3]  # a source for the alignment

# Each table with the runs it is measured on.
MEASUREMENTS: dict[str, tuple[list[str], Callable[..., pd.DataFrame]]] = {
    "beam": (["base"], lambda base: beam_table(base, [1, 2, 4, 12], SAMPLES)),
    "ensembles": (["base"], lambda base: ensemble_table(base, SIZES, SAMPLES)),
    "rescoring": (["forward", "base"], lambda forward, base: rescoring_table(forward, base, SAMPLES)),
    "lengths": (["base"], lambda base: length_table(base, 5 * SAMPLES)),
    "lengths-attention": (["attention"], lambda attention: length_table(attention, 5 * SAMPLES)),
    "commonness": (["skewed"], lambda skewed: commonness_table(skewed, 5 * SAMPLES)),
    "distances": (["base"], lambda base: distance_table(base, 1_000)),
    "map": (["base"], lambda base: state_map(base, 25)),
    "alignment": (["attention"], lambda attention: alignment_table(attention, EXAMPLE)),
    "bucketing": ([], lambda: bucketing_table(claims_runs()["claims-base"], 20)),
}


def unmeasured() -> list[str]:
    """The tables that are missing, or were measured on other checkpoints than those of the kept runs."""
    return [name for name, (arms, _) in MEASUREMENTS.items() if not _is_up_to_date(name, arms)]


def _is_up_to_date(name: str, arms: list[str]) -> bool:
    plan = claims_runs()
    runs = {arm: f"claims-{arm}" for arm in arms}
    if not _is_whole(name) or not all(is_kept(run, plan[run]) for run in runs.values()):
        return False
    checkpoints = {arm: _checkpoint(open_kept(run, plan[run])) for arm, run in runs.items()}
    return _record(name).get("checkpoints") == checkpoints


def unmeasured_runs() -> set[str]:
    """The runs whose checkpoints are needed for those tables."""
    return {f"claims-{arm}" for name in unmeasured() for arm in MEASUREMENTS[name][0]}


def _checkpoint(run: Run) -> str:
    return run.provenance["sha256"]["checkpoint.pt"]


def measure_missing(finished: dict[str, Run]) -> None:
    """Write every table that is missing or was measured on other checkpoints; `finished` has those."""
    for name in unmeasured():
        arms, measure = MEASUREMENTS[name]
        models = {arm: _undiverged(finished[f"claims-{arm}"]) for arm in arms}
        used = {arm: _checkpoint(model) for arm, model in models.items()}
        print(f"claims/{name}", flush=True)
        folder().mkdir(parents=True, exist_ok=True)
        record = begin()
        write_table(folder() / f"{name}.csv", measure(*models.values()))
        sha256 = checksums(folder(), [f"{name}.csv"])
        record |= {"finished": now(), "checkpoints": used, "sha256": sha256}
        write_json(folder() / f"{name}.json", record)


def read_measurement(name: str) -> pd.DataFrame:
    """A table of results/claims.

    Raises:
        RunError: it is missing, was changed, or was measured on other checkpoints than those of the results.
    """
    path = folder() / f"{name}.csv"
    if not path.exists():
        raise RunError(f"{path} is missing; `make replicate` writes it")
    if not _is_whole(name):
        raise RunError(f"{path} is not what `make replicate` wrote; delete it and make it again")
    plan = claims_runs()
    for run, checkpoint in _record(name)["checkpoints"].items():
        kept = open_kept(f"claims-{run}", plan[f"claims-{run}"])
        if _checkpoint(kept) != checkpoint:
            raise RunError(f"{path} was measured on another training of {run}; `make replicate` measures it")
    return pd.read_csv(path)


def _undiverged(run: Run) -> Run:
    """Refuse a run of which a training diverged: it would be measured as if it had learnt nothing."""
    if run.diverged:
        rounds = ", ".join(map(str, run.diverged))
        raise RunError(f"{run.path}: training {rounds} diverged, so nothing can be measured on this run")
    return run


def folder() -> Path:
    return RESULTS / "claims"


def _is_whole(name: str) -> bool:
    """Whether the table is there and is what was measured."""
    try:
        return checksums(folder(), [f"{name}.csv"]) == _record(name).get("sha256")
    except OSError:
        return False


def _record(name: str) -> dict:
    path = folder() / f"{name}.json"
    return read_json(path) if path.exists() else {}
