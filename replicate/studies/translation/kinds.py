"""Every kind of model that is trained on the text, side by side: scores, and BLEU by length."""

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from replicate.settings import RunConfig
from replicate.studies.registration import registered
from replicate.studies.translation.tables import STUDY as BASE
from replicate.studies.translation.tables import bleu_by_group, bleu_by_training, nats_by_training

KINDS = {  # by name: the study, and the direction that its models read the source in
    "RNN": ("translation-rnn-reversal", "forward"),
    "RNN, reversed": ("translation-rnn", "reversed"),
    "RNN, reversed, no limit on the gradient": ("translation-clipping", "reversed"),
    "LSTM": (BASE, "forward"),
    "LSTM, reversed": (BASE, "reversed"),
    "LSTM, reversed, by SGD": ("translation-sgd", "reversed"),
    "LSTM of subwords, reversed": ("translation-subwords", "reversed"),
    "LSTM of two layers, reversed": ("translation-depth", "reversed"),
    "LSTM with attention": ("translation-attention", "forward"),
}
BY_LENGTH = ["LSTM", "LSTM, reversed", "LSTM with attention"]  # of the figure
SEARCHES = {(1, 1): "beam 1", (1, 12): "beam 12", (5, 12): "five, beam 12"}  # models, width


def kinds_table() -> pd.DataFrame:
    """One row a kind of model, as far as it is trained: trainings, updates, perplexity and mean BLEU.

    A perplexity is that of a word; models of subwords have none.
    """
    nats = _of_kinds(nats_by_training).groupby("model", sort=False).nats
    bleu = _of_kinds(bleu_by_training).groupby(["model", "models", "width"]).bleu.mean()
    means = nats.mean()
    configs = [_config(KINDS[model][0]) for model in means.index]
    updates = [config.training.steps for config in configs]
    of_words = [config.task.tokens == "words" for config in configs]
    perplexity = np.exp(means).where(of_words)
    table = pd.DataFrame({"trainings": nats.count(), "updates": updates, "perplexity": perplexity})
    for search, name in SEARCHES.items():
        table[name] = [bleu[model, *search] for model in table.index]
    return table


def bleu_by_length() -> pd.DataFrame:
    """BLEU of single models with a beam of 12 by the words of the source, as `bleu_by_group`, and `model`."""
    return _of_kinds(bleu_by_group, BY_LENGTH).query("by == 'length'")


def _of_kinds(table: Callable[[str], pd.DataFrame], kinds: Iterable[str] = tuple(KINDS)) -> pd.DataFrame:
    """A table of the kinds' studies, below one another, by `model` in place of `direction`."""
    studies = {study: table(study) for study in dict.fromkeys(KINDS[kind][0] for kind in kinds)}
    tables = []
    for kind in kinds:
        study, direction = KINDS[kind]
        if len(own := studies[study]):
            tables.append(own[own.direction == direction].drop(columns="direction").assign(model=kind))
    return pd.concat(tables, ignore_index=True)


def _config(study: str) -> RunConfig:
    """Of one of its arms, which are trained alike."""
    return next(iter(registered(study).runs.values()))
