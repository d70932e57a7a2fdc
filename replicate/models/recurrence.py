"""What the gradients of all recurrences over packed samples share.

Left to autograd, each weight's gradient is formed once a step, as many products with a small inner dimension.
Here the backward pass carries only the state's gradient from step to step; afterwards each weight's gradient
is one product over all steps.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import pad

_tanh_backward = torch.ops.aten.tanh_backward.grad_input
_threshold_backward = torch.ops.aten.threshold_backward.grad_input


def through_tanh(gradient: Tensor, output: Tensor) -> Tensor:
    return _tanh_backward(gradient, output, grad_input=gradient)  # in place


def through_relu(gradient: Tensor, output: Tensor) -> Tensor:
    return _threshold_backward(gradient, output, 0, grad_input=gradient)  # in place


def walk_back(
    gradient: Tensor, sizes: list[int], samples: int, step: Callable[[int, Tensor], Tensor]
) -> Tensor:
    """Carry the state's gradient from the last step to the start.

    Args:
        gradient: `[R, N, H]`, of the state after each step, as far as it is used outside the recurrence.
        sizes: the samples running at each step.
        samples: the samples of the start, at least as many.
        step: from t and the whole gradient of the state after step t, `[R, size, H]`, to that of the state
            before; may change its argument.

    Returns:
        The gradient of the start, `[R, samples, H]`.
    """
    carried = None
    for t, block in reversed(list(enumerate(gradient.split(sizes, dim=1)))):
        block = block.clone()
        if carried is not None:
            block[:, : carried.shape[1]] += carried
        carried = step(t, block)
    return pad(carried, (0, 0, 0, samples - carried.shape[1]))


def before_each_step(states: list[Tensor], sizes: list[int]) -> Tensor:
    """The state that each row started from, `[R, N, H]`, given the start and the state after each step."""
    return torch.cat([state[:, :size] for state, size in zip(states, sizes, strict=False)], dim=1)


def all_steps(last_first: list[Tensor]) -> Tensor:
    """Blocks gathered from the last step to the first, as rows `[R, N, H]`."""
    return torch.cat(last_first[::-1], dim=1)
