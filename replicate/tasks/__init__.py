"""What is learnt: one folder a task, its settings named here."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from replicate.fields import TaskSettings
from replicate.tasks.primes.settings import PrimeSettings
from replicate.tasks.translation.settings import TranslationSettings

if TYPE_CHECKING:  # torch takes seconds to import, and settings are checked without it
    from replicate.tasks.task import Task

TASKS: dict[str, type[TaskSettings]] = {
    settings.kind: settings for settings in (PrimeSettings, TranslationSettings)
}


@cache
def task_of(settings: TaskSettings) -> Task:
    """The task of these settings; made once, for some read files."""
    return settings.task_class()(settings)
