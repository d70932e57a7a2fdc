"""The flat names of settings, as papermill, sweeps and `config.json` know them: what each belongs to."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from replicate.errors import OneLineError, SettingError
from replicate.evaluation.settings import EvaluationSettings
from replicate.fields import Part, unknown
from replicate.models import MODELS
from replicate.tasks import TASKS
from replicate.training.settings import TrainingSettings

# What settings were called once, in folders and registrations that stay as they are: the name and value now.
OLD_NAMES = {"values": ("eos_is_a_value", {"text": False, "notebook": True})}


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


def misspelt(name: str) -> str | None:
    """The setting that a name is one slip away from: a letter too many, too few, another, or two swapped."""
    alike = (setting for setting in flat_names() if setting[0] == name[0])
    return next((setting for setting in alike if _is_slip(name, setting)), None)


def _is_slip(name: str, setting: str) -> bool:
    while name and setting and name[0] == setting[0]:
        name, setting = name[1:], setting[1:]
    while name and setting and name[-1] == setting[-1]:
        name, setting = name[:-1], setting[:-1]
    return max(len(name), len(setting)) == 1 or (len(name) == 2 and name == setting[::-1])


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
    own, known = owners(part_kinds(given.get("task"), given.get("model"))), flat_names()
    for name in given:
        if name not in known:
            raise SettingError(unknown(name, known))
    return [name for name in given if name not in own]


def means_nothing(name: str, given: dict[str, Any]) -> str:
    """What to say of a setting of another task or model."""
    kinds = part_kinds(given.get("task"), given.get("model"))
    here = f"task {kinds['task'].kind!r} and model {kinds['model'].kind!r}"
    where = ", ".join(part.kind for part in _parts() if name in part.model_fields)
    return f"{name} means nothing with {here}; it is a setting of {where}, so leave it out"


def owners(kinds: dict[str, type[Part]]) -> dict[str, str]:
    """The part that each flat name belongs to; no two parts of a run may share one."""
    found = {"task": "task", "model": "model"}
    for part, kind in kinds.items():
        for name in kind.model_fields:
            if name in found:
                raise SettingError(
                    f"{kind.__name__} cannot have the setting {name}: the {found[name]} has one"
                )
            found[name] = part
    return found


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


def refuse_meaningless(given: dict[str, Any]) -> None:
    """Refuse settings of another task or model, unless they have their defaults there.

    So may a notebook name every parameter.

    Raises:
        SettingError: there is one, or one that is no setting at all.
    """
    for name in foreign_names(given):
        if given[name] not in _defaults()[name]:
            raise SettingError(means_nothing(name, given))


def _parts() -> list[type[Part]]:
    return [*TASKS.values(), *MODELS.values(), TrainingSettings, EvaluationSettings]


def _defaults() -> dict[str, list[Any]]:
    """By flat name, its default in every part that has it."""
    table = {"task": ["primes"], "model": ["post"]}
    for part in _parts():
        for name, field in part.model_fields.items():
            table.setdefault(name, []).append(field.default)
    return table


def _chosen(what: str, name: Any, registry: dict[str, Any]) -> Any:
    if not isinstance(name, str) or name not in registry:
        raise SettingError(f"{what} must be {' or '.join(map(repr, registry))}, not {name!r}")
    return registry[name]
