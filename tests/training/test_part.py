"""A part of a run: where it is stopped, and that it is looked at there all the same."""

import pytest
from shared import SMALL

from replicate.tasks.digest import task_digest
from replicate.training import loop, part
from replicate.training.part import Part, score_part, train_part
from replicate.training.workers import Stopped

DIGEST = task_digest(SMALL.task)


def silent(*told):
    pass


def stop_at(step):
    def stop(done, loss):
        if done == step and loss is not None:
            raise Stopped

    return stop


@pytest.mark.parametrize("step", [40, 60])
def test_a_part_that_was_good_enough_and_is_stopped_as_it_goes_on_is_looked_at_there(
    tmp_path, monkeypatch, step
):
    """It goes on for others, to update 60; `test_stopping` has a part that goes there by itself."""
    monkeypatch.setattr(part, "_good_enough", lambda part, history: history[-1]["step"] >= 20)

    def looked_at(folder, stopped):
        folder.mkdir()
        ours = Part(SMALL.changed(steps=60, evaluate_every=20), folder, range(1), DIGEST)
        assert train_part(ours, "cpu", None, silent) == 20
        if stopped:
            with pytest.raises(Stopped):
                train_part(ours, "cpu", 60, stop_at(step))
            train_part(ours, "cpu", None, silent)  # with which the same command begins
        assert train_part(ours, "cpu", 60, silent) == 60
        return [row["step"] for row in score_part(ours, "cpu", silent)["history"]]

    assert looked_at(tmp_path / "one", stopped=True) == [0, 20, 40, 60]
    assert looked_at(tmp_path / "other", stopped=False) == [0, 20, 40, 60]


def test_a_stop_is_heard_soon_where_updates_take_long(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "PROGRESS_SECONDS", 0)
    ours = Part(SMALL.changed(steps=60, evaluate_every=60), tmp_path, range(1), DIGEST)
    with pytest.raises(Stopped):
        train_part(ours, "cpu", None, stop_at(7))
