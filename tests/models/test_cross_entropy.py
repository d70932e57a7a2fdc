"""The cross entropy of a large vocabulary, in blocks of rows, beside PyTorch's of all rows at once."""

import pytest
import torch
import torch.nn.functional as F

from replicate.models.cross_entropy import ROWS, mean_nats
from replicate.models.layers import LARGE, Linear
from replicate.tasks.batch import PAD

ROUNDS, WIDTH, TOKENS = 2, 5, LARGE + 3
LENGTHS = torch.tensor([[300, 307], [5, 400]])  # the rounds have 607 and 405 tokens


@pytest.fixture
def readout() -> Linear:
    torch.manual_seed(0)
    layer = Linear(ROUNDS, WIDTH, TOKENS).double()
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter)
    return layer


@pytest.fixture
def seen() -> torch.Tensor:
    return torch.randn(ROUNDS, int(LENGTHS.sum(1).max()), WIDTH, dtype=torch.float64, requires_grad=True)


@pytest.fixture
def target(seen) -> torch.Tensor:
    drawn = torch.randint(1, TOKENS, seen.shape[:2])
    spare = torch.arange(seen.shape[1]) >= LENGTHS.sum(1, keepdim=True)  # of the round with fewer tokens
    drawn[spare] = PAD
    return drawn


def plain(readout: Linear, seen: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    rounds = [F.cross_entropy(readout(seen)[r], target[r], ignore_index=PAD) for r in range(ROUNDS)]
    return torch.stack(rounds)


def gradients(loss: torch.Tensor, *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
    weights = torch.tensor([1.0, -3.0], dtype=torch.float64)  # another weight of each round's loss
    return torch.autograd.grad(loss @ weights, tensors)


def test_losses_and_gradients_equal_those_of_all_rows_at_once(readout, seen, target):
    assert seen.shape[1] > 2 * ROWS  # two whole blocks and one that is not
    ours, theirs = mean_nats(readout, seen, target, LENGTHS), plain(readout, seen, target)
    torch.testing.assert_close(ours, theirs)
    wanted = (seen, readout.weight, readout.bias)
    for own, other in zip(gradients(ours, *wanted), gradients(theirs, *wanted), strict=True):
        torch.testing.assert_close(own, other)


def test_no_gradient_is_made_where_none_is_wanted(readout, seen, target, monkeypatch):
    with_gradient = mean_nats(readout, seen, target, LENGTHS)
    monkeypatch.delattr(torch, "baddbmm")  # the gradient's product
    with torch.no_grad():
        torch.testing.assert_close(mean_nats(readout, seen, target, LENGTHS), with_gradient.detach())


def test_logits_far_apart_are_no_overflow(readout, seen, target):
    loss = mean_nats(readout, 1e4 * seen, target, LENGTHS)
    torch.testing.assert_close(loss, plain(readout, 1e4 * seen, target))


def test_a_number_that_is_none_stays_in_its_round(readout, seen, target):
    with torch.no_grad():
        seen[0, 3, 0] = float("nan")
    loss = mean_nats(readout, seen, target, LENGTHS)
    assert loss.isnan().tolist() == [True, False]
