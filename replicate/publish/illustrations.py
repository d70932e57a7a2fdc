"""The figures of the articles, drawn from `results/` in the language that is spoken."""

from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure

from replicate.figures.language import say
from replicate.figures.style import COLOURS, DIRECTIONS, sequence
from replicate.figures.takeoff import plateau
from replicate.presets import PAPER
from replicate.runs.folder import Run
from replicate.studies.claims.figures import by_length, depth_losses, reversal_gains, search
from replicate.studies.claims.memory import gain_by_length, gain_by_position
from replicate.studies.complete import all_arms
from replicate.studies.directions import accuracy_by_direction
from replicate.studies.ladder.figures import rungs as ladder
from replicate.studies.ladder.rungs import FIRST, open_directions, open_rungs
from replicate.studies.measuring import read_measurement
from replicate.studies.published.figures import published_and_reproduced, reversal_study
from replicate.studies.published.plan import published_runs
from replicate.studies.published.schedule import norm_curves
from replicate.studies.published.schedule_figures import norms
from replicate.studies.published.table import published_table, published_trainings
from replicate.studies.results import RESULTS, read_training_table, reversal_trainings
from replicate.studies.rules import METRIC
from replicate.studies.takeoff import takeoff_times
from replicate.tasks import task_of
from replicate.tasks.primes.figures import ceiling
from replicate.tasks.primes.task import PrimeTask

LONGEST = 15  # max_length of the post's hardest rows


def published_task(max_length: int) -> PrimeTask:
    """The task of the post's rows at a max_length."""
    (config, *_) = published_runs().values()
    return task_of(config.changed(max_length=max_length).task)


def best_score(max_length: int) -> float:
    """What a perfect model scores by the published protocol."""
    return 1 - published_task(max_length).empty_share()


def chance_score(max_length: int) -> float:
    """What one constant prime scores by the published protocol."""
    return best_score(max_length) / int(published_task(max_length).is_prime.sum())


def _published_and_reproduced() -> Figure:
    table = published_table()
    lengths = table.max_length.unique()
    author = pd.concat([published_trainings(LONGEST, reverse) for reverse in (False, True)])
    ours = read_training_table(RESULTS / "published_table.csv", published_runs())
    ceilings, chances = ({n: score(n) for n in lengths} for score in (best_score, chance_score))
    return published_and_reproduced(ours, table, author, ceilings, chances, METRIC)


def _reversal_study() -> Figure:
    trainings = reversal_trainings()
    study = trainings[trainings.max_length == LONGEST]
    return reversal_study(study, best_score(LONGEST), chance_score(LONGEST), METRIC)


def _plateau() -> Figure:
    runs = open_directions()[FIRST]
    named = {DIRECTIONS[direction]: run for direction, run in runs.items()}
    return _plateau_of(named, [COLOURS[direction] for direction in runs])


def _ladder_plateau() -> Figure:
    runs = open_rungs()
    return _plateau_of(runs, ["black", *sequence(len(runs) - 1)])


def _plateau_of(runs: dict[str, Run], colours: list) -> Figure:
    times = {say(name): takeoff_times(run.history, run.task) for name, run in runs.items()}
    training = next(iter(runs.values())).config.training
    return plateau(times, colours, cuts(), training.steps)


def cuts() -> range:
    """The updates at which the post's schedule cuts the rate tenfold."""
    training = next(iter(published_runs().values())).training
    return range(training.lr_step_size, training.steps, training.lr_step_size)


def _ceiling() -> Figure:
    return ceiling(
        {n: best_score(n) for n in range(1, 31)}, [int(n) for n in published_table().max_length.unique()]
    )


def _ladder() -> Figure:
    empty = published_task(LONGEST).empty_share()
    scores = {name: {"reverse": run.scores} for name, run in open_rungs().items()}
    scores |= {name: {d: run.scores for d, run in both.items()} for name, both in open_directions().items()}
    marks = {
        METRIC: {"chance": chance_score(LONGEST), "ceiling": best_score(LONGEST)},
        "exact_match": {"always empty": empty},
    }
    return ladder(scores, marks)


def _schedule_norms() -> Figure:
    return norms(norm_curves(all_arms("schedule")), cuts())


def _ladder_by_position() -> Figure:
    directions = open_directions().items()
    tables = {say(name): {d: run.by_position for d, run in both.items()} for name, both in directions}
    return accuracy_by_direction(tables, 1 / int(published_task(LONGEST).is_prime.sum()))


def depth_groups() -> dict[str, pd.Series]:
    """Nats of each training of the study *depth*, by "1 layer", "2 layers", "2 layers, narrow" and so on."""
    return {
        arm.replace("-narrow", ", narrow").replace("-layer", " layer"): run.scores.nats
        for arm, run in all_arms("depth").items()
        if not arm.endswith("forward")
    }


def length_tables() -> dict[str, pd.DataFrame]:
    """The scores by source length of a fixed state and of attention, up to twice the trained lengths."""
    names = {"fixed state": "lengths", "attention": "lengths-attention"}
    return {arm: read_measurement("claims", table) for arm, table in names.items()}


ILLUSTRATIONS: dict[str, Callable[[], Figure]] = {
    "published-and-reproduced": _published_and_reproduced,
    "reversal-study": _reversal_study,
    "plateau": _plateau,
    "task-ceiling": _ceiling,
    "ladder": _ladder,
    "ladder-plateau": _ladder_plateau,
    "schedule-norms": _schedule_norms,
    "ladder-by-position": _ladder_by_position,
    "claims-reversal-gains": lambda: reversal_gains(gain_by_length(), gain_by_position()),
    "claims-depth-again": lambda: depth_losses(depth_groups()),
    "claims-search": lambda: search(read_measurement("claims", "ensembles")),
    "claims-length": lambda: by_length(length_tables(), PAPER.task.max_length),
}
