"""Where a rule changed after a run that it judges had finished: both verdicts, the first rule's first.

The rule as first written decides wherever it could be applied; `results/rules.md` tells each story.
"""

from typing import NamedTuple

import pandas as pd

from replicate.statistics import holm
from replicate.studies.claims.verdicts import changed_length, claim_verdicts, ensemble_beam, needs_the_gain
from replicate.studies.published.plan import published_runs
from replicate.studies.published.reversal import reversal_verdicts, with_size
from replicate.studies.published.verdicts import row_verdicts
from replicate.studies.results import RESULTS, read_training_table, reversal_trainings
from replicate.studies.rules import LEVEL, claim_verdict


class Deviation(NamedTuple):
    """One change of a rule."""

    what: str
    first: str  # the outcome by the rule as first written
    changed: str
    why: str


def deviations() -> pd.DataFrame:
    """Every change, those on the post's table (`about` the post) first, then those on the paper's claims."""
    about = {"the post": [*_rows(), *_reversal()], "the paper": _claims()}
    tables = {name: pd.DataFrame(rows).set_index("what") for name, rows in about.items()}
    columns = {"first": "as first written", "changed": "as changed"}
    return pd.concat(tables, names=["about"]).rename(columns=columns)


def _rows() -> list[Deviation]:
    table = row_verdicts(read_training_table(RESULTS / "published_table.csv", published_runs()))
    corrected, plain = ((p < LEVEL).sum() for p in (table.p_holm, table.p))
    return [
        Deviation(
            "The six published rows",
            f"Holm's correction over the rows: smallest p {table.p_holm.min():.2f}, {corrected} not "
            "reproduced",
            f"no correction: smallest p {table.p.min():.2f}, {plain} not reproduced",
            "a correction makes agreement easier, which is what a replication hopes for",
        ),
        Deviation(
            "Baselines",
            "in every table",
            "in tables of their own",
            "no verdict rests on them",
        ),
    ]


def _reversal() -> list[Deviation]:
    """At max_length 15: the study's trainings alone or pooled with the rows' own, and the later label."""
    rows = read_training_table(RESULTS / "published_table.csv", published_runs())
    trainings = reversal_trainings()
    pooled = pd.concat([trainings, rows[rows.max_length == 15]], ignore_index=True)
    alone, both = (next(_at_15(table).itertuples()) for table in (trainings, pooled))
    what = "Reversing the source helps at max_length 15"
    return [
        Deviation(
            what,
            f"80 *further* trainings a direction, here pooled with the table's ten: {_gain(both)}",
            f"the 80 alone: {_gain(alone)}. This reading is the one shown",
            "the first wording left open whether the rows' trainings count; it was made plain after these "
            "were done, before the study's began",
        ),
        Deviation(
            f"{what}, how small",
            alone.verdict,
            with_size(alone),
            "the label for a small difference was added after the study had ended",
        ),
    ]


def _at_15(table: pd.DataFrame) -> pd.DataFrame:
    verdicts = reversal_verdicts(table)
    return verdicts[verdicts.max_length == 15]


def _claims() -> list[Deviation]:
    verdicts = claim_verdicts()
    length, beam, britz = (verdicts.loc[name] for name in ("length", "beam-2", "reversal-depth"))
    later, ensembles = changed_length(), ensemble_beam()
    own = verdicts[verdicts.by == "paper"]
    alone = [claim_verdict(row.estimate, p) for row, p in zip(own.itertuples(), holm(own.p), strict=True)]
    return [
        Deviation(
            length.claim,
            f"{length.measured}: {_size(length)}, {length.verdict}",
            f"{later.measured}: {_size(later)}, {later.verdict}",
            "no test can show that there is no difference, only that it is small; but the base run, with its "
            "scores by length, had finished before",
        ),
        Deviation(
            beam.claim,
            f"single models: {_size(beam)}, {beam.verdict}",
            f"only if the beam of 12 helps: {needs_the_gain(verdicts)}",
            "most of a gain needs a gain",
        ),
        Deviation(
            f"{beam.claim}, for ensembles",
            f"single models: {_size(beam)}, {beam.verdict}",
            f"ensembles of five: {_size(ensembles)}, {claim_verdict(ensembles.estimate, ensembles.p)} "
            "without correction, exploratory",
            "the paper has this on ensembles of five",
        ),
        Deviation(
            britz.claim,
            f"among {len(verdicts)} claims: {_size(britz)}, {britz.verdict}",
            f"no claim of the paper's; without it {(own.verdict != alone).sum()} of the {len(own)} others "
            "change",
            "Britz et al. are not the paper",
        ),
        Deviation(
            "Trainings that diverge",
            "nothing was said; none diverged",
            "left out and counted; none diverged",
            "a loss without a number has no mean",
        ),
        Deviation(
            "Candidates without EOS, in rescoring",
            "scored as any other: never measured",
            f"cannot win: {_size(verdicts.loc['rescoring'])}, {verdicts.verdict['rescoring']}. "
            "This rule is the one shown",
            "the first rule would have ended in an error wherever such a candidate came up",
        ),
        Deviation(
            "Timing of batches",
            "random batches always first: never measured",
            f"the two take turns: {_size(verdicts.loc['bucketing'])}, {verdicts.verdict['bucketing']}. "
            "This rule is the one shown",
            "whichever comes first may find the machine in another state",
        ),
    ]


def _size(row) -> str:
    return f"{row.estimate:+.3f} [{row.low:+.3f}, {row.high:+.3f}]"


def _gain(row) -> str:
    return f"{row.difference:+.3f} [{row.low:+.3f}, {row.high:+.3f}], {row.verdict}"
