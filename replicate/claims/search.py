"""What search adds to a trained model: wider beams, ensembles and rescored candidates."""

import math
from collections.abc import Callable

import pandas as pd
from torch import nn

from ..decoding import Candidates, beam, rescore
from ..evaluation import Answer, evaluate
from ..models.layers import pick_rounds
from ..randomness import make_generator, make_generators
from ..runs import Run
from ..task import Batch, PrimeTask, mirror

MEMBERS = 5  # of an ensemble, as in the paper's Table 1
CANDIDATES = 12  # the widest beam of the paper's Table 1, and the n-best lists rescored here


def best_of_beam(model: nn.Module, max_steps: int, width: int, ensemble: bool = False) -> Answer:
    """The most probable answer that a beam finds."""
    return lambda batch: beam(model, batch.source, batch.source_length, max_steps, width, ensemble).tokens[
        :, :, 0
    ]


def beam_table(run: Run, widths: list[int], samples: int) -> pd.DataFrame:
    """One row a round and width; every width answers the same fresh samples."""
    model, task = run.load_model(), PrimeTask.of(run.config)
    rounds = range(run.config.rounds)
    tables = []
    for width in widths:
        generators = make_generators(run.config.seed, rounds, "beam")
        answer = best_of_beam(model, task.max_target_length, width)
        tables.append(evaluate(answer, task, generators, rounds, samples).scores.assign(width=width))
    return pd.concat(tables, ignore_index=True)


def ensemble_table(run: Run, sizes: list[tuple[int, int]], samples: int) -> pd.DataFrame:
    """Groups of MEMBERS rounds, no round in two groups: one row a group, number of models and width.

    An ensemble of fewer takes the group's first members; for one model the score is the mean of the members'
    own. All answer the same fresh samples of the group.
    """
    model, task = run.load_model(), PrimeTask.of(run.config)
    rows = []
    for group in range(run.config.rounds // MEMBERS):
        members = range(group * MEMBERS, (group + 1) * MEMBERS)
        for models, width in sizes:
            together = models > 1
            chosen = pick_rounds([model], members[:models] if together else members)
            answer = best_of_beam(chosen, task.max_target_length, width, ensemble=together)
            count = 1 if together else MEMBERS
            generators = [make_generator(run.config.seed, group, "ensemble") for _ in range(count)]
            scores = evaluate(answer, task, generators, range(count), samples).scores.mean()
            rows.append({"group": group, "models": models, "width": width, **scores.drop("round")})
    return pd.DataFrame(rows)


def rescoring_table(first: Run, second: Run, samples: int) -> pd.DataFrame:
    """Candidates of one run's models, before and after rescoring by the other's: one row a round and stage.

    The two runs differ in the direction of their sources alone. The *oracle* picks the right answer where it
    is among the candidates: what no reordering can exceed.
    """
    rounds = range(min(first.config.rounds, second.config.rounds))
    task = PrimeTask.of(first.config)
    mine, theirs = (pick_rounds([run.load_model()], rounds) for run in (first, second))

    def candidates(batch: Batch) -> Candidates:
        found = beam(mine, batch.source, batch.source_length, task.max_target_length, CANDIDATES)
        endless = (found.tokens != task.eos).all(3)  # of a sample for which no answer ended
        return found._replace(log_probability=found.log_probability.masked_fill(endless, -math.inf))

    def rescored(batch: Batch):
        turned = mirror(batch.source, batch.source_length - int(task.source_eos))
        return rescore(theirs, turned, batch.source_length, candidates(batch)).tokens[:, :, 0]

    def oracle(batch: Batch):
        found = candidates(batch).tokens  # [R, B, W, T]
        right = (found == batch.target.unsqueeze(2)).all(3)
        best = right.long().argmax(2)[..., None, None].expand(-1, -1, 1, found.shape[3])
        return found.gather(2, best).squeeze(2)

    stages: dict[str, Callable[[Batch], object]] = {
        "best": lambda batch: candidates(batch).tokens[:, :, 0],
        "rescored": rescored,
        "oracle": oracle,
    }
    tables = []
    for stage, answer in stages.items():
        generators = make_generators(first.config.seed, rounds, "rescoring")
        tables.append(evaluate(answer, task, generators, rounds, samples).scores.assign(stage=stage))
    return pd.concat(tables, ignore_index=True)
