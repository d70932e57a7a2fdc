"""The post's recurrence over packed samples, with its gradient written out.

Left to autograd, each weight's gradient is formed once a step, as many products with a small inner dimension.
Here the backward pass carries only the state's gradient from step to step; afterwards each weight's gradient
is one product over all steps.
"""

import torch
from torch import Tensor, nn

_tanh_backward = torch.ops.aten.tanh_backward.grad_input
_threshold_backward = torch.ops.aten.threshold_backward.grad_input


def through_tanh(gradient: Tensor, output: Tensor) -> Tensor:
    return _tanh_backward(gradient, output, grad_input=gradient)  # in place


def _through_relu(gradient: Tensor, output: Tensor) -> Tensor:
    return _threshold_backward(gradient, output, 0, grad_input=gradient)  # in place


ACTIVATIONS = {"tanh": (torch.tanh_, through_tanh), "relu": (torch.relu_, _through_relu)}


class MLPRecurrence(torch.autograd.Function):
    """s_t = activation(x_t + relu(relu(s_{t-1} W1 + b1) W2 + b2) W3), for the samples that run at step t."""

    @staticmethod
    def forward(ctx, start, inputs, w1, b1, w2, b2, w3, activation, sizes):
        """See `run_mlp`; returns the state after each step, `[R, N, H]`."""
        activate, _ = ACTIVATIONS[activation]
        first, second, states = (
            [],
            [],
            [start],
        )  # one block a step: [R, size, 2H], [R, size, H/2], [R, size, H]
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
        steps = len(ctx.sizes)
        w1, w2, w3, *blocks = ctx.saved_tensors
        first, second, states = blocks[:steps], blocks[steps : 2 * steps], blocks[2 * steps :]
        _, through_activation = ACTIVATIONS[ctx.activation]
        g1, g2, g3 = [], [], []  # gradients before each activation, last step first
        carried = None
        for t, g in reversed(list(enumerate(gradient.split(ctx.sizes, dim=1)))):
            g = g.clone()
            if carried is not None:
                g[:, : carried.shape[1]] += carried
            g3.append(through_activation(g, states[t + 1]))
            g2.append(_through_relu(torch.bmm(g3[-1], w3.mT), second[t]))
            g1.append(_through_relu(torch.bmm(g2[-1], w2.mT), first[t]))
            carried = torch.bmm(g1[-1], w1.mT)
        gradient_w1, gradient_b1 = _weight_gradients(before_each_step(states, ctx.sizes), g1)
        gradient_w2, gradient_b2 = _weight_gradients(torch.cat(first, dim=1), g2)
        g3 = torch.cat(g3[::-1], dim=1)
        gradient_w3 = torch.bmm(torch.cat(second, dim=1).mT, g3)
        start_gradient = nn.functional.pad(carried, (0, 0, 0, states[0].shape[1] - carried.shape[1]))
        return (
            start_gradient,
            g3,
            gradient_w1,
            gradient_b1,
            gradient_w2,
            gradient_b2,
            gradient_w3,
            None,
            None,
        )


def before_each_step(states: list[Tensor], sizes: list[int]) -> Tensor:
    """The state that each row started from, `[R, N, H]`, given the start and the state after each step."""
    return torch.cat([state[:, :size] for state, size in zip(states, sizes, strict=False)], dim=1)


def _weight_gradients(inputs: Tensor, gradients: list[Tensor]) -> tuple[Tensor, Tensor]:
    """One product over all steps, for x W + b: the gradients (last step first) of W and of b."""
    g = torch.cat(gradients[::-1], dim=1)
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
