"""Dropout: which numbers it takes, that each training draws its own, and where it stands in the models."""

import pytest
import torch
from shared import TINY

from replicate.models import build
from replicate.models.dropout import row_dropout
from replicate.models.layers import pick_rounds
from replicate.models.packing import Packing
from replicate.randomness import make_generators
from replicate.tasks import task_of

MODELS = ["post", "rnn", "lstm", "attention"]


def generators(rounds=range(3)):
    return make_generators(0, rounds, "dropout")


def model_and_batch(name):
    config = TINY.changed(model=name, layers=None, feed_previous=True, dropout=0.5, rounds=3)
    return build(config, range(3)), task_of(config.task).sample(make_generators(0, range(3), "samples"), 8)


def test_the_share_that_goes_is_the_rate_and_the_mean_stays():
    packing = Packing.of(torch.ones(3, 500, dtype=torch.int64))
    dropped = row_dropout(0.2, generators(), packing)(torch.ones(3, 500, 100))
    assert dropped.unique().tolist() == pytest.approx([0, 1.25])
    assert (dropped == 0).float().mean().item() == pytest.approx(0.2, abs=0.005)


def test_a_sample_has_the_same_zeros_at_every_step_however_the_samples_are_packed():
    masks = []
    for length in ([[2, 4, 3], [4, 1, 1]], [[1, 1, 4], [2, 3, 4]]):
        packing = Packing.of(torch.tensor(length))
        rows = row_dropout(0.5, generators(range(2)), packing)(torch.ones(2, sum(packing.sizes), 40))
        masks.append(packing.unpack(rows))  # [R, B, T, H]
    assert 0 < (masks[0] == 0).float().mean() < 1
    for mask in masks:
        torch.testing.assert_close(mask, masks[0][:, :, :1].expand_as(mask))


@pytest.mark.parametrize("name", MODELS)
def test_a_training_draws_the_same_whatever_the_others_draw(name):
    model, batch = model_and_batch(name)
    among = model.loss(batch, generators())
    for r in range(3):
        own = type(batch)(*(tensor[r : r + 1] for tensor in vars(batch).values()))
        alone = pick_rounds([model], [r]).loss(own, generators(range(r, r + 1)))
        torch.testing.assert_close(alone, among[r : r + 1])


@pytest.mark.parametrize("name", MODELS)
def test_the_mean_loss_over_many_masks_is_another_than_without_any(name):
    model, batch = model_and_batch(name)
    plain = model.loss(batch)
    assert torch.equal(model.loss(batch), plain)
    drawn = generators()
    first, second = model.loss(batch, drawn), model.loss(batch, drawn)
    assert (first != plain).all() and (first != second).all()
    model.dropout = 0.0
    torch.testing.assert_close(model.loss(batch, drawn), plain)


@pytest.mark.parametrize("name", MODELS)
def test_all_but_dropped_is_no_input_no_output(name):
    """At a rate near 1 nothing is read and nothing is seen: every token has the readout's bias alone."""
    model, batch = model_and_batch(name)
    model.dropout = 1 - 1e-12
    last = [layer for layer in model.readout.modules() if hasattr(layer, "weight")]
    with torch.no_grad():
        for layer in last[:-1]:
            layer.bias.zero_()
        nats = -last[-1].bias.squeeze(1).log_softmax(1)  # [R, V]
    wanted = torch.stack([nats[r][row[row != 0]].mean() for r, row in enumerate(batch.target)])
    torch.testing.assert_close(model.loss(batch, generators()), wanted)
