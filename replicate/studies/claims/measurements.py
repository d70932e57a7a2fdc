"""What is measured on the models of the studies of the paper's claims on primes, beyond their scores."""

from collections.abc import Callable

import pandas as pd

from replicate.evaluation.alignment import alignment_table
from replicate.models.layers import pick_rounds
from replicate.runs.folder import Run
from replicate.studies.claims.bucketing import bucketing_table
from replicate.studies.claims.lengths import commonness_table, length_table
from replicate.studies.claims.plan import claims_runs
from replicate.studies.claims.positions import position_table
from replicate.studies.claims.search import beam_table, ensemble_table, rescoring_table
from replicate.studies.claims.states import distance_table, encoder_table, state_map

SAMPLES = 4_000  # fresh ones a round
SIZES = [(1, 1), (1, 12), (2, 12), (5, 1), (5, 2), (5, 12)]  # models and width; all but the first the paper's
EXAMPLE = [50, 7, 12, 33, 61, 88, 90, 2, 45, 97, 14, 66, 3]  # a source for the alignment
ORDERS = [f"order-{k}" for k in range(1, 13)]  # of the values, from common to rare


def _by_arm(table: Callable[[Run, int], pd.DataFrame], samples: int, arms: list[str]):
    """A measurement of several arms, one table below the other."""
    return arms, lambda *runs: pd.concat(
        [table(run, samples).assign(arm=arm) for arm, run in zip(arms, runs, strict=True)], ignore_index=True
    )


def _rescored_both_ways(forward: Run, backward: Run) -> pd.DataFrame:
    return rescoring_table(forward, {"by forward": forward, "by reversed": backward}, SAMPLES)


def _alignment(attention: Run) -> pd.DataFrame:
    """Of the first training."""
    return alignment_table(pick_rounds([attention.load_model()], [0]), attention.task, EXAMPLE)


CLAIMS = {
    "beam": (["base"], lambda base: beam_table(base, [1, 2, 4, 12], SAMPLES)),
    "ensembles": (["base"], lambda base: ensemble_table(base, SIZES, SAMPLES)),
    "rescoring": (
        ["forward", "base"],
        lambda forward, base: rescoring_table(forward, {"rescored": base}, SAMPLES),
    ),
    "lengths": (["base"], lambda base: length_table(base, 5 * SAMPLES)),
    "lengths-attention": (["attention"], lambda attention: length_table(attention, 5 * SAMPLES)),
    "commonness": (["skewed"], lambda skewed: commonness_table(skewed, 5 * SAMPLES)),
    "distances": (["base"], lambda base: distance_table(base, 1_000)),
    "map": (["base"], lambda base: state_map(base, 25)),
    "alignment": (["attention"], _alignment),
    "bucketing": ([], lambda: bucketing_table(claims_runs()["claims-base"], 20)),
}

MEMORY = {
    "positions": _by_arm(position_table, 5 * SAMPLES, ["forward", "reversed"]),
    "ensembles": (["reversed"], lambda run: ensemble_table(run, SIZES, SAMPLES)),
    "rescoring": (["forward", "reversed"], _rescored_both_ways),
    "distances": (["reversed"], lambda run: encoder_table(run, 1_000)),
}

RARE = {"commonness": _by_arm(commonness_table, 5 * SAMPLES, ORDERS)}
