"""A sweep's table as a terminal shows it."""

import pandas as pd

from replicate.sweeps.tables import printed


def summary(count: int, **more) -> pd.DataFrame:
    names = [f"a-very-long-name-of-a-case-{i}-of-{count}" for i in range(count)]
    return pd.DataFrame({"folder": names, "steps": 5, "rate": [0.1 * 2**i for i in range(count)], **more})


def test_it_fits_80_columns_with_the_parameters_first():
    scores = {f"score_{i}": [i + 1 / 3, i + 2 / 3] for i in range(20)}
    lines = printed(summary(2, state=["done", "failed"], error=[None, "e" * 200], **scores)).splitlines()
    assert lines[0].split()[:4] == ["rate", "state", "score_0", "score_1"]
    assert max(map(len, lines)) <= 80 < max(map(len, lines)) + len("  score_10")
    assert lines[1].split()[:3] == ["0.1", "done", "0.3333"]


def test_a_long_word_is_cut_and_of_one_case_there_are_its_name_state_and_scores():
    assert printed(summary(2, pairs=["x" * 100, "y" * 100])).splitlines()[1].endswith(" " + "x" * 21 + "...")
    one = summary(1, state="done", error=None, seconds=1.0, machine="here", psa=0.5).drop(columns="rate")
    header, case = printed(one).splitlines()
    assert header.split() == ["folder", "state", "seconds", "psa"]
    assert case.split() == ["a-very-long-name-of-a...", "done", "1", "0.5"]


def test_a_parameter_that_one_case_lacks_tells_the_cases_apart():
    assert printed(summary(2, limit=[None, 1.0])).splitlines()[0].split() == ["rate", "limit"]
