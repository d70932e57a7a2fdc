"""Does reversing the source help the post's model? The verdicts, and what stands behind their means."""

import pandas as pd

from replicate.runs.folder import Run
from replicate.statistics import holm, permutation_p, readable_p, share_difference, welch_interval
from replicate.studies.published.table import published_table
from replicate.studies.rules import MARGIN, METRIC, claim_verdict, within_margin
from replicate.studies.takeoff import takeoff_times


def reversal_verdicts(table: pd.DataFrame, metric: str = METRIC) -> pd.DataFrame:
    """One row a max_length: reverse - forward, Welch's interval, the permutation test and the verdict."""
    rows = []
    for max_length, group in table.groupby("max_length"):
        forward, backward = (group[group.reverse == reverse][metric].dropna() for reverse in (False, True))
        difference, low, high = welch_interval(backward, forward)
        _, low_90, high_90 = welch_interval(backward, forward, 0.9)
        counts = {"max_length": max_length, "n_forward": len(forward), "n_reverse": len(backward)}
        p = permutation_p(backward, forward)
        small = within_margin(low_90, high_90)
        interval = {"low": low, "high": high, "low_90": low_90, "high_90": high_90, "small": small}
        rows.append(counts | {"difference": difference, "p": p} | interval)
    verdicts = pd.DataFrame(rows)
    verdicts["p_holm"] = holm(verdicts.p)
    verdicts["verdict"] = [claim_verdict(row.difference, row.p_holm) for row in verdicts.itertuples()]
    return verdicts


def readable_reversal(verdicts: pd.DataFrame, metric: str = METRIC) -> pd.DataFrame:
    """`reversal_verdicts` as a reader sees them, beside the published difference."""
    published = published_table().pivot(index="max_length", columns="reverse", values=metric)
    rows = [
        {
            "row": f"max_length {row.max_length}",
            "trainings": f"{row.n_forward} and {row.n_reverse}",
            "published difference": f"{published.loc[row.max_length].diff().iloc[-1]:+.3f}",
            "reversed - forward": f"{row.difference:+.3f}",
            "95% interval": f"[{row.low:+.3f}, {row.high:+.3f}]",
            "p, Holm": readable_p(row.p_holm),
            "verdict": with_size(row),
        }
        for row in verdicts.itertuples()
    ]
    return pd.DataFrame(rows).set_index("row")


def with_size(row) -> str:
    """The verdict, and whether the difference is known to be small."""
    small = row.verdict == "not shown" and row.small
    return f"{row.verdict}, smaller than the margin of {MARGIN}" if small else row.verdict


def reversal_headline(verdicts: pd.DataFrame) -> str:
    """One sentence: where reversal helps."""
    found = [f"at max_length {row.max_length} {with_size(row)}" for row in verdicts.itertuples()]
    return f"Whether reversing the source helps: {'; '.join(found)}."


def taken_off(run: Run, metric: str) -> tuple[pd.Series, int]:
    """The scores of the trainings that took off, and the number of all."""
    times = takeoff_times(run.history, run.task)
    off = times[~times.censored]["round"]
    return run.scores.set_index("round")[metric].loc[off].dropna(), len(times)


def mixture(runs: dict[str, Run], metric: str) -> pd.DataFrame:
    """Of two runs, the share that took off and the mean of those, and the differences, second minus first.

    Exploratory: nobody registered these two before the trainings were seen, and the second compares different
    subsets. The share's interval is Newcombe's, the mean's Welch's; rows are the two parts.
    """
    first, second = runs
    (ours, n), (theirs, m) = (taken_off(run, metric) for run in runs.values())
    share = share_difference(len(theirs), m, len(ours), n)
    mean = welch_interval(theirs, ours)
    rows = {
        "share that took off": (f"{len(ours)} of {n}", f"{len(theirs)} of {m}", share),
        "mean of those": (f"{ours.mean():.3f}", f"{theirs.mean():.3f}", mean),
    }
    return pd.DataFrame(
        {
            name: {
                first: shown,
                second: other,
                "difference": f"{found.mean:+.3f} [{found.low:+.3f}, {found.high:+.3f}]",
            }
            for name, (shown, other, found) in rows.items()
        }
    ).T


def stuck(runs: list[Run], metric: str) -> float:
    """The mean score of the trainings that never took off, over several runs."""
    values = []
    for run in runs:
        times = takeoff_times(run.history, run.task)
        values += run.scores.set_index("round")[metric].loc[times[times.censored]["round"]].tolist()
    return pd.Series(values).mean()
