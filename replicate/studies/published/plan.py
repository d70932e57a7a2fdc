"""The runs behind the post's table, and behind its claim on reversal at max_length 15."""

from replicate.presets import PUBLISHED
from replicate.settings import RunConfig
from replicate.studies.published.table import published_table


def published_runs() -> dict[str, RunConfig]:
    """The six rows of the post's table at full settings, each with a seed of its own."""
    rows = published_table()[["max_length", "reverse"]].to_dict("records")
    configs = [PUBLISHED.changed(**row, seed=1 + i) for i, row in enumerate(rows)]
    return {f"published-{c.task.max_length}-{'reverse' if c.task.reverse else 'forward'}": c for c in configs}


def reversal_runs() -> dict[str, RunConfig]:
    """The reversal claim at max_length 15: 80 trainings in each direction."""
    return {
        "reversal-forward": PUBLISHED.changed(rounds=80, seed=101),
        "reversal-reverse": PUBLISHED.changed(rounds=80, seed=102, reverse=True),
    }
