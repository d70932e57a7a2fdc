"""The post's model on the rounds axis against the plain one: losses, logits, gradients."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from shared import EMBEDDING, HIDDEN, VOCAB, batch_from, primes, round_of

from replicate.decoding import greedy
from replicate.models import build
from replicate.models.mlp_recurrence import ACTIVATIONS, MLPRecurrence
from replicate.models.packing import Packing
from replicate.models.seq2seq import Seq2Seq
from replicate.randomness import make_generator
from replicate.settings import RunConfig
from replicate.tasks.batch import Batch
from replicate.tasks.primes import reference


def make_model(rounds: int) -> Seq2Seq:
    config = RunConfig.of(vocab_size=VOCAB, embedding_size=EMBEDDING, hidden_size=HIDDEN)
    return build(config, range(rounds)).double()


def plain_round(model: Seq2Seq, r: int) -> reference.Seq2Seq:
    plain = reference.Seq2Seq(VOCAB, EMBEDDING, HIDDEN).double()
    plain.load_state_dict(round_of(model.state_dict(), r))
    return plain


def assert_equal_to_plain(model: Seq2Seq, batch: Batch) -> None:
    losses = model.loss(batch)
    model.zero_grad()
    losses.sum().backward()
    gradients = {name: p.grad for name, p in model.named_parameters()}
    for r in range(len(batch.source)):
        plain = plain_round(model, r)
        loss = plain.loss(batch.source[r], batch.source_length[r], batch.target[r])
        loss.backward()
        torch.testing.assert_close(losses[r], loss, rtol=1e-9, atol=1e-9)
        for name, gradient in round_of(gradients, r).items():
            theirs = plain.get_parameter(name).grad
            torch.testing.assert_close(
                gradient, theirs, rtol=1e-9, atol=1e-9, msg=lambda m, n=name: f"{n}: {m}"
            )


@pytest.mark.parametrize("rounds", [1, 3])
def test_losses_and_gradients_equal_the_plain_model(rounds):
    task = primes(VOCAB, 7, eos_is_a_value=True)
    batch = task.sample([make_generator(0, r, "test") for r in range(rounds)], 16)
    assert_equal_to_plain(make_model(rounds), batch)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_every_mix_of_lengths_equals_the_plain_model(data):
    rounds, samples = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 5))
    lengths = st.lists(
        st.lists(st.integers(1, 6), min_size=samples, max_size=samples), min_size=rounds, max_size=rounds
    )
    primes = st.lists(
        st.lists(st.integers(0, 5), min_size=samples, max_size=samples), min_size=rounds, max_size=rounds
    )
    assert_equal_to_plain(make_model(rounds), batch_from(data.draw(lengths), data.draw(primes)))


def test_every_length_one():
    assert_equal_to_plain(make_model(2), batch_from([[1, 1], [1, 1]], [[0, 0], [0, 0]]))


def test_logits_and_generated_tokens_equal_the_plain_model():
    model = make_model(2)
    batch = primes(VOCAB, 7).sample([make_generator(0, r, "test") for r in range(2)], 20)
    state = model.encode(batch.source, batch.source_length)
    generated = greedy(model, batch.source, batch.source_length, 9)
    logits = []
    for _ in range(9):
        state, step = model.decode_step(state, batch.source_length)
        logits.append(step)
    for r in range(2):
        theirs = plain_round(model, r)(batch.source[r], batch.source_length[r], 9)  # [B, 9, V]
        torch.testing.assert_close(torch.stack(logits, 2)[r], theirs, rtol=1e-9, atol=1e-9)
        for ours, tokens in zip(generated[r].tolist(), theirs.argmax(2).tolist(), strict=True):
            end = tokens.index(VOCAB - 1) + 1 if VOCAB - 1 in tokens else 9
            assert ours == tokens[:end] + [0] * (9 - end)


def test_what_follows_the_padding_does_not_matter():
    model = make_model(1)
    batch = batch_from([[3, 1, 5]], [[1, 0, 2]])
    dirty = batch.source.masked_fill(torch.arange(6) >= batch.source_length.unsqueeze(2), 7)
    changed = Batch(dirty, batch.source_length, batch.target, batch.target_length)
    assert torch.equal(model.loss(batch), model.loss(changed))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradcheck_of_the_recurrence(activation):
    rng = torch.Generator().manual_seed(0)
    sizes, hidden = [4, 3, 3, 1], 3

    def tensor(*shape):
        return torch.randn(*shape, generator=rng, dtype=torch.float64, requires_grad=True)

    weights = tensor(2, hidden, 6), tensor(2, 1, 6), tensor(2, 6, 2), tensor(2, 1, 2), tensor(2, 2, hidden)
    arguments = (tensor(2, 5, hidden), tensor(2, sum(sizes), hidden), *weights)
    assert torch.autograd.gradcheck(lambda *a: MLPRecurrence.apply(*a, activation, sizes), arguments)


def test_packing_lays_samples_out_step_by_step():
    packing = Packing.of(torch.tensor([[1, 3, 2], [2, 1, 1]]))
    assert packing.sizes == [3, 2, 1]
    assert packing.order.tolist() == [[1, 2, 0], [0, 1, 2]]
    tokens = torch.tensor([[[11, 0, 0], [21, 22, 23], [31, 32, 0]], [[41, 42, 0], [51, 0, 0], [61, 0, 0]]])
    assert packing.pack(tokens).tolist() == [[21, 31, 11, 22, 32, 23], [41, 51, 61, 42, 0, 0]]
    assert packing.last.tolist() == [[2, 5, 4], [3, 1, 2]]
