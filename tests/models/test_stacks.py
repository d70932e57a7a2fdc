"""The RNN and the LSTM against torch.nn with the same weights: states, losses, gradients; fed decoders."""

import pytest
import torch
import torch.nn.functional as F
from shared import batch_from, primes
from torch import nn

from replicate.decoding import greedy
from replicate.models import build
from replicate.models.lstm import LSTMRecurrence
from replicate.models.rnn import LinearRecurrence
from replicate.settings import RunConfig

VOCAB, EMBEDDING, HIDDEN = 31, 5, 7


def make_model(name: str, layers: int = 1, feed_previous: bool = True):
    config = RunConfig.of(
        model=name,
        layers=layers,
        feed_previous=feed_previous,
        vocab_size=VOCAB,
        embedding_size=EMBEDDING,
        hidden_size=HIDDEN,
    )
    return build(config, range(2)).double()


def torch_stack(stack: nn.Module, r: int, layers: int) -> nn.Module:
    """torch's own module with training r's weights; its second bias is zero."""
    is_lstm = isinstance(stack.hh, nn.ModuleList)
    theirs = (nn.LSTM if is_lstm else nn.RNN)(EMBEDDING, HIDDEN, layers, batch_first=True).double()
    for layer, (xh, hh) in enumerate(maps(stack)):
        for name, tensor in (("ih", xh.weight[r].T), ("hh", hh.weight[r].T)):
            getattr(theirs, f"weight_{name}_l{layer}").data.copy_(reorder(tensor, is_lstm))
        bias = (xh.bias + hh.bias)[r, 0]
        getattr(theirs, f"bias_ih_l{layer}").data.copy_(reorder(bias, is_lstm))
        getattr(theirs, f"bias_hh_l{layer}").data.zero_()
    return theirs


def maps(stack: nn.Module) -> list[tuple[nn.Module, nn.Module]]:
    """Each layer's maps, from its input and from its state."""
    return (
        list(zip(stack.xh, stack.hh, strict=True))
        if isinstance(stack.hh, nn.ModuleList)
        else [(stack.xh, stack.hh)]
    )


def reorder(tensor: torch.Tensor, is_lstm: bool) -> torch.Tensor:
    """Our gates i, f, o, g in torch's order i, f, g, o; its own inverse."""
    if not is_lstm:
        return tensor
    i, f, o, g = tensor.chunk(4)
    return torch.cat([i, f, g, o])


class Plain(nn.Module):
    """Training r of a model, of torch's modules, teacher forcing over packed sequences."""

    def __init__(self, model: nn.Module, r: int, layers: int):
        super().__init__()
        self.table = nn.Parameter(model.embedding.weight[r].detach().clone())
        self.encoder, self.decoder = (
            torch_stack(stack, r, layers) for stack in (model.encoder, model.decoder)
        )
        self.weight = nn.Parameter(model.readout.weight[r].detach().clone())
        self.bias = nn.Parameter(model.readout.bias[r, 0].detach().clone())

    def loss(self, source, source_length, target) -> torch.Tensor:
        packed = nn.utils.rnn.pack_padded_sequence(
            self.table[source], source_length, batch_first=True, enforce_sorted=False
        )
        _, state = self.encoder(packed)
        previous = F.pad(target[:, :-1], (1, 0), value=VOCAB - 1)
        output, _ = self.decoder(self.table[previous], state)
        return F.cross_entropy(
            (output @ self.weight + self.bias).flatten(0, 1), target.flatten(), ignore_index=0
        )


