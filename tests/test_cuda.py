"""On a GPU as on the CPU. `tests/training/test_waiting.py` watches, without one, what an update waits for."""

import io
from types import SimpleNamespace

import pandas as pd
import pytest
import torch
from shared import CONFIG, SMALL

from replicate.decoding import beam, greedy, rescore
from replicate.evaluation.alignment import alignment_table
from replicate.evaluation.evaluate import evaluate, model_answer, nats_per_token
from replicate.evaluation.explorer import Explorer
from replicate.models import MODELS, build
from replicate.models.layers import pick_rounds
from replicate.randomness import make_generators
from replicate.runs.experiment import run
from replicate.settings import RunConfig
from replicate.studies.claims.lengths import commonness_table, length_table
from replicate.studies.claims.positions import position_table
from replicate.studies.claims.search import beam_table, ensemble_table, rescoring_table
from replicate.studies.claims.states import distance_table, encoder_table, state_map
from replicate.tasks import task_of
from replicate.training.loop import start, train
from replicate.training.workers import Stopped

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
DEVICE = "cuda"


def of_model(name: str, **settings) -> RunConfig:
    return SMALL.changed(model=name, feed_previous=None, max_length=12, source_eos=True, rounds=5, **settings)


def models(config: RunConfig) -> list[torch.nn.Module]:
    """The same model on the CPU and on the GPU, in double so that rounding changes no choice."""
    return [build(config, range(config.training.rounds)).double().to(device) for device in ("cpu", DEVICE)]


def runs(config: RunConfig) -> list[SimpleNamespace]:
    """Runs with these models, not trained, as a study or the explorer reads them."""
    return [
        SimpleNamespace(config=config, task=task_of(config.task), load_model=lambda model=model: model)
        for model in models(config)
    ]


@pytest.mark.parametrize("name", MODELS)
def test_first_updates_equal_the_cpus(name):
    config = of_model(name, clip_norm=1.0, steps=10, evaluate_every=5)
    points = []
    for device in ("cpu", DEVICE):
        state = start(config, range(3), device)
        points.append([(state.loss, state.model.cpu().state_dict()) for _ in train(config, state)][-1])
    (loss, ours), (gpu_loss, gpu) = points
    torch.testing.assert_close(gpu_loss, loss, rtol=1e-4, atol=1e-5)
    for key in ours:
        torch.testing.assert_close(gpu[key], ours[key], rtol=1e-3, atol=1e-4)


def test_a_round_that_diverges_is_noted_at_its_update_and_cleared():
    state = start(SMALL, range(3), DEVICE)
    for point in train(SMALL, state):
        if point.step == 20:
            list(state.model.parameters())[-1].data[1] = float("inf")
    assert state.diverged.tolist() == [0, 21, 0]
    assert state.loss.isnan().tolist() == [False, True, False]
    assert [all((p[r] == 0).all() for p in state.model.parameters()) for r in range(3)] == [
        False,
        True,
        False,
    ]


def test_a_training_stopped_between_two_points_goes_on():
    def stop(step, loss):
        raise Stopped

    config = SMALL.changed(evaluate_every=30)
    first, second, whole = (start(config, range(2), DEVICE) for _ in range(3))
    with pytest.raises(Stopped):
        next(train(config, first, stop))
    file = io.BytesIO()
    torch.save(first.state_dict(), file)
    file.seek(0)
    second.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))
    for one, other in zip(train(config, second), train(config, whole), strict=True):
        torch.testing.assert_close(torch.stack(one.norms), torch.stack(other.norms))
        torch.testing.assert_close(one.loss, other.loss)


@pytest.mark.parametrize("name", MODELS)
def test_answers_and_scores_equal_the_cpus(name):
    config = of_model(name)
    task, rounds = task_of(config.task), range(5)
    batch = task.sample(make_generators(0, rounds, "test"), 30)
    found = []
    for model in models(config):
        lists = beam(model, batch.source, batch.source_length, task.max_target_length, 4)
        ended = (lists.tokens == task.eos).any(3)
        lists = lists._replace(log_probability=lists.log_probability.masked_fill(~ended, float("-inf")))
        again = rescore(model, batch.source, batch.source_length, lists)
        answers = greedy(model, batch.source, batch.source_length, task.max_target_length)
        scores = evaluate(
            model_answer(model, 13), task, make_generators(0, rounds, "scores"), rounds, 600
        ).scores
        nats = nats_per_token(model, task, make_generators(0, rounds, "nats"), 600)
        found.append(([answers, *lists, *again, nats], scores))
    (tensors, table), (gpu_tensors, gpu_table) = found
    for tensor, gpu in zip(tensors, gpu_tensors, strict=True):
        torch.testing.assert_close(gpu, tensor)  # of one device, too: the CPU
    pd.testing.assert_frame_equal(gpu_table, table)


@pytest.mark.parametrize("name", MODELS)
def test_the_explorer_reads_a_model_on_the_gpu(name):
    cpu, gpu = (Explorer(of_run, 1) for of_run in runs(of_model(name)))
    pd.testing.assert_frame_equal(gpu.answer([4, 7, 9, 2]), cpu.answer([4, 7, 9, 2]))
    pd.testing.assert_frame_equal(gpu.hypotheses([4, 7, 9, 2]), cpu.hypotheses([4, 7, 9, 2]))
    ours, theirs = (explorer.path([4, 7, 9, 2])[["x", "y"]].abs() for explorer in (cpu, gpu))
    pd.testing.assert_frame_equal(theirs, ours)  # but for the sign of an axis


@pytest.mark.parametrize(
    ("name", "measure"),
    [
        ("lstm", lambda of: beam_table(of, [1, 3], 50)),
        ("lstm", lambda of: ensemble_table(of, [(1, 1), (5, 2)], 50)),
        ("lstm", lambda of: rescoring_table(of, {"by itself": of}, 50)),
        ("lstm", lambda of: length_table(of, 50)),
        ("lstm", lambda of: commonness_table(of, 50)),
        ("lstm", lambda of: position_table(of, 50)),
        ("lstm", lambda of: distance_table(of, 50)),
        ("lstm", lambda of: encoder_table(of, 50).query("encoder == 'trained'")),
        ("lstm", lambda of: state_map(of, 2).drop(columns=["x", "y"])),
        (
            "attention",
            lambda of: alignment_table(pick_rounds([of.load_model()], [1]), of.task, [4, 7, 11, 29]),
        ),
    ],
)
def test_measurements_of_the_claims_equal_the_cpus(name, measure):
    cpu, gpu = (measure(of_run) for of_run in runs(of_model(name)))
    pd.testing.assert_frame_equal(gpu, cpu)


def test_a_run_on_the_gpu_is_finished_and_read_as_any_other(tmp_path):
    finished = run(CONFIG, tmp_path / "run", device=DEVICE)
    assert finished.provenance["device"] == DEVICE
    assert not any(parameter.is_cuda for parameter in finished.load_model().parameters())
    on_cpu = run(CONFIG, tmp_path / "cpu", device="cpu")
    assert finished.history.loss.tolist() == pytest.approx(
        on_cpu.history.loss.tolist(), rel=1e-3, nan_ok=True
    )
