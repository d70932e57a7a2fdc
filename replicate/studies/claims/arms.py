"""The runs behind the claims: one base, and arms that change one or two settings of it."""

import numpy as np
import pandas as pd

from replicate.runs.folder import Run
from replicate.studies.claims.plan import ARMS, claims_runs
from replicate.studies.convergence import fall, learnt
from replicate.studies.results import open_kept


def open_arms() -> dict[str, Run]:
    """The kept runs by the name of their arm."""
    return {name.removeprefix("claims-"): open_kept(name, config) for name, config in claims_runs().items()}


def arm_table(arms: dict[str, Run]) -> pd.DataFrame:
    """One row an arm: what it changes, and means over its trainings; the perplexity is of the mean nats."""
    rows = [
        {
            "change": ", ".join(f"{setting} {value}" for setting, value in ARMS[name].items()),
            "trainings": len(run.scores),
            "diverged": int(run.scores.nats.isna().sum()),
            "nats": run.scores.nats.mean(),
            "perplexity": np.exp(run.scores.nats.mean()),
            "learnt": learnt(run),
            "still falling": fall(run),
            "exact match": run.scores.exact_match.mean(),
            "GeoMean": run.scores.geo_mean.mean(),
        }
        for name, run in arms.items()
    ]
    return pd.DataFrame(rows, index=pd.Index(arms, name="arm"))
