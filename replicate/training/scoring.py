"""The scores of some rounds of a run: points of their metric curves, and tables of the trained models."""

from collections.abc import Callable

import pandas as pd
import torch
from torch import Tensor

from replicate.evaluation.evaluate import Evaluation, evaluate, model_answer, nats_per_token
from replicate.randomness import make_generators
from replicate.settings import RunConfig
from replicate.tasks import task_of
from replicate.tasks.task import Split
from replicate.training.best import Best
from replicate.training.loop import TrainingState, learning_rate

GRADIENT = ["gradient_norm", "gradient_norm_max", "large_share"]  # columns of the history
LARGE = 1.0  # a gradient's norm beyond which it is called large in a run that does not clip


def curve_rows(config: RunConfig, state: TrainingState, best: Best | None) -> list[dict]:
    """One row a round of the metric curves; where the best parameters are kept, with the validation loss."""
    purpose, samples = f"curve {state.step}", config.evaluation.curve_samples
    scores = _evaluate(config, state, purpose, samples, "validation").scores
    if best is not None:
        nats = _nats(config, state, purpose, samples, "validation")
        best.note(state.model, nats)
        scores = scores.assign(nats=nats.tolist())
    rate = learning_rate(config, state.step)
    lost = state.diverged.tolist()
    rows = zip(scores.to_dict("records"), state.loss.tolist(), _gradients(config, state), lost, strict=True)
    return [
        {
            "round": row.pop("round"),
            "step": state.step,
            "loss": loss,
            "learning_rate": rate,
            **row,
            **gradient,
            "diverged": diverged,
        }
        for row, loss, gradient, diverged in rows
    ]


def _gradients(config: RunConfig, state: TrainingState) -> list[dict]:
    """Each round's gradient norms since the last point, up to the update at which it diverged, if it did."""
    if not state.norms:
        return [dict.fromkeys(GRADIENT, float("nan"))] * len(state.diverged)
    first = state.step - len(state.norms) + 1
    all_norms = torch.stack(state.norms, dim=1).cpu().nan_to_num(float("inf"))  # [R, updates]
    rows = []
    for norms, lost in zip(all_norms, state.diverged.tolist(), strict=True):
        norms = norms[: max(lost - first + 1, 0)] if lost else norms
        if not len(norms):
            rows.append(dict.fromkeys(GRADIENT, float("nan")))
            continue
        large = (norms > (config.training.clip_norm or LARGE)).double().mean()
        values = [value.item() for value in (norms.median(), norms.amax(), large)]
        rows.append(dict(zip(GRADIENT, values, strict=True)))
    return rows


def final_tables(
    config: RunConfig, state: TrainingState, progress: Callable[[int], None]
) -> dict[str, pd.DataFrame]:
    """Scores of every evaluation round; the tables by length and position are of the first."""
    samples = config.evaluation.evaluate_samples
    told, scores, evaluations = _summed(progress), [], []
    for k in range(config.evaluation.evaluate_rounds):
        purpose = f"evaluation {k}"
        evaluations.append(_evaluate(config, state, purpose, samples, "test", told))
        nats = _nats(config, state, purpose, samples, "test", told).tolist()
        scores.append(evaluations[-1].scores.assign(nats=nats, evaluation=k))
    return {
        "scores": pd.concat(scores),
        "by_length": evaluations[0].by_length,
        "by_position": evaluations[0].by_position,
    }


def _summed(progress: Callable[[int], None]) -> Callable[[int], None]:
    """Tells of all that is done where it hears of what is done more."""
    done = 0

    def told(more: int) -> None:
        nonlocal done
        done += more
        progress(done)

    return told


def _evaluate(
    config: RunConfig, state: TrainingState, purpose: str, samples: int, split: Split, *told
) -> Evaluation:
    task = task_of(config.task)
    answer = model_answer(state.model, task.max_target_length)
    evaluation = evaluate(
        answer, task, _generators(config, state, purpose), state.rounds, samples, split, *told
    )
    lost = [r for r, diverged in zip(state.rounds, state.diverged.tolist(), strict=True) if diverged]
    return evaluation.without(lost)


def _nats(config: RunConfig, state: TrainingState, purpose: str, samples: int, split: Split, *told) -> Tensor:
    """Each training's loss on the samples of an evaluation, `[R]`; no number where it diverged."""
    task = task_of(config.task)
    nats = nats_per_token(state.model, task, _generators(config, state, purpose), samples, split, *told)
    return nats.masked_fill(state.diverged.cpu() > 0, float("nan"))


def _generators(config: RunConfig, state: TrainingState, purpose: str) -> list[torch.Generator]:
    return make_generators(config.training.seed, state.rounds, purpose)
