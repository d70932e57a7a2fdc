"""A finished run looked at: beside its baselines and by example."""

import pandas as pd
from torch import Tensor

from replicate.evaluation.evaluate import evaluate, model_answer, nats_per_token, oracle_answer
from replicate.files import RunError
from replicate.models import build
from replicate.randomness import make_generators
from replicate.runs.folder import Run
from replicate.settings import RunConfig
from replicate.statistics import weighted_means
from replicate.tasks import task_of
from replicate.tasks.batch import Batch
from replicate.tasks.naming import text_of
from replicate.tasks.pairs import until_eos
from replicate.tasks.task import Task, unknown_of

WAY_TO_ORACLE = 0.1  # beyond the best baseline, from which a model has learnt more than it


def score_table(run: Run, samples: int) -> pd.DataFrame:
    """A run's scores over its rounds beside the baselines, the untrained model and the oracle."""
    table = baseline_table(run.config, samples).loc[[metric.name for metric in run.metrics]]
    table.insert(0, "trained", run.scores[table.index].mean())
    return table


def diverged_trainings(run: Run) -> list[str]:
    """A sentence on each training that diverged."""
    return [
        f"training {training} diverged at update {update} and has no scores"
        for training, update in run.diverged.items()
    ]


def missing_metrics(run: Run) -> list[str]:
    """A sentence on each metric of the task that is newer than the run."""
    return [
        f"{metric.label} is newer than this run, {run.path}, and is not shown; a run that is made anew has it"
        for metric in run.task.metrics
        if metric not in run.metrics
    ]


def baseline_table(config: RunConfig, samples: int) -> pd.DataFrame:
    """Scores of the task's baselines, the untrained model and the oracle, means over trainings."""
    task, rounds = task_of(config.task), range(config.training.rounds)
    names = [metric.name for metric in task.metrics]
    untrained = model_answer(build(config, rounds), task.max_target_length)
    columns = {}
    for name, answer in {**task.baselines, "untrained": untrained, "oracle": oracle_answer}.items():
        generators = make_generators(config.training.seed, rounds, "baseline")
        scores = evaluate(answer, task, generators, rounds, samples).scores
        columns[name] = scores[names].mean()
    return pd.DataFrame(columns)


def first_and_last_position(run: Run) -> str:
    """How often the first token of a target is right, and the last one that any target reaches."""
    if run.by_position.empty:
        return "Every target is empty, so no position is reached."
    known = run.by_position.dropna(subset="accuracy")  # a training that diverged has none
    if known.empty:
        return "Every training diverged, so no position has an accuracy."
    shares, counts = weighted_means(known, "accuracy", "position"), known.groupby("position").samples.sum()
    (first, last), ends = shares.iloc[[0, -1]], counts.iloc[[0, -1]]
    return (
        f"The first token is right in {first:.0%} of {ends.iloc[0]:,.0f} targets, position "
        f"{shares.index[-1]} in {last:.0%} of the {ends.iloc[1]:,.0f} that are so long."
    )


def learnt_beyond_baselines(run: Run, table: pd.DataFrame) -> bool:
    """Whether the headline of a `score_table` is a tenth of the way from the best baseline to the oracle.

    The untrained model counts as a baseline. One that has learnt a baseline alone, such as to answer nothing,
    differs from it by its samples, in either direction.
    """
    headline, scores = run.headline, table.loc[run.headline.name]
    others = scores.drop(["trained", "oracle"])
    best = others.max() if headline.larger_is_better else others.min()
    return bool(headline.better(scores.trained, best + WAY_TO_ORACLE * (scores.oracle - best)))


def loss_table(run: Run, samples: int) -> pd.DataFrame:
    """Mean nats a token over rounds, and its perplexity, on fresh samples: trained, untrained, the best."""
    config, task = run.config, run.task
    rounds = range(config.training.rounds)
    models = {"trained": run.load_model(), "untrained": build(config, rounds)}
    table = {"oracle": {"nats": 0.0, "perplexity": 1.0}}
    for name, model in models.items():
        generators = make_generators(config.training.seed, rounds, "baseline")
        nats = nats_per_token(model, task, generators, samples)
        if name == "trained":
            nats = nats[[r for r in rounds if r not in run.diverged]]
        table[name] = {"nats": nats.mean().item(), "perplexity": nats.mean().exp().item()}
    return pd.DataFrame(table)[["trained", "untrained", "oracle"]]


def sample_answers(run: Run, count: int, samples: int = 1_000) -> pd.DataFrame:
    """Right and wrong answers side by side, `count` of each at most, of the first training with scores.

    They are the first of each kind among `samples` samples.

    Raises:
        RunError: the count is not 1 or more, or every training diverged.
    """
    if count < 1:
        raise RunError(f"examples is {count}; it must be 1 or more")
    task, config = run.task, run.config
    round_index = next((r for r in range(config.training.rounds) if r not in run.diverged), None)
    if round_index is None:
        raise RunError(f"every training of {run.path} diverged, so none can answer")
    generators = make_generators(config.training.seed, range(config.training.rounds), "examples")
    answers, rows = model_answer(run.load_model(), task.max_target_length), []
    for batch in task.batches("test", generators, samples):
        rows += _readable(task, batch, answers(batch), round_index)
    table = pd.DataFrame(rows)
    right = table.pop("knows") & (table.target == table.answer)
    kinds = {"right": table[right].drop(columns="answer"), "wrong": table[~right]}
    return pd.concat({name: rows.head(count).reset_index(drop=True) for name, rows in kinds.items()}, axis=1)


def _readable(task: Task, batch: Batch, prediction: Tensor, round_index: int) -> list[dict]:
    """The pairs and answers of one training as a reader sees them, answers up to their EOS."""
    length = (batch.source_length - int(task.source_eos))[round_index].tolist()
    sources = [tokens[:n] for tokens, n in zip(batch.source[round_index].tolist(), length, strict=True)]
    sources = [source[::-1] for source in sources] if task.reverse else sources  # as they were before
    targets, answers = batch.target[round_index].tolist(), prediction[round_index].tolist()
    eos, unknown = task.target.eos, unknown_of(task.target)
    return [
        {
            "source": task.source.decode(source),
            "target": task.target.decode(until_eos(target, eos)),
            "answer": text_of(task.target, until_eos(answer, eos)),
            "knows": unknown not in target,
        }
        for source, target, answer in zip(sources, targets, answers, strict=True)
    ]
