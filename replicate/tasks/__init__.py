"""What is learnt: one folder a task, its settings named here."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from replicate.fields import TaskSettings, by_kind
from replicate.tasks.primes.settings import PrimeSettings
from replicate.tasks.translation.settings import TranslationSettings

if TYPE_CHECKING:  # torch takes seconds to import, and settings are checked without it
    from replicate.tasks.task import Task

TASKS = by_kind((PrimeSettings, TranslationSettings))


@cache
def task_of(settings: TaskSettings) -> Task:
    """The task of these settings; made once, for some read files.

    Raises:
        ValueError: it lacks what a task must have, or its metrics cannot stand in the tables.
    """
    from replicate.tasks.task import check_task

    check_task(task := settings.task_class()(settings))
    return task
