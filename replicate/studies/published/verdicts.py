"""The rules of `results/rules.md`, applied: does a published row, or a claim, stand?"""

from typing import NamedTuple

import pandas as pd
from scipy import stats

from replicate.statistics import (
    compare_to_reported_mean,
    describe,
    holm,
    mean_interval,
    permutation_p,
    welch_interval,
)
from replicate.studies.published.table import published_table, published_trainings
from replicate.studies.rules import LEVEL, MARGIN, METRIC, row_verdict, within_margin

ROW_VERDICTS = ["reproduced", "consistent", "not reproduced"]
PUBLISHED_TRAININGS = 10  # behind each published mean


def row_verdicts(table: pd.DataFrame, metric: str = METRIC) -> pd.DataFrame:
    """One row a published row: both means, our interval, the difference and the verdict.

    Args:
        table: one row a training, with columns max_length, reverse and the metrics by the published protocol.
    """
    rows = [_compare(row, _trainings(table, row)[metric], metric) for _, row in published_table().iterrows()]
    verdicts = pd.DataFrame(rows)
    verdicts["p_holm"] = holm(verdicts.p)
    verdicts["verdict"] = [
        row_verdict(row.p_holm, within_margin(row.difference_low, row.difference_high))
        for _, row in verdicts.iterrows()
    ]
    return verdicts


def row_against(ours: pd.Series, max_length: int, reverse: bool, metric: str = METRIC) -> NamedTuple:
    """A published row against other trainings than its own ten, by the same rule without a correction.

    Its fields are the columns of `row_verdicts`.
    """
    rows = published_table()
    row = rows[(rows.max_length == max_length) & (rows.reverse == reverse)].iloc[0]
    found = pd.Series(_compare(row, ours, metric))
    found["verdict"] = row_verdict(found.p, within_margin(found.difference_low, found.difference_high))
    return next(pd.DataFrame([found]).itertuples(index=False))


def readable(verdicts: pd.DataFrame) -> pd.DataFrame:
    """`row_verdicts` as a reader sees them: rounded, intervals in brackets, a name for each row."""
    rows = [
        {
            "row": row_name(row),
            "published": f"{row.published:.4f}",
            "n": row.n,
            "ours": f"{row.mean:.4f}",
            "95% interval": f"[{row.low:.3f}, {row.high:.3f}]",
            "difference": f"{row.difference:+.3f}",
            "90% interval": f"[{row.difference_low:+.3f}, {row.difference_high:+.3f}]",
            "verdict": row.verdict,
        }
        for row in verdicts.itertuples()
    ]
    return pd.DataFrame(rows).set_index("row")


def agreement(verdicts: pd.DataFrame, chance: dict[int, float]) -> pd.DataFrame:
    """What each row can tell: the published means that would not be refused, and whether chance is one.

    Args:
        chance: by max_length, the score of an answer that does not read its source.
    """
    rows = [
        {
            "row": row_name(row),
            "published": f"{row.published:.4f}",
            "would agree, with Holm": f"[{max(row.agrees_low, 0):.3f}, {row.agrees_high:.3f}]",
            "without": f"[{max(row.agrees_low_uncorrected, 0):.3f}, {row.agrees_high_uncorrected:.3f}]",
            "chance": f"{chance[row.max_length]:.3f}",
            "tells it from chance": "no" if row.agrees_low <= chance[row.max_length] else "yes",
        }
        for row in verdicts.itertuples()
    ]
    return pd.DataFrame(rows).set_index("row")


def every_metric(table: pd.DataFrame) -> pd.DataFrame:
    """All 18 published numbers beside ours: published, then our mean and its 95% interval."""
    columns = {"published_psa": "PSA", "published_lcsr": "LCSR", "published_geo_mean": "GeoMean"}
    rows = {}
    for _, row in published_table().iterrows():
        ours = _trainings(table, row)
        rows[row_name(row)] = {
            name: f"{row[metric]:.4f}; {describe(ours[metric])}" for metric, name in columns.items()
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("published; ours")


def row_name(row) -> str:
    return f"max_length {row.max_length}, {'reversed' if row.reverse else 'forward'}"


def headline(verdicts: pd.DataFrame) -> str:
    """One sentence: how many rows have which verdict."""
    counts = [f"{(verdicts.verdict == v).sum()} {v}" for v in ROW_VERDICTS]
    return f"Of the {len(verdicts)} published rows: {', '.join(counts)}."


def author_against_ours(table: pd.DataFrame, metric: str = METRIC) -> pd.DataFrame:
    """The rows whose single trainings the author shows: both samples, Welch's interval, permutation test."""
    rows = []
    for _, row in published_table().iterrows():
        author = published_trainings(row.max_length, row.reverse)[metric]
        if author.empty:
            continue
        ours = _trainings(table, row)[metric]
        difference, low, high = welch_interval(author, ours)
        counts = {
            "n_author": len(author),
            "n_ours": len(ours),
            "sd_author": author.std(),
            "sd_ours": ours.std(),
        }
        tests = {"difference": difference, "low": low, "high": high, "p": permutation_p(author, ours)}
        rows.append({"max_length": row.max_length, "reverse": row.reverse, **counts, **tests})
    return pd.DataFrame(rows)


def _trainings(table: pd.DataFrame, row: pd.Series) -> pd.DataFrame:
    """Those of a row that have scores; one that diverged has none."""
    return table[(table.max_length == row.max_length) & (table.reverse == row.reverse)].dropna()


def _compare(row: pd.Series, ours: pd.Series, metric: str) -> dict:
    mean, low, high = mean_interval(ours)
    comparison = compare_to_reported_mean(ours, row[metric], PUBLISHED_TRAININGS)
    difference_low, difference_high = comparison.interval(0.9)
    rows = len(published_table())
    corrected = comparison.margin(1 - LEVEL / rows)  # where this row is the farthest off, by Holm
    return {
        "max_length": row.max_length,
        "reverse": row.reverse,
        "published": row[metric],
        "n": len(ours),
        "mean": mean,
        "low": low,
        "high": high,
        "difference": comparison.difference,
        "difference_low": difference_low,
        "difference_high": difference_high,
        "p": comparison.p,
        "agrees_low": mean - corrected,
        "agrees_high": mean + corrected,
        "agrees_low_uncorrected": mean - comparison.margin(1 - LEVEL),
        "agrees_high_uncorrected": mean + comparison.margin(1 - LEVEL),
    }


def largest_spread(trainings: int) -> float:
    """The standard deviation of our trainings up to which a row can be *reproduced* at all."""
    width = stats.t.ppf(1 - LEVEL, trainings - 1) * (1 / PUBLISHED_TRAININGS + 1 / trainings) ** 0.5
    return MARGIN / width
