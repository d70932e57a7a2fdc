"""Every claim's size, beside the paper's where both have one unit."""

import pandas as pd

from ..judging import NOT_RUN, study_verdicts
from ..registration import registrations
from .verdicts import claim_verdicts

# The studies that put the paper's claims to a fairer test, each with a registration of its own.
FAIRER = ["memory", "rare", "rnn", "clipping"]
NATS = "nats a token"


def fairer_verdicts() -> pd.DataFrame:
    """One row an effect of the fairer studies: `study_verdicts` below one another, with the study's name."""
    tables = {study: study_verdicts(study) for study in FAIRER}
    return pd.concat(tables, names=["study"]).reset_index("study")


def sizes() -> pd.DataFrame:
    """One row an effect, the registered sixteen first: estimate, interval, unit, verdict, and `same_models`.

    Where the paper reports the same unit, `share` and its bounds are the effect divided by the paper's.
    """
    first = claim_verdicts()
    first = first[first.by == "paper"].rename(columns={"on_base": "same_models"}).assign(study="claims")
    later = fairer_verdicts()
    later = later[later.verdict != NOT_RUN].assign(same_models=False, size=float("nan"))
    later["unit"] = [_unit(row.study, row.Index) for row in later.itertuples()]
    columns = ["study", "claim", "estimate", "low", "high", "unit", "size", "same_models", "verdict"]
    table = pd.concat([first[columns], later[columns]])
    shares = table[["estimate", "low", "high"]].div(table["size"], axis=0)
    return table.assign(share=shares.estimate, share_low=shares.low, share_high=shares.high)


def _unit(study: str, effect: str) -> str:
    column = registrations()[study].effects[effect].of.column
    return NATS if column == "nats" else column.replace("_", " ")
