"""The attention model against a plain statement of Bahdanau's equations, one sample at a time."""

import pytest
import torch

from replicate.models import build
from replicate.models.packing import Packing
from replicate.settings import RunConfig
from replicate.tasks import task_of

CONFIG = RunConfig.of(
    model="attention", vocab_size=12, max_length=5, embedding_size=3, hidden_size=4, rounds=2, source_eos=True
)


def lstm_step(h, c, x, input_map, hidden_map):
    i, f, o, g = (x @ input_map[0] + input_map[1] + h @ hidden_map[0] + hidden_map[1]).split(len(h))
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def plain_nats(parameters: dict, r: int, source: list[int], target: list[int]):
    """-log p of a target, and the weights of each step."""

    def of(name):
        return parameters[f"{name}.weight"][r], parameters.get(f"{name}.bias", torch.zeros(2))[r]

    def apply(name, x):
        weight, bias = of(name)
        return x @ weight + bias.squeeze(0)

    def lstm(part, h, c, x):
        maps = [tuple(t.squeeze(0) for t in of(f"{part}.{kind}.0")) for kind in ("xh", "hh")]
        return lstm_step(h, c, x, *maps)

    table = parameters["embedding.weight"][r]
    h = c = torch.zeros(4, dtype=table.dtype)
    states = []
    for token in source:
        h, c = lstm("encoder", h, c, table[token])
        states.append(h)
    nats, weights, previous = 0, [], CONFIG.task.vocab_size - 1
    for token in target:
        scores = [apply("score", torch.tanh(apply("query", h) + apply("key", state))) for state in states]
        weights.append(torch.cat(scores).softmax(0))
        context = sum(weight * state for weight, state in zip(weights[-1], states, strict=True))
        h, c = lstm("decoder", h, c, torch.cat([table[previous], context]))
        nats -= apply("readout", torch.cat([h, context])).log_softmax(0)[token]
        previous = token
    return nats, weights


@pytest.fixture
def model():
    model = build(CONFIG, range(2)).double()
    for parameter in model.parameters():
        parameter.data *= 3
    return model


@pytest.fixture
def batch():
    return task_of(CONFIG.task).sample([torch.Generator().manual_seed(r) for r in range(2)], 8)


def test_losses_and_gradients_equal_the_plain_statements(model, batch):
    losses = model.loss(batch)
    names, tensors = zip(*model.named_parameters(), strict=True)
    ours = torch.autograd.grad(losses.sum(), tensors)
    expected = []
    for r in range(2):
        pairs = zip(
            batch.source[r].tolist(),
            batch.source_length[r].tolist(),
            batch.target[r].tolist(),
            batch.target_length[r].tolist(),
            strict=True,
        )
        parameters = dict(zip(names, tensors, strict=True))
        nats = [plain_nats(parameters, r, source[:n], target[:m])[0] for source, n, target, m in pairs]
        expected.append(sum(nats) / batch.target_length[r].sum())
    torch.testing.assert_close(losses, torch.stack(expected), rtol=1e-9, atol=1e-9)
    for gradient, plain in zip(ours, torch.autograd.grad(sum(expected), tensors), strict=True):
        torch.testing.assert_close(gradient, plain, rtol=1e-8, atol=1e-10)


def test_weights_are_shares_of_the_source_and_nothing_beyond_it(model, batch):
    state = model.encode(batch.source, batch.source_length)
    _, weights = model.look_back(model.decoder.output(state[0]), state[1:])
    torch.testing.assert_close(weights.sum(2), torch.ones_like(weights[:, :, 0]))
    beyond = torch.arange(weights.shape[2]) >= batch.source_length.unsqueeze(2)
    assert (weights[beyond] == 0).all() and (weights[~beyond] > 0).all()
    r, b = 1, 3
    parameters = dict(model.named_parameters())
    n = batch.source_length[r, b]
    _, plain = plain_nats(parameters, r, batch.source[r, b, :n].tolist(), [CONFIG.task.vocab_size - 1])
    torch.testing.assert_close(weights[r, b, :n], plain[0])


def test_unpacking_is_packing_backwards():
    length = torch.tensor([[2, 4, 1], [3, 3, 2]])
    tokens = torch.arange(1, 25).view(2, 3, 4)
    packing = Packing.of(length)
    back = packing.unpack(packing.pack(tokens).unsqueeze(2).double()).squeeze(3).long()
    for r in range(2):
        for b in range(3):
            n = int(length[r, b])
            assert back[r, b, :n].tolist() == tokens[r, b, :n].tolist()
            assert (back[r, b, n:] == tokens[r, b, n - 1]).all()
