"""Studies of which every run is wanted, because a text prints their numbers whatever they are."""

import pandas as pd

from replicate.files import RunError
from replicate.runs.folder import Run
from replicate.studies.judging import open_arms, study_verdicts
from replicate.studies.registration import registered
from replicate.studies.results import RESULTS


def all_arms(study: str) -> dict[str, Run]:
    """The arms that are kept under results/.

    Raises:
        RunError: one is missing, or damaged.
    """
    registration = registered(study)
    arms = open_arms(registration)
    for name in registration.arms:
        if name not in arms:
            raise RunError(
                f"{study}-{name} is not in {RESULTS / 'runs'}: `replicate replicate --only {study}` makes it"
            )
    return arms


def all_verdicts(study: str) -> pd.DataFrame:
    """`study_verdicts`, of which none waits for a run.

    Raises:
        RunError: one does.
    """
    all_arms(study)
    return study_verdicts(study)
