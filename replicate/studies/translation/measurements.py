"""What is measured on the models of the study of translation, beyond their scores."""

from replicate.studies.registration import registered
from replicate.studies.translation.corpus import corpus_table
from replicate.studies.translation.examples import examples_table
from replicate.studies.translation.phrases import phrase_distances, phrase_map
from replicate.studies.translation.sentences import answers_table, nats_table
from replicate.studies.translation.speed import bucketing

SEARCHES = [(models, width) for models in (1, 2, 5) for width in (1, 2, 12)]  # the paper's Table 1


def _by_sentence(arms: list[str]):
    """Two tables an arm, of its own models alone."""
    nats = {f"nats-{arm}": ([arm], nats_table) for arm in arms}
    return nats | {f"answers-{arm}": ([arm], lambda run: answers_table(run, SEARCHES)) for arm in arms}


TRANSLATION = {
    "corpus": ([], lambda: corpus_table(registered("translation").runs["translation-forward-a"])),
    **_by_sentence([f"{way}-{block}" for block in "ab" for way in ("forward", "reversed")]),
    # Not registered: looked at, and judged by no rule.
    "phrases": (["reversed-a"], phrase_distances),
    "map": (["reversed-a"], phrase_map),
    "examples": (["reversed-a"], examples_table),
    "bucketing": (
        [],
        lambda: bucketing(registered("translation").runs["translation-forward-a"].changed(bucket=False)),
    ),
}
