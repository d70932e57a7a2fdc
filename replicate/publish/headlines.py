"""What the report's first page and the README say first: each a sentence and a table, from `results/`."""

from pandas import DataFrame

from replicate.claims.verdicts import claim_verdicts, readable_claims
from replicate.ladder import compare, open_rungs
from replicate.plan import published_runs
from replicate.results import RESULTS, read_training_table, reversal_trainings
from replicate.verdicts import (
    headline,
    readable,
    readable_reversal,
    reversal_headline,
    reversal_verdicts,
    row_verdicts,
)

LADDER_COLUMNS = ["GeoMean, published", "exact match", "took off", "median take-off"]
CLAIM_COLUMNS = ["measured", "effect, 95% interval", "verdict"]


def published_rows() -> tuple[str, DataFrame]:
    """Does the post's table reproduce?"""
    verdicts = row_verdicts(read_training_table(RESULTS / "published_table.csv", published_runs()))
    return headline(verdicts), readable(verdicts)


def reversal() -> tuple[str, DataFrame]:
    """Does reversing the source help, as the post finds?"""
    verdicts = reversal_verdicts(reversal_trainings())
    return reversal_headline(verdicts), readable_reversal(verdicts)


def ladder() -> tuple[str, DataFrame]:
    """What lifts the post's model."""
    rungs = open_rungs()
    table = compare(rungs, goal=0.99)
    exact = {name: run.scores.exact_match.mean() for name, run in rungs.items()}
    first, last = next(iter(exact)), list(exact)[-1]
    sentence = (
        f"At max_length 15 the post's model answers {exact[first]:.0%} of the sources exactly right; "
        f"the last rung below ({last}) {exact[last]:.0%}."
    )
    return sentence, table[LADDER_COLUMNS]


def claims() -> tuple[str, DataFrame]:
    """Which of the paper's claims stand on this task."""
    verdicts = claim_verdicts()
    counts = [f"{(verdicts.verdict == v).sum()} {v}" for v in ("supported", "not shown", "contradicted")]
    table = readable_claims(verdicts)[CLAIM_COLUMNS]
    return f"Of {len(verdicts)} claims about translation, on this task: {', '.join(counts)}.", table
