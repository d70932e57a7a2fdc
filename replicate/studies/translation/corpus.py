"""The text of the study in numbers: none of its sentences is kept."""

import pandas as pd

from replicate.evaluation.evaluate import evaluate, oracle_answer
from replicate.randomness import make_generators
from replicate.settings import RunConfig
from replicate.tasks import task_of
from replicate.tasks.translation.tokens import unknown_rate, words


def corpus_table(config: RunConfig) -> pd.DataFrame:
    """One row a split: its size, what the vocabularies lack, and BLEU without a model.

    `retrieval` is the baseline's BLEU; `oracle` that of the target itself, of which no word out of the
    vocabulary counts as right.
    """
    task = task_of(config.task)
    rows = []
    for name, pairs in vars(task.splits).items():
        sides = {"source": [pair.source for pair in pairs], "target": [pair.target for pair in pairs]}
        row = {"split": name, "pairs": len(pairs), "pages": len({pair.group for pair in pairs})}
        for side, texts in sides.items():
            row[f"{side}_words"] = sum(len(words(text)) for text in texts)
            row[f"{side}_types"] = getattr(task, side).size
            row[f"{side}_unknown"] = unknown_rate(getattr(task, side), texts)
        for label, answer in (("retrieval", task.baselines["retrieval"]), ("oracle", oracle_answer)):
            generators = make_generators(0, range(1), "corpus")
            scored = name != "train"  # retrieval would find the sentence itself
            scores = evaluate(answer, task, generators, range(1), 10**9, name).scores if scored else None
            row[label] = scores.bleu[0] if scored else float("nan")
        rows.append(row)
    return pd.DataFrame(rows)
