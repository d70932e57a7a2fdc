"""From a source to an answer: the most probable token at each step, a beam, rescored candidates.

Sources and answers are on the CPU, as tasks and metrics are; the model may be elsewhere.

A model here is anything with `bos`, `eos`, `encode(source, source_length)` and `decode_step(state,
previous)`; a state is a tensor, or a tuple of tensors, of shape `[R, B, ...]`.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from replicate.tasks.batch import PAD

State = Tensor | tuple[Tensor, ...]


class Candidates(NamedTuple):
    """An n-best list, best first; places that the search did not fill have log_probability -inf."""

    tokens: Tensor  # [R, B, W, T], PAD after EOS
    log_probability: Tensor  # [R, B, W], of all tokens, EOS included


@torch.no_grad()
def greedy(model: nn.Module, source: Tensor, source_length: Tensor, max_steps: int) -> Tensor:
    """The most probable token at each step: `[R, B, max_steps]`, PAD after EOS."""
    state = model.encode(source, source_length)
    tokens = torch.full((*source.shape[:2], max_steps), PAD, device=_parameter(model).device)
    previous = torch.full_like(tokens[:, :, 0], model.bos)  # [R, B]
    running = torch.ones_like(previous, dtype=torch.bool)
    for t in range(max_steps):
        state, logits = model.decode_step(state, previous)
        previous = logits.argmax(2)
        tokens[:, :, t] = previous.masked_fill(~running, PAD)
        running &= previous != model.eos
        if not running.any():
            break
    return tokens.cpu()


@torch.no_grad()
def beam(
    model: nn.Module,
    source: Tensor,
    source_length: Tensor,
    max_steps: int,
    width: int,
    wanted: int | None = None,
) -> Candidates:
    """Left-to-right beam search (the paper, section 3.2): `[R, B, S]`, `[R, B]` -> the best `width`.

    Each step keeps the `width` most probable extensions of the hypotheses in the beam; one that ends in EOS
    leaves the beam for the list of candidates. A sample's search ends when nothing in the beam is more
    probable than the last candidate that is wanted, by default the last of all, or after `max_steps`; a
    sample without a candidate then gets the beam itself. What comes after those wanted may be incomplete.

    Raises:
        ValueError: width is no whole number from 1 up.
    """
    if not isinstance(width, int) or isinstance(width, bool) or width < 1:
        raise ValueError(f"the beam's width is {width!r}; it must be a whole number from 1 up")
    rounds, samples = source_length.shape
    state = _each(model.encode(source, source_length), lambda s: s.repeat_interleave(width, dim=1))
    log_probability = _parameter(model).new_full((rounds, samples, width), -math.inf)
    tokens = torch.full((rounds, samples, width, max_steps), PAD, device=log_probability.device)
    found, done = (Candidates(tokens.clone(), log_probability.clone()) for _ in range(2))
    alive = Candidates(tokens, log_probability)
    previous = torch.full_like(tokens[..., 0].flatten(1), model.bos)
    alive.log_probability[:, :, 0] = 0  # all are one and the same at the start
    left = torch.arange(samples, device=tokens.device)  # the samples whose search goes on
    for t in range(max_steps):
        state, logits = model.decode_step(state, previous)
        alive, origin, token = _extend(alive, logits.log_softmax(2), t)
        ended = token == model.eos
        done = _best(done, alive, alive.log_probability.masked_fill(~ended, -math.inf))
        alive = alive._replace(log_probability=alive.log_probability.masked_fill(ended, -math.inf))
        state, previous = _each(state, _reorder(origin)), token.flatten(1)
        last = done.log_probability[:, :, (wanted or width) - 1]
        over = (alive.log_probability.amax(2) <= last).all(0)  # [B] in every round
        if 2 * over.sum() >= len(left):  # what is over is dropped by halves, as the others must be copied
            _keep(found, left[over], alive, done, over)
            left, on = left[~over], ~over
            alive, done = (Candidates(*(tensor[:, on] for tensor in own)) for own in (alive, done))
            rows = on.repeat_interleave(width)
            state, previous = _each(state, lambda s, rows=rows: s[:, rows]), previous[:, rows]
        if not len(left):
            break
    _keep(found, left, alive, done, slice(None))
    return Candidates(*(tensor.cpu() for tensor in found))


def _keep(
    found: Candidates, places: Tensor, alive: Candidates, done: Candidates, which: Tensor | slice
) -> None:
    """Put the candidates of some samples, or else what is in their beam, at their places among all."""
    nothing = done.log_probability[:, which, :1].isinf()
    for whole, a, d in zip(found, alive, done, strict=True):
        whole[:, places] = torch.where(_like(nothing, d), a[:, which], d[:, which])


def _extend(alive: Candidates, logs: Tensor, t: int) -> tuple[Candidates, Tensor, Tensor]:
    """The most probable extensions by a token at place t, what each came from and its token: `[R, B, W]`."""
    rounds, samples, width = alive.log_probability.shape
    total = alive.log_probability.unsqueeze(3) + logs.view(rounds, samples, width, -1)
    best, index = total.flatten(2).topk(width)
    origin, token = index // logs.shape[2], index % logs.shape[2]
    tokens = alive.tokens.gather(2, _like(origin, alive.tokens).expand_as(alive.tokens))
    tokens[..., t] = token
    return Candidates(tokens, best), origin, token


def _best(done: Candidates, new: Candidates, scores: Tensor) -> Candidates:
    """The most probable of the candidates so far and of `new`, whose scores are given."""
    best, index = torch.cat([done.log_probability, scores], dim=2).topk(scores.shape[2])
    tokens = torch.cat([done.tokens, new.tokens], dim=2)
    index = _like(index, tokens).expand(-1, -1, -1, tokens.shape[3])
    return Candidates(tokens.gather(2, index), best)


def _reorder(origin: Tensor) -> Callable[[Tensor], Tensor]:
    """A function that gives each hypothesis the state of the one it came from, in every member's state."""
    _, samples, width = origin.shape
    first = torch.arange(samples, device=origin.device).unsqueeze(1) * width
    index = (first + origin).flatten(1)  # [R, B * W]
    return lambda s: s.gather(1, _like(index, s).expand_as(s))


