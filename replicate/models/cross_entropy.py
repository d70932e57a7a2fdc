"""The cross entropy of what a readout says of target tokens.

Of a large vocabulary the logits are most of the work. They are formed a block of rows at a time, and their
gradient with them, so that they are never all in memory. A block's rows start at multiples of 64 bytes:
matrix products write other widths at two thirds of the speed.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from replicate.models.layers import LARGE, Linear, moved
from replicate.tasks.batch import PAD

ROWS = 256  # of a block; 64 make 10% slower products, all rows at once save nothing more
ALIGNED = 16  # numbers in 64 bytes


def mean_nats(readout: nn.Module, seen: Tensor, target: Tensor, length: Tensor) -> Tensor:
    """Each training's mean cross entropy over its target tokens, `[R]`, in nats.

    Args:
        readout: from `[R, N, H]` to logits `[R, N, V]`.
        seen: what it reads, `[R, N, H]`.
        target: the right tokens, `[R, N]`, here or on the CPU; PAD counts nothing.
        length: the tokens of each target, `[R, B]`.
    """
    target, tokens = moved(target, seen), moved(length.sum(1, keepdim=True), seen)  # [R, N], [R, 1]
    if isinstance(readout, Linear) and readout.weight.shape[2] > LARGE:
        share = (target != PAD).to(seen) / tokens  # [R, N]
        return _InBlocks.apply(seen, readout.weight, readout.bias, target, share, torch.is_grad_enabled())
    logits = readout(seen).flatten(0, 1)  # [R N, V]
    nats = F.cross_entropy(logits, target.flatten(), ignore_index=PAD, reduction="none")
    return nats.view_as(target).sum(1) / tokens.squeeze(1)


class _InBlocks(torch.autograd.Function):
    """The sum over rows of their share times their cross entropy."""

    @staticmethod
    def forward(ctx, seen, weight, bias, target, share, with_gradient):
        """seen `[R, N, H]`, weight `[R, H, V]`, bias `[R, 1, V]`, target and share `[R, N]` -> `[R]`"""
        rounds, width = len(seen), _aligned(weight.shape[2])
        logits = seen.new_empty(rounds, min(ROWS, seen.shape[1]), width)
        total = seen.new_zeros(rounds)
        g_seen, g_bias = torch.empty_like(seen), torch.zeros_like(bias)
        g_weight = seen.new_zeros(rounds, weight.shape[1], width)[..., : weight.shape[2]]
        blocks = (tensor.split(ROWS, dim=1) for tensor in (seen, target.unsqueeze(2), share, g_seen))
        for x, right, part, g_x in zip(*blocks, strict=True):
            block = logits[:, : x.shape[1], : weight.shape[2]]  # [R, n, V]
            torch.bmm(x, weight, out=block)
            block += bias
            block -= block.amax(2, keepdim=True)
            of_right = block.gather(2, right).squeeze(2)  # [R, n]
            sums = block.exp_().sum(2)
            total += ((sums.log() - of_right) * part).sum(1)
            if with_gradient:  # from here on the block is the logits' gradient
                block *= (part / sums).unsqueeze(2)
                block.scatter_add_(2, right, -part.unsqueeze(2))
                torch.bmm(block, weight.mT, out=g_x)
                torch.baddbmm(g_weight, x.mT, block, out=g_weight)
                g_bias += block.sum(1, keepdim=True)
        ctx.save_for_backward(g_seen, g_weight, g_bias)
        return total

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        """gradient `[R]` -> those of seen, weight and bias"""
        return *(gradient.view(-1, 1, 1) * own for own in ctx.saved_tensors), None, None, None


def _aligned(width: int) -> int:
    return -(-width // ALIGNED) * ALIGNED
