"""What is measured on trained models beyond their scores: tables under `results/STUDY/`."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from ..config import RunConfig
from ..plan import studies
from ..provenance import begin, now
from ..results import RESULTS, is_kept, open_kept
from ..runs import Run, RunError, checksums, read_json, write_json, write_table
from .bucketing import bucketing_table
from .lengths import alignment_table, commonness_table, length_table
from .positions import position_table
from .search import beam_table, ensemble_table, rescoring_table
from .states import distance_table, encoder_table, state_map

SAMPLES = 4_000  # fresh ones a round
SIZES = [(1, 1), (1, 12), (2, 12), (5, 1), (5, 2), (5, 12)]  # models and beam width, the paper's Table 1
EXAMPLE = [50, 7, 12, 33, 61, 88, 90, 2, 45, 97, 14, 66, 3]  # a source for the alignment
ORDERS = [f"order-{k}" for k in range(1, 13)]  # of the values, from common to rare


def _by_arm(table: Callable[[Run, int], pd.DataFrame], samples: int, arms: list[str]):
    """A measurement of several arms, one table below the other."""
    return arms, lambda *runs: pd.concat(
        [table(run, samples).assign(arm=arm) for arm, run in zip(arms, runs, strict=True)], ignore_index=True
    )


def _rescored_both_ways(forward: Run, backward: Run) -> pd.DataFrame:
    return rescoring_table(forward, {"by forward": forward, "by reversed": backward}, SAMPLES)


# By study and table: the arms it is measured on, and how.
MEASUREMENTS: dict[str, dict[str, tuple[list[str], Callable[..., pd.DataFrame]]]] = {
    "claims": {
        "beam": (["base"], lambda base: beam_table(base, [1, 2, 4, 12], SAMPLES)),
        "ensembles": (["base"], lambda base: ensemble_table(base, SIZES, SAMPLES)),
        "rescoring": (
            ["forward", "base"],
            lambda forward, base: rescoring_table(forward, {"rescored": base}, SAMPLES),
        ),
        "lengths": (["base"], lambda base: length_table(base, 5 * SAMPLES)),
        "lengths-attention": (["attention"], lambda attention: length_table(attention, 5 * SAMPLES)),
        "commonness": (["skewed"], lambda skewed: commonness_table(skewed, 5 * SAMPLES)),
        "distances": (["base"], lambda base: distance_table(base, 1_000)),
        "map": (["base"], lambda base: state_map(base, 25)),
        "alignment": (["attention"], lambda attention: alignment_table(attention, EXAMPLE)),
        "bucketing": ([], lambda: bucketing_table(studies()["claims"]["claims-base"], 20)),
    },
    "memory": {
        "positions": _by_arm(position_table, 5 * SAMPLES, ["forward", "reversed"]),
        "ensembles": (["reversed"], lambda run: ensemble_table(run, SIZES, SAMPLES)),
        "rescoring": (["forward", "reversed"], _rescored_both_ways),
        "distances": (["reversed"], lambda run: encoder_table(run, 1_000)),
    },
    "rare": {"commonness": _by_arm(commonness_table, 5 * SAMPLES, ORDERS)},
}


def unmeasured(study: str) -> list[str]:
    """The tables that are missing, or were measured on other checkpoints than those of the kept runs."""
    return [name for name, (arms, _) in _tables(study).items() if not _is_up_to_date(study, name, arms)]


def unmeasured_runs(study: str) -> set[str]:
    """The runs whose checkpoints are needed for those tables."""
    return {f"{study}-{arm}" for name in unmeasured(study) for arm in _tables(study)[name][0]}


def measure_missing(study: str, finished: dict[str, Run]) -> None:
    """Write every table that is missing or was measured on other checkpoints; `finished` has those."""
    for name in unmeasured(study):
        arms, measure = _tables(study)[name]
        models = {arm: _undiverged(finished[f"{study}-{arm}"]) for arm in arms}
        used = {arm: _checkpoint(model) for arm, model in models.items()}
        print(f"{study}/{name}", flush=True)
        folder(study).mkdir(parents=True, exist_ok=True)
        record = begin()
        write_table(folder(study) / f"{name}.csv", measure(*models.values()))
        sha256 = checksums(folder(study), [f"{name}.csv"])
        record |= {"finished": now(), "checkpoints": used, "sha256": sha256}
        write_json(folder(study) / f"{name}.json", record)


def read_measurement(study: str, name: str) -> pd.DataFrame:
    """A table of `results/STUDY/`.

    Raises:
        RunError: it is missing, was changed, or was measured on other checkpoints than those of the results.
    """
    path = folder(study) / f"{name}.csv"
    if not path.exists():
        raise RunError(f"{path} is missing; `make replicate` writes it")
    if not _is_whole(study, name):
        raise RunError(f"{path} is not what `make replicate` wrote; delete it and make it again")
    for arm, checkpoint in _record(study, name)["checkpoints"].items():
        if _checkpoint(open_kept(f"{study}-{arm}", _config(study, arm))) != checkpoint:
            raise RunError(f"{path} was measured on another training of {arm}; `make replicate` measures it")
    return pd.read_csv(path)


def folder(study: str) -> Path:
    return RESULTS / study


def _tables(study: str) -> dict[str, tuple[list[str], Callable[..., pd.DataFrame]]]:
    return MEASUREMENTS.get(study, {})


def _config(study: str, arm: str) -> RunConfig:
    return studies()[study][f"{study}-{arm}"]


def _is_up_to_date(study: str, name: str, arms: list[str]) -> bool:
    kept = {arm: (f"{study}-{arm}", _config(study, arm)) for arm in arms}
    if not _is_whole(study, name) or not all(is_kept(*run) for run in kept.values()):
        return False
    checkpoints = {arm: _checkpoint(open_kept(*run)) for arm, run in kept.items()}
    return _record(study, name).get("checkpoints") == checkpoints


def _undiverged(run: Run) -> Run:
    """Refuse a run of which a training diverged: it would be measured as if it had learnt nothing."""
    if run.diverged:
        rounds = ", ".join(map(str, run.diverged))
        raise RunError(f"{run.path}: training {rounds} diverged, so nothing can be measured on this run")
    return run


def _checkpoint(run: Run) -> str:
    return run.provenance["sha256"]["checkpoint.pt"]


def _is_whole(study: str, name: str) -> bool:
    """Whether the table is there and is what was measured."""
    try:
        return checksums(folder(study), [f"{name}.csv"]) == _record(study, name).get("sha256")
    except OSError:
        return False


def _record(study: str, name: str) -> dict:
    path = folder(study) / f"{name}.json"
    return read_json(path) if path.exists() else {}
