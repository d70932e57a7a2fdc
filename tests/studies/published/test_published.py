"""The published figures agree with themselves and with the post's definitions."""

import pytest

from replicate.studies.published.table import published_table, published_trainings


@pytest.mark.parametrize("reverse", [False, True])
def test_the_single_trainings_average_to_the_table(reverse):
    single = published_trainings(15, reverse)
    row = published_table().query("max_length == 15 and reverse == @reverse").iloc[0]
    assert len(single) == 10
    for metric in ("published_psa", "published_lcsr", "published_geo_mean"):
        assert single[metric].mean() == pytest.approx(row[metric], abs=1e-4)


def test_six_rows_whose_geo_mean_lies_between_psa_and_lcsr():
    table = published_table()
    assert table[["max_length", "reverse"]].drop_duplicates().shape == (6, 2)
    assert table.published_geo_mean.between(table.published_psa, table.published_lcsr).all()


def test_rows_without_public_trainings_are_empty():
    assert published_trainings(5, True).empty
