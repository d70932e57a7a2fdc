"""The full runs behind the report: which they are, made resumably, and what of them is kept under results/.

Seeds and numbers of trainings were fixed before the first of these runs; pilot runs used other seeds.
"""

from pathlib import Path

from .config import PUBLISHED, RunConfig
from .experiment import run
from .runs import Run, runs_root

TABLE_ROWS = [(5, False), (10, False), (15, False), (5, True), (10, True), (15, True)]  # in the post's order


def row_name(max_length: int, reverse: bool) -> str:
    return f"published-{max_length}-{'reverse' if reverse else 'forward'}"


def published_runs() -> dict[str, RunConfig]:
    """The six rows of the post's table at full settings, each with a seed of its own."""
    return {
        row_name(max_length, reverse): PUBLISHED.model_copy(
            update={"max_length": max_length, "reverse": reverse, "seed": 1 + i}
        )
        for i, (max_length, reverse) in enumerate(TABLE_ROWS)
    }


def folder_of(name: str) -> Path:
    return runs_root() / "replication" / name


def replicate_all(device: str = "auto", workers: int | None = None) -> list[Run]:
    """Make every run that is missing and finish every one that was stopped."""
    finished = []
    for name, config in published_runs().items():
        print(f"{name}: {config.rounds} trainings of {config.steps} updates", flush=True)
        finished.append(run(config, folder_of(name), device, workers))
    return finished
