"""What was tested on text, beside the test of the same claim on primes."""

from importlib.resources import files

import pandas as pd

from replicate.studies.claims.sizes import NATS, unit_of
from replicate.studies.claims.verdicts import claim_verdicts
from replicate.studies.judging import study_verdicts

TASKS = ["primes", "text"]
POINTS = "points of 100"


def counterparts() -> pd.DataFrame:
    """One row a claim and task, where it was tested: estimate, interval, unit and verdict.

    `kinds` says that it holds one kind of model against another, and not a way to use one.
    Scores that lie between 0 and 1 are in points of 100 here, as BLEU is.
    """
    with files(__package__).joinpath("counterparts.csv").open(encoding="utf-8") as file:
        listed = pd.read_csv(file)
    rows = []
    for row in listed.itertuples():
        places = {"primes": (row.primes_study, row.primes_effect), "text": (row.study, row.effect)}
        for task, (study, effect) in places.items():
            if isinstance(study, str):
                kinds = {"claim": row.claim, "task": task, "kinds": bool(row.kinds)}
                rows.append(kinds | _measured(study, effect))
    return pd.DataFrame(rows)


def _measured(study: str, effect: str) -> dict:
    if study == "claims":  # planned in code, before there were registrations
        row = claim_verdicts().loc[effect]
        unit = row.unit
    else:
        row, unit = study_verdicts(study).loc[effect], unit_of(study, effect)
    scale = 100 if unit not in (NATS, "bleu") else 1
    numbers = {name: scale * row[name] for name in ("estimate", "low", "high")}
    return {**numbers, "unit": unit if unit == NATS else POINTS, "verdict": row.verdict}
