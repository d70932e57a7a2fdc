"""A model tried before it trains: what breaks its contract trains wrongly."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from replicate.decoding import State, greedy, token_log_probability
from replicate.models.probe import redrawn
from replicate.randomness import drawing_by_seed, make_generators
from replicate.tasks.batch import Batch
from replicate.tasks.task import Task

ROUNDING = 1e-3  # of a pair's nats and of 1, by which two ways to reckon them may differ


def try_model(task: Task, model: nn.Module, rounds: range, batch_size: int) -> None:
    """See that a model of R trainings does what is asked of it, on two pairs of its task.

    Raises:
        ValueError: a state is not of pairs, an answer draws what no seed sets, or the loss of a training or
            of a pair is not its own or not what its answer has.
    """
    pairs = _two_pairs(task.sample(make_generators(0, rounds, "trial"), batch_size))
    _check_loss(model, pairs, rounds)
    with drawing_by_seed("the model's answer"):
        _check_state(model.encode(pairs.source, pairs.source_length), pairs.source_length.shape)
        greedy(model, pairs.source, pairs.source_length, task.max_target_length)
    with redrawn(model):
        _compare(model, pairs)


def _two_pairs(batch: Batch) -> Batch:
    """The shortest source of the first training and the longest, of a target of another length if any is."""
    source, target = batch.source_length[0], batch.target_length[0]
    shortest = int(source.argmin())
    others = source + (target != target[shortest]) * source.max()
    return batch.part(pairs=torch.tensor([shortest, int(others.argmax())]))


def _check_loss(model: nn.Module, batch: Batch, rounds: range) -> None:
    """See that the loss is a number a training, which depends on its own parameters and draws alone."""
    losses = []
    for one, others in ((0, slice(1, None)), (-1, slice(0, -1))):  # of which either may be in the other
        with drawing_by_seed("the model's loss"):
            loss = model.loss(batch, make_generators(0, rounds, "trial"))
        if loss.shape != (len(rounds),):
            raise ValueError(
                f"the loss is {list(loss.shape)}: it must be [{len(rounds)}], a number a training"
            )
        _check_gradient(model, loss, one, others)
        losses.append(loss.detach())
    if not _equal(*losses):
        raise ValueError("the loss draws what its generators do not set: with equal ones it is another")
    for r in (0, len(rounds) - 1):
        generators = make_generators(1, rounds, "trial")
        generators[r] = make_generators(0, rounds, "trial")[r]
        if not _equal(model.loss(batch, generators).detach()[r], losses[0][r]):
            raise ValueError(f"the loss of training {r} draws from the generators of others")


def _check_gradient(model: nn.Module, loss: Tensor, one: int, others: slice) -> None:
    """See that the loss of one training has a gradient, and none in the parameters of the others."""
    if not loss.requires_grad:
        raise ValueError("the loss depends on no parameter that could learn: it has no gradient")
    loss[one].backward()
    for name, parameter in model.named_parameters():
        # Of large numbers it may be none where it should be 0.
        if parameter.grad is not None and parameter.grad[others].nan_to_num().any():
            which = "the last" if one else "the first"
            raise ValueError(f"the loss of {which} training depends on {name} of the others")
    model.zero_grad()


def _equal(loss: Tensor, other: Tensor) -> bool:
    return torch.allclose(loss, other, rtol=ROUNDING, equal_nan=True)


def _check_state(state: State, shape: torch.Size) -> None:
    """See that a state can be repeated and reordered pair by pair, as a beam does."""
    parts = [state] if isinstance(state, Tensor) else state
    if not (isinstance(parts, list | tuple) and all(isinstance(part, Tensor) for part in parts)):
        raise ValueError("the state of a model must be a tensor or a tuple of tensors")
    for part in parts:
        if part.shape[:2] != shape:
            raise ValueError(
                f"the state of a model is {list(part.shape)}: its first axes must be those of trainings and "
                f"pairs, {list(shape)}"
            )


def _compare(model: nn.Module, batch: Batch) -> None:
    """See that the loss is what the steps of an answer give the right one, for pairs together and alone."""
    together, tokens = _nats(model, batch), batch.target_length  # [R, B]
    loss = model.loss(batch).cpu() * tokens.sum(1)
    _compare_nats(loss, together.sum(1), "the loss", "by decode_step")
    for r in (0, len(together) - 1):
        alike = batch.part(rounds=[r] * len(together))  # of all trainings
        ours = _nats(model, alike).where(torch.arange(len(together)).unsqueeze(1) == r, together)
        _compare_nats(ours.sum(1), together.sum(1), "a training beside others of its pairs", "of other pairs")
    for i in range(tokens.shape[1]):
        alone = batch.part(pairs=slice(i, i + 1))
        _compare_nats(_nats(model, alone)[:, 0], together[:, i], "a pair alone", "beside another")
        loss = model.loss(alone).cpu() * tokens[:, i]
        _compare_nats(loss, together[:, i], "the loss of a pair", "by decode_step")
    # The shorter pair of the first training without its padding; what the others have then does not count.
    width = int(batch.source_length[0, 0])
    first = batch.part(pairs=slice(1))
    length = first.source_length.clamp(max=width)
    try:
        bare = _nats(model, replace(first, source=first.source[:, :, :width], source_length=length))
    except (RuntimeError, IndexError, ValueError, AssertionError):  # a model for sources of one width
        return
    _compare_nats(bare[:1, 0], together[:1, 0], "a pair without padding", "with it")


def _nats(model: nn.Module, batch: Batch) -> Tensor:
    """Those of each pair's target, by the steps of an answer: `[R, B]`."""
    target = batch.target.unsqueeze(2)
    return -token_log_probability(model, batch.source, batch.source_length, target).sum((2, 3))


def _compare_nats(ours: Tensor, theirs: Tensor, what: str, how: str) -> None:
    off = (ours - theirs).abs() / (1 + theirs.abs())  # [R]
    worst = int(off.nan_to_num().argmax())
    if off[worst] > max(ROUNDING, 10 * torch.finfo(theirs.dtype).eps):  # of half precision, it is more
        raise ValueError(
            f"{what} has {ours[worst]:.4g} nats, and {how} {theirs[worst]:.4g}, of training {worst}: a loss "
            "is the mean nats of a target's tokens, EOS counted, and a pair's nats are its own"
        )
