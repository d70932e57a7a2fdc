"""Kinds of settings, and the record that each part of a run's settings is."""

import difflib
import re
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from replicate.errors import OneLineError, SettingError

LONGEST_SHOWN = 60  # letters of a value in a message


def _not_a_bool(value):
    # pydantic reads True as the number 1; a person who typed it meant something else.
    if isinstance(value, bool):
        raise ValueError("a number is wanted here, not True or False")
    return value


Whole = Annotated[int, BeforeValidator(_not_a_bool), Field(ge=0)]
Count = Annotated[int, BeforeValidator(_not_a_bool), Field(ge=1)]
Truth = Annotated[bool, Field(strict=True)]  # not 0, nor "no"
Number = Annotated[float, BeforeValidator(_not_a_bool), Field(allow_inf_nan=False)]


class Part(BaseModel):
    """A part of a run's settings: frozen, and with no name that means nothing to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    places: ClassVar[frozenset[str]] = frozenset()  # settings that say where something lies, not what it is
    filled: ClassVar[frozenset[str]] = frozenset()  # settings that are filled in from what lies there

    def identity(self) -> dict[str, Any]:
        """What tells it from others of its kind: its settings that are not at their defaults."""
        return self.model_dump(exclude_defaults=True, exclude=set(self.places))


class TaskSettings(Part):
    """What a task can be told."""

    kind: ClassVar[str]  # the task's name

    @classmethod
    def task_class(cls) -> type:
        """The `Task` that is made of these settings, imported when it is asked for: torch takes seconds."""
        raise NotImplementedError(f"{cls.__name__} has no task_class, which returns the class of the task")

    def label(self) -> str:
        """A few words for the name of a run's folder."""
        return self.kind

    def check(self) -> None:
        """See that what the task reads, if anything, is there; ValueError says in one line what is not."""


class ModelSettings(Part):
    """What every model can be told."""

    kind: ClassVar[str]  # the model's name
    embedding_size: Annotated[Count, Field(le=4096)] = 32
    hidden_size: Annotated[Count, Field(ge=2, le=4096)] = 128
    # U(-bound, bound); None: PyTorch's own. At 1000 trainings diverge at their first update.
    init_bound: Annotated[Number, Field(gt=0, le=1000)] | None = None
    dropout: Annotated[Number, Field(ge=0, lt=1)] = 0.0  # of embedded tokens and of what the readout sees

    def build(self, task: Any, rounds: int) -> Any:
        """The model for a `Task` and a number of trainings; its module is imported when this is called."""
        raise NotImplementedError(f"{type(self).__name__} has no build, which returns the model")


Named = TypeVar("Named", TaskSettings, ModelSettings)


def by_kind(settings: Iterable[type[Named]]) -> dict[str, type[Named]]:
    """Settings by the name of their task or model.

    Raises:
        SettingError: one has no `kind` of its own that a folder's name can have, or an odd default.
    """
    found: dict[str, type[Named]] = {}
    for own in settings:
        kind = getattr(own, "kind", None)
        if kind is None:
            raise SettingError(
                f'{own.__name__} has no kind: give it the name that a person chooses it by, `kind = "name"` '
                "without a type"
            )
        if not (isinstance(kind, str) and re.fullmatch(r"\w[\w.-]*", kind)):
            raise SettingError(
                f"the kind of {own.__name__} must be letters, digits and, after the first, any of '_.-', "
                f"not {shortened(kind)}"
            )
        for name, field in own.model_fields.items():
            base = TaskSettings if issubclass(own, TaskSettings) else ModelSettings
            if hasattr(base, name) and name not in base.model_fields:
                raise SettingError(f"{own.__name__} needs another name for {name}: settings have this one")
            if not isinstance(field.default, str | int | float | None) and not field.is_required():
                raise SettingError(
                    f"{own.__name__} must have a text, a number, a truth value or None as default of {name}"
                )
        if kind in found:
            raise SettingError(
                f"{found[kind].__name__} and {own.__name__} have one kind, {kind!r}: rename one"
            )
        found[kind] = own
    return found


def explain(error: ValidationError, valid: list[str]) -> str:
    """What is wrong with given values, in one line; `valid` are the names that may be given."""
    return "; ".join(_explained(detail, valid) for detail in error.errors())


def unknown(name: str, valid: list[str]) -> str:
    """What to say of a name that is not among the valid ones."""
    nearest = difflib.get_close_matches(name, valid, n=1, cutoff=0)[0]
    return f"unknown parameter {name!r}: did you mean {nearest!r}? The parameters are {', '.join(valid)}"


def shortened(value: Any) -> str:
    """A value that was given, as a message shows it."""
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}..."


def _explained(detail: dict, valid: list[str]) -> str:
    name, message = ".".join(map(str, detail["loc"])), detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        return unknown(name, valid)
    if detail["type"] == "too_short":
        return f"{name} is empty; it needs at least one value"
    if message.startswith("Input should "):
        return f"{name} must {message.removeprefix('Input should ')}, not {shortened(detail['input'])}"
    says_where = isinstance(detail.get("ctx", {}).get("error"), OneLineError)  # as a text's faults do
    return f"{name}: {message}" if name and not says_where else message
