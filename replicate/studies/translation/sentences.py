"""What is known of every test sentence, for every training: counts, no words.

Scores of a corpus, such as BLEU, follow from sums of these over any sentences, so that intervals can be taken
over trainings and sentences (`studies/bootstrap.py`).
"""

from collections.abc import Callable

import pandas as pd
import torch
from torch import Tensor, nn

from replicate.decoding import token_log_probability
from replicate.models.ensemble import Ensemble
from replicate.models.layers import pick_rounds
from replicate.randomness import make_generators
from replicate.runs.folder import Run
from replicate.studies.claims.search import best_of_beam
from replicate.tasks.batch import Batch
from replicate.tasks.task import Answer
from replicate.tasks.translation.metrics import bleu
from replicate.tasks.translation.task import TranslationTask
from replicate.tasks.translation.tokens import UNK

COUNTS = [*(f"matches_{n}" for n in range(1, 5)), *(f"ngrams_{n}" for n in range(1, 5)), "answered", "wanted"]
SCORES = {  # by column of an effect: what is counted, and the score of the means of that
    "bleu": (COUNTS, bleu),
    "nats": (["nats", "tokens"], lambda means: means["nats"] / means["tokens"]),
}


def nats_table(run: Run) -> pd.DataFrame:
    """One row a round and sentence: its length, the loss of its target and the number of its tokens."""
    model = run.load_model()

    def measure(batch: Batch) -> dict[str, Tensor]:
        given = batch.target.unsqueeze(2)  # [R, B, 1, T]
        logs = token_log_probability(model, batch.source, batch.source_length, given)
        return {"nats": -logs.sum((2, 3)), "tokens": batch.target_length}

    return _by_sentence(run.task, run.config.training.rounds, measure)


def answers_table(run: Run, searches: list[tuple[int, int]]) -> pd.DataFrame:
    """One row a number of models, width of the beam, round and sentence: what BLEU counts.

    An ensemble is of the run's first models; its round is 0.
    """
    model = run.load_model()
    return pd.concat(
        [
            _answers(run, model, models, width).assign(models=models, width=width)
            for models, width in searches
        ],
        ignore_index=True,
    )


def _answers(run: Run, model: nn.Module, models: int, width: int) -> pd.DataFrame:
    if models > 1:
        model = Ensemble(pick_rounds([model], range(models)))
    rounds = run.config.training.rounds if models == 1 else 1
    return _answered(run.task, rounds, best_of_beam(model, run.task.max_target_length, width))


def retrieval_table(task: TranslationTask) -> pd.DataFrame:
    """One row a sentence: what BLEU counts of the look-up of the most similar sentence in training."""
    return _answered(task, 1, task.baselines["retrieval"])


def _answered(task: TranslationTask, rounds: int, answer: Answer) -> pd.DataFrame:
    def measure(batch: Batch) -> dict[str, Tensor]:
        counts = task.statistics(answer(batch).flatten(0, 1), batch.target.flatten(0, 1))
        return {name: counts[name].unflatten(0, (rounds, -1)) for name in COUNTS}

    return _by_sentence(task, rounds, measure)


def _by_sentence(
    task: TranslationTask, rounds: int, measure: Callable[[Batch], dict[str, Tensor]]
) -> pd.DataFrame:
    """What is measured, `[R, B]` by name, on the whole test split, the same for every training."""
    tables, first = [], 0
    for batch in task.batches("test", make_generators(0, range(rounds), "test"), 10**9):
        tables.append(_rows(task, batch, measure(batch), first))
        first += batch.source.shape[1]
    return _with_rarity(pd.concat(tables, ignore_index=True))


def _with_rarity(table: pd.DataFrame) -> pd.DataFrame:
    """In place of the mean `rank` of a source's words, the third of the sentences that it is in.

    1 has the most common words, 3 the rarest.
    """
    rank = table.groupby("sentence")["rank"].first().rank(method="first")
    third = pd.qcut(rank, 3, labels=[1, 2, 3]).astype(int)
    return table.drop(columns="rank").assign(rarity=table.sentence.map(third))


def _rows(task: TranslationTask, batch: Batch, columns: dict[str, Tensor], first: int) -> pd.DataFrame:
    """Numbers `[R, B]` of the sentences from the `first` on, as rows with their round and source length."""
    rounds, samples = batch.source_length.shape
    length = batch.source_length - int(task.source_eos)
    # Words have their ids in the order of their counts in training; one out of the vocabulary is rarer yet.
    words = batch.source.masked_fill(batch.source == UNK, task.source.size)  # [R, B, S]
    is_word = batch.source >= UNK
    table = {
        "round": torch.arange(rounds).unsqueeze(1).expand(-1, samples),
        "sentence": torch.arange(first, first + samples).expand(rounds, -1),
        "length": length,
        "rank": (words * is_word).sum(2) / is_word.sum(2),
        **columns,
    }
    whole = {name: values.flatten().numpy() for name, values in table.items()}
    return pd.DataFrame(whole).astype({name: int for name in whole if name not in ("nats", "rank")})
