"""Whether an arm was trained long enough to be judged."""

import math

import pandas as pd

from replicate.runs.folder import Run
from replicate.settings import RunConfig
from replicate.studies.takeoff import takeoff_times

STILL_FALLING = 0.01  # of the loss, over the last tenth of the updates that are looked at


def learnt(run: Run) -> bool:
    """Whether at least half of the trainings took off."""
    return takeoff_times(run.history, run.task).censored.mean() <= 0.5


def fall(run: Run) -> float:
    """By which share the mean loss of the last tenth of the updates is below that of the tenth before.

    Of the updates at the first learning rate: a cut makes any loss fall, and then hides that it falls. Where
    a tenth is shorter than the time between two evaluation points, that time is compared with the one before.
    Of the trainings that did not diverge; no number where no two points lie there.
    """
    constant = updates_at_first_rate(run.config, run.steps)
    width = max(constant / 10, run.config.evaluation.evaluate_every)
    by_step = whole_history(run).dropna(subset="loss").groupby("step").loss.mean()
    before, last = (
        by_step[(by_step.index > constant - back * width) & (by_step.index <= constant - (back - 1) * width)]
        for back in (2, 1)
    )
    return 1 - last.mean() / before.mean()


def whole_history(run: Run) -> pd.DataFrame:
    """The history of the trainings that did not diverge: the same ones at each point."""
    return run.history[~run.history["round"].isin(run.diverged)]


def updates_at_first_rate(config: RunConfig, steps: int) -> int:
    """Of so many updates, those before the learning rate is first cut."""
    if config.training.lr_gamma == 1:
        return steps
    return min(steps, config.training.lr_hold + config.training.lr_step_size)


def validation_fall(run: Run) -> float:
    """By which share the lowest validation loss fell in the last tenth of the updates, mean of trainings.

    Of those that did not diverge; no number where it was not measured.
    """
    if "nats" not in run.history:
        return math.nan
    nats = whole_history(run).pivot(index="step", columns="round", values="nats")
    return (1 - nats.min() / nats[nats.index <= 0.9 * run.steps].min()).mean()
