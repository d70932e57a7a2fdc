"""The run folder: damage named in one line, nothing in a file executed, files whole or not at all."""

import json
import shutil

import pytest
import torch
from shared import CONFIG

from replicate import setting_names
from replicate.checkpoints import read_checkpoint
from replicate.evaluation.inspection import first_and_last_position
from replicate.figures.evaluation import accuracy_by_position
from replicate.files import RunError, write_whole
from replicate.runs.experiment import run
from replicate.runs.folder import checksums, open_run
from replicate.settings import RunConfig
from replicate.training.settings import TrainingSettings


def copy_of(finished, tmp_path):
    return shutil.copytree(finished.path, tmp_path / "copy")


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def replace(path, old, new):
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def drop_last_line(path):
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda p: (p / "config.json").unlink(), "config.json is missing"),
        (lambda p: cut(p / "config.json"), "config.json is damaged"),
        (lambda p: (p / "config.json").write_text('{"colour": 1}'), "config.json is no run's config"),
        (lambda p: (p / "config.json").write_text("[1, 2]"), "config.json is damaged"),
        (lambda p: (p / "history.csv").unlink(), "history.csv is missing"),
        (lambda p: (p / "provenance.json").write_text("[]"), "provenance.json is damaged"),
        (lambda p: replace(p / "config.json", '"seed": 0', '"seed": 1'), "config.json is damaged"),
        (lambda p: cut(p / "by_length.csv"), "by_length.csv is damaged"),
        (lambda p: cut(p / "history.csv"), "history.csv is damaged"),
        (lambda p: drop_last_line(p / "scores.csv"), "scores.csv is damaged"),
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
        (cut, "is damaged"),
        (lambda p: p.write_bytes(b""), "is damaged"),
        (lambda p: p.unlink(), "is missing"),
        (lambda p: torch.save(Bomb(), p), "is damaged"),
    ],
)
def test_a_damaged_checkpoint_is_named(finished, tmp_path, damage, message):
    folder = copy_of(finished, tmp_path)
    damage(folder / "checkpoint.pt")
    with pytest.raises(RunError, match=message) as error:
        open_run(folder).load_model()
    assert "\n" not in str(error.value)


def test_a_run_of_a_task_that_was_changed_is_refused(finished, tmp_path):
    folder = copy_of(finished, tmp_path)
    record = json.loads((folder / "provenance.json").read_text()) | {"task": "of other words"}
    (folder / "provenance.json").write_text(json.dumps(record))
    with pytest.raises(RunError, match=f"other pairs here than where {folder} was begun"):
        open_run(folder).load_model()
    with pytest.raises(RunError, match=f"other pairs here than where {folder} was begun"):
        run(finished.config, folder)  # whose scores would be used again
    (folder / "provenance.json").write_text(json.dumps(record | {"torch": "1.0"}))  # which may draw others
    open_run(folder).load_model()
    assert run(finished.config, folder).scores.equals(finished.scores)


@pytest.mark.parametrize("data", [{"embedding.weight": torch.zeros(2, 2)}, [1], {1: 2}])
def test_a_checkpoint_of_another_model_is_named(finished, tmp_path, data):
    folder = copy_of(finished, tmp_path)
    torch.save(data, folder / "checkpoint.pt")
    record = json.loads((folder / "provenance.json").read_text()) | {"sha256": checksums(folder)}
    (folder / "provenance.json").write_text(json.dumps(record))
    with pytest.raises(RunError, match="no checkpoint of this run's model"):
        open_run(folder).load_model()


@pytest.mark.parametrize(
    "write", [lambda p: torch.save(Bomb(), p), lambda p: p.write_bytes(b""), lambda p: p.mkdir()]
)
def test_nothing_in_a_checkpoint_is_executed(tmp_path, write, capsys):
    write(tmp_path / "x.pt")
    with pytest.raises(RunError, match="damaged or no checkpoint"):
        read_checkpoint(tmp_path / "x.pt")
    assert "executed" not in capsys.readouterr().out


def test_a_run_in_which_no_target_has_a_prime_is_read_and_looked_at(tmp_path):
    skewed = CONFIG.changed(skew=20.0, skew_order=1, vocab_size=31, steps=2, evaluate_samples=20)  # all are 1
    made = run(skewed, tmp_path / "run", workers=1)
    assert made.by_position.empty and set(made.by_length.query("kind == 'target'").length) == {0}
    assert first_and_last_position(made) == "Every target is empty, so no position is reached."
    accuracy_by_position(made.by_position)


def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "data.json"
    path.write_text("old")

    def fail(temporary):
        temporary.write_text("half")
        raise OSError("disk full")

    with pytest.raises(RunError, match="disk full"):
        write_whole(path, fail)
    assert path.read_text() == "old" and len(list(tmp_path.iterdir())) == 1


def test_a_folder_of_an_older_version_is_read_and_its_run_used(finished, tmp_path):
    """Old names for its settings, and none for what came later with a default; none of its bytes changes."""
    folder = copy_of(finished, tmp_path)
    config = json.loads((folder / "config.json").read_text())
    for later in ("task", "eos_is_a_value", "skew_order", "init_bound", "evaluate_rounds"):
        config.pop(later)
    old = config | {"values": "text", "layers": 1, "feed_previous": False}
    (folder / "config.json").write_text(json.dumps(old))
    record = json.loads((folder / "provenance.json").read_text())
    (folder / "provenance.json").write_text(json.dumps(record | {"sha256": checksums(folder)}))
    before = checksums(folder)
    assert open_run(folder).config == finished.config
    assert run(CONFIG, folder, workers=1).path == folder and checksums(folder) == before


def test_a_setting_that_comes_later_with_a_default_changes_no_name(monkeypatch):
    name = CONFIG.name

    class Later(TrainingSettings):
        brand_new: int = 3

    monkeypatch.setattr(setting_names, "TrainingSettings", Later)
    assert RunConfig.of(**CONFIG.flat()).name == name != RunConfig.of(**CONFIG.flat(), brand_new=4).name
