"""What is measured on the models of the studies of translation, beyond their scores, and on their rival."""

from replicate.settings import RunConfig
from replicate.studies.registration import registered
from replicate.studies.translation.corpus import corpus_table
from replicate.studies.translation.examples import alignment_of_example, examples_table
from replicate.studies.translation.phrases import phrase_distances, phrase_map
from replicate.studies.translation.rival import rescoring_table, rival_table
from replicate.studies.translation.sentences import answers_table, nats_table, retrieval_table
from replicate.studies.translation.speed import bucketing
from replicate.studies.translation.text_bleu import text_bleu_table
from replicate.tasks import task_of

SEARCHES = [(models, width) for models in (1, 2, 5) for width in (1, 2, 12)]  # the paper's Table 1 among them


def _by_sentence(arms: list[str]):
    """Three tables an arm, of its own models alone."""
    nats = {f"nats-{arm}": ([arm], nats_table) for arm in arms}
    nats |= {f"text-{arm}": ([arm], text_bleu_table) for arm in arms}
    return nats | {f"answers-{arm}": ([arm], lambda run: answers_table(run, SEARCHES)) for arm in arms}


def _forward() -> RunConfig:
    """Settings of the study's text and model, as good as those of any other arm."""
    return registered("translation").runs["translation-forward-a"]


TRANSLATION = {
    "corpus": ([], lambda: corpus_table(_forward())),
    "retrieval": ([], lambda: retrieval_table(task_of(_forward().task))),
    **_by_sentence([f"{way}-{block}" for block in "ab" for way in ("forward", "reversed")]),
    # Not registered: looked at, and judged by no rule.
    "phrases": (["reversed-a"], phrase_distances),
    "map": (["reversed-a"], phrase_map),
    "examples": (["reversed-a"], examples_table),
    "bucketing": ([], lambda: bucketing(_forward().changed(bucket=False))),
}

ATTENTION = {
    **_by_sentence(["forward"]),
    "examples": (["forward"], examples_table),
    "alignment": (["forward"], alignment_of_example),
}

# Of a study of one more kind of model, which reads the source in one direction.
OF_A_KIND = {
    direction: {**_by_sentence([direction]), "examples": ([direction], examples_table)}
    for direction in ("forward", "reversed")
}

# Of the study translation-rival; without a model, the rival's own rows come first.
RIVAL = {
    "rival": ([], lambda: rival_table(task_of(_forward().task))),
    "rescoring-reversed": (["reversed"], rescoring_table),
}
