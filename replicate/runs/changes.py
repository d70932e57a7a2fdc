"""What was changed in the code since a run began: its task, a metric or its model is then another one."""

from pathlib import Path

import torch

from replicate.evaluation.metric_probe import metric_probe
from replicate.files import RunError
from replicate.models.probe import is_probed_alike, model_probe
from replicate.settings import RunConfig
from replicate.tasks.digest import refuse_another_task, task_digest


def identity(config: RunConfig) -> dict:
    """What a run keeps of its task and its model as they are now."""
    return {
        "task": task_digest(config.task),
        "metrics": metric_probe(config.task),
        "model": model_probe(config.task, config.model),
    }


def what_was_changed(config: RunConfig, record: dict) -> str:
    """The task, a metric or the model that is another now than as a run with this provenance began; else "".

    Another PyTorch may draw other pairs, so that nothing can be told there; runs of earlier versions have
    kept neither.
    """
    if record.get("torch") != torch.__version__:
        return ""
    if "task" in record and record["task"] != task_digest(config.task):
        return "task"
    if kept := record.get("metrics"):
        now = metric_probe(config.task)
        for name in kept.keys() & now.keys():  # one that is new is in no table of the run
            if not is_probed_alike(kept[name], now[name]):
                return f"metric {name}"
    if "model" in record and not is_probed_alike(record["model"], model_probe(config.task, config.model)):
        return "model"
    return ""


def refuse_changed(config: RunConfig, record: dict, folder: Path) -> None:
    """Refuse to use, or to go on with, a run whose task or model was changed since it began.

    Raises:
        RunError: it says which.
    """
    changed = what_was_changed(config, record)
    if changed == "task":
        refuse_another_task(config.task, record["task"], folder)
    if changed:
        name = f"model {config.model.kind}" if changed == "model" else changed
        raise RunError(
            f"the code of {name} was changed since {folder} was begun, and gives other numbers now: put it "
            "back, or delete that folder and start the run again"
        )
