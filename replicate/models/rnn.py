"""The paper's plain RNN (its section 2): one linear map from the input, one from the state.

The paper writes h = sigm(W x + W h); tanh, the post's choice, is kept here.
"""

import torch
from torch import Tensor, nn

from replicate.models.layers import Linear
from replicate.models.recurrence import all_steps, before_each_step, through_tanh, walk_back
from replicate.models.seq2seq import Seq2Seq
from replicate.models.settings import RNNSettings
from replicate.tasks.task import Task


class LinearRecurrence(torch.autograd.Function):
    """s_t = tanh(x_t + s_{t-1} W) over packed samples; W's gradient is one product over all steps."""

    @staticmethod
    def forward(ctx, start, inputs, w, sizes):
        """start `[R, B, H]`, inputs `[R, N, H]`, w `[R, H, H]` -> `[R, N, H]`."""
        states = [start]
        for size, x in zip(sizes, inputs.split(sizes, dim=1), strict=True):
            states.append(torch.baddbmm(x, states[-1][:, :size], w).tanh_())  # [R, size, H]
        ctx.save_for_backward(w, *states)
        ctx.sizes = sizes
        return torch.cat(states[1:], dim=1)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        """gradient `[R, N, H]` -> those of start, inputs and w."""
        w, *states = ctx.saved_tensors
        gradients = []  # before tanh, last step first

        def step(t: int, g: Tensor) -> Tensor:
            gradients.append(through_tanh(g, states[t + 1]))
            return torch.bmm(gradients[-1], w.mT)

        start = walk_back(gradient, ctx.sizes, states[0].shape[1], step)
        inputs = all_steps(gradients)
        return start, inputs, torch.bmm(before_each_step(states, ctx.sizes).mT, inputs), None


class RNNStack(nn.Module):
    """h = tanh(x Wx + h Wh + b)."""

    def __init__(self, rounds: int, embedding_size: int, hidden_size: int, fed: bool):
        super().__init__()
        self.input_size = self.state_size = hidden_size
        self.xh = Linear(rounds, embedding_size, hidden_size) if fed else None
        self.hh = Linear(rounds, hidden_size, hidden_size)

    def embed(self, table: Tensor) -> Tensor:
        """`[R, N, E]` -> `[R, N, X]`"""
        return self.xh(table)

    def run(self, start: Tensor | None, inputs: Tensor, sizes: list[int]) -> Tensor:
        """start `[R, B, state_size]` or None, inputs `[R, N, X]` -> `[R, N, state_size]`"""
        if start is None:
            start = inputs.new_zeros(len(inputs), sizes[0], self.state_size)
        return LinearRecurrence.apply(start, inputs + self.hh.bias, self.hh.weight, sizes)

    def output(self, states: Tensor) -> Tensor:
        """`[R, N, state_size]` -> `[R, N, H]`"""
        return states


def build_rnn(settings: RNNSettings, task: Task, rounds: int) -> Seq2Seq:
    E, H, fed = settings.embedding_size, settings.hidden_size, settings.feed_previous
    return Seq2Seq(
        task,
        rounds,
        E,
        encoder=RNNStack(rounds, E, H, fed=True),
        decoder=RNNStack(rounds, E, H, fed=fed),
        readout=Linear(rounds, H, task.target.size),
        feed_previous=fed,
        dropout=settings.dropout,
    )
