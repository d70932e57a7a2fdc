"""The training loop against the plain one, its independence of other rounds, and its resuming."""

import copy
import random

import pytest
import torch
from shared import SMALL

from replicate.evaluation.evaluate import evaluate, model_answer
from replicate.models import build
from replicate.models.layers import Linear, initialise
from replicate.randomness import make_generator
from replicate.settings import RunConfig
from replicate.tasks import task_of
from replicate.tasks.batch import Batch
from replicate.tasks.primes import reference
from replicate.training.loop import gradient_norm, learning_rate, scale_gradients, start, train, update


def parameters(state) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in state.model.state_dict().items()}


def trained(config: RunConfig, rounds: range) -> dict[str, torch.Tensor]:
    state = start(config, rounds)
    for _ in train(config, state):
        pass
    return parameters(state)


def test_updates_equal_those_of_the_plain_loop():
    from shared import round_of

    config = SMALL.changed(rounds=1)
    rng = random.Random(0)
    batches = [reference.sample_batch(rng, 8, 5, 29, 30) for _ in range(30)]
    state = start(config, range(1))
    state.model.double()
    plain = reference.Seq2Seq(31, 6, 8).double()
    plain.load_state_dict(round_of(state.model.state_dict(), 0))
    theirs = reference.train(plain, batches, config.training.learning_rate)
    ours = []
    for source, source_length, target in batches:
        tensors = (source, source_length, target, (target != 0).sum(1))
        ours.append(
            update(state, Batch(*(t.unsqueeze(0) for t in tensors)), config.training.learning_rate).item()
        )
    assert ours == pytest.approx(theirs, rel=1e-6)


@pytest.mark.parametrize("r", range(SMALL.training.rounds))
def test_a_round_alone_equals_the_round_among_others_after_50_updates(r):
    among, alone = trained(SMALL, range(SMALL.training.rounds)), trained(SMALL, range(r, r + 1))
    for name in alone:
        torch.testing.assert_close(among[name][r], alone[name][0], rtol=1e-4, atol=1e-5)


def test_rounds_differ_and_seeds_differ():
    model = build(SMALL, range(3)).readout[0].weight
    other = build(SMALL.changed(seed=1), range(3)).readout[0].weight
    assert not torch.equal(model[0], model[1]) and not torch.equal(model[0], other[0])


def test_initialisation_is_pytorchs():
    weight = build(SMALL.changed(hidden_size=64), range(3)).encoder.hh[0].weight.detach()
    bound = 1 / weight.shape[1] ** 0.5
    assert weight.abs().max() <= bound and weight.abs().max() > 0.98 * bound
    assert weight.mean().abs() < 0.05 * bound
    assert weight.std() == pytest.approx(bound / 3**0.5, rel=0.05)


def test_a_training_that_stopped_goes_on_bit_for_bit():
    whole = trained(SMALL, range(2))
    first = start(SMALL, range(2))
    saved = next(train(SMALL, first)).state_dict()
    second = start(SMALL, range(2))
    second.load_state_dict(saved)
    steps = [state.step for state in train(SMALL, second)]
    assert steps == [40, 50]
    assert all(torch.equal(tensor, whole[name]) for name, tensor in parameters(second).items())


def test_evaluating_more_often_changes_no_training():
    often = trained(SMALL.changed(evaluate_every=5), range(1))
    seldom = trained(SMALL.changed(evaluate_every=50), range(1))
    assert all(torch.equal(often[name], seldom[name]) for name in often)


def test_the_learning_rate_is_cut_tenfold_every_step_size_updates():
    rates = [learning_rate(RunConfig.of(), step) for step in (0, 4999, 5000, 9999, 10_000, 14_999)]
    assert rates == pytest.approx([5e-4, 5e-4, 5e-5, 5e-5, 5e-6, 5e-6])


def test_the_rate_is_held_and_then_halved_as_in_the_paper():
    # 7.5 epochs of 20 updates: after 5 of them, halved every half epoch.
    config = RunConfig.of(learning_rate=0.8, lr_hold=90, lr_step_size=10, lr_gamma=0.5)
    rates = [learning_rate(config, step) for step in (0, 99, 100, 109, 110, 149)]
    assert rates == pytest.approx([0.8, 0.8, 0.4, 0.4, 0.2, 0.025])


