"""What a run is: every setting that can change its numbers, in four parts.

Papermill, sweeps, registrations and a run folder's `config.json` know flat names: `RunConfig.of` sorts them
into the parts, `flat` puts them together again.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SerializeAsAny, ValidationError

from replicate.errors import OneLineError
from replicate.fields import Count, ModelSettings, Number, Part, TaskSettings, Whole, explain, unknown
from replicate.models import MODELS
from replicate.tasks import TASKS

# What settings were called once, in folders and registrations that stay as they are: the name and value now.
OLD_NAMES = {"values": ("eos_is_a_value", {"text": False, "notebook": True})}


class SettingError(OneLineError, ValueError):
    """A setting that a person gave wrongly; the message is one line and says what is wrong."""


class TrainingSettings(Part):
    """How many trainings, and how each goes."""

    rounds: Annotated[Count, Field(le=1000)] = 10  # independent trainings
    seed: Whole = 0
    steps: Count = 15_000  # updates of each training
    batch_size: Annotated[Count, Field(le=65_536)] = 32
    optimizer: Literal["adam", "sgd"] = "adam"
    learning_rate: Annotated[Number, Field(gt=0)] = 5e-4
    lr_hold: Whole = 0  # updates before StepLR starts
    lr_step_size: Count = 5_000  # StepLR: the rate is multiplied by lr_gamma every so many updates
    lr_gamma: Annotated[Number, Field(gt=0, le=1)] = 0.1
    clip_norm: Annotated[Number, Field(gt=0)] | None = None  # of each training's whole gradient
    # Each training's last parameters, or those of its evaluation point with the lowest validation loss.
    keep: Literal["last", "best"] = "last"
    stop_exact_match: Annotated[Number, Field(gt=0, le=1)] | None = None  # end once every training has it


class EvaluationSettings(Part):
    """When and on how much a training is scored."""

    evaluate_every: Count = 500  # updates between two points of the metric curves
    curve_samples: Count = 1_000  # samples for each training at such a point
    evaluate_rounds: Count = 1  # sets of samples after training, each of evaluate_samples
    evaluate_samples: Count = 32_000


class RunConfig(Part):
    """The settings of a run. The defaults are the post's; how fast or where it runs is not part of it.

    Two are equal where they make the same run, wherever the files lie that either reads.
    """

    task: SerializeAsAny[TaskSettings]
    model: SerializeAsAny[ModelSettings]
    training: TrainingSettings
    evaluation: EvaluationSettings

    @classmethod
    def of(cls, **given: Any) -> Self:
        """From flat names; what is not given has its default.

        None stands for the default, too. A setting of another task or model is accepted where it has its
        default there, as in a notebook that names every parameter.

        Raises:
            SettingError: a name or a value is wrong, or means nothing here.
        """
        given = {name: value for name, value in renamed(given).items() if value is not None}
        for name in foreign_names(given):
            if given[name] not in _defaults()[name]:
                raise SettingError(means_nothing(name, given))
        kinds = part_kinds(given.pop("task", None), given.pop("model", None))
        own = _owners(kinds)
        parts = {}
        for part, kind in kinds.items():
            try:
                parts[part] = kind(**{name: value for name, value in given.items() if own.get(name) == part})
            except ValidationError as error:
                raise SettingError(explain(error, list(own))) from error
        if parts["training"].stop_exact_match is not None:
            _refuse_without_exact_match(kinds["task"])
        return cls(**parts)

    def flat(self) -> dict[str, Any]:
        """Every setting by its flat name."""
        return {
            "task": self.task.kind,
            **self.task.model_dump(),
            "model": self.model.kind,
            **self.model.model_dump(),
            **self.training.model_dump(),
            **self.evaluation.model_dump(),
        }

    def summary(self) -> str:
        """Task and model, and their settings that are not at the defaults, in words."""
        parts = self.task, self.model
        given = [setting for part in parts for setting in part.model_dump(exclude_defaults=True).items()]
        kinds = f"task {self.task.kind}, model {self.model.kind}"
        return ", ".join([kinds, *(f"{name} {value}" for name, value in given)])

    def changed(self, **given: Any) -> Self:
        """The same but for some settings, by their flat names."""
        return type(self).of(**self.flat() | given)

    def identity(self) -> list:
        """What tells it from other runs; a new setting with a default changes none."""
        parts = self.task, self.model, self.training, self.evaluation
        return [self.task.kind, self.model.kind, [part.identity() for part in parts]]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RunConfig) and self.identity() == other.identity()

    def __hash__(self) -> int:
        return hash(self.name)

    @property
    def name(self) -> str:
        """Readable, and different whenever the identity is."""
        digest = hashlib.sha256(json.dumps(self.identity(), sort_keys=True).encode()).hexdigest()[:8]
        return f"{self.model.kind}-{self.task.label()}-{digest}"


def part_kinds(task: str | None, model: str | None) -> dict[str, type[Part]]:
    """The records that make the settings of a run of this task and model; None is the post's.

    Raises:
        SettingError: there is no such task or model.
    """
    return {
        "task": _chosen("task", "primes" if task is None else task, TASKS),
        "model": _chosen("model", "post" if model is None else model, MODELS),
        "training": TrainingSettings,
        "evaluation": EvaluationSettings,
    }


def flat_names() -> list[str]:
    """Every setting that some run can have."""
    return list(_defaults())


def needs_value(name: str) -> bool:
    """Whether it is a setting that None could only stand for the default of."""
    return name in _defaults() and None not in _defaults()[name]


def implied_task(defaults: Mapping[str, Any]) -> str | None:
    """The one task that has settings of its own among these, all of which it could have; None where none."""
    having = [[kind for kind, task in TASKS.items() if name in task.model_fields] for name in defaults]
    kinds = {owners[0] for owners in having if len(owners) == 1}
    if len(kinds) != 1:
        return None
    task = TASKS[kind := kinds.pop()]
    try:  # names such as `pairs` and `tokens` may mean anything in a notebook of one's own
        task(**{name: value for name, value in defaults.items() if name in task.model_fields})
    except (ValidationError, OneLineError):
        return None
    return kind


def foreign_names(given: dict[str, Any]) -> list[str]:
    """Which of these are settings of another task or model than the one among them.

    Raises:
        SettingError: one is no setting at all.
    """
    own, known = _owners(part_kinds(given.get("task"), given.get("model"))), flat_names()
    for name in given:
        if name not in known:
            raise SettingError(unknown(name, known))
    return [name for name in given if name not in own]


def means_nothing(name: str, given: dict[str, Any]) -> str:
    """What to say of a setting of another task or model."""
    kinds = part_kinds(given.get("task"), given.get("model"))
    here = f"task {kinds['task'].kind!r} and model {kinds['model'].kind!r}"
    owners = ", ".join(part.kind for part in _parts() if name in part.model_fields)
    return f"{name} means nothing with {here}; it is a setting of {owners}, so leave it out"


def _refuse_without_exact_match(task: type[TaskSettings]) -> None:
    if not any(metric.name == "exact_match" for metric in task.task_class().metrics):
        raise SettingError(f"stop_exact_match needs the metric exact_match, which {task.kind} lacks")


def _parts() -> list[type[Part]]:
    return [*TASKS.values(), *MODELS.values(), TrainingSettings, EvaluationSettings]


def _defaults() -> dict[str, list[Any]]:
    """By flat name, its default in every part that has it."""
    table = {"task": ["primes"], "model": ["post"]}
    for part in _parts():
        for name, field in part.model_fields.items():
            table.setdefault(name, []).append(field.default)
    return table


def renamed(given: dict[str, Any]) -> dict[str, Any]:
    """With the names and values that settings have now."""
    new = {}
    for name, value in given.items():
        if name in OLD_NAMES:
            now, values = OLD_NAMES[name]
            new[now] = None if value is None else _chosen(name, value, values)
        else:
            new[name] = value
    return new


def _owners(kinds: dict[str, type[Part]]) -> dict[str, str]:
    """The part that each flat name belongs to; no two parts of a run may share one."""
    owners = {"task": "task", "model": "model"}
    for part, kind in kinds.items():
        for name in kind.model_fields:
            if name in owners:
                raise SettingError(
                    f"{kind.__name__} cannot have the setting {name}: the {owners[name]} has one"
                )
            owners[name] = part
    return owners


def _chosen(what: str, name: Any, registry: dict[str, Any]) -> Any:
    if not isinstance(name, str) or name not in registry:
        raise SettingError(f"{what} must be {' or '.join(map(repr, registry))}, not {name!r}")
    return registry[name]
