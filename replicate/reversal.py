"""What stands behind the means of forward and reversed trainings: how many take off, and how far those get.

Exploratory: nobody registered these two before the trainings were seen.
"""

import pandas as pd

from .runs import Run
from .statistics import share_difference, welch_interval
from .takeoff import takeoff_times
from .task import PrimeTask


def taken_off(run: Run, metric: str) -> tuple[pd.Series, int]:
    """The scores of the trainings that took off, and the number of all."""
    times = takeoff_times(run.history, PrimeTask.of(run.config))
    off = times[~times.censored]["round"]
    return run.scores.set_index("round")[metric].loc[off].dropna(), len(times)


def mixture(forward: Run, backward: Run, metric: str) -> pd.DataFrame:
    """Share that took off and mean of those, forward and reversed, and the differences with 95% intervals.

    The share's interval is Newcombe's, the mean's Welch's; rows are the two parts.
    """
    (ours, n), (theirs, m) = (taken_off(run, metric) for run in (forward, backward))
    share = share_difference(len(theirs), m, len(ours), n)
    mean = welch_interval(theirs, ours)
    rows = {
        "share that took off": (f"{len(ours)} of {n}", f"{len(theirs)} of {m}", share),
        "mean of those": (f"{ours.mean():.3f}", f"{theirs.mean():.3f}", mean),
    }
    return pd.DataFrame(
        {
            name: {
                "forward": first,
                "reversed": second,
                "difference": f"{found.mean:+.3f} [{found.low:+.3f}, {found.high:+.3f}]",
            }
            for name, (first, second, found) in rows.items()
        }
    ).T


def stuck(runs: list[Run], metric: str) -> float:
    """The mean score of the trainings that never took off, over several runs."""
    values = []
    for run in runs:
        times = takeoff_times(run.history, PrimeTask.of(run.config))
        values += run.scores.set_index("round")[metric].loc[times[times.censored]["round"]].tolist()
    return pd.Series(values).mean()
