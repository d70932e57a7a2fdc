"""What the post and its author's notebook report, as data with a source (`published.csv`).

The rows with `training` "mean" are the post's table, means over 10 trainings; the numbered ones are the
single trainings that the author's notebook shows, at max_length 15 alone.
"""

from importlib.resources import files

import pandas as pd


def published_scores() -> pd.DataFrame:
    """Columns max_length, reverse, training, source and the metrics by the published protocol."""
    with files("replicate.studies.published").joinpath("published.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file, dtype={"training": str})


def published_table() -> pd.DataFrame:
    """The post's six rows, in its order."""
    scores = published_scores()
    return scores[scores.training == "mean"].drop(columns="training").reset_index(drop=True)


def published_trainings(max_length: int, reverse: bool) -> pd.DataFrame:
    """The author's single trainings of one row; empty where they are not public."""
    scores = published_scores()
    single = scores[scores.training != "mean"]
    return single[(single.max_length == max_length) & (single.reverse == reverse)].reset_index(drop=True)
