"""Padding in batches of similar length and in random ones, of a task with two vocabularies."""

import numpy as np
import pytest

from replicate.settings import RunConfig
from replicate.studies.translation import speed


def test_random_batches_are_padded_and_those_of_similar_length_hardly(monkeypatch):
    monkeypatch.setattr(speed, "REPEATS", 2)
    config = RunConfig.of(task="translation", model="lstm", embedding_size=4, hidden_size=4, batch_size=16)
    table = speed.bucketing(config)
    assert table.groupby("batches").size().to_dict() == {"bucketed": 2, "random": 2}
    padding = table.groupby("batches").padding.mean()
    assert padding["random"] > 0.2 and padding["bucketed"] < 0.1
    assert np.exp2(table.log2_seconds).tolist() == pytest.approx(table.seconds.tolist())
