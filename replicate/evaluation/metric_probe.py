"""What tells a metric from another of its name, whose code was changed: what it gives of some answers."""

from functools import cache
from numbers import Real

from replicate.evaluation.evaluate import pair_means
from replicate.fields import TaskSettings
from replicate.tasks import task_of
from replicate.tasks.digest import few_batches


@cache
def metric_probe(settings: TaskSettings) -> dict[str, list[float]]:
    """What right answers score by each metric, and each pair's answer as that of the next."""
    task, found = task_of(settings), {}
    for target in (batch.target.flatten(0, 1) for batch in few_batches(task)):  # [N, T]
        for answer in (target, target.roll(1, 0)):
            scores = task.scores(pair_means(task, answer, target))
            for metric in task.metrics:
                if isinstance(score := scores.get(metric.name), Real):  # its trial says what is none
                    found.setdefault(metric.name, []).append(float(f"{score:.6g}"))
    return found
