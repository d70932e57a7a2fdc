"""Studies registered before their runs: `results/registered/` says what is asked, trained and compared.

A registration is a file of its own, committed alone before the first of its runs and never changed after. It
is data that the runs and the verdicts are made from, so that neither can drift away from it.
"""

import hashlib
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from replicate.files import RunError, first_line
from replicate.runs.folder import PROJECT, TABLES, Run, columns
from replicate.settings import RunConfig, SettingError
from replicate.tasks import task_of

REGISTERED = PROJECT / "results" / "registered"


class Entry(BaseModel):
    """A part of a registration: fixed, and with no key that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Term(Entry):
    """Some rows of a table, and the weight of their mean in a sum."""

    weight: float = 1
    where: dict[str, Any] = {}  # column -> the value, or [first, last]


class Quantity(Entry):
    """What is read of each training: a sum of means of one column, each weighted by the rows' samples."""

    # Of the run's folder, one measured on its models, or "outcomes" (`takeoff.outcomes`). A bootstrap reads
    # the table TABLE-ARM of each arm, with a row a training and sentence.
    table: str
    column: str
    unit: str = "round"  # the column that tells the trainings, or groups of them, apart
    terms: list[Term] = Field([Term()], min_length=1)

    @property
    def columns(self) -> list[str]:
        """Every column that it names."""
        return [self.column, self.unit, *(column for term in self.terms for column in term.where)]


class Requirements(Entry):
    """Arms without which an effect is *not testable here*."""

    learnt: list[str] = []  # at least half of its trainings took off
    flat: list[str] = []  # it was no longer falling before the learning rate was first cut
    settled: list[str] = []  # likewise, where its further fall would speak against the sign that was found
    converged: list[str] = []  # its lowest validation loss no longer fell over the last tenth of the updates
    room: list[str] = []  # its mean, which no effect can exceed, is not below the size that is reported


class Effect(Entry):
    """One comparison, positive where it speaks for the claim."""

    claim: str
    said: str  # by whom, and how large
    of: Quantity
    compare: dict[str, float]  # arm -> weight of its mean
    # A t test of a contrast of means; a permutation of two arms' means; a t test with one value an arm;
    # whether `reported`, a mean of `reported_trainings`, could be one of trainings like ours; an interval
    # over trainings and test sentences, where arms of equal weight are one sample (`studies/bootstrap.py`).
    test: Literal["welch", "permutation", "arms", "prediction", "bootstrap"]
    requires: Requirements = Requirements()
    margin: float | None = None  # an effect that would not matter
    reported: float | None = None  # in the same unit
    reported_trainings: int | None = None  # behind it, where the test is a prediction

    @property
    def arms(self) -> set[str]:
        """Every arm it names."""
        return {
            *self.compare,
            *self.requires.learnt,
            *self.requires.flat,
            *self.requires.settled,
            *self.requires.converged,
            *self.requires.room,
        }


class Registration(Entry):
    """The content of a file in `results/registered/`."""

    study: str
    written: date  # in UTC, as a run's start
    question: str
    background: str
    settings: dict[str, Any]  # what all arms share and differs from the defaults
    arms: dict[str, dict[str, Any]] = Field(min_length=1)  # what each adds or changes
    effects: dict[str, Effect] = Field(min_length=1)
    verdict: str  # the rule, in words

    @model_validator(mode="after")
    def _compares_its_own_arms(self) -> Self:
        for name, effect in self.effects.items():
            if unknown := sorted(effect.arms - self.arms.keys()):
                raise ValueError(f"effect {name} names {unknown[0]}, which is no arm")
            if effect.requires.room and effect.reported is None:
                raise ValueError(f"effect {name} requires room for a reported size, and gives none")
        if len({effect.test == "prediction" for effect in self.effects.values()}) > 1:
            raise ValueError("predictions are not corrected for their number; they need a study of their own")
        return self

    @cached_property
    def runs(self) -> dict[str, RunConfig]:
        """Every arm's config, by the name of its run."""
        return {
            f"{self.study}-{arm}": RunConfig.of(**(self.settings | own)) for arm, own in self.arms.items()
        }


def read_registration(path: Path) -> Registration:
    """Read and check one registration.

    Raises:
        RunError: it cannot be read, or is no registration; the message says where.
    """
    try:
        registration = Registration(**yaml.safe_load(path.read_text(encoding="utf-8")))
        _check_columns(registration)
    except SettingError as error:  # settings that no run can have
        raise RunError(f"{path} is no registration: {error}") from error
    except ValidationError as error:
        wrong = error.errors()[0]
        place = ".".join(map(str, wrong["loc"]))
        raise RunError(f"{path} is no registration: {place}: {wrong['msg']}") from error
    except (OSError, yaml.YAMLError, TypeError) as error:
        raise RunError(f"{path} is no registration: {first_line(error)}") from error
    if registration.study != path.stem:
        raise RunError(f"{path} registers the study {registration.study}; a file has its study's name")
    return registration


def _check_columns(registration: Registration) -> None:
    """Refuse a column that no run has; those of measured tables are known when they are measured."""
    for name, effect in registration.effects.items():
        if effect.of.table not in TABLES:
            continue
        for arm in effect.compare:
            config = registration.runs[f"{registration.study}-{arm}"]
            known = columns(effect.of.table, task_of(config.task))
            for column in effect.of.columns:
                if column not in known:
                    raise SettingError(
                        f"effect {name} reads {column} of {effect.of.table}, which has {', '.join(known)}"
                    )


def registrations() -> dict[str, Registration]:
    """Every registered study by its name."""
    return {path.stem: read_registration(path) for path in sorted(REGISTERED.glob("*.yaml"))}


def stamp(study: str) -> dict[str, str]:
    """What a run keeps of its registration: name and SHA-256 of the file."""
    text = (REGISTERED / f"{study}.yaml").read_bytes()
    return {"study": study, "sha256": hashlib.sha256(text).hexdigest()}


def stamp_of(config: RunConfig) -> dict[str, str] | None:
    """The stamp of the study that registers this config, or None."""
    studies = [name for name, study in registrations().items() if config in study.runs.values()]
    return stamp(studies[0]) if studies else None


def check_registered(run: Run, study: str) -> None:
    """Refuse a run that was not made, from its first update to its last, under this registration.

    Raises:
        RunError: an attempt at the run began before the registration's day, or under another one or none.
    """
    written = read_registration(REGISTERED / f"{study}.yaml").written.isoformat()
    for attempt in (run.provenance, *run.provenance.get("resumed", [])):
        if attempt.get("registration") != stamp(study):
            raise RunError(
                f"{run.path} was not made under the registration {REGISTERED / study}.yaml as it stands, "
                "so it cannot decide that study; restore the file, or make the run again"
            )
        if not attempt.get("started") or attempt["started"] < written:
            raise RunError(f"{run.path} began before its registration was written, on {written}")