@pytest.mark.parametrize(("name", "layers"), [("rnn", 1), ("lstm", 1), ("lstm", 3)])
def test_losses_and_all_gradients_equal_torchs(name, layers):
    model = make_model(name, layers)
    batch = batch_from([[1, 6, 3, 3, 2], [4, 4, 1, 5, 6]], [[0, 3, 3, 1, 2], [4, 0, 1, 2, 4]])
    losses = model.loss(batch)
    losses.sum().backward()
    compared = []

    def equal(ours: nn.Parameter, r: int, theirs: torch.Tensor) -> None:
        compared.append(ours)
        torch.testing.assert_close(ours.grad[r].squeeze(0), theirs, rtol=1e-9, atol=1e-9)

    for r in range(2):
        plain = Plain(model, r, layers)
        loss = plain.loss(batch.source[r], batch.source_length[r], batch.target[r])
        loss.backward()
        torch.testing.assert_close(losses[r], loss, rtol=1e-9, atol=1e-9)
        equal(model.embedding.weight, r, plain.table.grad)
        equal(model.readout.weight, r, plain.weight.grad)
        equal(model.readout.bias, r, plain.bias.grad)
        for ours, theirs in ((model.encoder, plain.encoder), (model.decoder, plain.decoder)):
            for layer, (xh, hh) in enumerate(maps(ours)):
                for kind, own in (("ih", xh), ("hh", hh)):
                    gradients = [
                        getattr(theirs, f"{what}_{kind}_l{layer}").grad for what in ("weight", "bias")
                    ]
                    weight, bias = (reorder(gradient, name == "lstm") for gradient in gradients)
                    equal(own.weight, r, weight.T)
                    equal(own.bias, r, bias)
    assert {id(p) for p in compared} == {id(p) for p in model.parameters()}  # none was left out


@pytest.mark.parametrize(("name", "layers"), [("post", 1), ("rnn", 1), ("lstm", 2)])
@pytest.mark.parametrize("fed", [False, True])
def test_generated_tokens_are_the_most_probable_ones_step_by_step(name, layers, fed):
    """The logits of teacher forcing on a model's own answer must pick that answer again."""
    model = make_model(name, layers, fed)
    batch = primes(VOCAB, 6).sample([torch.Generator().manual_seed(r) for r in range(2)], 30)
    tokens = greedy(model, batch.source, batch.source_length, 7)
    state = model.encode(batch.source, batch.source_length)
    previous, running = torch.full((2, 30), VOCAB - 1), torch.ones(2, 30, dtype=torch.bool)
    for t in range(7):
        state, logits = model.decode_step(state, previous)
        assert torch.equal(tokens[:, :, t], torch.where(running, logits.argmax(2), 0))
        previous = logits.argmax(2)
        running &= previous != VOCAB - 1
        if not fed:
            blind, _ = model.decode_step(state, previous)
            assert torch.equal(blind, model.decode_step(state, torch.ones_like(previous))[0])


@pytest.mark.parametrize("name", ["post", "rnn", "lstm"])
def test_teacher_forcing_shifts_the_target_by_one(name):
    """The loss must be the mean of -log p of each token given the one before, from EOS on."""
    model = make_model(name)
    batch = batch_from([[2, 3], [1, 3]], [[2, 0], [1, 3]])
    state = model.encode(batch.source, batch.source_length)
    previous = torch.full((2, 2), VOCAB - 1)
    total = torch.zeros(2, dtype=torch.float64)
    for t in range(batch.target.shape[2]):
        state, logits = model.decode_step(state, previous)
        previous = batch.target[:, :, t]
        nats = -logits.log_softmax(2).gather(2, previous.unsqueeze(2)).squeeze(2)
        total += (nats * (previous != 0)).sum(1)
    torch.testing.assert_close(model.loss(batch), total / batch.target_length.sum(1), rtol=1e-9, atol=1e-9)


def random(*shape: int) -> torch.Tensor:
    rng = torch.Generator().manual_seed(sum(shape))
    return torch.randn(*shape, generator=rng, dtype=torch.float64, requires_grad=True)


def test_gradcheck_of_the_recurrences():
    sizes = [4, 3, 3, 1]
    for function, state, inputs in ((LinearRecurrence, 3, 3), (LSTMRecurrence, 6, 12)):
        arguments = random(2, 5, state), random(2, sum(sizes), inputs), random(2, 3, inputs)
        assert torch.autograd.gradcheck(lambda *a, f=function: f.apply(*a, sizes), arguments)
