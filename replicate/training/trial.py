"""A task and a model tried on a few pairs before they train: what breaks their contract trains wrongly."""

import torch
from torch import Tensor, nn

from replicate.decoding import greedy, token_log_probability
from replicate.evaluation.evaluate import metrics_of, pair_statistics
from replicate.randomness import drawing_by_seed, make_generators
from replicate.tasks.batch import Batch
from replicate.tasks.batch_check import check_batch
from replicate.tasks.task import Task

PAIRS = 2  # of each training, that the model is tried on
SAMPLES = 100  # of each training, that the task is asked for
ROUNDING = 0.01  # of a loss and of 1, by which float32 may miss it where parameters are large


def try_out(task: Task, model: nn.Module, rounds: range) -> None:
    """See that a task and a model of R trainings do what is asked of them.

    Raises:
        ValueError: a batch is none, samples or answers draw what no seed sets, the loss of a training is not
            its own or not what its answers have, or a right answer scores beyond a metric's bounds.
    """
    _check_samples(task, rounds)
    generators = make_generators(0, rounds, "trial")
    batch = task.sample(generators, PAIRS)
    _check_loss(model, batch, generators)
    with drawing_by_seed("the model's answer"):
        greedy(model, batch.source, batch.source_length, task.max_target_length)
    _compare_with_answers(model, batch)
    _check_bounds(task, batch.target.flatten(0, 1))


def _check_samples(task: Task, rounds: range) -> None:
    """See that training samples, which equal generators draw alike, and those of each split are batches."""
    one, other = (task.sample(make_generators(0, rounds, "trial"), SAMPLES) for _ in range(2))
    check_batch("sample", one, task, len(rounds), SAMPLES)
    for name, values in vars(one).items():
        if not torch.equal(values, vars(other)[name]):
            raise ValueError(f"the task's sample draws a {name} that its generators do not set")
    for split in ("validation", "test"):
        batch = next(iter(task.batches(split, make_generators(0, rounds, "trial"), SAMPLES)), None)
        if batch is None:
            raise ValueError(f"the task has no pairs to score in {split}")
        check_batch(f"batches({split!r})", batch, task, len(rounds))


def _check_loss(model: nn.Module, batch: Batch, generators: list[torch.Generator]) -> None:
    rounds = len(generators)
    for one, others in ((0, slice(1, None)), (-1, slice(0, -1))):  # of which either may be in the other
        with drawing_by_seed("the model's loss"):
            loss = model.loss(batch, generators)
        if loss.shape != (rounds,):
            raise ValueError(f"the loss is {list(loss.shape)}: it must be [{rounds}], a number a training")
        if not loss.requires_grad:
            raise ValueError("the loss depends on no parameter that could learn: it has no gradient")
        loss[one].backward()
        for name, parameter in model.named_parameters():
            # Of large numbers it may be none where it should be 0.
            if parameter.grad is not None and parameter.grad[others].nan_to_num().any():
                which = "the last" if one else "the first"
                raise ValueError(f"the loss of {which} training depends on {name} of the others")
        model.zero_grad()


@torch.no_grad()
def _compare_with_answers(model: nn.Module, batch: Batch) -> None:
    """See that the loss, as it is scored, is what the steps of an answer give the right one."""
    read = batch.source, batch.source_length
    nats = -token_log_probability(model, *read, batch.target.unsqueeze(2)).sum((1, 2, 3))  # [R]
    expected, loss = nats / batch.target_length.sum(1), model.loss(batch).cpu()
    if ((loss - expected).abs() > ROUNDING * (1 + expected.abs())).any():
        raise ValueError(
            f"the loss of these pairs is {loss[0]:.3f}, and by decode_step, {expected[0]:.3f}: both must be "
            "the mean nats of a target's tokens, EOS counted"
        )


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
