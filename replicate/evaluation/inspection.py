"""A finished run looked at: beside its baselines and by example."""

import pandas as pd
from torch import Tensor

from replicate.evaluation.evaluate import METRICS, PUBLISHED_METRICS, evaluate, model_answer, nats_per_token
from replicate.models import build
from replicate.randomness import make_generators
from replicate.runs.folder import Run
from replicate.settings import RunConfig
from replicate.tasks.batch import PAD
from replicate.tasks.primes.baselines import chance_answer, oracle_answer
from replicate.tasks.primes.task import PrimeTask


def score_table(run: Run, samples: int) -> pd.DataFrame:
    """A run's scores over its rounds beside chance, the untrained model and the oracle on fresh samples."""
    table = baseline_table(run.config, samples)
    table.insert(0, "trained", run.scores[METRICS + PUBLISHED_METRICS].mean())
    return table


def baseline_table(config: RunConfig, samples: int) -> pd.DataFrame:
    """Scores of chance, the untrained model and the oracle on fresh samples, means over rounds."""
    task, rounds = PrimeTask.of(config), range(config.rounds)
    untrained = model_answer(build(config, rounds), task.max_target_length)
    columns = {}
    for name, answer in {"chance": chance_answer, "untrained": untrained, "oracle": oracle_answer}.items():
        generators = make_generators(config.seed, rounds, "baseline")
        scores = evaluate(answer, task, generators, rounds, samples).scores
        columns[name] = scores[METRICS + PUBLISHED_METRICS].mean()
    return pd.DataFrame(columns)


def loss_table(run: Run, samples: int) -> pd.DataFrame:
    """Nats a token and perplexity on fresh samples, means over rounds: trained, untrained and the best."""
    config, task = run.config, PrimeTask.of(run.config)
    rounds = range(config.rounds)
    models = {"trained": run.load_model(), "untrained": build(config, rounds)}
    table = {"oracle": {"nats": 0.0, "perplexity": 1.0}}
    for name, model in models.items():
        generators = make_generators(config.seed, rounds, "baseline")
        nats = nats_per_token(model, task, generators, samples)
        if name == "trained":
            nats = nats[[r for r in rounds if r not in run.diverged]]
        table[name] = {"nats": nats.mean().item(), "perplexity": nats.exp().mean().item()}
    return pd.DataFrame(table)[["trained", "untrained", "oracle"]]


def sample_answers(run: Run, count: int, round_index: int = 0, samples: int = 1_000) -> pd.DataFrame:
    """Right and wrong answers of one round side by side, `count` of each at most.

    They are the first of each kind among `samples` fresh samples.
    """
    if count < 1:
        raise ValueError(f"examples is {count}; it must be 1 or more")
    task, config = PrimeTask.of(run.config), run.config
    model = run.load_model()
    generators = make_generators(config.seed, range(config.rounds), "examples")
    batch = task.sample(generators, samples)
    prediction = model_answer(model, task.max_target_length)(batch)[round_index]
    rows = [
        {
            "source": _values(source, PAD),
            "target": _values(target, task.eos),
            "answer": _values(answer, task.eos),
        }
        for source, target, answer in zip(
            batch.source[round_index], batch.target[round_index], prediction, strict=True
        )
    ]
    table = pd.DataFrame(rows)
    right = table.target == table.answer
    kinds = {"right": table[right].drop(columns="answer"), "wrong": table[~right]}
    return pd.concat({name: rows.head(count).reset_index(drop=True) for name, rows in kinds.items()}, axis=1)


def _values(tokens: Tensor, end: int) -> str:
    """The tokens before `end`, as a reader sees them."""
    values = tokens.tolist()
    return " ".join(map(str, values[: values.index(end)] if end in values else values))
