"""What speaks against a run is told in one line, before anything of it begins."""

import errno
import re
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from replicate.cli import app
from replicate.files import write_json
from replicate.presets import QUICK
from replicate.runs.checks import read_config
from replicate.runs.earlier import take_earlier
from replicate.runs.places import EARLIER_RUNS, is_finished
from replicate.settings import RunConfig
from replicate.tasks.digest import task_digest


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["03_train", "device=gpu"], "device is 'gpu'; it must be auto, cpu or, with a GPU, cuda"),
        (["03_train", "workers=-1"], "workers is -1; it must be a whole number from 1 up"),
        (["03_train", "run_name=" + "x" * 300], "is no folder name; use up to 100 letters, digits"),
        (["03_train", "run_name=thesis"], "thesis exists and is not a run folder; choose another one"),
        (["03_train", "run_name=file"], "file is a file and no run folder; choose another one"),
        (["03_train", "run_name=small"], "small holds another run (max_length is 3 there and 5 here"),
        (["08_translation", "pairs=gone.tsv"], "cannot read gone.tsv: No such file"),
        (["08_translation", "target_column=3"], "target_column and group_column are of a TSV: pairs alone"),
        (["04_evaluate", "run=gone"], "no run folder at gone; notebook 03_train makes one"),
        (["04_evaluate", "run=runs/small"], "small is not finished; start it again"),
        (["00_explore", "beside=runs/thesis"], "config.json is missing or no file"),
    ],
)
def test_runs_that_cannot_be_made_or_read_are_refused_before_anything_runs(
    tmp_path, monkeypatch, arguments, message
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REPLICATE_RUNS", str(tmp_path / "runs"))
    for folder in ("thesis", "small"):
        (tmp_path / "runs" / folder).mkdir(parents=True)
    for file in ("thesis/chapter.tex", "file"):
        (tmp_path / "runs" / file).write_text("mine")
    write_json(tmp_path / "runs" / "small" / "config.json", QUICK.changed(max_length=3).flat())
    result = CliRunner().invoke(app, ["run", *arguments])
    assert result.exit_code == 2
    assert re.fullmatch(rf"replicate: .*{re.escape(message)}.*\n", result.stderr)
    assert {path.name for path in tmp_path.iterdir()} == {"runs"}


@pytest.mark.parametrize("root", ["file", "link", "file/runs"])
def test_a_folder_that_can_hold_no_run_is_told_before_anything_runs(tmp_path, monkeypatch, root):
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REPLICATE_RUNS", str(tmp_path / root))
    result = CliRunner().invoke(app, ["run", "03_train"])
    assert result.exit_code == 2
    assert re.fullmatch(
        r"replicate: no run can be put into .*REPLICATE_RUNS names another one\n", result.stderr
    )


def test_a_run_whose_text_is_gone_is_told_before_anything_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = {"task": "translation", "pairs": "gone.tsv", "pairs_sha256": "0" * 64}
    Path("run").mkdir()
    write_json(Path("run", "config.json"), RunConfig.of(**settings).flat())
    write_json(Path("run", "provenance.json"), {})
    result = CliRunner().invoke(app, ["run", "04_evaluate", "run=run"])
    assert result.exit_code == 2
    assert re.fullmatch(r"replicate: cannot read gone\.tsv: No such file.*\n", result.stderr), result.stderr


def test_a_text_that_is_too_small_is_told_before_anything_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("two.tsv").write_text("a dog\tun chien\na cat\tun chat\n")
    result = CliRunner().invoke(app, ["run", "03_train", "task=translation", "pairs=two.tsv"])
    assert result.exit_code == 2
    said = r"replicate: train, validation and test need a page each, .* the text has 2\n"
    assert re.fullmatch(said, result.stderr), result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["two.tsv"]


def test_subwords_without_their_library_are_told_before_anything_runs(monkeypatch):
    monkeypatch.setattr("replicate.tasks.translation.settings.find_spec", lambda name: None)
    result = CliRunner().invoke(app, ["run", "03_train", "task=translation", "tokens=subwords"])
    said = "replicate: tokens 'subwords' needs sentencepiece, which is not installed: pip install '"
    assert result.exit_code == 2 and result.stderr.startswith(said)


def test_of_the_runs_that_a_sweep_has_from_before_the_one_that_is_asked_for_is_put_into_its_folder(
    tmp_path, monkeypatch
):
    """A finished one before another; what is there already stays, and is refused by what comes next."""
    monkeypatch.setenv("REPLICATE_RUNS", str(tmp_path / "runs"))

    def put(run, seed, finished=False):
        run.mkdir(parents=True)
        write_json(run / "config.json", QUICK.changed(seed=seed).flat())
        if finished:
            write_json(run / "provenance.json", {})

    earlier = tmp_path / EARLIER_RUNS
    put(earlier / "one", seed=1)
    put(earlier / "two", seed=2)
    put(earlier / "two-2", seed=2, finished=True)
    put(earlier / "three", seed=3)
    put(tmp_path / "own", seed=4)
    (earlier / "damaged").mkdir()
    (earlier / "damaged" / "config.json").write_text("damaged")
    (tmp_path / "empty").mkdir()

    def asked(folder, seed):
        take_earlier(tmp_path / folder, QUICK.changed(seed=seed))

    asked("runs/two", 2)
    assert is_finished(tmp_path / "runs" / "two") and not (earlier / "two-2").exists()
    asked("runs/two/within", 1)
    asked("empty", 3)
    asked("own", 2)
    asked("new", 5)
    found = {
        path.parent: read_config(path.parent).training.seed for path in tmp_path.glob("[!.]*/**/config.json")
    }
    assert {folder.relative_to(tmp_path).as_posix(): seed for folder, seed in found.items()} == {
        "runs/two": 2,
        "runs/two/within": 1,
        "empty": 3,
        "own": 4,
    }
    assert {run.name for run in earlier.iterdir()} == {"two", "damaged"}


def test_an_earlier_run_of_another_task_or_registration_is_not_taken(tmp_path, monkeypatch):
    """What would be refused later would be brought again and again."""
    monkeypatch.setenv("REPLICATE_RUNS", str(tmp_path / "runs"))
    one, now = tmp_path / EARLIER_RUNS / "one", {"torch": torch.__version__, "registration": None}
    one.mkdir(parents=True)
    write_json(one / "config.json", QUICK.flat())

    def is_taken(finished, **noted):
        for name in ("provenance.json", "parts.json"):
            (one / name).unlink(missing_ok=True)
        noted = now | {"task": task_digest(QUICK.task)} | noted
        begun = noted if finished else {"task": noted.pop("task"), "attempts": [noted]}
        write_json(one / ("provenance.json" if finished else "parts.json"), begun)
        take_earlier(tmp_path / "mine", QUICK)
        if taken := not one.exists():
            (tmp_path / "mine").rename(one)
        return taken

    for finished in (True, False):
        assert is_taken(finished) and is_taken(finished, torch="0.1", task="of another PyTorch")
        assert not is_taken(finished, task="other")
        assert not is_taken(finished, registration={"study": "tiny", "sha256": "0"})
    write_json(one / "parts.json", {"attempts": 3})
    take_earlier(tmp_path / "mine", QUICK)
    assert one.exists()


def test_an_earlier_run_stays_where_it_cannot_be_moved(tmp_path, monkeypatch):
    """To another disk, say: the run is then made anew."""
    monkeypatch.setenv("REPLICATE_RUNS", str(tmp_path / "runs"))
    (one := tmp_path / EARLIER_RUNS / "one").mkdir(parents=True)
    write_json(one / "config.json", QUICK.flat())

    def rename(path, target):
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(Path, "rename", rename)
    take_earlier(tmp_path / "mine", QUICK)
    assert (one / "config.json").exists() and not (tmp_path / "mine").exists()
