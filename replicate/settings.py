"""What a run is: every setting that can change its numbers, in four parts.

Papermill, sweeps, registrations and a run folder's `config.json` know flat names: `RunConfig.of` sorts them
into the parts, `flat` puts them together again.
"""

import hashlib
import json
from typing import Any, Self

from pydantic import SerializeAsAny, ValidationError

from replicate.errors import SettingError
from replicate.evaluation.settings import EvaluationSettings
from replicate.fields import ModelSettings, Part, TaskSettings, explain
from replicate.setting_names import owners, part_kinds, refuse_meaningless, renamed
from replicate.training.settings import TrainingSettings


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
        refuse_meaningless(given)
        kinds = part_kinds(given.pop("task", None), given.pop("model", None))
        own = owners(kinds)
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


def _refuse_without_exact_match(task: type[TaskSettings]) -> None:
    if not any(metric.name == "exact_match" for metric in task.task_class().metrics):
        raise SettingError(f"stop_exact_match needs the metric exact_match, which {task.kind} lacks")
