"""Runs: reused, resumed or refused; equal however they were split or stopped; damage named."""

import json
import shutil

import pandas as pd
import pytest
import torch
from test_training import SMALL

from replicate import experiment, part, training
from replicate.experiment import run
from replicate.runs import RunError, open_run, write_whole

CONFIG = SMALL.model_copy(
    update={"rounds": 2, "steps": 30, "evaluate_every": 10, "curve_samples": 20, "evaluate_samples": 30}
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run(CONFIG, tmp_path_factory.mktemp("module") / "run", workers=1)


def same(a, b) -> bool:
    """Whether two runs hold equal numbers."""
    frames = all(
        getattr(a, name).equals(getattr(b, name))
        for name in ("history", "scores", "by_length", "by_position")
    )
    theirs = b.load_model().state_dict()
    return frames and all(
        torch.equal(tensor, theirs[name]) for name, tensor in a.load_model().state_dict().items()
    )


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
    }


def test_the_scores_are_those_of_the_saved_model(finished):
    from replicate.evaluation import evaluate, model_answer
    from replicate.randomness import make_generator
    from replicate.task import PrimeTask

    task = PrimeTask.of(CONFIG)
    answer = model_answer(finished.load_model(), task.max_target_length)
    generators = [make_generator(CONFIG.seed, r, "evaluation 0") for r in range(2)]
    again = evaluate(answer, task, generators, range(2), CONFIG.evaluate_samples).scores
    pd.testing.assert_frame_equal(
        again, finished.scores.drop(columns="evaluation"), rtol=1e-5, check_dtype=False
    )


def test_a_finished_run_is_reused(finished, monkeypatch):
    monkeypatch.setattr(experiment, "train_part", lambda *a: pytest.fail("trained again"))
    assert same(run(CONFIG, finished.path), finished)


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


def test_a_run_ends_early_once_every_round_is_good_enough(tmp_path):
    easy = {
        "max_length": 1,
        "vocab_size": 5,
        "hidden_size": 32,
        "learning_rate": 1e-2,
        "steps": 600,
        "stop_exact_match": 0.99,
    }
    ended = run(CONFIG.model_copy(update=easy), tmp_path / "run", workers=1)
    last = ended.history[ended.history.step == ended.history.step.max()]
    before = ended.history[ended.history.step == ended.history.step.max() - CONFIG.evaluate_every]
    assert ended.history.step.max() < 600
    assert last.exact_match.min() >= 0.99 > before.exact_match.min()


@pytest.mark.parametrize("workers", [1, 2])
def test_rounds_in_parts_or_processes_train_alike(finished, tmp_path, monkeypatch, workers):
    monkeypatch.setattr(experiment, "ROUNDS_AT_ONCE", 1)
    split = run(CONFIG, tmp_path / "split", workers=workers)
    ours, theirs = split.load_model().state_dict(), finished.load_model().state_dict()
    for name in theirs:
        torch.testing.assert_close(ours[name], theirs[name], rtol=1e-4, atol=1e-5)
    assert split.history.loss.tolist() == pytest.approx(finished.history.loss.tolist(), rel=1e-4, nan_ok=True)
    assert not list(split.path.glob("part*"))


def test_a_folder_of_another_run_is_refused(finished):
    with pytest.raises(RunError, match="max_length is 5 there and 6 here"):
        run(CONFIG.model_copy(update={"max_length": 6}), finished.path)


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(RunError, match="not a run folder"):
        run(CONFIG, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_unavailable_device_and_workers_are_named(tmp_path):
    with pytest.raises(RunError, match="'abacus' is not available"):
        run(CONFIG, tmp_path / "run", device="abacus")
    with pytest.raises(RunError, match="workers is 0"):
        run(CONFIG, tmp_path / "run", workers=0)


def copy_of(finished, tmp_path):
    return shutil.copytree(finished.path, tmp_path / "copy")


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def drop_last_line(path):
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda p: (p / "config.json").unlink(), "config.json is missing"),
        (lambda p: cut(p / "config.json"), "config.json is damaged"),
        (lambda p: (p / "config.json").write_text('{"colour": 1}'), "config.json is no run's config"),
        (lambda p: (p / "config.json").write_text("[1, 2]"), "config.json is no run's config"),
        (lambda p: (p / "history.csv").unlink(), "history.csv is missing"),
        (lambda p: (p / "history.csv").write_text(""), "history.csv is damaged"),
        (lambda p: (p / "scores.csv").write_text("a,b\n1,2\n"), "scores.csv has no column round"),
        (lambda p: drop_last_line(p / "scores.csv"), "scores.csv does not hold the 2 rounds"),
        (lambda p: cut(p / "provenance.json"), "provenance.json is damaged"),
        (lambda p: (p / "provenance.json").unlink(), "is not finished"),
    ],
)
def test_a_damaged_folder_is_named(finished, tmp_path, damage, message):
    folder = copy_of(finished, tmp_path)
    damage(folder)
    with pytest.raises(RunError, match=message) as error:
        open_run(folder)
    assert "\n" not in str(error.value)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(RunError, match=r"no run folder at .*nowhere"):
        open_run(tmp_path / "nowhere")


class Bomb:
    def __reduce__(self):
        return (print, ("executed",))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (cut, "damaged or no checkpoint"),
        (lambda p: p.write_bytes(b""), "damaged or no checkpoint"),
        (lambda p: p.unlink(), "is missing"),
        (lambda p: torch.save(Bomb(), p), "damaged or no checkpoint"),
        (
            lambda p: torch.save({"embedding.weight": torch.zeros(2, 2)}, p),
            "no checkpoint of this run's model",
        ),
        (lambda p: torch.save([1], p), "no checkpoint of this run's model"),
    ],
)
def test_a_damaged_checkpoint_is_named_and_never_executed(finished, tmp_path, damage, message, capsys):
    folder = copy_of(finished, tmp_path)
    damage(folder / "checkpoint.pt")
    with pytest.raises(RunError, match=message) as error:
        open_run(folder).load_model()
    assert "\n" not in str(error.value) and "executed" not in capsys.readouterr().out


def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "data.json"
    path.write_text("old")

    def fail(temporary):
        temporary.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_whole(path, fail)
    assert path.read_text() == "old" and len(list(tmp_path.iterdir())) == 1


def test_provenance_says_where_the_numbers_come_from(finished):
    record = json.loads((finished.path / "provenance.json").read_text())
    assert record["torch"] == torch.__version__ and record["device"] == "cpu" and record["workers"] == 1
