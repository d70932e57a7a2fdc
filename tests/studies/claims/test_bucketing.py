"""Padding in batches of similar length and in random ones."""

import pytest
from shared import TINY

from replicate.studies.claims.bucketing import bucketing_table


def test_buckets_hold_less_padding():
    table = bucketing_table(TINY.changed(max_length=20), repeats=2)
    assert table.groupby("arm").size().to_dict() == {"bucketed": 2, "random": 2}
    padding = table.groupby("arm").padding.mean()
    # Sources of 2 to 21 tokens, 11.5 on average, padded to about 21.
    assert padding["random"] == pytest.approx(1 - 11.5 / 21, abs=0.05)
    assert padding["bucketed"] < 0.05
