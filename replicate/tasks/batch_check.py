"""Whether a batch is what a task promises; a model that trains on another learns something else."""

import torch
from torch import Tensor

from replicate.tasks.batch import PAD, Batch
from replicate.tasks.task import Task


def check_batch(of: str, batch: Batch, task: Task, rounds: int, samples: int | None = None) -> None:
    """See that a batch has so many trainings, and samples where that is known, and is as `Batch` says.

    Raises:
        ValueError: it is not; the message names what it is `of`.
    """
    if not isinstance(batch, Batch):
        raise ValueError(f"{of} of the task gives a {type(batch).__name__}, not a Batch")
    shape = rounds, samples or batch.source.shape[1:2].numel()
    for name, tokens, length, vocabulary, longest, ends in (
        ("source", batch.source, batch.source_length, task.source, task.max_source_length, task.source_eos),
        ("target", batch.target, batch.target_length, task.target, task.max_target_length - 1, True),
    ):
        problem = _problem(tokens, length, vocabulary.size, shape, longest + ends)
        if problem is None and ends:
            # The post's EOS is a value, too, of which a source may be full.
            is_value = not task.source_eos and bool((batch.source == task.source.eos).any())
            problem = _problem_of_end(tokens, length, vocabulary.eos, is_value)
        if problem:
            raise ValueError(f"{name} of the task's {of} {problem}")


def _problem(tokens: Tensor, length: Tensor, size: int, shape: tuple[int, int], longest: int) -> str | None:
    """What is wrong with one side of a batch: ids below `size`, at most `longest` of them."""
    if not tokens.dtype == length.dtype == torch.int64:
        return "or its length is not of int64"
    if not tokens.shape[:-1] == length.shape == shape:
        return f"is {list(tokens.shape)}, its length {list(length.shape)}: they must be {[*shape, 'T']}"
    least, most = int(length.min()), int(length.max())
    if least < 1 or most > tokens.shape[2]:
        return f"has lengths {least} to {most} in {tokens.shape[2]} places"
    if most > longest:
        return f"has {most} tokens, and the task says that {longest} are the most"
    lowest, highest = int(tokens.min()), int(tokens.max())
    if lowest < 0 or highest >= size:
        return f"has ids {lowest} to {highest} of {size}"
    inside = torch.arange(tokens.shape[2]) < length.unsqueeze(2)  # [R, B, T]
    if (tokens[inside] == PAD).any():
        return f"has id {PAD} within its length, which is PAD and no token"
    return "is not PAD after its length" if (tokens[~inside] != PAD).any() else None


def _problem_of_end(tokens: Tensor, length: Tensor, eos: int, is_value: bool) -> str | None:
    """What is wrong with the EOS that ends one side of a batch, and may be a value before that."""
    if not (tokens.gather(2, length.unsqueeze(2) - 1) == eos).all():
        return "does not end in EOS, which its length counts"
    return f"has EOS, {eos}, before its end" if not is_value and ((tokens == eos).sum(2) > 1).any() else None
