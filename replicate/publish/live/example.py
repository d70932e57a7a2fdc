"""The source that the page shows first: chosen by a rule, not by hand."""

from collections.abc import Mapping

import torch
from torch import Tensor

from replicate.decoding import greedy
from replicate.files import RunError
from replicate.publish.live.export import median_model
from replicate.randomness import make_generator
from replicate.runs.folder import Run
from replicate.tasks.primes.task import PrimeTask

SOURCES = 1_000  # random ones to choose from
LENGTHS = range(5, 9)  # values of a source that is taken in at a glance
PRIMES = 3  # at least
RULE = (
    f"A rule chose this example: of random sources of {LENGTHS[0]} to {LENGTHS[-1]} numbers, {PRIMES} or "
    "more of them prime, it is the first that the LSTM and the LSTM with attention answer right, forward "
    "and reversed, and the post's model gets wrong both ways."
)


def example(runs: Mapping[str, Run]) -> list[int]:
    """The first of random sources that every other model answers right and every model of the post wrong.

    Raises:
        RunError: there is none.
    """
    task = next(iter(runs.values())).task
    values, length = _sources(task)
    primes = task.batch_of(values, length).target_length[0] - 1
    fits = torch.isin(length[0], torch.tensor(LENGTHS)) & (primes >= PRIMES)
    for run in runs.values():
        right = answered_right(run, values, length)
        fits &= ~right if run.config.model.kind == "post" else right
    if not fits.any():
        raise RunError(f"none of {SOURCES} sources is answered wrong by the post's models alone")
    first = int(fits.nonzero()[0])
    return values[0, first, : length[0, first]].tolist()


def answered_right(run: Run, values: Tensor, length: Tensor) -> Tensor:
    """Whether a run's median training answers sources `[1, B, S]` without a mistake: `[B]` of bool."""
    batch = run.task.batch_of(values, length)
    answer = greedy(median_model(run), batch.source, batch.source_length, run.task.max_target_length)
    return run.task.statistics(answer[0], batch.target[0])["exact_match"] == 1


def _sources(task: PrimeTask) -> tuple[Tensor, Tensor]:
    """Values `[1, B, S]` in the order in which a person would type them, and their number `[1, B]`."""
    generator = make_generator(0, 0, "live example")
    length = torch.randint(1, task.max_length + 1, (1, SOURCES), generator=generator)
    return torch.randint(1, task.max_value + 1, (1, SOURCES, task.max_length), generator=generator), length
