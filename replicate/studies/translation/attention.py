"""Attention beside the base, which has none: scores, and BLEU by the words of the source."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from replicate.studies.registration import registered
from replicate.studies.translation.tables import STUDY as BASE
from replicate.studies.translation.tables import bleu_by_group, bleu_by_training, nats_by_training

STUDY = "translation-attention"
ATTENTION = "attention"  # its name beside the base's directions
SEARCHES = {(1, 1): "beam 1", (1, 12): "beam 12", (5, 12): "five, beam 12"}  # models, width


def attention_table() -> pd.DataFrame:
    """One row a direction of the base, and one with attention: trainings, updates, perplexity and BLEU.

    The one with attention is missing until it is trained.
    """
    nats = _beside(nats_by_training).groupby("direction", sort=False).nats
    bleu = _beside(bleu_by_training).groupby(["direction", "models", "width"]).bleu.mean().to_dict()
    table = pd.DataFrame({"trainings": nats.count(), "perplexity": np.exp(nats.mean())})
    steps = {study: next(iter(registered(study).runs.values())).training.steps for study in (BASE, STUDY)}
    table["updates"] = [steps[STUDY if name == ATTENTION else BASE] for name in table.index]
    for search, name in SEARCHES.items():
        table[name] = [bleu[direction, *search] for direction in table.index]
    return table


def attention_by_length() -> pd.DataFrame:
    """BLEU of single models with a beam of 12 by the words of the source, as `bleu_by_group`."""
    return _beside(bleu_by_group).query("by == 'length'")


def _beside(table: Callable[[str], pd.DataFrame]) -> pd.DataFrame:
    """A table of the base, then of the study with attention as far as it is trained, by `direction`."""
    tables = [table(BASE), table(STUDY).assign(direction=ATTENTION)]
    return pd.concat([own for own in tables if len(own)], ignore_index=True)
