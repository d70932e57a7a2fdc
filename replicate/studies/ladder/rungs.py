"""The ladder from the published model to one that solves the task: its runs side by side."""

import itertools
import math

import pandas as pd

from replicate.runs.folder import Run
from replicate.statistics import describe, welch_interval
from replicate.studies.ladder.plan import LEFT_OUT, RUNGS, ladder_runs
from replicate.studies.published.plan import published_runs
from replicate.studies.results import open_kept
from replicate.studies.takeoff import median_takeoff, takeoff_times

FIRST = "as published"
CHANGES = {
    "constant-rate": "the learning rate is not cut",
    "clipping": "each training's gradient is clipped to norm 1",
    "fed-decoder": "the decoder is fed the token before",
    "linear-maps": "linear maps as in the paper's RNN, not three-layer ones; tanh in the decoder, not ReLU",
    "lstm": "an LSTM cell",
    "tuned-rate": "the learning rate is eight times as high and halved every 1,000 updates",
}


def open_rungs() -> dict[str, Run]:
    """The rungs, reversed, the published run first."""
    return {FIRST: _published("reverse")} | {_readable(name): _ladder(name) for name in CHANGES}


def open_left_out() -> dict[str, Run]:
    """The LSTM rung whole, then without one change each; without the LSTM it is the rung before."""
    *_, before, last = RUNGS
    runs = {"all changes": _ladder(last)} | {_readable(name): _ladder(name) for name in LEFT_OUT}
    return runs | {"without the LSTM cell": _ladder(before)}


def open_directions() -> dict[str, dict[str, Run]]:
    """The first rung and the LSTM, forward and reversed."""
    last = list(RUNGS)[-1]
    return {
        FIRST: {"forward": _published("forward"), "reverse": _published("reverse")},
        _readable(last): {"forward": _ladder(f"{last}-forward"), "reverse": _ladder(last)},
    }


def changes() -> pd.Series:
    """What each rung changes, in words."""
    return pd.Series({_readable(name): change for name, change in CHANGES.items()}, name="change")


def compare(runs: dict[str, Run], goal: float) -> pd.DataFrame:
    """One row a run: both scores, when it left the plateau, when its median training reached the goal.

    Means have Student's 95% interval; a time that was not reached is given as the updates done.
    """
    return pd.DataFrame([_summary(run, goal) for run in runs.values()], index=pd.Index(runs, name="rung"))


def updates_to(history: pd.DataFrame, goal: float) -> float:
    """Updates until the median training has the exact match `goal` at an evaluation; inf if never."""
    median = history.groupby("step").exact_match.median()
    return median.index[median >= goal].min() if (median >= goal).any() else math.inf


def steps_up(runs: dict[str, Run]) -> pd.DataFrame:
    """Each rung's exact match minus that of the rung before, with Welch's 95% interval."""
    pairs = list(itertools.pairwise(run.scores.exact_match.dropna() for run in runs.values()))
    gains = [welch_interval(after, before)._asdict() for before, after in pairs]
    table = pd.DataFrame(gains, index=pd.Index(list(runs)[1:], name="rung"))
    return table.rename(columns={"mean": "difference"})


def _summary(run: Run, goal: float) -> dict:
    task = run.task
    times = takeoff_times(run.history, task)
    ceiling = 1 - task.empty_share()
    return {
        "trainings": len(run.scores),
        "updates": run.steps,
        "GeoMean, published": describe(run.scores.published_geo_mean),
        "of its ceiling": f"{run.scores.published_geo_mean.mean() / ceiling:.0%}",
        "exact match": describe(run.scores.exact_match),
        "median exact match": f"{run.scores.exact_match.median():.3f}",
        "took off": f"{(~times.censored).sum()} of {len(times)}",
        "median take-off": _time(median_takeoff(times), run.steps),
        f"median at {goal}": _time(updates_to(run.history, goal), run.steps),
    }


def _time(step: float, steps: int) -> str:
    return f"over {steps:,}" if math.isinf(step) else f"{step:,.0f}"


def _published(direction: str) -> Run:
    name = f"published-15-{direction}"
    return open_kept(name, published_runs()[name])


def _ladder(name: str) -> Run:
    name = f"ladder-{name}"
    return open_kept(name, ladder_runs()[name])


def _readable(name: str) -> str:
    return name.replace("lstm", "LSTM").replace("-", " ")
