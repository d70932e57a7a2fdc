"""Where a rule changed after a run that it judges had finished: both verdicts, the first rule's first.

The rule as first written decides, here and everywhere else; `results/rules.md` tells each story.
"""

import pandas as pd

from .claims.verdicts import changed_length, claim_verdicts, ensemble_beam, paper_claims
from .plan import published_runs
from .results import RESULTS, read_training_table, reversal_trainings
from .reversal import reversal_verdicts
from .statistics import holm
from .verdicts import LEVEL, claim_verdict, row_verdicts


def deviations() -> pd.DataFrame:
    """One row a change: what it concerns, both verdicts, and why it was made."""
    claims = claim_verdicts()
    rows = [*_length(claims), *_beam(claims), *_britz(claims), *_reversal(), *_rows()]
    return pd.DataFrame(rows).set_index("what")


def _length(claims: pd.DataFrame) -> list[dict]:
    first, later = claims.loc["length"], changed_length()
    return [
        {
            "what": first.claim,
            "as first written": f"{first.measured}: {_size(first)}, {first.verdict}",
            "as changed": f"{later.measured}: {_size(later)}, {later.verdict}",
            "why": "no test can show that there is no difference, only that it is small; but the base run, "
            "with its scores by length, had finished 28 minutes before",
        }
    ]


def _beam(claims: pd.DataFrame) -> list[dict]:
    first, later = claims.loc["beam-2"], ensemble_beam()
    return [
        {
            "what": first.claim,
            "as first written": f"single models: {_size(first)}, {first.verdict}",
            "as changed": f"ensembles of five: {_size(later)}, "
            f"{claim_verdict(later.estimate, later.p)} without correction",
            "why": "the paper has this on ensembles of five",
        }
    ]


def _britz(claims: pd.DataFrame) -> list[dict]:
    """Every claim of the paper's own, judged in the family of all and in that of the paper's alone."""
    own = claims[paper_claims().by == "paper"]
    alone = [claim_verdict(row.estimate, p) for row, p in zip(own.itertuples(), holm(own.p), strict=True)]
    changed = own.claim[own.verdict != alone]
    dropped = claims.drop(index=own.index).iloc[0]
    return [
        {
            "what": dropped.claim,
            "as first written": f"among {len(claims)} claims: {_size(dropped)}, {dropped.verdict}",
            "as changed": f"no claim of the paper's; of the {len(own)} others "
            + (f"{', '.join(changed)} changes" if len(changed) else "no verdict changes without it"),
            "why": "Britz et al. are not the paper",
        }
    ]


def _reversal() -> list[dict]:
    """At max_length 15: the study's trainings alone, or pooled with those of the table's rows."""
    rows = read_training_table(RESULTS / "published_table.csv", published_runs())
    trainings = reversal_trainings()
    alone = reversal_verdicts(trainings).set_index("max_length").loc[15]
    pooled = pd.concat([trainings, rows[rows.max_length == 15]], ignore_index=True)
    both = reversal_verdicts(pooled).set_index("max_length").loc[15]
    return [
        {
            "what": "Reversing the source helps at max_length 15",
            "as first written": f"80 *further* trainings a direction, here pooled with the table's ten: "
            f"{both.difference:+.3f} [{both.low:+.3f}, {both.high:+.3f}], {both.verdict}",
            "as changed": f"the 80 alone: {alone.difference:+.3f} [{alone.low:+.3f}, {alone.high:+.3f}], "
            f"{alone.verdict}",
            "why": "the first wording left open whether the rows' trainings count; it was made plain after "
            "these were done, before the study's began",
        }
    ]


def _rows() -> list[dict]:
    table = row_verdicts(read_training_table(RESULTS / "published_table.csv", published_runs()))
    refused = (table.p < LEVEL).sum()
    return [
        {
            "what": "The six published rows",
            "as first written": f"Holm's correction over the rows: smallest p {table.p_holm.min():.2f}, "
            f"{(table.p_holm < LEVEL).sum()} not reproduced",
            "as changed": f"no correction: smallest p {table.p.min():.2f}, {refused} not reproduced",
            "why": "a correction makes agreement easier, which is what a replication hopes for",
        }
    ]


def _size(row) -> str:
    return f"{row.estimate:+.3f} [{row.low:+.3f}, {row.high:+.3f}]"
