"""How often clipping binds and how many trainings fail, by depth and rate: the study *clipping*."""

import math

import pandas as pd

from replicate.runs.folder import Run
from replicate.studies.takeoff import outcomes


def clipping_table(runs: list[Run]) -> pd.DataFrame:
    """One row a depth, rate and limit: large gradients, failures, the loss of all that did not diverge.

    A gradient is large if its norm is above the limit, or above 1 where there is none.
    """
    rows = []
    for run in sorted(runs, key=_settings):
        failed = outcomes(run.history, run.task).failed
        rows.append(
            {
                "layers": run.config.model.layers,
                "rate": run.config.training.learning_rate,
                "limit": run.config.training.clip_norm or "none",
                "large gradients": f"{run.history.large_share.mean():.1%}",
                "largest norm": f"{run.history.gradient_norm_max.max():.3g}",
                "failed": f"{failed.sum():.0f} of {len(failed)}",
                "diverged": len(run.diverged),
                "nats": f"{run.scores.nats.mean():.3f}",
            }
        )
    return pd.DataFrame(rows)


def _settings(run: Run) -> tuple[int, float, float]:
    return (
        run.config.model.layers,
        run.config.training.learning_rate,
        run.config.training.clip_norm or math.inf,
    )
