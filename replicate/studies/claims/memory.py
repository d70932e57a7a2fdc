"""Where reversal helps, by source length and by place in the target: the study *memory* (section 3.3)."""

import pandas as pd

from replicate.statistics import contrast, weighted_means
from replicate.studies.complete import all_arms
from replicate.studies.measuring import read_measurement

LONG_TARGETS = 6  # primes; early and late places are compared within these


def gain_by_length() -> pd.DataFrame:
    """By source length, reversed minus forward in exact match, with Welch's 95% interval."""
    arms = all_arms("memory")
    tables = [arms[arm].by_length.query("kind == 'source'") for arm in ("reversed", "forward")]
    return difference(*tables, "length", "exact_match")


def gain_by_position() -> pd.DataFrame:
    """By place in targets of six primes or more, forward minus reversed in nats, with Welch's interval."""
    table = read_measurement("memory", "positions")
    long = table[(table.primes >= LONG_TARGETS) & (table.position <= LONG_TARGETS)]
    return difference(*(long[long.arm == arm] for arm in ("forward", "reversed")), "position", "nats")


def difference(first: pd.DataFrame, second: pd.DataFrame, by: str, column: str) -> pd.DataFrame:
    """By each value of `by`, the mean over rounds of the first table less that of the second.

    Within a round, rows are weighted by their samples. Columns mean, low, high and p; index `by`.
    """
    rows = {}
    for value in sorted(set(first[by]) & set(second[by])):
        samples = [weighted_means(table[table[by] == value], column) for table in (first, second)]
        rows[value] = contrast(samples, [1, -1])._asdict()
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(by).rename(columns={"estimate": "mean"})
