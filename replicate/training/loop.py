"""One training loop for every model: a generator of training states that knows no files and no metrics."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from replicate.models import build
from replicate.randomness import drawing_by_seed, make_generators
from replicate.settings import RunConfig
from replicate.tasks import task_of
from replicate.tasks.batch import Batch

OPTIMIZERS = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}
LOSS_LIMIT = 1e3  # nats a token; a training beyond it, or without a number, has diverged
PROGRESS_EVERY = 20  # updates between two calls of `progress`, or fewer where they take long:
PROGRESS_SECONDS = 0.5  # it is what ends a training that is stopped


@dataclass
class TrainingState:
    """Everything the next update depends on, for some rounds of a run, R of them.

    `loss` and the generators are on the CPU, all else is on the run's device.
    """

    rounds: range
    step: int  # updates done
    model: nn.Module
    optimizer: torch.optim.Optimizer
    generators: list[torch.Generator]  # one a round: the training samples, and dropout
    diverged: Tensor  # [R] the update at which a round diverged, 0 for all others
    loss: Tensor  # [R] mean over the updates between the last two evaluation points; NaN at step 0
    loss_sum: Tensor  # [R] over the updates since the last evaluation point
    norms: list[Tensor]  # one [R] for each of those updates: the gradient's norm before any clipping
    since: int = 0  # the number of those updates

    def note_diverged(self, loss: Tensor) -> None:
        """Note the rounds whose loss `[R]`, or other size, is no number or beyond the limit.

        Asked after every update, so the host does not look: on a GPU it would wait for all work before.
        """
        lost = ~(loss <= LOSS_LIMIT) & (self.diverged == 0)
        self.diverged = self.diverged.masked_fill(lost, self.step)

    def clear_diverged(self) -> None:
        """Give the rounds that diverged zero parameters: whatever they have become is nothing to look at."""
        lost = (self.diverged > 0).cpu()
        if not lost.any():
            return
        for parameter in self.model.parameters():
            for tensor in (parameter.data, *self.optimizer.state[parameter].values()):
                if tensor.shape == parameter.shape:  # the optimizer's own, but for its step count
                    tensor[lost] = 0

    def state_dict(self) -> dict:
        """Plain tensors and numbers, for a checkpoint that loads with `weights_only=True`."""
        return {
            "step": self.step,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "generators": [g.get_state() for g in self.generators],
            "diverged": self.diverged,
            "loss_sum": self.loss_sum,
            "norms": self.norms,
            "since": self.since,
        }

    def load_state_dict(self, state: dict) -> None:
        self.step = state["step"]
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        for generator, saved in zip(self.generators, state["generators"], strict=True):
            generator.set_state(saved)
        # Older checkpoints, written at evaluation points alone, have none of these.
        self.diverged.copy_(state.get("diverged", self.diverged))
        self.loss_sum.copy_(state.get("loss_sum", self.loss_sum))
        self.norms = [norm.to(self.loss_sum.device) for norm in state.get("norms", [])]
        self.since = state.get("since", 0)


def start(config: RunConfig, rounds: range, device: str = "cpu") -> TrainingState:
    """The state before the first update: a fresh model on `device`, its optimizer and its sample streams."""
    model = build(config, rounds).to(device)
    optimizer = OPTIMIZERS[config.training.optimizer](
        model.parameters(), lr=config.training.learning_rate, fused=True
    )
    return TrainingState(
        rounds=rounds,
        step=0,
        model=model,
        optimizer=optimizer,
        generators=make_generators(config.training.seed, rounds, "training"),
        diverged=torch.zeros(len(rounds), dtype=torch.long, device=device),
        loss=torch.full((len(rounds),), float("nan")),
        loss_sum=torch.zeros(len(rounds), device=device),
        norms=[],
    )


def learning_rate(config: RunConfig, step: int) -> float:
    """StepLR: after lr_hold updates, multiplied by lr_gamma after every lr_step_size updates more."""
    return config.training.learning_rate * config.training.lr_gamma ** (
        max(0, step - config.training.lr_hold) // config.training.lr_step_size
    )


def train(
    config: RunConfig, state: TrainingState, progress: Callable[[int, float], None] = lambda step, loss: None
) -> Iterator[TrainingState]:
    """Advance `state` in place, and yield it at every evaluation point that follows, the last step included.

    `progress` is told the updates done and the mean loss of the rounds every few updates. What it raises ends
    the training where `state` is whole: saved and loaded, it goes on as if it had not been stopped.
    """
    task, told = task_of(config.task), time.monotonic()
    while True:
        if state.since and (
            state.step % config.evaluation.evaluate_every == 0 or state.step == config.training.steps
        ):
            state.note_diverged(_parameter_size(state.model))  # the last update may have gone astray
            state.clear_diverged()
            state.loss = (state.loss_sum / state.since).masked_fill(state.diverged > 0, float("nan")).cpu()
            state.loss_sum, state.since = torch.zeros_like(state.loss_sum), 0
            yield state
        if state.step >= config.training.steps:
            return
        if not state.since:
            state.norms = []
        batch = task.sample(state.generators, config.training.batch_size)
        rate = learning_rate(config, state.step)
        with drawing_by_seed("the model's loss"):
            loss = update(state, batch, rate, config.training.clip_norm)
        state.step += 1
        state.note_diverged(loss)
        state.loss_sum, state.since = state.loss_sum + loss, state.since + 1
        if state.step % PROGRESS_EVERY == 0 or time.monotonic() - told > PROGRESS_SECONDS:
            progress(state.step, loss[state.diverged == 0].mean().item())
            told = time.monotonic()


def update(state: TrainingState, batch: Batch, rate: float, clip_norm: float | None = None) -> Tensor:
    """One update of every round; returns each round's loss before it, `[R]`."""
    for group in state.optimizer.param_groups:
        group["lr"] = rate
    loss = state.model.loss(batch, state.generators)
    state.optimizer.zero_grad()
    loss.sum().backward()  # rounds share no parameter, so each gets the gradient of its own loss
    norm = gradient_norm(state.model)
    state.norms.append(norm)
    if clip_norm is not None:
        scale_gradients(state.model, (clip_norm / norm).clamp(max=1))
    state.optimizer.step()
    return loss.detach()


def _parameter_size(model: nn.Module) -> Tensor:
    """The largest parameter of every round, `[R]`; no number where any of them is none."""
    return torch.stack([_by_round(p.detach()).abs().amax(1) for p in model.parameters()]).amax(0)


def _by_round(values: Tensor) -> Tensor:
    """All of each round's, `[R, ...]` -> `[R, n]`; one number a round is `[R]`."""
    return values.reshape(len(values), -1)


def gradient_norm(model: nn.Module) -> Tensor:
    """The norm of each round's whole gradient, `[R]`.

    Raises:
        ValueError: a parameter has no gradient.
    """
    for name, parameter in model.named_parameters():
        if parameter.grad is None:
            raise ValueError(f"{name} has no gradient: the loss does not depend on it")
    return sum(_by_round(p.grad).square().sum(1) for p in model.parameters()).sqrt()


def scale_gradients(model: nn.Module, scale: Tensor) -> None:
    """Multiply each round's gradient by its number in `scale [R]` (clipping, the paper's section 3.4)."""
    for parameter in model.parameters():
        parameter.grad *= scale.view(-1, *[1] * (parameter.dim() - 1))
