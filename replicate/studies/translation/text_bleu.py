"""BLEU of whole text by sacrebleu, beside that of words: other projects report it so."""

import pandas as pd

from replicate.randomness import make_generators
from replicate.runs.folder import Run
from replicate.studies.claims.search import CANDIDATES, best_of_beam
from replicate.tasks.pairs import until_eos


def text_bleu_table(run: Run, width: int = CANDIDATES) -> pd.DataFrame:
    """One row a round: BLEU of its answers to the test split, as text against the translations as written.

    sacrebleu parts both into words by its own rules, which its `signature` names. A word out of the
    vocabulary counts in the translation, and UNK in an answer is wrong.
    """
    from sacrebleu.metrics import BLEU  # of the extra `translation`, which no table that is kept needs

    task, rounds, metric = run.task, range(run.config.training.rounds), BLEU()
    answer = best_of_beam(run.load_model(), task.max_target_length, width)
    texts: list[list[str]] = [[] for _ in rounds]
    for batch in task.batches("test", make_generators(0, rounds, "test"), 10**9):
        for own, rows in zip(texts, answer(batch).tolist(), strict=True):
            own += [task.target.decode(until_eos(row, task.target.eos)) for row in rows]
    right = [pair.target for pair in task.pairs("test")]
    scores = [metric.corpus_score(own, [right]).score for own in texts]
    signature = str(metric.get_signature())
    return pd.DataFrame({"round": rounds, "width": width, "bleu": scores, "signature": signature})
