"""Runs: reused, resumed or refused; equal however they were split or stopped; damage named."""

import json
import shutil
from collections import Counter
from importlib.metadata import version

import pandas as pd
import pytest
import torch
from shared import CONFIG, same

from replicate.checkpoints import read_checkpoint, write_checkpoint
from replicate.files import RunError, locked
from replicate.runs import experiment, plan
from replicate.runs.experiment import run
from replicate.runs.folder import open_run
from replicate.tasks import task_of
from replicate.tasks.digest import task_digest
from replicate.training import loop as training
from replicate.training import part, scoring

pytestmark = pytest.mark.slow

DIGEST = task_digest(CONFIG.task)


def test_a_run_holds_what_its_config_says(finished):
    assert finished.history.groupby("round").step.apply(list).tolist() == [[0, 10, 20, 30]] * 2
    assert finished.history.loss.isna().tolist() == [True, False, False, False] * 2
    assert len(finished.scores) == 2
    assert finished.config == CONFIG
    assert set(path.name for path in finished.path.iterdir()) == {
        "config.json",
        "history.csv",
        "scores.csv",
        "by_length.csv",
        "by_position.csv",
        "checkpoint.pt",
        "provenance.json",
        ".lock",
    }


def test_the_scores_are_those_of_the_saved_model(finished):
    from replicate.evaluation.evaluate import evaluate, model_answer, nats_per_token
    from replicate.randomness import make_generator

    task = task_of(CONFIG.task)
    model = finished.load_model()

    def generators():
        return [make_generator(CONFIG.training.seed, r, "evaluation 0") for r in range(2)]

    answer = model_answer(model, task.max_target_length)
    again = evaluate(answer, task, generators(), range(2), CONFIG.evaluation.evaluate_samples).scores
    again["nats"] = nats_per_token(model, task, generators(), CONFIG.evaluation.evaluate_samples).tolist()
    pd.testing.assert_frame_equal(
        again, finished.scores.drop(columns="evaluation"), rtol=1e-5, check_dtype=False
    )


def test_a_finished_run_is_reused(finished, monkeypatch):
    monkeypatch.setattr(experiment, "train_part", lambda *a: pytest.fail("trained again"))
    with locked(finished.path):  # by another who reads it
        assert same(run(CONFIG, finished.path), finished)


