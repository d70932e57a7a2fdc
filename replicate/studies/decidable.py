"""Refuses a registration whose effects its runs could not decide, before the first of them is trained."""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping

from replicate.errors import SettingError
from replicate.evaluation.evaluate import KINDS
from replicate.runs.folder import columns
from replicate.settings import RunConfig
from replicate.studies.convergence import updates_at_first_rate
from replicate.studies.effects import RUN_TABLES, Effect, Quantity, Term, is_number
from replicate.studies.takeoff import OUTCOMES, refuse_without_plateau
from replicate.studies.translation.sentences import SCORES
from replicate.tasks import task_of
from replicate.tasks.task import Task

LOSSES = ("loss", "nats")  # which fall towards 0
Arms = Mapping[str, RunConfig]  # of the study itself; those of another one are not looked at here


def refuse_undecidable(effects: Mapping[str, Effect], arms: Arms) -> None:
    """Refuse columns that no run has, what an arm could not show, and arms that are one and the same run.

    The columns of measured tables are known when they are measured.

    Raises:
        SettingError: it says which effect, and what is missing.
    """
    _refuse_equal(arms)
    for name, effect in effects.items():
        try:
            if effect.test == "bootstrap":
                _refuse_other_columns([effect.of.column], SCORES, "a bootstrap")
            for arm in sorted(effect.compare.keys() & arms.keys()):
                _refuse_unread(effect.of, arm, arms[arm])
                _refuse_few(effect, arm, arms[arm])
            _refuse_unmet(effect, arms)
        except ValueError as error:
            raise SettingError(f"effect {name}: {error}") from error


def _refuse_equal(arms: Arms) -> None:
    """Refuse arms that are one and the same run, which would be compared as if they were two."""
    names = {}
    for name, config in arms.items():
        if config in names:
            raise SettingError(f"the arms {names[config]} and {name} have equal settings and seeds")
        names[config] = name


def refuse_shared_runs(studies: Mapping[str, Arms]) -> None:
    """Refuse arms of two studies with one run folder, or with one config, by which a run knows its study.

    Raises:
        SettingError: it names both arms, and says what to do.
    """
    names, configs = {}, {}
    for study, arms in studies.items():
        for arm, config in arms.items():
            own, name = f"{study}/{arm}", f"{study}-{arm}"
            if (other := names.setdefault(name, own)) != own:
                raise SettingError(f"the runs of {other} and {own} are both called {name}; rename one arm")
            if (other := configs.setdefault(config, own)) != own:
                raise SettingError(
                    f"{other} and {own} have equal settings and seeds; give one another seed, or leave it "
                    "out: a bootstrap may compare with an arm of another study, as STUDY/ARM"
                )


def _refuse_unread(of: Quantity, arm: str, config: RunConfig) -> None:
    """Refuse a column or a value that the table of the arm's run cannot have."""
    if of.table not in RUN_TABLES:
        return
    task = task_of(config.task)
    if of.table == "outcomes":
        refuse_without_plateau(task)
    known = OUTCOMES if of.table == "outcomes" else columns(of.table, task)
    _refuse_other_columns(of.columns, known, of.table)
    if of.table == "history" and "nats" in of.columns:
        _refuse_without_validation(arm, config)
    if of.column in ("kind", "round"):
        raise ValueError(f"reads {of.column} of {of.table}, which is no quantity")
    for term in of.terms:
        if of.table == "by_length" and "kind" not in term.where:
            raise ValueError(f"reads by_length of all kinds together; name a kind, {' or '.join(KINDS)}")
        for column, wanted in term.where.items():
            if column == "kind" and wanted not in KINDS:
                raise ValueError(f"names kind {wanted!r}, which is {' or '.join(KINDS)}")
            if column != "kind" and not all(map(is_number, wanted if isinstance(wanted, list) else [wanted])):
                raise ValueError(f"names {column} {wanted!r}, where {of.table} has numbers")
            most = _most(config, task, term).get(column, math.inf)
            if column != "kind" and (wanted[0] if isinstance(wanted, list) else wanted) > most:
                raise ValueError(f"names {column} {wanted}, which {arm} cannot have: its last is {most}")


def _most(config: RunConfig, task: Task, term: Term) -> dict[str, int]:
    """The last number that a run's tables can have in some columns."""
    target = task.max_target_length - 1  # without EOS
    source = task.max_source_length - int(task.source_eos)
    return {
        "length": source if term.where.get("kind") == "source" else target,
        "position": target,
        "evaluation": config.evaluation.evaluate_rounds - 1,
        "round": config.training.rounds - 1,
        "step": config.training.steps,
    }


def _refuse_few(effect: Effect, arm: str, config: RunConfig) -> None:
    """Refuse one training where trainings are the units of a test."""
    of_trainings = effect.test != "bootstrap" and effect.of.unit == "round"
    if of_trainings and config.training.rounds < 2:
        raise ValueError(f"compares {arm}, which has one training, and a test needs two")


def _refuse_unmet(effect: Effect, arms: Arms) -> None:
    """Refuse a requirement that the arm can neither meet nor fail."""
    needs = effect.requires
    if effect.test == "bootstrap" and needs.room:
        raise ValueError("asks for room, which is of a number a training, and a bootstrap has none")
    if (needs.settled or needs.room) and effect.of.column not in LOSSES:
        raise ValueError(
            f"asks whether arms settled or leave room, which is of a loss, {' or '.join(LOSSES)}, and reads "
            f"{effect.of.column}"
        )
    for _, config in _own(needs.learnt, arms):
        refuse_without_plateau(task_of(config.task))
    for arm, config in _own([*needs.flat, *needs.settled], arms):
        if updates_at_first_rate(config, config.training.steps) < 2 * config.evaluation.evaluate_every:
            raise ValueError(
                f"asks whether {arm} still falls, which is evaluated less than twice before the first cut of "
                "its learning rate"
            )
    for arm, config in _own(needs.converged, arms):
        _refuse_without_validation(arm, config)


def _refuse_without_validation(arm: str, config: RunConfig) -> None:
    if config.training.keep != "best":
        raise ValueError(f"reads the validation loss of {arm}, which only a run with keep: best measures")


def _own(names: Iterable[str], arms: Arms) -> Iterator[tuple[str, RunConfig]]:
    return ((name, arms[name]) for name in names if name in arms)


def _refuse_other_columns(wanted: Iterable[str], known: Collection[str], table: str) -> None:
    for column in wanted:
        if column not in known:
            raise ValueError(f"reads {column} of {table}, which has {', '.join(known)}")
