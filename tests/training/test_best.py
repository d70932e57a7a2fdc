"""The best parameters by the validation loss: kept, scored, and the same after a stop."""

import copy

import pytest
import torch
from shared import CONFIG, same

from replicate.evaluation.evaluate import nats_per_token
from replicate.randomness import make_generators
from replicate.runs.experiment import run
from replicate.tasks import task_of
from replicate.training import part as training_part
from replicate.training.loop import start, train

# So large a rate that the loss goes up and down.
CONFIGURED = CONFIG.changed(keep="best", optimizer="sgd", learning_rate=4.0, steps=100, dropout=0.2)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return run(CONFIGURED, tmp_path_factory.mktemp("best") / "run", workers=1)


def test_each_training_ends_with_its_own_best_point(made):
    task, best = task_of(CONFIGURED.task), {}
    state = start(CONFIGURED, range(2))
    for now in train(CONFIGURED, state):
        drawn = make_generators(0, range(2), f"curve {now.step}")
        nats = nats_per_token(now.model, task, drawn, CONFIGURED.evaluation.curve_samples, "validation")
        for r in range(2):
            best.setdefault(r, []).append((nats[r].item(), now.step, copy.deepcopy(now.model.state_dict())))
    parameters = made.load_model().state_dict()
    for r, points in best.items():
        lowest, step, theirs = min(points, key=lambda point: point[0])
        assert step < CONFIGURED.training.steps  # or the test would show nothing
        assert all(torch.equal(parameters[name][r], theirs[name][r]) for name in parameters)
        rows = made.history.query("round == @r and step > 0")
        assert rows.nats.min() == pytest.approx(lowest, rel=1e-5)
        assert rows.nats.tolist() == pytest.approx([nats for nats, _, _ in points], rel=1e-5)


def test_what_is_scored_is_the_best_and_not_the_last(made):
    task = task_of(CONFIGURED.task)
    drawn = make_generators(0, range(2), "evaluation 0")
    nats = nats_per_token(made.load_model(), task, drawn, CONFIGURED.evaluation.evaluate_samples, "test")
    assert made.scores.nats.tolist() == pytest.approx(nats.tolist(), rel=1e-5)


def test_a_training_that_stopped_keeps_its_best_so_far(made, tmp_path, monkeypatch):
    points = []

    def stop(part, state, history, best):
        save(part, state, history, best)
        points.append(state.step)
        if len(points) == 5:
            raise KeyboardInterrupt

    save = training_part._save
    monkeypatch.setattr(training_part, "_save", stop)
    with pytest.raises(KeyboardInterrupt):
        run(CONFIGURED, tmp_path / "run", workers=1)
    monkeypatch.setattr(training_part, "_save", save)
    assert same(run(CONFIGURED, tmp_path / "run", workers=1), made)


def test_layers_may_share_parameters(tmp_path, monkeypatch):
    """A model's state names a shared parameter twice."""
    build = type(CONFIGURED.model).build

    def tied(settings, task, rounds):
        model = build(settings, task, rounds)
        model.encoder = model.decoder
        return model

    monkeypatch.setattr(type(CONFIGURED.model), "build", tied)
    made = run(CONFIGURED.changed(steps=10, feed_previous=True), tmp_path / "run", workers=1)
    assert made.scores.nats.notna().all()