def test_what_a_kill_at_the_very_end_left_beside_a_finished_run_is_removed(finished, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(finished.path, folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    for name in ("part-0000-0001.pt", "part-0001-0002.pt", "parts.json"):
        (folder / name).write_text("left")
    assert same(run(CONFIG, folder), finished)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_stopped_run_goes_on_and_ends_the_same(finished, tmp_path, monkeypatch):
    class Stop(Exception):
        pass

    whole_write = part.write_checkpoint

    def stop_after_second(path, data):
        whole_write(path, data)
        if data["state"]["step"] == 20:
            raise Stop

    monkeypatch.setattr(part, "write_checkpoint", stop_after_second)
    with pytest.raises(Stop):
        run(CONFIG, tmp_path / "run", workers=1)
    with pytest.raises(RunError, match="not finished"):
        open_run(tmp_path / "run")
    monkeypatch.setattr(part, "write_checkpoint", whole_write)
    started = []

    def watched_train(config, state, progress):
        started.append(state.step)
        return training.train(config, state, progress)

    monkeypatch.setattr(part, "train", watched_train)
    assert same(run(CONFIG, tmp_path / "run", workers=1), finished)
    assert started == [20]


def test_the_history_tells_the_gradients_norms(finished, tmp_path):
    table = finished.history
    assert table[table.step == 0].gradient_norm.isna().all()
    later = table[table.step > 0]
    assert (later.gradient_norm_max >= later.gradient_norm).all() and (later.gradient_norm > 0).all()
    limit = float(later.gradient_norm.median())
    clipped = run(CONFIG.changed(clip_norm=limit), tmp_path / "run", workers=1).history
    share = clipped[clipped.step > 0].large_share
    assert share.between(0, 1).all() and 0 < share.mean() < 1


@pytest.mark.parametrize("goal", [0.05, 0.4])
def test_rounds_end_together_however_they_are_split(tmp_path, monkeypatch, goal):
    config = CONFIG.changed(steps=200, learning_rate=1e-2, stop_exact_match=goal)
    whole = run(config, tmp_path / "whole", workers=1)
    monkeypatch.setattr(plan, "rounds_at_once", lambda hidden_size: 1)
    parts = run(config, tmp_path / "parts", workers=1)
    first = whole.history[whole.history.exact_match >= goal].groupby("round").step.min()
    assert parts.steps == whole.steps == max(first) < 200
    assert parts.history.groupby("round").step.max().tolist() == [whole.steps] * 2


@pytest.mark.parametrize("workers", [1, 2])
def test_rounds_in_parts_or_processes_train_alike(finished, tmp_path, monkeypatch, workers):
    monkeypatch.setattr(plan, "rounds_at_once", lambda hidden_size: 1)
    split = run(CONFIG, tmp_path / "split", workers=workers)
    ours, theirs = split.load_model().state_dict(), finished.load_model().state_dict()
    for name in theirs:
        torch.testing.assert_close(ours[name], theirs[name], rtol=1e-4, atol=1e-5)
    assert split.history.loss.tolist() == pytest.approx(finished.history.loss.tolist(), rel=1e-4, nan_ok=True)
    assert not list(split.path.glob("part*"))


def test_a_folder_of_another_run_is_refused(finished):
    with pytest.raises(RunError, match="max_length is 5 there and 6 here"):
        run(CONFIG.changed(max_length=6), finished.path)


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(RunError, match="not a run folder"):
        run(CONFIG, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_unavailable_device_and_workers_are_named(tmp_path):
    with pytest.raises(RunError, match="device is 'abacus'; it must be auto"):
        run(CONFIG, tmp_path / "run", device="abacus")
    with pytest.raises(RunError, match="'cuda:99' is not available"):
        run(CONFIG, tmp_path / "run", device="cuda:99")


def test_provenance_says_where_the_numbers_come_from(finished):
    record = json.loads((finished.path / "provenance.json").read_text())
    assert record["torch"] == torch.__version__ and record["device"] == "cpu" and record["workers"] == 1
    assert record["parts"] == 1 and record["library"] == version("seq2seq-replication")


def test_every_evaluation_round_has_fresh_samples_and_curves_others_still(tmp_path, monkeypatch):
    purposes = []
    real = scoring.make_generators

    def record(seed, rounds, purpose):
        purposes.extend((r, purpose) for r in rounds)
        return real(seed, rounds, purpose)

    monkeypatch.setattr(scoring, "make_generators", record)
    ended = run(CONFIG.changed(evaluate_rounds=3), tmp_path / "run", workers=1)
    assert sorted(ended.scores.groupby("evaluation").size().items()) == [(0, 2), (1, 2), (2, 2)]
    curves = {(r, f"curve {step}"): 1 for r in range(2) for step in (0, 10, 20, 30)}
    scored = {(r, f"evaluation {k}"): 2 for r in range(2) for k in range(3)}  # for the answers and the loss
    assert Counter(purposes) == curves | scored


def test_a_second_process_on_a_run_is_refused(tmp_path):
    with locked(tmp_path / "run"), pytest.raises(RunError, match="another process is at work"):
        run(CONFIG, tmp_path / "run", workers=1)


def test_a_run_folder_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"no run can be put into .*file is no folder that you may write"):
        run(CONFIG, tmp_path / "file" / "run", workers=1)


@pytest.mark.parametrize("workers", ["two", 1.5, True, 0, -1])
def test_workers_must_be_a_count(tmp_path, workers):
    with pytest.raises(RunError, match="it must be a whole number"):
        run(CONFIG, tmp_path / "run", workers=workers)


def test_a_wrong_progress_style_stops_before_training(tmp_path, monkeypatch):
    monkeypatch.setenv("REPLICATE_PROGRESS", "foo")
    with pytest.raises(RunError, match="may be bar, lines or off"):
        run(CONFIG, tmp_path / "run", workers=2)
    assert not (tmp_path / "run").exists()


def test_a_checkpoint_of_other_rounds_is_named(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(CONFIG.flat()))
    torch.save({"state": {}}, tmp_path / "part-0000-0002.pt")
    with pytest.raises(RunError, match="no checkpoint of these rounds; delete it"):
        run(CONFIG, tmp_path, workers=1)


@pytest.mark.parametrize(
    ("change", "rounds"),
    [({"seed": 7}, range(0, 2)), ({"learning_rate": 0.5}, range(0, 2)), ({}, range(1, 3))],
)
def test_a_checkpoint_of_other_settings_or_other_rounds_is_not_gone_on_with(tmp_path, change, rounds):
    theirs = part.Part(CONFIG.changed(**change), tmp_path, rounds, DIGEST)
    part.train_part(theirs, "cpu", 10, lambda *_: None)
    (written,) = tmp_path.glob("part-*.pt")
    ours = part.Part(CONFIG, tmp_path, range(0, 2), DIGEST)
    written.rename(ours.checkpoint)
    with pytest.raises(RunError, match="no checkpoint of these rounds; delete it"):
        part.train_part(ours, "cpu", 10, lambda *_: None)


def test_a_checkpoint_of_an_earlier_version_is_gone_on_with(tmp_path):
    ours = part.Part(CONFIG, tmp_path, range(0, 2), DIGEST)
    part.train_part(ours, "cpu", 10, lambda *_: None)
    saved = read_checkpoint(ours.checkpoint)
    assert saved.pop("of") == [CONFIG.name, 0, 2]
    write_checkpoint(ours.checkpoint, saved)
    steps = []
    part.train_part(ours, "cpu", 20, lambda step, _: steps.append(step))
    assert min(steps) == 10


def test_a_config_that_is_changed_while_the_run_trains_is_not_signed(tmp_path, monkeypatch):
    real = experiment._train_and_score

    def change(*given):
        (tmp_path / "run" / "config.json").write_text(json.dumps(CONFIG.changed(steps=40).flat()))
        return real(*given)

    monkeypatch.setattr(experiment, "_train_and_score", change)
    with pytest.raises(RunError, match=r"holds another run \(steps is 40 there and 30 here\)"):
        run(CONFIG, tmp_path / "run", workers=1)
    assert not (tmp_path / "run" / "provenance.json").exists()


def test_a_diverging_round_is_named_has_no_scores_and_stops_no_other(tmp_path, monkeypatch):
    real = training.update

    def explode(state, batch, rate, clip_norm=None):
        if state.step == 12:
            list(state.model.parameters())[-1].data[1] = float("nan")
        return real(state, batch, rate, clip_norm)

    whole = run(CONFIG, tmp_path / "whole", workers=1)
    monkeypatch.setattr(training, "update", explode)
    ended = run(CONFIG, tmp_path / "run", workers=1)
    assert ended.diverged == {1: 13} and whole.diverged == {}
    assert ended.scores.isna().sum().to_dict() == {
        name: int(name not in ("round", "evaluation")) for name in ended.scores
    }
    for table in ("history", "scores", "by_length", "by_position"):
        theirs, ours = (getattr(each, table) for each in (whole, ended))
        unharmed = (each[each["round"] == 0] for each in (ours, theirs))
        pd.testing.assert_frame_equal(*unharmed, check_dtype=False, check_exact=True)
    norms = ended.history[ended.history["round"] == 1].set_index("step")[["gradient_norm_max", "large_share"]]
    assert norms.loc[20].notna().all() and norms.loc[30].isna().all()  # up to update 13, at which it diverged
    late = ended.history[(ended.history["round"] == 1) & (ended.history.step > 12)]
    assert late[["loss", "psa", "exact_match"]].isna().all(axis=None) and len(late) == 2


def test_a_learning_rate_beyond_all_reason_ends_every_round_and_says_so(tmp_path):
    config = CONFIG.changed(learning_rate=1e30)
    ended = run(config, tmp_path / "run", workers=1)
    assert set(ended.diverged) == {0, 1}
    assert ended.scores.exact_match.isna().all()


def test_a_finished_run_is_reused_where_nothing_can_be_written(finished, monkeypatch):
    def closed(folder):
        raise RunError(f"{folder} cannot be used as a folder: Permission denied")

    monkeypatch.setattr(experiment, "locked", closed)
    monkeypatch.setattr(experiment.os, "access", lambda path, mode: False)
    assert same(run(CONFIG, finished.path), finished)
