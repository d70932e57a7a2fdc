"""The paper's Table 2 beside ours: the phrase-based system's lists, rescored by LSTMs."""

import numpy as np
import pandas as pd

from replicate.studies.measuring import folder, read_measurement
from replicate.studies.translation.tables import PAPER_BLEU, scores_by_unit

STUDY = "translation-rival"
# Stage and number of models -> how it is called, and BLEU in the paper (Tables 1 and 2).
ROWS = {
    ("rival", 0): ("phrase-based system", 33.30),
    ("own", 1): ("one LSTM alone", PAPER_BLEU["reversed", 1, 12]),
    ("own", 5): ("five LSTMs alone", PAPER_BLEU["reversed", 5, 12]),
    ("even", 1): ("its lists rescored by one", 35.85),
    ("even", 5): ("its lists rescored by five", 36.5),
    ("tuned", 1): ("the same by one, weight tuned", np.nan),
    ("tuned", 5): ("the same by five, weight tuned", np.nan),
    ("oracle", 0): ("the best of its lists", 45.0),  # "about"
}


def rescored_table() -> pd.DataFrame:
    """One row a kind of answers: mean BLEU on the test split, how many it is over, and the paper's.

    `weight` is the mean of what a model's log probability has, where the system's score has 1. Without its
    measurement the table is empty.

    Raises:
        RunError: the measurement was changed, or belongs to another training.
    """
    columns = ["bleu", "n", "weight", "paper"]
    if not (folder(STUDY) / "rescoring-reversed.csv").exists():
        return pd.DataFrame(columns=columns)
    groups = read_measurement(STUDY, "rescoring-reversed").groupby(["stage", "models"])
    rows = {}
    for kind, (name, paper) in ROWS.items():
        own = groups.get_group(kind)
        bleu = scores_by_unit(own.assign(unit=own["round"]), "bleu")
        rows[name] = [np.mean(bleu), len(bleu), own.weight.mean(), paper]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)
