"""A task and a model tried on a few pairs before they train: what breaks their contract trains wrongly."""

import torch
from torch import Tensor, nn

from replicate.decoding import greedy
from replicate.evaluation.evaluate import metrics_of, pair_statistics
from replicate.randomness import drawing_by_seed, make_generators
from replicate.tasks.batch import PAD, Batch
from replicate.tasks.task import Task, Vocabulary

PAIRS = 2  # of each training


def try_out(task: Task, model: nn.Module, rounds: range) -> None:
    """See that a task and a model of R trainings do what is asked of them.

    Raises:
        ValueError: a batch is none, the loss of a training is not its own, an answer draws what no seed sets,
            or a right answer scores beyond a metric's bounds.
    """
    generators = make_generators(0, rounds, "trial")
    batch = task.sample(generators, PAIRS)
    _check_side("source", batch.source, batch.source_length, task.source, len(rounds), task.source_eos)
    _check_side("target", batch.target, batch.target_length, task.target, len(rounds), ends=True)
    _check_loss(model, batch, generators)
    with drawing_by_seed("the model's answer"):
        greedy(model, batch.source, batch.source_length, task.max_target_length)
    _check_bounds(task, batch.target.flatten(0, 1))


def _check_side(
    name: str, tokens: Tensor, length: Tensor, vocabulary: Vocabulary, rounds: int, ends: bool
) -> None:
    def wanted(holds: bool, problem: str) -> None:
        if not holds:
            raise ValueError(f"{name} of the task's batch {problem}")

    wanted(tokens.dtype == length.dtype == torch.int64, "or its length is not of int64")
    wanted(tokens.shape[:-1] == length.shape == (rounds, PAIRS), f"must be [{rounds}, {PAIRS}, tokens]")
    shortest, longest, places = int(length.min()), int(length.max()), tokens.shape[2]
    wanted(shortest >= 1 and longest <= places, f"has lengths {shortest} to {longest} in {places} places")
    lowest, highest = int(tokens.min()), int(tokens.max())
    wanted(lowest >= 0 and highest < vocabulary.size, f"has ids {lowest} to {highest} of {vocabulary.size}")
    after = torch.arange(places) >= length.unsqueeze(2)  # [R, B, T]
    wanted(not (tokens[after] != PAD).any(), "is not PAD after its length")
    last = tokens.gather(2, length.unsqueeze(2) - 1)
    wanted(not ends or bool((last == vocabulary.eos).all()), "does not end in EOS, which its length counts")


def _check_loss(model: nn.Module, batch: Batch, generators: list[torch.Generator]) -> None:
    with drawing_by_seed("the model's loss"):
        loss = model.loss(batch, generators)
    if loss.shape != (len(generators),):
        raise ValueError(
            f"the loss is {list(loss.shape)}: it must be [{len(generators)}], a number a training"
        )
    names, parameters = zip(*model.named_parameters(), strict=True)
    gradients = torch.autograd.grad(loss[0], parameters, allow_unused=True)
    for name, gradient in zip(names, gradients, strict=True):
        # Of large numbers it may be none where it should be 0.
        if gradient is not None and gradient[1:].nan_to_num().any():
            raise ValueError(f"the loss of the first training depends on {name} of the others")


def _check_bounds(task: Task, target: Tensor) -> None:
    """See that the right answers themselves, `[N, T]`, score within every metric's bounds."""
    statistics = pair_statistics(task, target, target)
    means = {name: values.double().mean().item() for name, values in statistics.items()}
    scores = metrics_of(task, means | {"samples": len(target)})
    for metric in task.metrics:
        low, high = metric.bounds
        score, rounding = scores[metric.name], 1e-9 * (high - low)
        if score < low - rounding or score > high + rounding:
            raise ValueError(
                f"{metric.name} of right answers is {score:g}, beyond its bounds, {low:g} and {high:g}"
            )
