"""The paper's rival on text, and its lists of answers rescored by trained models (the paper, Table 2)."""

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
import pandas as pd
import torch
from torch.nn.utils.rnn import pad_sequence

from replicate.decoding import token_log_probability
from replicate.randomness import make_generators
from replicate.runs.folder import Run
from replicate.studies.claims.search import CANDIDATES as WIDTH
from replicate.studies.claims.search import MEMBERS
from replicate.studies.translation.sentences import COUNTS, answers_table
from replicate.tasks import task_of
from replicate.tasks.task import Split
from replicate.tasks.translation.metrics import ORDERS, bleu
from replicate.tasks.translation.phrases.nbest import Answer
from replicate.tasks.translation.phrases.system import PhraseSystem, statistics, train, tuned_system
from replicate.tasks.translation.phrases.tuning import Pool, line_search
from replicate.tasks.translation.settings import TranslationSettings
from replicate.tasks.translation.task import TranslationTask

ANSWERS = 100  # of a list; the paper's have 1,000
SENTENCES = 20  # whose lists a model reads at once, for the sake of memory
SEARCHES = [(1, WIDTH), (MEMBERS, WIDTH)]  # numbers of models and widths of their own beams
Counts = Sequence[dict[str, np.ndarray]]  # of each sentence what is counted of its answers


class Lists:
    """The rival's answers to the sentences of a split, the best first. They hold sentences: never stored."""

    def __init__(self, task: TranslationTask, split: Split, system: PhraseSystem, wanted: int):
        self.split = split
        self.answers = system.answers((source for source, _ in task.ids[split]), wanted)
        self.scores = [np.array([own.score for own in answers]) for answers in self.answers]
        self.counts: Counts = statistics(task, split, self.answers)


@cache
def rival(settings: TranslationSettings) -> PhraseSystem:
    """The rival of a task's models, tuned on the validation split: minutes of work."""
    task = task_of(settings)
    return tuned_system(task, train(task))


@cache
def rival_lists(settings: TranslationSettings, split: Split, wanted: int) -> Lists:
    return Lists(task_of(settings), split, rival(settings), wanted)


def rival_table(task: TranslationTask, wanted: int = ANSWERS) -> pd.DataFrame:
    """One row a stage and test sentence: what BLEU counts, in the columns of `answers_table`, no models.

    Stages: `rival`, its best answers; `oracle`, of its lists the answers of the highest BLEU, each by itself
    (smoothed by one count; Lin and Och 2004).
    """
    counts = rival_lists(task.settings, "test", wanted).counts
    stages = {"rival": [0] * len(counts), "oracle": oracle(counts)}
    tables = [_table(task, counts, places).assign(stage=stage) for stage, places in stages.items()]
    return pd.concat(tables, ignore_index=True).assign(models=0, width=wanted)


def rescoring_table(run: Run, wanted: int = ANSWERS) -> pd.DataFrame:
    """The rival's rows, then those of its lists rescored by a run's models, and of these models alone.

    Stages: `even`, the best answers by the even average of the rival's score and a model's log probability
    (the paper, section 3.2); `tuned`, by the average of the highest BLEU on the validation split; `own`, the
    models' own answers. `weight` is the log probability's, where the score has 1. What is even depends on the
    scale of the score: the absolute values of the rival's weights sum to 1, as in Moses.
    """
    validation, test = (rival_lists(run.task.settings, split, wanted) for split in ("validation", "test"))
    known, logs = log_probabilities(run, validation), log_probabilities(run, test)
    tables = []
    for models, round_index in logs:
        own = logs[models, round_index]
        weights = {"even": 1.0, "tuned": best_weight(validation, known[models, round_index])}
        for stage, weight in weights.items():
            row = {"stage": stage, "models": models, "width": wanted, "round": round_index, "weight": weight}
            tables.append(_table(run.task, test.counts, chosen(test, own, weight)).assign(**row))
    own_answers = answers_table(run, SEARCHES).assign(stage="own")
    return pd.concat([rival_table(run.task, wanted), *tables, own_answers], ignore_index=True)


