"""A metric is told from another of its name."""

from shared import primes

from replicate.evaluation import metric_probe
from replicate.settings import RunConfig


def test_a_metric_that_was_changed_gives_other_scores(monkeypatch):
    task = primes(vocab_size=31, max_length=5)
    monkeypatch.setattr(metric_probe, "task_of", lambda settings: task)
    ours = metric_probe.metric_probe.__wrapped__(RunConfig.of().task)
    assert (
        ours.keys() == {metric.name for metric in task.metrics}
        and ours["exact_match"][0] == 1 > ours["lcsr"][1]
    )
    for name in ("statistics", "scores"):
        real = getattr(task, name)
        with monkeypatch.context() as changed:
            changed.setattr(task, name, lambda *given, real=real: {n: v / 2 for n, v in real(*given).items()})
            assert metric_probe.metric_probe.__wrapped__(RunConfig.of().task) != ours
    assert metric_probe.metric_probe.__wrapped__(RunConfig.of().task) == ours
