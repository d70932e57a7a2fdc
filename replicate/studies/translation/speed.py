"""What batches of similar length save, on text (the paper, section 3.4)."""

import numpy as np
import pandas as pd

from replicate.settings import RunConfig
from replicate.studies.claims.bucketing import bucketing_table

REPEATS = 5


def bucketing(config: RunConfig) -> pd.DataFrame:
    """`bucketing_table`, with the logarithm of the time: half the time is one less."""
    table = bucketing_table(config, REPEATS).rename(columns={"arm": "batches"})  # an arm is a run's here
    return table.assign(log2_seconds=np.log2(table.seconds))
