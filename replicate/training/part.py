"""Part of a run: some of its rounds, trained, checkpointed and scored by one process."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor

from replicate.checkpoints import read_checkpoint, write_checkpoint
from replicate.evaluation.evaluate import Evaluation, evaluate, model_answer, nats_per_token
from replicate.files import RunError
from replicate.randomness import make_generators
from replicate.settings import RunConfig
from replicate.tasks import task_of
from replicate.tasks.digest import refuse_another_task
from replicate.tasks.task import Split
from replicate.training.best import Best
from replicate.training.loop import TrainingState, learning_rate, start, train
from replicate.training.model_trial import try_model
from replicate.training.workers import Stopped

GRADIENT = ["gradient_norm", "gradient_norm_max", "large_share"]  # columns of the history
LARGE = 1.0  # a gradient's norm beyond which it is called large in a run that does not clip


Told = Callable[[float, float | None], None]  # how much is done, and the loss where there is one


@dataclass(frozen=True)
class Part:
    """Some rounds of a run, trained by one process."""

    config: RunConfig
    folder: Path  # the run folder
    rounds: range
    task_digest: str  # of the task as it was in the process that began the run

    @property
    def checkpoint(self) -> Path:
        return self.folder / f"part-{self.rounds.start:04}-{self.rounds.stop:04}.pt"

    @property
    def mark(self) -> list:
        """What tells its checkpoint from all others."""
        return [self.config.name, self.rounds.start, self.rounds.stop]


def train_part(part: Part, device: str, until: int | None, progress: Told) -> int:
    """Train some rounds, checkpointing at every evaluation point and when stopped; returns the updates done.

    Ends after `until` updates, or, where that is None, after the config's steps or, with `stop_exact_match`,
    as soon as every round has reached it once.
    """
    state, history, best = _load_or_start(part, device)
    steps = part.config.training.steps if until is None else until
    progress(state.step, None)
    # A part that was stopped after its last update has yet to be looked at there.
    if not state.since and (state.step >= steps or (until is None and _good_enough(part, history))):
        return state.step
    # Moments of units that died decay into denormals, which slow the update down several times.
    torch.set_flush_denormal(True)
    try:
        for _ in train(part.config, state, progress):
            history += _curve_rows(part, state, best)
            _save(part, state, history, best)
            if state.step >= steps or (until is None and _good_enough(part, history)):
                break
    except Stopped:
        _save(part, state, history, best)
        raise
    finally:
        torch.set_flush_denormal(False)  # it holds for all arithmetic of this thread, a notebook's included
    return state.step


def score_part(part: Part, device: str, progress: Told) -> dict:
    """The tables and the parameters of a part that is trained; `progress` is told the samples scored."""
    state, history, best = _load_or_start(part, device)
    if best is not None:
        state.model.load_state_dict(best.parameters)
    return {
        "history": history,
        **_final_tables(part, state, progress),
        "model": state.model.cpu().state_dict(),
    }


def _load_or_start(part: Part, device: str) -> tuple[TrainingState, list[dict], Best | None]:
    refuse_another_task(part.config.task, part.task_digest, part.folder)
    state = start(part.config, part.rounds, device)
    wanted = part.config.training.keep == "best"
    best = Best.none_yet(state.model, len(part.rounds)) if wanted else None
    if not part.checkpoint.exists():
        try_model(task_of(part.config.task), state.model, part.rounds, part.config.training.batch_size)
        return state, _curve_rows(part, state, best), best
    saved = read_checkpoint(part.checkpoint)
    try:
        if saved.get("of", part.mark) != part.mark:  # checkpoints of earlier versions do not say it
            raise ValueError("of other settings or other rounds")
        state.load_state_dict(saved["state"])
        return state, list(saved["history"]), Best(**saved["best"]) if wanted else None
    except (KeyError, TypeError, RuntimeError, ValueError, AttributeError) as error:
        raise RunError(
            f"{part.checkpoint} is no checkpoint of these rounds; delete it to train them again"
        ) from error


def _save(part: Part, state: TrainingState, history: list[dict], best: Best | None) -> None:
    saved = {"of": part.mark, "state": state.state_dict(), "history": history}
    write_checkpoint(part.checkpoint, saved | ({"best": vars(best)} if best is not None else {}))


def _good_enough(part: Part, history: list[dict]) -> bool:
    """Whether every round has reached the config's `stop_exact_match` at some point, or has diverged."""
    goal = part.config.training.stop_exact_match
    return goal is not None and set(part.rounds) <= {
        row["round"] for row in history if row["exact_match"] >= goal or row.get("diverged")
    }


