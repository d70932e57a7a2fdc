"""The post's model: maps of three layers each, a tanh encoder, a ReLU decoder that is fed nothing.

Source: the post, section 2; `reference.py` states it plainly.
"""

import torch
from torch import Tensor, nn

from replicate.models.layers import mlp
from replicate.models.mlp_recurrence import run_mlp
from replicate.models.seq2seq import Seq2Seq
from replicate.models.settings import PostSettings
from replicate.tasks.task import Task


class PostStack(nn.Module):
    """h = activation(xh(x) + hh(h)); without an input, h = activation(hh(h))."""

    def __init__(self, rounds: int, embedding_size: int, hidden_size: int, activation: str, fed: bool):
        super().__init__()
        self.input_size = self.state_size = hidden_size
        self.activation = activation
        self.xh = mlp(rounds, embedding_size, hidden_size, hidden_size) if fed else None
        self.hh = mlp(rounds, hidden_size, hidden_size, hidden_size)

    def embed(self, table: Tensor) -> Tensor:
        """`[R, N, E]` -> `[R, N, X]`"""
        return self.xh(table)

    def run(self, start: Tensor | None, inputs: Tensor, sizes: list[int]) -> Tensor:
        """start `[R, B, state_size]` or None, inputs `[R, N, X]` -> `[R, N, state_size]`"""
        if start is not None:
            return run_mlp(self.hh, start, inputs, self.activation, sizes)
        # Every sample starts from zero, so the first step's hh is one row a round.
        zero = inputs.new_zeros(len(inputs), 1, self.state_size)
        state = getattr(torch, self.activation)(inputs[:, : sizes[0]] + self.hh(zero))
        if len(sizes) == 1:
            return state
        rest = run_mlp(self.hh, state, inputs[:, sizes[0] :], self.activation, sizes[1:])
        return torch.cat([state, rest], dim=1)

    def output(self, states: Tensor) -> Tensor:
        """`[R, N, state_size]` -> `[R, N, H]`"""
        return states


def build_post(settings: PostSettings, task: Task, rounds: int) -> Seq2Seq:
    E, H, fed = settings.embedding_size, settings.hidden_size, settings.feed_previous
    return Seq2Seq(
        task,
        rounds,
        E,
        encoder=PostStack(rounds, E, H, "tanh", fed=True),
        decoder=PostStack(rounds, E, H, "relu", fed=fed),
        readout=mlp(rounds, H, H, task.target.size),
        feed_previous=fed,
        dropout=settings.dropout,
    )