def rescore(model: nn.Module, source: Tensor, source_length: Tensor, candidates: Candidates) -> Candidates:
    """Reorder an n-best list by the even average of its scores and the model's (the paper, section 3.2).

    Raises:
        ValueError: it is no n-best list of this source: other shapes, or a scored candidate without EOS.
    """
    _check(candidates, source_length, model.eos)
    ours = log_probability(model, source, source_length, candidates.tokens)
    return _best(
        Candidates(candidates.tokens[:, :, :0], candidates.log_probability[:, :, :0]),
        candidates,
        (candidates.log_probability + ours) / 2,
    )


def log_probability(model: nn.Module, source: Tensor, source_length: Tensor, tokens: Tensor) -> Tensor:
    """log p of given answers up to their EOS, `[R, B, W, T]` -> `[R, B, W]`; sources as in `beam`."""
    return token_log_probability(model, source, source_length, tokens).sum(3)


@torch.no_grad()
def token_log_probability(model: nn.Module, source: Tensor, source_length: Tensor, tokens: Tensor) -> Tensor:
    """log p of each token given those before it, 0 after EOS: `[R, B, W, T]` -> `[R, B, W, T]`."""
    width, steps = tokens.shape[2:]
    state = _each(model.encode(source, source_length), lambda s: s.repeat_interleave(width, dim=1))
    flat = tokens.flatten(1, 2).to(_parameter(model).device)  # [R, B * W, T]
    previous = torch.full_like(flat[:, :, 0], model.bos)
    running = torch.ones_like(previous, dtype=torch.bool)
    found = _parameter(model).new_zeros(flat.shape)
    for t in range(steps):
        state, logits = model.decode_step(state, previous)
        previous = flat[:, :, t]
        logs = logits.log_softmax(2).gather(2, previous.unsqueeze(2)).squeeze(2)
        found[:, :, t] = logs.masked_fill(~running, 0)
        running &= previous != model.eos
    return found.unflatten(1, (-1, width)).cpu()


def _check(candidates: Candidates, source_length: Tensor, eos: int) -> None:
    tokens, scores = candidates
    if tokens.dim() != 4 or tokens.shape[:3] != scores.shape or tokens.shape[:2] != source_length.shape:
        raise ValueError(
            f"no n-best list of these sources: tokens {list(tokens.shape)} and scores {list(scores.shape)}, "
            f"for sources {list(source_length.shape)}"
        )
    endless = ((tokens == eos).sum(3) == 0) & scores.isfinite()
    if endless.any():
        r, b, w = endless.nonzero()[0].tolist()
        raise ValueError(f"no n-best list: candidate {w} of sample {b}, round {r}, has no EOS ({eos})")


def _each(state: State, function: Callable[[Tensor], Tensor]) -> State:
    if isinstance(state, Tensor):
        return function(state)
    parts = map(function, state)
    return type(state)(*parts) if hasattr(state, "_fields") else tuple(parts)  # a NamedTuple keeps its names


def _like(index: Tensor, other: Tensor) -> Tensor:
    """The index with further axes of size 1, as many as the other has."""
    return index.view(*index.shape, *[1] * (other.dim() - index.dim()))


def _parameter(model: nn.Module) -> Tensor:
    """Any one: its device and type of number are the model's."""
    return next(model.parameters())
