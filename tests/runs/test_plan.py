"""What a run keeps from when it has begun: its parts and their threads."""

import json

import pytest
import torch
from shared import CONFIG

from replicate.evaluation.metric_probe import metric_probe
from replicate.files import RunError
from replicate.runs import changes, plan
from replicate.runs.experiment import run


@pytest.mark.parametrize(
    "split",
    [
        *({"edges": edges} for edges in ([0, 1], [1, 2], [0, 2, 1, 2], [])),
        *({"attempts": [attempt]} for attempt in (1, {"registration": 1}, {"registration": {"day": 1}})),
        *({"threads": threads} for threads in (0, -1, True, 1.5, "2", None, 10**9)),
    ],
)
def test_a_damaged_split_is_refused(tmp_path, split):
    (tmp_path / "config.json").write_text(json.dumps(CONFIG.flat()))
    (tmp_path / "parts.json").write_text(json.dumps({"edges": [0, 2]} | split))
    with pytest.raises(RunError, match=r"parts\.json is damaged"):
        run(CONFIG, tmp_path, workers=1)


def test_a_run_goes_on_with_the_threads_it_began_with(tmp_path, monkeypatch):
    config, before = CONFIG.changed(steps=2), torch.get_num_threads()
    for threads in (2, 6):
        seen = []
        monkeypatch.setattr("replicate.runs.experiment.train_part", seen_by(seen))
        torch.set_num_threads(threads)
        try:
            with pytest.raises(ZeroDivisionError):
                run(config, tmp_path / "run", workers=1)
            assert seen == [2] and torch.get_num_threads() == threads
        finally:
            torch.set_num_threads(before)
    monkeypatch.undo()
    for folder, expected in (("run", 2), ("another", max(1, before // 2))):
        run(config, tmp_path / folder, workers=2)
        assert json.loads((tmp_path / folder / "provenance.json").read_text())["threads"] == expected


@pytest.mark.parametrize("workers", [1, 2])
def test_a_task_that_is_another_in_each_process_is_refused(tmp_path, monkeypatch, workers):
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(changes, "task_digest", lambda settings: "of another process")
        with pytest.raises(RunError, match=f"other pairs here than where {tmp_path} was begun: it was"):
            run(CONFIG, tmp_path, workers=workers)
    with pytest.raises(RunError, match="the order of a set and a draw without a seed"):  # gone on with
        run(CONFIG, tmp_path, workers=workers)


def test_the_processes_of_a_run_are_recorded_and_not_those_asked_for(tmp_path):
    record = run(CONFIG.changed(steps=2), tmp_path / "run", workers=5).provenance
    assert (record["workers"], record["parts"]) == (2, 2)


def test_a_run_that_an_earlier_version_began_has_the_threads_of_its_processes(tmp_path, monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 8)
    plan.write_json(tmp_path / "parts.json", {"edges": [0, 1, 2], "attempts": []})
    assert plan.begin(tmp_path, CONFIG, "cpu", workers=8).threads == 4


def seen_by(seen):
    def train_part(*_):
        seen.append(torch.get_num_threads())
        return 1 // 0

    return train_part


def test_a_run_whose_model_was_changed_is_neither_gone_on_with_nor_used_again(tmp_path, monkeypatch):
    run(CONFIG, tmp_path / "done", workers=1)
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun" / "config.json").write_text(json.dumps(CONFIG.flat()))
    plan.begin(tmp_path / "begun", CONFIG, "cpu", workers=1)
    with monkeypatch.context() as changed:
        changed.setattr(changes, "model_probe", lambda *settings: [1.0])
        for folder in (tmp_path / "done", tmp_path / "begun"):
            message = f"the code of model post was changed since {folder} was begun"
            with pytest.raises(RunError, match=message):
                run(CONFIG, folder, workers=1)
        changed.undo()
        changed.setattr(
            changes, "metric_probe", lambda settings: {"exact_match": [9.0], "of a new one": [1.0]}
        )
        with pytest.raises(RunError, match="the code of metric exact_match was changed since"):
            run(CONFIG, tmp_path / "done", workers=1)
        ours = metric_probe(CONFIG.task)
        changed.setattr(changes, "metric_probe", lambda settings: ours | {"of a new one": [1.0]})
        run(CONFIG, tmp_path / "done", workers=1)
    run(CONFIG, tmp_path / "begun", workers=1)
