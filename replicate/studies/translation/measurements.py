"""What is measured on the models of the studies of translation, beyond their scores."""

from replicate.studies.registration import registered
from replicate.studies.translation.corpus import corpus_table
from replicate.studies.translation.examples import alignment, examples_table
from replicate.studies.translation.phrases import phrase_distances, phrase_map
from replicate.studies.translation.sentences import answers_table, nats_table
from replicate.studies.translation.speed import bucketing

# Numbers of models and widths of beams: those of the paper's Table 1, and the widest alone.
TABLE_1 = [(models, width) for models in (1, 2, 5) for width in (1, 2, 12)]
WIDEST = [(1, 12), (5, 12)]


def _by_sentence(arms: list[str], searches: list[tuple[int, int]]):
    """Two tables an arm, of its own models alone."""
    nats = {f"nats-{arm}": ([arm], nats_table) for arm in arms}
    return nats | {f"answers-{arm}": ([arm], lambda run: answers_table(run, searches)) for arm in arms}


TRANSLATION = {
    "corpus": ([], lambda: corpus_table(registered("translation").runs["translation-forward-a"])),
    **_by_sentence([f"{way}-{block}" for block in "ab" for way in ("forward", "reversed")], TABLE_1),
}

ARCHITECTURES = {
    **_by_sentence(
        [
            *("lstm", "lstm-forward", "attention", "attention-reversed", "rnn", "rnn-forward"),
            *("2-layers", "4-layers", "subwords", "sgd", "sgd-free", "free", "unbucketed"),
        ],
        WIDEST,
    ),
    "phrases": (["lstm"], phrase_distances),
    "map": (["lstm"], phrase_map),
    "alignment": (["attention"], alignment),
    "examples": (["lstm", "attention"], lambda lstm, attention: examples_table(lstm, attention)),
    "bucketing": ([], lambda: bucketing(registered("architectures").runs["architectures-unbucketed"])),
}