def log_probabilities(run: Run, lists: Lists) -> dict[tuple[int, int], list[np.ndarray]]:
    """By number of models and round, for each sentence log p of every answer of its list, `[answers]`.

    The number is 1, or MEMBERS: an ensemble gives each token the mean of what its members give it, and these
    read the same answers, so that one reading serves all.
    """
    model, rounds = run.load_model(), run.config.training.rounds
    keys = [*((1, r) for r in range(rounds)), (MEMBERS, 0)]
    found: dict[tuple[int, int], list[np.ndarray]] = {key: [] for key in keys}
    answers = iter(lists.answers)
    for batch in run.task.batches(lists.split, make_generators(0, range(rounds), lists.split), 10**9):
        for rows in torch.arange(batch.source.shape[1]).split(SENTENCES):
            some = [next(answers) for _ in rows]
            tokens = _tokens(some, model.eos).expand(rounds, -1, -1, -1)
            source, length = batch.source[:, rows], batch.source_length[:, rows]
            logs = token_log_probability(model, source, length, tokens).double()  # [R, B, W, T]
            together = logs[:MEMBERS].logsumexp(0) - math.log(len(logs[:MEMBERS]))
            for key, by_sentence in zip(keys, (*logs.sum(3), together.sum(2)), strict=True):
                pairs = zip(by_sentence, some, strict=True)
                found[key] += [row[: len(own)].numpy() for row, own in pairs]
    return found


def _tokens(lists: Sequence[Sequence[Answer]], eos: int) -> torch.Tensor:
    """The answers to B sentences, `[B, W, T]`, each with its EOS; PAD fills up."""
    longest = max(len(own.words) for answers in lists for own in answers) + 1
    rows = [torch.zeros(len(answers), longest, dtype=torch.int64) for answers in lists]
    for row, answers in zip(rows, lists, strict=True):
        for place, own in enumerate(answers):
            row[place, : len(own.words) + 1] = torch.tensor([*own.words, eos])
    return pad_sequence(rows, batch_first=True)


def best_weight(lists: Lists, logs: list[np.ndarray]) -> float:
    """What to multiply a model's log probability by: of the highest BLEU, where the rival's score has 1."""
    pool = Pool(len(logs))
    features = [np.stack(both, 1) for both in zip(lists.scores, logs, strict=True)]
    answers = [
        [own._replace(features=row) for own, row in zip(answers, rows, strict=True)]
        for answers, rows in zip(lists.answers, features, strict=True)
    ]
    pool.add(answers, lists.counts)
    return line_search(pool, np.array([1.0, 0.0]), np.array([0.0, 1.0]), bleu)[0]


def chosen(lists: Lists, logs: list[np.ndarray], weight: float) -> list[int]:
    """The place of the best answer to each sentence."""
    return [int((own + weight * log).argmax()) for own, log in zip(lists.scores, logs, strict=True)]


def oracle(counts: Counts) -> list[int]:
    """The place of the answer to each sentence of the highest BLEU by itself, smoothed."""
    return [int(np.argmax(_sentence_bleu(own))) for own in counts]


def _sentence_bleu(counts: dict[str, np.ndarray]) -> np.ndarray:
    """Of each answer, with one more match and n-gram of every order but the first."""
    table = pd.DataFrame(counts)
    smoothed = [f"{name}_{n}" for name in ("matches", "ngrams") for n in ORDERS if n > 1]
    table[smoothed] += 1
    return bleu(table.to_dict("series") | {"samples": 1})


def _table(task: TranslationTask, counts: Counts, places: list[int]) -> pd.DataFrame:
    """What is counted of one answer to each test sentence."""
    rows = [{name: own[name][place] for name in COUNTS} for own, place in zip(counts, places, strict=True)]
    table = pd.DataFrame(rows).astype(int)
    table.insert(0, "round", 0)
    table.insert(1, "sentence", range(len(rows)))
    table.insert(2, "length", [len(source) for source, _ in task.ids["test"]])
    return table
