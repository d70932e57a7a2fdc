"""When a training leaves the plateau on which it answers by the frequencies of the task alone.

Take-off is the first evaluation point at which the published PSA reaches a tenth of the ceiling; chance is a
twenty-fifth. A training that ends before that is *censored*: it might have taken off later. One that
diverges is censored there. A mean over such times would be wrong; Kaplan and Meier's estimate uses both.
"""

import math

import pandas as pd
from scipy import stats

from replicate.files import RunError
from replicate.tasks.primes.task import PrimeTask
from replicate.tasks.task import Task

SHARE_OF_CEILING = 0.1


def refuse_without_plateau(task: Task) -> None:
    """Refuse a task of which nobody has said what its plateau is."""
    if task.Settings.kind != "primes":
        raise RunError(f"take-off is defined for primes; a study of {task.Settings.kind} cannot require it")


def threshold(task: PrimeTask) -> float:
    """The published PSA at which a training has taken off.

    Raises:
        RunError: the task is not primes; what its plateau is nobody has said.
    """
    refuse_without_plateau(task)
    return SHARE_OF_CEILING * (1 - task.empty_share())


def takeoff_times(history: pd.DataFrame, task: PrimeTask) -> pd.DataFrame:
    """One row a round: `step` of take-off, or of its last update where `censored`."""
    level, rows = threshold(task), []
    for round_index, curve in history.sort_values("step").groupby("round"):
        off = curve[curve.published_psa >= level]
        step = _last_update(curve) if off.empty else off.step.iloc[0]
        rows.append({"round": round_index, "step": int(step), "censored": off.empty})
    return pd.DataFrame(rows)


def _last_update(curve: pd.DataFrame) -> int:
    """Of one training: where it diverged, or its last evaluation."""
    diverged = curve.diverged.max() if "diverged" in curve else 0
    return diverged if diverged > 0 else curve.step.iloc[-1]


def still_on_plateau(times: pd.DataFrame) -> pd.DataFrame:
    """Kaplan and Meier's share of trainings not yet taken off: columns step and share, from step 0 on."""
    data = stats.CensoredData(uncensored=times[~times.censored].step, right=times[times.censored].step)
    survival = stats.ecdf(data).sf
    table = pd.DataFrame({"step": survival.quantiles, "share": survival.probabilities})
    return pd.concat([pd.DataFrame({"step": [0.0], "share": [1.0]}), table], ignore_index=True)


def median_takeoff(times: pd.DataFrame) -> float:
    """The first step by which half of the trainings have taken off, by Kaplan and Meier; inf if never."""
    share = still_on_plateau(times)
    half = share.share <= 0.5 + 1e-9  # a product, whose last bits may be above
    return share.step[half].min() if half.any() else math.inf


OUTCOMES = ["round", "failed", "below"]  # the columns of `outcomes`


def outcomes(history: pd.DataFrame, task: PrimeTask) -> pd.DataFrame:
    """One row a round: whether it `failed`, and the share of the points after take-off `below` the threshold.

    A training fails if it diverges or never takes off; `below` is NaN where no point follows a take-off, and
    of one that diverges, whose later points have no scores.
    """
    times = takeoff_times(history, task).set_index("round")
    rows = []
    for round_index, curve in history.groupby("round"):
        time = times.loc[round_index]
        later = curve[curve.step > time.step] if not time.censored else curve[:0]
        lost = "diverged" in curve and bool(curve.diverged.max() > 0)
        below = (later.published_psa < threshold(task)).mean() if len(later) and not lost else math.nan
        rows.append({"round": round_index, "failed": float(lost or time.censored), "below": below})
    return pd.DataFrame(rows)
