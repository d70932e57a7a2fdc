"""Studies registered before their runs: `results/registered/` says what is asked, trained and compared.

A registration is a file of its own, committed alone before the first of its runs and never changed after. It
is data that the runs and the verdicts are made from, so that neither can drift away from it.
"""

import hashlib
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from replicate.errors import SettingError
from replicate.files import RunError, first_line
from replicate.runs.folder import PROJECT, Run
from replicate.runs.provenance import is_committed, now
from replicate.settings import RunConfig
from replicate.studies.decidable import refuse_shared_runs, refuse_undecidable
from replicate.studies.effects import Effect, Entry
from replicate.telling import tell
from replicate.words import refuse_names_twice

REGISTERED = PROJECT / "results" / "registered"


Name = Annotated[str, Field(pattern=r"^\w[\w.-]*$")]  # of a study or an arm, for they name folders


class _Loader(yaml.SafeLoader):
    """Safe, and takes no name twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        refuse_names_twice(node)
        return super().construct_mapping(node, deep)


class Registration(Entry):
    """The content of a file in `results/registered/`."""

    study: Name
    written: date  # in UTC, as a run's start
    question: str
    background: str
    settings: dict[str, Any]  # what all arms share and differs from the defaults
    arms: dict[Name, dict[str, Any]] = Field(min_length=1)  # what each adds or changes
    effects: dict[str, Effect] = Field(min_length=1)
    verdict: str  # the rule, in words

    @model_validator(mode="after")
    def _compares_its_own_arms(self) -> Self:
        for name, effect in self.effects.items():
            own = {arm for arm in effect.arms if "/" not in arm}
            if unknown := sorted(own - self.arms.keys()):
                raise ValueError(f"effect {name} names {unknown[0]}, which is no arm")
            if own < effect.arms and effect.test != "bootstrap":
                raise ValueError(
                    f"effect {name} names another study's arm; only a bootstrap compares with one"
                )
        if len({effect.test == "prediction" for effect in self.effects.values()}) > 1:
            raise ValueError("predictions are not corrected for their number; they need a study of their own")
        return self

    @cached_property
    def arm_configs(self) -> dict[str, RunConfig]:
        """Every arm's config."""
        return {arm: RunConfig.of(**(self.settings | own)) for arm, own in self.arms.items()}

    @cached_property
    def runs(self) -> dict[str, RunConfig]:
        """Every arm's config, by the name of its run."""
        return {f"{self.study}-{arm}": config for arm, config in self.arm_configs.items()}


def home(study: str, arm: str) -> tuple[str, str]:
    """The study of an arm that an effect names, and the arm there: STUDY/ARM is one of another study."""
    other, _, own = arm.rpartition("/")
    return other or study, own


def read_registration(path: Path) -> Registration:
    """Read and check one registration.

    Raises:
        RunError: it cannot be read, or is no registration; the message says where.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise RunError(f"{path} is no registration: {first_line(error)}") from error
    return _parse(path, text)


@cache  # verdicts ask for all of them again and again, and a file is the same while its text is
def _parse(path: Path, text: str) -> Registration:
    try:
        registration = Registration(**yaml.load(text, _Loader))
        refuse_undecidable(registration.effects, registration.arm_configs)
    except SettingError as error:  # settings that no run can have
        raise RunError(f"{path} is no registration: {error}") from error
    except ValidationError as error:
        wrong = error.errors()[0]
        place = ".".join(map(str, wrong["loc"]))
        message = wrong["msg"].removeprefix("Value error, ")
        raise RunError(f"{path} is no registration: {f'{place}: ' if place else ''}{message}") from error
    except yaml.YAMLError as error:  # which names the line last
        raise RunError(f"{path} is no registration: {' '.join(str(error).split())}") from error
    except KeyError as error:
        raise RunError(f"{path} is no registration: a tag does not fit its value {error}") from error
    except (ValueError, TypeError, AttributeError, IndexError, RecursionError) as error:  # of nothing
        raise RunError(f"{path} is no registration: {first_line(error)}") from error
    if registration.study != path.stem:
        raise RunError(f"{path} registers the study {registration.study}; a file has its study's name")
    return registration


def registrations() -> dict[str, Registration]:
    """Every registered study by its name.

    Raises:
        RunError: one is no registration, compares with an arm that no other study has, or has a run that
            could be another study's.
    """
    known = {path.stem: read_registration(path) for path in sorted(REGISTERED.glob("*.yaml"))}
    for name, study in known.items():
        for arm in sorted(set().union(*(effect.arms for effect in study.effects.values()))):
            other, own = home(name, arm)
            if other not in known or own not in known[other].arms:
                raise RunError(f"{REGISTERED / name}.yaml names {arm}, which is no arm of another study")
    try:
        refuse_shared_runs({name: study.arm_configs for name, study in known.items()})
    except SettingError as error:
        raise RunError(f"{REGISTERED}: {error}") from error
    return known


def registered(study: str) -> Registration:
    """One registered study.

    Raises:
        RunError: there is none of this name.
    """
    known = registrations()
    if study not in known:
        raise RunError(f"no study {study!r} is registered; there are {', '.join(known)}")
    return known[study]


def is_registered(study: str) -> bool:
    """Whether a study has a registration; the first ones are planned in code."""
    return (REGISTERED / f"{study}.yaml").exists()


def refuse_unready(study: str) -> None:
    """Refuse to begin runs that its registration could not decide: it must be older than they are.

    Raises:
        RunError: it is not committed as it stands, or its day is still to come.
    """
    if not is_registered(study):
        return
    path = REGISTERED / f"{study}.yaml"
    if is_committed(path) is False:
        raise RunError(f"{path} must be committed, alone, before the first of its runs begins")
    if read_registration(path).written.isoformat() > now():
        raise RunError(f"{path} says that it was written on a day that is still to come, in UTC")


def stamp(study: str) -> dict[str, str]:
    """What a run keeps of its registration: name and SHA-256 of the file."""
    text = (REGISTERED / f"{study}.yaml").read_bytes()
    return {"study": study, "sha256": hashlib.sha256(text).hexdigest()}


def has_registration(wanted: dict[str, str]) -> bool:
    """Whether the registration of this stamp is here, as it stands there."""
    return is_registered(wanted["study"]) and stamp(wanted["study"]) == wanted


def stamp_of(config: RunConfig) -> dict[str, str] | None:
    """The stamp of the study that registers this config, or None; a file that is being written has none."""
    found = []
    for path in sorted(REGISTERED.glob("*.yaml")):
        try:
            if config in read_registration(path).runs.values():
                found.append(path)
        except RunError as error:
            tell(f"{error}; no run is made under it")
    if len(found) > 1:  # a draft is often a copy
        found = [path for path in found if is_committed(path) is not False] or found
    return stamp(found[0].stem) if found else None


def check_registered(run: Run, study: str) -> None:
    """Refuse a run that was not made, from its first update to its last, under this registration.

    Raises:
        RunError: an attempt at the run began before the registration's day, or under another one or none.
    """
    written = read_registration(REGISTERED / f"{study}.yaml").written.isoformat()
    for attempt in run.attempts:
        if attempt.get("registration") != stamp(study):
            raise RunError(
                f"{run.path} was not made under the registration {REGISTERED / study}.yaml as it stands, "
                "so it cannot decide that study; restore the file, or make the run again"
            )
        if not attempt.get("started") or attempt["started"] < written:
            raise RunError(f"{run.path} began before its registration was written, on {written}")