def test_sgd_has_no_momentum():
    config = SMALL.changed(optimizer="sgd", steps=3, learning_rate=0.5)
    looped = trained(config, range(2))
    model, task = build(config, range(2)), task_of(config.task)
    generators = start(config, range(2)).generators
    for _ in range(3):
        gradients = torch.autograd.grad(
            model.loss(task.sample(generators, config.training.batch_size)).sum(), list(model.parameters())
        )
        for parameter, gradient in zip(model.parameters(), gradients, strict=True):
            parameter.data -= 0.5 * gradient
    for name, tensor in model.state_dict().items():
        torch.testing.assert_close(looped[name], tensor, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", ["post", "lstm", "attention"])
def test_an_initial_bound_holds_for_every_parameter(name):
    config = SMALL.changed(model=name, feed_previous=None, init_bound=0.25, hidden_size=64)
    model = build(config, range(3))
    for tensor in model.parameters():
        assert tensor.abs().max() <= 0.25
    drawn = torch.cat([tensor.flatten() for tensor in model.parameters()])
    assert drawn.std().item() == pytest.approx(0.25 / 3**0.5, rel=0.02)


def test_training_learns_a_task_that_is_easy():
    config = RunConfig.of(
        max_length=1, vocab_size=12, rounds=1, steps=600, learning_rate=3e-3, evaluate_every=50
    )
    losses = [state.loss.item() for state in train(config, start(config, range(1)))]
    assert losses[-1] < 0.3 * losses[0]


def test_clipping_is_per_round_and_equals_torchs():
    config = SMALL.changed(rounds=2)
    model = build(config, range(2))
    gradients = [
        torch.randn(p.shape) * torch.tensor([1.0, 1e-4]).view(-1, *[1] * (p.dim() - 1))
        for p in model.parameters()
    ]
    for parameter, gradient in zip(model.parameters(), gradients, strict=True):
        parameter.grad = gradient.clone()
    norm = gradient_norm(model)
    scale_gradients(model, (5.0 / norm).clamp(max=1))
    for r in range(2):
        plain = [torch.nn.Parameter(torch.zeros_like(g[r])) for g in gradients]
        for parameter, gradient in zip(plain, gradients, strict=True):
            parameter.grad = gradient[r].clone()
        before = torch.nn.utils.clip_grad_norm_(plain, 5.0)
        torch.testing.assert_close(norm[r], before)
        for parameter, theirs in zip(model.parameters(), plain, strict=True):
            torch.testing.assert_close(parameter.grad[r], theirs.grad, rtol=1e-5, atol=1e-8)
    assert all(torch.equal(p.grad[1], g[1]) for p, g in zip(model.parameters(), gradients, strict=True))


def test_a_parameter_may_be_one_number_a_training():
    model = torch.nn.Module()
    model.scale, model.table = (torch.nn.Parameter(torch.zeros(size)) for size in (2, (2, 3)))
    model.scale.grad, model.table.grad = torch.tensor([2.0, 0.0]), torch.tensor([[2.0, 1, 0], [0, 3, 4]])
    assert gradient_norm(model).tolist() == [3, 5]
    scale_gradients(model, torch.tensor([0.5, 1.0]))
    assert model.scale.grad.tolist() == [1, 0]


def test_train_follows_the_schedule_and_clips():
    """The loop's parameters must be those of single updates at the rate and limit of the config."""
    config = SMALL.changed(steps=9, lr_step_size=4, clip_norm=0.3, evaluate_every=3)
    looped = trained(config, range(2))
    state, task = start(config, range(2)), task_of(config.task)
    losses = []
    for step in range(9):
        rate = 5e-4 * 0.1 ** (step // 4)
        batch = task.sample(state.generators, config.training.batch_size)
        losses.append(update(state, batch, rate, clip_norm=0.3))
    assert all(torch.equal(tensor, looped[name]) for name, tensor in parameters(state).items())
    points = [point.loss for point in train(config, start(config, range(2)))]
    torch.testing.assert_close(torch.stack(points), torch.stack(losses).view(3, 3, 2).mean(1))


def test_the_norms_of_all_updates_since_the_last_point_are_kept_unclipped():
    config = SMALL.changed(steps=10, evaluate_every=4, clip_norm=0.3)
    state, task = start(config, range(2)), task_of(config.task)
    expected = []
    for _ in range(10):
        batch = task.sample(state.generators, config.training.batch_size)
        copied = copy.deepcopy(state.model)
        copied.loss(batch).sum().backward()
        flat = torch.cat([p.grad.flatten(1) for p in copied.parameters()], dim=1)
        expected.append(flat.norm(dim=1))
        update(state, batch, 5e-4, clip_norm=0.3)
    points = train(config, start(config, range(2)))
    found = [torch.stack(point.norms) for point in points]
    assert [len(norms) for norms in found] == [4, 4, 2]
    torch.testing.assert_close(torch.cat(found), torch.stack(expected))
    assert (torch.cat(found) > 0.3).any()


@pytest.mark.parametrize("change", [{"clip_norm": None}, {"lr_gamma": 1.0}])
def test_schedule_and_clipping_make_a_difference(change):
    config = SMALL.changed(steps=9, lr_step_size=4, clip_norm=0.3)
    with_both, without = trained(config, range(1)), trained(config.changed(**change), range(1))
    assert not torch.equal(with_both["readout.0.weight"], without["readout.0.weight"])


def poisoned(config: RunConfig, r: int, step: int) -> tuple[dict, object]:
    """A training whose round r loses all numbers at one update; its parameters and last state."""
    state = start(config, range(config.training.rounds))
    for point in train(config, state):
        if point.step == step:
            list(state.model.parameters())[-1].data[r] = float("inf")
    return parameters(state), state


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_diverging_round_stops_and_the_others_go_on_unharmed(optimizer):
    config = SMALL.changed(optimizer=optimizer, evaluate_every=10, clip_norm=1.0)
    harmed, state = poisoned(config, 1, 20)
    alone = trained(config, range(config.training.rounds))
    assert state.diverged.tolist() == [0, 21, 0]
    for name, tensor in harmed.items():
        assert torch.equal(tensor[[0, 2]], alone[name][[0, 2]])
        assert (tensor[1] == 0).all()
    assert state.loss.isnan().tolist() == [False, True, False]


def test_a_round_that_diverged_stays_so_when_the_training_goes_on():
    _, state = poisoned(SMALL.changed(steps=40), 0, 20)
    again = start(SMALL, range(3))
    again.load_state_dict(state.state_dict())
    for _ in train(SMALL, again):
        pass
    assert again.step == 50 and again.diverged.tolist() == [21, 0, 0]
    assert all((tensor[0] == 0).all() for tensor in again.model.parameters())


def test_an_lstm_learns_the_task_end_to_end():
    config = SMALL.changed(
        model="lstm", feed_previous=None, max_length=3, vocab_size=12, hidden_size=32, batch_size=32,
        learning_rate=1e-2, steps=600, evaluate_every=600, rounds=2,
    )  # fmt: skip
    (state,) = train(config, start(config, range(2)))
    task = task_of(config.task)
    answer = model_answer(state.model, task.max_target_length)
    fresh = [make_generator(1, r, "test") for r in range(2)]
    assert evaluate(answer, task, fresh, range(2), 500).scores.exact_match.min() > 0.95


class Careless(torch.nn.Module):
    """A model of one's own: it drops tokens at random in one update, or does without one of its layers."""

    def __init__(self, drops_in: int | None):
        super().__init__()
        self.used, self.unused = Linear(2, 1, 1), Linear(2, 1, 1)
        self.drops_in, self.updates = drops_in, 0

    def loss(self, batch, generators):
        x = self.used(torch.ones(2, 1, 1))
        self.updates += 1
        if self.drops_in is None:
            return x.sum((1, 2))
        return torch.nn.functional.dropout(x + self.unused(x), 0.5, self.updates == self.drops_in).sum((1, 2))


@pytest.mark.parametrize(
    ("drops_in", "message"),
    [
        (1, "the model's loss draws from torch's own generator, which no seed of a run sets"),
        (7, "the model's loss draws from torch's own generator, which no seed of a run sets"),
        (None, "unused.weight has no gradient: the loss does not depend on it"),
    ],
)
def test_what_no_seed_sets_and_what_the_loss_does_not_reach_is_refused(drops_in, message):
    state = start(SMALL, range(2), "cpu")
    state.model = Careless(drops_in)
    initialise(state.model, state.generators, None)
    state.optimizer = torch.optim.SGD(state.model.parameters(), 0.1)
    with pytest.raises(ValueError, match=message):
        next(train(SMALL, state))
