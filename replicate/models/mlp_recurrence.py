"""The post's recurrence over packed samples, with its gradient written out."""

import torch
from torch import Tensor, nn

from replicate.models.recurrence import all_steps, before_each_step, through_relu, through_tanh, walk_back

ACTIVATIONS = {"tanh": (torch.tanh_, through_tanh), "relu": (torch.relu_, through_relu)}


class MLPRecurrence(torch.autograd.Function):
    """s_t = activation(x_t + relu(relu(s_{t-1} W1 + b1) W2 + b2) W3), for the samples that run at step t."""

    @staticmethod
    def forward(ctx, start, inputs, w1, b1, w2, b2, w3, activation, sizes):
        """See `run_mlp`; returns the state after each step, `[R, N, H]`."""
        activate, _ = ACTIVATIONS[activation]
        first, second, states = [], [], [start]  # blocks [R, size, 2H], [R, size, H/2], [R, size, H]
        for size, x in zip(sizes, inputs.split(sizes, dim=1), strict=True):
            first.append(torch.baddbmm(b1, states[-1][:, :size], w1).relu_())
            second.append(torch.baddbmm(b2, first[-1], w2).relu_())
            states.append(activate(torch.baddbmm(x, second[-1], w3)))
        ctx.save_for_backward(w1, w2, w3, *first, *second, *states)
        ctx.activation, ctx.sizes = activation, sizes
        return torch.cat(states[1:], dim=1)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        """gradient `[R, N, H]` -> those of start, inputs and the weights."""
        steps = len(ctx.sizes)
        w1, w2, w3, *blocks = ctx.saved_tensors
        first, second, states = blocks[:steps], blocks[steps : 2 * steps], blocks[2 * steps :]
        _, through_activation = ACTIVATIONS[ctx.activation]
        g1, g2, g3 = [], [], []  # gradients before each activation, last step first

        def step(t: int, g: Tensor) -> Tensor:
            g3.append(through_activation(g, states[t + 1]))  # [R, size, H]
            g2.append(through_relu(torch.bmm(g3[-1], w3.mT), second[t]))  # [R, size, H/2]
            g1.append(through_relu(torch.bmm(g2[-1], w2.mT), first[t]))  # [R, size, 2H]
            return torch.bmm(g1[-1], w1.mT)

        start = walk_back(gradient, ctx.sizes, states[0].shape[1], step)
        w1, b1 = _weight_gradients(before_each_step(states, ctx.sizes), g1)
        w2, b2 = _weight_gradients(torch.cat(first, dim=1), g2)
        inputs = all_steps(g3)
        w3 = torch.bmm(torch.cat(second, dim=1).mT, inputs)
        return start, inputs, w1, b1, w2, b2, w3, None, None


def _weight_gradients(inputs: Tensor, gradients: list[Tensor]) -> tuple[Tensor, Tensor]:
    """For x W + b: the gradients of W, one product over all steps, and of b."""
    g = all_steps(gradients)
    return torch.bmm(inputs.mT, g), g.sum(1, keepdim=True)


def run_mlp(maps: nn.Sequential, start: Tensor, inputs: Tensor, activation: str, sizes: list[int]) -> Tensor:
    """Run s_t = activation(x_t + maps(s_{t-1})) over packed samples.

    Args:
        maps: a `layers.mlp` from the state to the state.
        start: `[R, B, H]`, the state before the first step, samples in packed order.
        inputs: `[R, N, H]`, x_t row by row.
        activation: "tanh" or "relu".
        sizes: the samples running at each step, never rising, N in all.

    Returns:
        `[R, N, H]`, the state after each step.
    """
    first, _, second, _, third = maps
    return MLPRecurrence.apply(
        start,
        inputs + third.bias,
        first.weight,
        first.bias,
        second.weight,
        second.bias,
        third.weight,
        activation,
        sizes,
    )
