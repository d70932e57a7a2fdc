"""Part of a run: some of its rounds, trained, checkpointed and scored by one process."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from replicate.checkpoints import read_checkpoint, write_checkpoint
from replicate.files import RunError
from replicate.settings import RunConfig
from replicate.tasks import task_of
from replicate.tasks.digest import refuse_another_task
from replicate.training.best import Best
from replicate.training.loop import TrainingState, start, train
from replicate.training.model_trial import try_model
from replicate.training.scoring import curve_rows, final_tables
from replicate.training.workers import Stopped

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
            history += curve_rows(part.config, state, best)
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
        **final_tables(part.config, state, lambda done: progress(done, None)),
        "model": state.model.cpu().state_dict(),
    }


def _load_or_start(part: Part, device: str) -> tuple[TrainingState, list[dict], Best | None]:
    refuse_another_task(part.config.task, part.task_digest, part.folder)
    state = start(part.config, part.rounds, device)
    wanted = part.config.training.keep == "best"
    best = Best.none_yet(state.model, len(part.rounds)) if wanted else None
    if not part.checkpoint.exists():
        try_model(task_of(part.config.task), state.model, part.rounds, part.config.training.batch_size)
        return state, curve_rows(part.config, state, best), best
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
