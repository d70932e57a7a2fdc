"""The LSTM, with the paper's use of it: the decoder starts from the encoder's last h and c.

i, f, o = sigm(x W + h W + b), g = tanh(x W + h W + b); c = f c + i g; h = o tanh(c), as `torch.nn.LSTM`.
"""

import torch
from torch import Tensor, nn

from replicate.models.layers import Linear
from replicate.models.recurrence import before_each_step, through_tanh, walk_back
from replicate.models.seq2seq import Seq2Seq
from replicate.models.settings import LSTMSettings
from replicate.tasks.task import Task

_sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input


class LSTMRecurrence(torch.autograd.Function):
    """The recurrence over packed samples; a state is h and c side by side, gates are i, f, o, g.

    Each step writes its rows where they stay, so that nothing is put together afterwards.
    """

    @staticmethod
    def forward(ctx, start, inputs, w, sizes):
        """start `[R, B, 2H]`, inputs `[R, N, 4H]`, w `[R, H, 4H]` -> `[R, N, 2H]`."""
        width = w.shape[1]
        states = inputs.new_empty(*inputs.shape[:2], 2 * width)
        gates, tanhs, before = [], [], start
        for size, x, state in zip(sizes, inputs.split(sizes, dim=1), states.split(sizes, dim=1), strict=True):
            h, c = before[:, :size].split(width, dim=2)
            gate = torch.baddbmm(x, h, w)  # [R, size, 4H]
            gate[..., : 3 * width].sigmoid_()
            gate[..., 3 * width :].tanh_()
            i, f, o, g = gate.split(width, dim=2)
            new_h, new_c = state.split(width, dim=2)
            torch.addcmul(f * c, i, g, out=new_c)
            tanhs.append(new_c.tanh())
            torch.mul(o, tanhs[-1], out=new_h)
            gates.append(gate)
            before = state
        ctx.save_for_backward(w, start, states, *gates, *tanhs)
        ctx.sizes = sizes
        return states

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        """gradient `[R, N, 2H]` -> those of start `[R, B, 2H]`, inputs `[R, N, 4H]` and w `[R, H, 4H]`."""
        w, start, states, *blocks = ctx.saved_tensors
        gates, tanhs = blocks[: len(ctx.sizes)], blocks[len(ctx.sizes) :]
        width = w.shape[1]
        states = [start, *states.split(ctx.sizes, dim=1)]
        inputs = gradient.new_empty(*gradient.shape[:2], 4 * width)
        places = inputs.split(ctx.sizes, dim=1)  # before each gate's activation

        def step(t: int, g: Tensor) -> Tensor:
            g_c = _through_step(g, gates[t], states[t][:, : ctx.sizes[t], width:], tanhs[t], places[t])
            return torch.cat([torch.bmm(places[t], w.mT), g_c], dim=2)  # [R, size, 2H]

        start = walk_back(gradient, ctx.sizes, states[0].shape[1], step)
        before = before_each_step([state[..., :width] for state in states], ctx.sizes)  # [R, N, H]
        return start, inputs, torch.bmm(before.mT, inputs), None


def _through_step(g_state: Tensor, gate: Tensor, c_before: Tensor, tanh_c: Tensor, out: Tensor) -> Tensor:
    """The gradient of h and c, `[R, size, 2H]` -> that of the c before, `[R, size, H]`.

    That of the gates before their activation is written to `out [R, size, 4H]`.
    """
    width = tanh_c.shape[2]
    g_h, g_c = g_state.split(width, dim=2)
    i, f, o, g = gate.split(width, dim=2)
    g_i, g_f, g_o, g_g = out.split(width, dim=2)
    g_c = g_c + through_tanh(g_h * o, tanh_c)
    torch.mul(g_c, g, out=g_i)
    torch.mul(g_c, c_before, out=g_f)
    torch.mul(g_h, tanh_c, out=g_o)
    torch.mul(g_c, i, out=g_g)
    sigmoid_part = out[..., : 3 * width]
    _sigmoid_backward(sigmoid_part, gate[..., : 3 * width], grad_input=sigmoid_part)
    through_tanh(g_g, g)
    return g_c * f


class LSTMStack(nn.Module):
    """Layers of LSTM, each over the h of the one below; the state is h and c of every layer, side by side."""

    def __init__(self, rounds: int, embedding_size: int, hidden_size: int, layers: int, fed: bool):
        super().__init__()
        self.hidden_size, self.input_size = hidden_size, 4 * hidden_size
        self.state_size = 2 * hidden_size * layers
        bound = hidden_size**-0.5  # torch.nn.LSTM's initialisation
        widths = [embedding_size if fed else None] + [hidden_size] * (layers - 1)
        self.xh = nn.ModuleList(
            [Linear(rounds, width, self.input_size, bound) if width else None for width in widths]
        )
        self.hh = nn.ModuleList([Linear(rounds, hidden_size, self.input_size, bound) for _ in widths])

    def embed(self, table: Tensor) -> Tensor:
        """`[R, N, E]` -> `[R, N, X]`, X = 4H"""
        return self.xh[0](table)

    def run(self, start: Tensor | None, inputs: Tensor, sizes: list[int]) -> Tensor:
        """start `[R, B, state_size]` or None, inputs `[R, N, X]` -> `[R, N, state_size]`"""
        if start is None:
            start = inputs.new_zeros(len(inputs), sizes[0], self.state_size)
        states = []
        for layer, (hh, begin) in enumerate(
            zip(self.hh, start.split(2 * self.hidden_size, dim=2), strict=True)
        ):
            if layer:  # the h of the layer below
                inputs = self.xh[layer](states[-1][..., : self.hidden_size])
            states.append(LSTMRecurrence.apply(begin, inputs + hh.bias, hh.weight, sizes))
        return torch.cat(states, dim=2) if len(states) > 1 else states[0]

    def output(self, states: Tensor) -> Tensor:
        """`[R, N, state_size]` -> `[R, N, H]`"""
        top = states[..., -2 * self.hidden_size :]
        return top[..., : self.hidden_size]


def build_lstm(settings: LSTMSettings, task: Task, rounds: int) -> Seq2Seq:
    E, H, fed = settings.embedding_size, settings.hidden_size, settings.feed_previous
    return Seq2Seq(
        task,
        rounds,
        E,
        encoder=LSTMStack(rounds, E, H, settings.layers, fed=True),
        decoder=LSTMStack(rounds, E, H, settings.layers, fed=fed),
        readout=Linear(rounds, H, task.target.size),
        feed_previous=fed,
        dropout=settings.dropout,
    )
