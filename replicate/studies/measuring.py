"""What is measured on trained models beyond their scores: tables under `results/STUDY/`."""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from replicate.files import RunError, read_json, write_json, write_table
from replicate.runs.experiment import choose_device
from replicate.runs.folder import Run, checksums
from replicate.runs.provenance import begin, now
from replicate.settings import RunConfig
from replicate.studies.effects import RUN_TABLES
from replicate.studies.measurements import MEASUREMENTS, Tables
from replicate.studies.plan import studies
from replicate.studies.registration import home, registrations
from replicate.studies.results import RESULTS, kept_whole, open_kept


def unmeasured(study: str) -> list[str]:
    """The tables that are missing, or were measured on other checkpoints than those of the kept runs."""
    return [name for name, (arms, _) in _tables(study).items() if not _is_up_to_date(study, name, arms)]


def refuse_unknown_tables(study: str) -> None:
    """Refuse an effect of a registered study that reads a table which nothing measures.

    Raises:
        RunError: it names the effect and the table.
    """
    if (registration := registrations().get(study)) is None:  # planned in code
        return
    for name, effect in registration.effects.items():
        tables = [(study, effect.of.table)]
        if effect.test == "bootstrap":
            homes = [home(study, arm) for arm in effect.compare]
            tables = [(other, f"{effect.of.table}-{arm}") for other, arm in homes]
        for other, table in tables:
            known = [*RUN_TABLES, *_tables(other)]
            if table not in known:
                raise RunError(f"effect {name} of {study} reads {table}; there are {', '.join(known)}")


def unmeasured_runs(study: str) -> set[str]:
    """The runs whose checkpoints are needed for those tables."""
    return {f"{study}-{arm}" for name in unmeasured(study) for arm in _tables(study)[name][0]}


def measure_missing(study: str, finished: dict[str, Run]) -> None:
    """Write every table that is missing or was measured on other checkpoints, if `finished` has its runs.

    Models are read on a GPU where there is one.
    """
    device = choose_device("auto")
    for name in unmeasured(study):
        arms, measure = _tables(study)[name]
        if not all(f"{study}-{arm}" in finished for arm in arms):
            continue
        models = {arm: replace(_undiverged(finished[f"{study}-{arm}"]), device=device) for arm in arms}
        used = {arm: _checkpoint(model) for arm, model in models.items()}
        print(f"{study}/{name}", flush=True)
        folder(study).mkdir(parents=True, exist_ok=True)
        record = begin()
        write_table(folder(study) / f"{name}.csv", measure(*models.values()))
        sha256 = checksums(folder(study), [f"{name}.csv"])
        record |= {"finished": now(), "device": device, "checkpoints": used, "sha256": sha256}
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


def _tables(study: str) -> Tables:
    return MEASUREMENTS.get(study, {})


def _config(study: str, arm: str) -> RunConfig:
    return studies()[study][f"{study}-{arm}"]


def _is_up_to_date(study: str, name: str, arms: list[str]) -> bool:
    if not _is_whole(study, name):
        return False
    kept = {arm: kept_whole(f"{study}-{arm}", _config(study, arm)) for arm in arms}
    if not all(kept.values()):
        return False
    return _record(study, name).get("checkpoints") == {arm: _checkpoint(run) for arm, run in kept.items()}


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
