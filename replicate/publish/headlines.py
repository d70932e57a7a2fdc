"""What the report's first page and the README say first: each a sentence and a table, from `results/`."""

from typing import NamedTuple

from pandas import DataFrame, Series, concat

from replicate.statistics import readable_p
from replicate.studies.claims.sizes import fairer_verdicts, sizes
from replicate.studies.claims.verdicts import claim_verdicts, readable_claims
from replicate.studies.complete import all_verdicts
from replicate.studies.judging import NOT_RUN, readable_study, study_verdicts
from replicate.studies.ladder.rungs import compare, open_rungs
from replicate.studies.published.plan import published_runs
from replicate.studies.published.reversal import readable_reversal, reversal_headline, reversal_verdicts
from replicate.studies.published.verdicts import headline, readable, row_verdicts
from replicate.studies.registration import registrations
from replicate.studies.results import RESULTS, read_training_table, reversal_trainings
from replicate.studies.translation.kinds import kinds_table
from replicate.studies.translation.tables import others_table, verdicts_by_study
from replicate.tasks import task_of

LADDER_COLUMNS = ["GeoMean, published", "exact match", "took off", "median take-off"]
CLAIM_COLUMNS = ["the paper", "measured", "effect, 95% interval", "verdict"]
FAIRER_COLUMNS = ["said", "n", "effect, 95% interval", "verdict"]


class Finding(NamedTuple):
    """A question that the project asks, the answer in a sentence, and where it is shown."""

    question: str
    answer: str
    notebook: str  # without .ipynb
    figure: str | None  # a name in the catalogue


def findings() -> list[Finding]:
    """What a reader is told first."""
    return [
        Finding("Does the post's table reproduce?", _reproduced(), "05_published", None),
        Finding("Why are its scores low?", ladder()[0], "06_why", "ladder"),
        Finding("Do the paper's claims hold on this task?", _claimed(), "07_claims", "claims-forest"),
        Finding("And in translation, in miniature?", _translated(), "08_translation", "translation-table-1"),
    ]


def _reproduced() -> str:
    (again,) = all_verdicts("reversal-10").itertuples()
    return (
        f"{published_rows()[0]} *Consistent* means that nothing speaks against a row, and that ten trainings "
        "are too few to say more. Its gain by reversing the source, at max_length 10 with fresh trainings: "
        f"{again.estimate:+.3f}, {again.verdict}."
    )


def _claimed() -> str:
    tested, first = sizes().verdict, claim_verdicts().verdict
    return (
        f"That reversing the source helps is {first['reversal-1']}, a beam of 12 {first['beam-12']}, five "
        f"models together {first['ensemble']}, deeper models {first['depth']}. Of {len(tested)} tests of the "
        f"paper's claims and of what may explain them, {_counted(tested)}."
    )


def _translated() -> str:
    bleu, kinds = others_table().bleu, kinds_table()
    wide, five = kinds["beam 12"], kinds["five, beam 12"]
    verdicts = verdicts_by_study()
    beaten, tested = verdicts["translation-rival"]["ensemble"], concat(verdicts.values())
    deeper = verdicts["translation-depth"]["nats"]
    return (
        f"One LSTM with reversed sources has {wide['LSTM, reversed']:.1f} BLEU on average, five together "
        f"have {five['LSTM, reversed']:.1f}; a look-up of the most similar sentence has "
        f"{bleu['retrieval']:.1f}, and a phrase-based system of the paper's kind "
        f"{bleu['phrase-based system']:.1f}.{_with_attention(kinds)} That five LSTMs beat the phrase-based "
        f"system, the paper's headline, is {beaten} by five of another seed; that a second layer helps, "
        f"after equal updates, is {deeper}. Of {len(tested)} tests, {_counted(tested)}."
    )


def _with_attention(kinds: DataFrame) -> str:
    if "LSTM with attention" not in kinds.index:
        return ""
    own, base = kinds.loc["LSTM with attention"], kinds.loc["LSTM, reversed"]
    return (
        f" One LSTM with attention, which reads the source forward, has {own['beam 12']:.1f} after "
        f"{own.updates:,.0f} updates, where the others have {base.updates:,.0f}."
    )


def _counted(verdicts: Series) -> str:
    return ", ".join(
        f"{count} {'is' if count == 1 else 'are'} {verdict}"
        for verdict, count in verdicts.value_counts().items()
    )


def published_rows() -> tuple[str, DataFrame]:
    """Does the post's table reproduce?"""
    verdicts = row_verdicts(read_training_table(RESULTS / "published_table.csv", published_runs()))
    return headline(verdicts), readable(verdicts)


def reversal() -> tuple[str, DataFrame]:
    """Does reversing the source help, as the post finds?"""
    verdicts = reversal_verdicts(reversal_trainings())
    (again,) = all_verdicts("reversal-10").itertuples()
    sentence = (
        f"{reversal_headline(verdicts)} Asked again at max_length 10 with {again.n.replace(', ', ' and ')} "
        f"fresh trainings: {again.estimate:+.3f} [{again.low:+.3f}, {again.high:+.3f}], p "
        f"{readable_p(again.p)}, {again.verdict}."
    )
    return sentence, readable_reversal(verdicts)


def ladder() -> tuple[str, DataFrame]:
    """What lifts the post's model."""
    rungs = open_rungs()
    table = compare(rungs, goal=0.99)
    exact = {name: run.scores.exact_match.mean() for name, run in rungs.items()}
    first, last = next(iter(exact)), list(exact)[-1]
    sentence = (
        f"At max_length 15 the post's model answers {exact[first]:.0%} of the sources exactly right, where "
        f"always answering nothing is right in {task_of(rungs[first].config.task).empty_share():.0%}; after "
        f"{len(exact) - 1} changes, one upon the other, it is {exact[last]:.0%}."
    )
    return sentence, table[LADDER_COLUMNS]


def claims() -> tuple[str, DataFrame]:
    """Which of the paper's claims stand on this task, by the rules as first written."""
    verdicts = claim_verdicts()
    own = verdicts.by == "paper"
    sentence = f"What does not stand, by the rules as first written: {_but(verdicts[own])}."
    return sentence, readable_claims(verdicts)[own.to_numpy()][CLAIM_COLUMNS]


def fairer() -> tuple[str, DataFrame]:
    """The fairer tests that have been run, and the studies that have not been."""
    verdicts = fairer_verdicts()
    run = verdicts[verdicts.verdict != NOT_RUN]
    later = [name for name in registrations() if (study_verdicts(name).verdict == NOT_RUN).any()]
    sentence = f"What does not stand in the fairer tests: {_but(run)}."
    sentence += f" Registered and not run to the end: {', '.join(later)}." if later else ""
    return sentence, readable_study(run)[FAIRER_COLUMNS]


def _but(verdicts: DataFrame) -> str:
    """The claims that are not supported, each with its verdict."""
    others = [f"*{row.claim}* ({row.verdict})" for row in verdicts.itertuples() if row.verdict != "supported"]
    return ", ".join(others) or "nothing"
