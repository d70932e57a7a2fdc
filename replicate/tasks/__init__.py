"""What is learnt: one folder a task, named here."""

from functools import cache

from replicate.fields import TaskSettings
from replicate.tasks.primes.task import PrimeTask
from replicate.tasks.task import Task
from replicate.tasks.translation.task import TranslationTask

TASKS: dict[str, type[Task]] = {task.Settings.kind: task for task in (PrimeTask, TranslationTask)}


@cache
def task_of(settings: TaskSettings) -> Task:
    """The task of these settings; made once, for some read files."""
    return TASKS[settings.kind](settings)
