"""What search adds to a trained model: wider beams, ensembles and rescored candidates."""

import math
from collections.abc import Callable, Iterator

import pandas as pd
from scipy import stats
from torch import Tensor, nn

from replicate.decoding import Candidates, beam, rescore
from replicate.evaluation.evaluate import Answer, evaluate
from replicate.models.ensemble import Ensemble
from replicate.models.layers import pick_rounds
from replicate.randomness import make_generator, make_generators
from replicate.runs.folder import Run
from replicate.statistics import Interval
from replicate.tasks import task_of
from replicate.tasks.batch import Batch
from replicate.tasks.primes.task import PrimeTask, mirror

MEMBERS = 5  # of an ensemble, as in the paper's Table 1
PAPER_BLEU = {1: 33.00, 2: 34.50, 12: 34.81}  # of five models, by beam width (the paper, Table 1)
CANDIDATES = 12  # the widest beam of the paper's Table 1, and the n-best lists rescored here


def best_of_beam(model: nn.Module, max_steps: int, width: int) -> Answer:
    """The most probable answer that a beam finds."""
    return lambda batch: beam(model, batch.source, batch.source_length, max_steps, width, wanted=1).tokens[
        :, :, 0
    ]


def beam_table(run: Run, widths: list[int], samples: int) -> pd.DataFrame:
    """One row a round and width; every width answers the same fresh samples."""
    model, task = run.load_model(), run.task
    rounds = range(run.config.training.rounds)
    tables = []
    for width in widths:
        generators = make_generators(run.config.training.seed, rounds, "beam")
        answer = best_of_beam(model, task.max_target_length, width)
        tables.append(evaluate(answer, task, generators, rounds, samples).scores.assign(width=width))
    return pd.concat(tables, ignore_index=True)


def ensemble_table(run: Run, sizes: list[tuple[int, int]], samples: int) -> pd.DataFrame:
    """Groups of MEMBERS rounds, no round in two groups: one row a group, number of models and width.

    An ensemble of fewer takes the group's first members; for one model the score is the mean of the members'
    own. All answer the same fresh samples of the group.
    """
    model, task = run.load_model(), run.task
    rows = []
    for group in range(run.config.training.rounds // MEMBERS):
        members = range(group * MEMBERS, (group + 1) * MEMBERS)
        for models, width in sizes:
            together = models > 1
            chosen = pick_rounds([model], members[:models] if together else members)
            model_of_group = Ensemble(chosen) if together else chosen
            answer = best_of_beam(model_of_group, task.max_target_length, width)
            count = 1 if together else MEMBERS
            generators = [make_generator(run.config.training.seed, group, "ensemble") for _ in range(count)]
            scores = evaluate(answer, task, generators, range(count), samples).scores.mean()
            rows.append({"group": group, "models": models, "width": width, **scores.drop("round")})
    return pd.DataFrame(rows)


def rescoring_table(first: Run, rescorers: dict[str, Run], samples: int) -> pd.DataFrame:
    """Candidates of one run's models, before and after rescoring: one row a round and stage.

    A stage is `best`, the candidates' own first; a name in `rescorers`, after rescoring by that run's models;
    or `oracle`, which picks the right answer where it is among the candidates: what no reordering can exceed.
    The runs may differ in the direction of their sources, and in nothing else. A run rescores itself by its
    next model, the last by the first.
    """
    rounds = range(min(run.config.training.rounds for run in (first, *rescorers.values())))
    task, mine = task_of(first.config.task), pick_rounds([first.load_model()], rounds)

    def drawn() -> Iterator[Batch]:
        return task.batches("test", make_generators(first.config.training.seed, rounds, "rescoring"), samples)

    lists = [_candidates(mine, batch, task) for batch in drawn()]  # every stage reorders the same
    stages = {"best": lambda _, found: found.tokens[:, :, 0], "oracle": _right_one}
    stages |= {name: _rescorer(run, first, rounds, task) for name, run in rescorers.items()}
    tables = []
    for stage, pick in stages.items():
        answers = [pick(batch, found) for batch, found in zip(drawn(), lists, strict=True)]
        given = iter(answers)
        generators = make_generators(first.config.training.seed, rounds, "rescoring")
        scores = evaluate(lambda _, given=given: next(given), task, generators, rounds, samples).scores
        tables.append(scores.assign(stage=stage))
    return pd.concat(tables, ignore_index=True)


def _candidates(model: nn.Module, batch: Batch, task: PrimeTask) -> Candidates:
    found = beam(model, batch.source, batch.source_length, task.max_target_length, CANDIDATES)
    endless = (found.tokens != task.eos).all(3)  # of a sample for which no answer ended
    return found._replace(log_probability=found.log_probability.masked_fill(endless, -math.inf))


def _rescorer(run: Run, first: Run, rounds: range, task: PrimeTask) -> Callable[[Batch, Candidates], Tensor]:
    """The best candidate by the even average of both models' scores."""
    order = [(r + 1) % len(rounds) for r in rounds] if run is first else rounds
    model = pick_rounds([run.load_model()], order)
    turned = run.config.task.reverse != first.config.task.reverse

    def pick(batch: Batch, found: Candidates) -> Tensor:
        values = batch.source_length - int(task.source_eos)
        source = mirror(batch.source, values) if turned else batch.source
        return rescore(model, source, batch.source_length, found).tokens[:, :, 0]

    return pick


def _right_one(batch: Batch, found: Candidates) -> Tensor:
    """The right answer where it is a candidate, else the best: `[R, B, T]`."""
    right = (found.tokens == batch.target.unsqueeze(2)).all(3)  # [R, B, W]
    best = right.long().argmax(2)[..., None, None].expand(-1, -1, 1, found.tokens.shape[3])
    return found.tokens.gather(2, best).squeeze(2)


def share_of_gain(table: pd.DataFrame) -> Interval:
    """Of five models, how much of the gain of the widest beam a beam of 2 has.

    Args:
        table: as `ensemble_table` makes it. The 95% interval is a bootstrap's over the groups.
    """
    five = table[table.models == MEMBERS].pivot(index="group", columns="width", values="exact_match")
    gains = (five[2] - five[1]).to_numpy(), (five[CANDIDATES] - five[1]).to_numpy()

    def share(narrow, wide, axis):
        return narrow.mean(axis) / wide.mean(axis)

    found = stats.bootstrap(gains, share, paired=True, vectorized=True, rng=0, method="percentile")
    return Interval(share(*gains, 0), *found.confidence_interval)