def _curve_rows(part: Part, state: TrainingState, best: Best | None) -> list[dict]:
    """One row a round of the metric curves; where the best parameters are kept, with the validation loss."""
    purpose, samples = f"curve {state.step}", part.config.evaluation.curve_samples
    scores = _evaluate(part, state, purpose, samples, "validation").scores
    if best is not None:
        nats = _nats(part, state, purpose, samples, "validation")
        best.note(state.model, nats)
        scores = scores.assign(nats=nats.tolist())
    rate = learning_rate(part.config, state.step)
    lost = state.diverged.tolist()
    rows = zip(scores.to_dict("records"), state.loss.tolist(), _gradients(part, state), lost, strict=True)
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


def _gradients(part: Part, state: TrainingState) -> list[dict]:
    """Each round's gradient norms since the last point, up to the update at which it diverged, if it did."""
    if not state.norms:
        return [dict.fromkeys(GRADIENT, float("nan"))] * len(part.rounds)
    first = state.step - len(state.norms) + 1
    all_norms = torch.stack(state.norms, dim=1).cpu().nan_to_num(float("inf"))  # [R, updates]
    rows = []
    for norms, lost in zip(all_norms, state.diverged.tolist(), strict=True):
        norms = norms[: max(lost - first + 1, 0)] if lost else norms
        if not len(norms):
            rows.append(dict.fromkeys(GRADIENT, float("nan")))
            continue
        large = (norms > (part.config.training.clip_norm or LARGE)).double().mean()
        values = [value.item() for value in (norms.median(), norms.amax(), large)]
        rows.append(dict(zip(GRADIENT, values, strict=True)))
    return rows


def _final_tables(part: Part, state: TrainingState, progress: Told) -> dict[str, pd.DataFrame]:
    """Scores of every evaluation round; the tables by length and position are of the first."""
    samples = part.config.evaluation.evaluate_samples
    told, scores, evaluations = _summed(progress), [], []
    for k in range(part.config.evaluation.evaluate_rounds):
        purpose = f"evaluation {k}"
        evaluations.append(_evaluate(part, state, purpose, samples, "test", told))
        nats = _nats(part, state, purpose, samples, "test", told).tolist()
        scores.append(evaluations[-1].scores.assign(nats=nats, evaluation=k))
    return {
        "scores": pd.concat(scores),
        "by_length": evaluations[0].by_length,
        "by_position": evaluations[0].by_position,
    }


def _summed(progress: Told) -> Callable[[int], None]:
    """Tells of all that is done where it hears of what is done more."""
    done = 0

    def told(more: int) -> None:
        nonlocal done
        done += more
        progress(done, None)

    return told


def _evaluate(
    part: Part, state: TrainingState, purpose: str, samples: int, split: Split, *told
) -> Evaluation:
    task = task_of(part.config.task)
    answer = model_answer(state.model, task.max_target_length)
    evaluation = evaluate(answer, task, _generators(part, purpose), part.rounds, samples, split, *told)
    lost = [r for r, diverged in zip(part.rounds, state.diverged.tolist(), strict=True) if diverged]
    return evaluation.without(lost)


def _nats(part: Part, state: TrainingState, purpose: str, samples: int, split: Split, *told) -> Tensor:
    """Each training's loss on the samples of an evaluation, `[R]`; no number where it diverged."""
    task = task_of(part.config.task)
    nats = nats_per_token(state.model, task, _generators(part, purpose), samples, split, *told)
    return nats.masked_fill(state.diverged.cpu() > 0, float("nan"))


def _generators(part: Part, purpose: str) -> list[torch.Generator]:
    return make_generators(part.config.training.seed, part.rounds, purpose)
