"""Every claim's size, beside the paper's where both have one unit."""

from importlib.resources import files

import pandas as pd

from replicate.files import RunError
from replicate.studies.claims.verdicts import claim_verdicts
from replicate.studies.judging import NOT_RUN, study_verdicts
from replicate.studies.registration import registrations

SHARED = ["memory", "depth"]  # studies whose effects rest on the same trainings, in whole or in part
NATS = "nats a token"


def fairer_studies() -> list[str]:
    """The registered studies that put the paper's claims to a fairer test."""
    return list(fairer_claims().index.unique("study"))


def fairer_verdicts() -> pd.DataFrame:
    """One row an effect of the fairer studies: `study_verdicts` below one another, with the study's name.

    They test the paper's claims, and what may explain one of them. What others claim, such as Britz et al.,
    is not in `fairer.csv` and has no row.

    Raises:
        RunError: `fairer.csv` names an effect that is not registered.
    """
    listed = fairer_claims().index
    tables = {study: study_verdicts(study) for study in fairer_studies()}
    both = pd.concat(tables, names=["study"])
    if unknown := [f"{effect} of {study}" for study, effect in listed.difference(both.index)]:
        raise RunError(f"fairer.csv names {unknown[0]}, which is not registered")
    return both[both.index.isin(listed)].reset_index("study")


def fairer_claims() -> pd.DataFrame:
    """`fairer.csv`: by study and effect, the paper's size if it reports the same unit, and a Chinese name."""
    with files("replicate.studies.claims").joinpath("fairer.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file, index_col=["study", "effect"])


def sizes() -> pd.DataFrame:
    """One row an effect, the registered claims first: estimate, interval, unit, verdict, and `trainings`.

    Claims with equal `trainings`, where that is not empty, rest on the same ones in whole or in part. Where
    the paper reports the same unit, `share` and its bounds are the effect divided by the paper's `size`.
    """
    first = claim_verdicts()
    first = first[first.by == "paper"].assign(study="claims").fillna({"trainings": ""})
    later = fairer_verdicts()
    later = later[later.verdict != NOT_RUN]
    known = fairer_claims()["size"]
    later = later.assign(
        unit=[unit_of(row.study, row.Index) for row in later.itertuples()],
        size=[known.get((row.study, row.Index)) for row in later.itertuples()],
        trainings=later.study.where(later.study.isin(SHARED), ""),
    )
    columns = ["study", "claim", "estimate", "low", "high", "unit", "size", "trainings", "verdict"]
    table = pd.concat([first[columns], later[columns].astype({"size": float})])
    shares = table[["estimate", "low", "high"]].div(table["size"], axis=0)
    return table.assign(share=shares.estimate, share_low=shares.low, share_high=shares.high)


def unit_of(study: str, effect: str) -> str:
    column = registrations()[study].effects[effect].of.column
    return NATS if column == "nats" else column.replace("_", " ")
