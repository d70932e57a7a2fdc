"""Where numbers come from is read as the work begins, of this project's repository alone."""

import subprocess
import sys

import pytest
from shared import CONFIG

from replicate.files import RunError
from replicate.runs import code, experiment, provenance
from replicate.runs.experiment import run


def git(folder, *arguments):
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    command = ["git", "-C", folder, *identity, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def other(tmp_path):
    """Another repository, with one commit."""
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "-m", "other")
    return tmp_path


def test_a_commit_made_during_a_training_is_not_the_one_that_made_its_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr("replicate.runs.provenance.git_commit", lambda: "first")
    real = experiment._train_and_score

    def train_while_someone_commits(*arguments):
        monkeypatch.setattr("replicate.runs.provenance.git_commit", lambda: "second")
        return real(*arguments)

    monkeypatch.setattr(experiment, "_train_and_score", train_while_someone_commits)
    record = run(CONFIG, tmp_path / "run", workers=1).provenance
    assert record["git_commit"] == "first" and record["started"] <= record["finished"]
    assert "resumed" not in record


def test_a_run_that_went_on_names_the_first_attempt_and_the_later_ones(tmp_path, monkeypatch):
    commits = iter(["first", "second"])
    monkeypatch.setattr("replicate.runs.provenance.git_commit", lambda: next(commits))
    with monkeypatch.context() as patch:
        patch.setattr(
            experiment, "_train_and_score", lambda *a: (_ for _ in ()).throw(RuntimeError("power cut"))
        )
        with pytest.raises(RuntimeError, match="power cut"):
            run(CONFIG, tmp_path / "run", workers=1)
    record = run(CONFIG, tmp_path / "run", workers=1).provenance
    assert record["git_commit"] == "first"
    assert [attempt["git_commit"] for attempt in record["resumed"]] == ["second"]


def test_a_git_dir_in_the_environment_names_no_other_repository(other, monkeypatch):
    ours = provenance.git_commit()
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    assert provenance.git_commit() == ours
    if ours is not None:
        assert ours.removesuffix("-dirty") != git(other, "rev-parse", "HEAD")


def test_without_git_a_checkout_has_no_commit_and_says_so(other, monkeypatch, capsys):
    monkeypatch.setenv("PATH", "")
    told = "no commit is recorded for what is made now: git is not installed\n"
    for folder, said in (("", told), ("elsewhere", "")):
        monkeypatch.setattr(provenance, "PACKAGE", other / folder / "replicate")
        assert provenance.git_commit() is None
        assert capsys.readouterr().err == said


def test_a_repository_that_git_distrusts_as_another_users_has_no_commit(other, monkeypatch, capsys):
    (other / "replicate").mkdir()
    monkeypatch.setattr(provenance, "PACKAGE", other / "replicate")
    assert provenance.git_commit() is not None
    monkeypatch.setenv("HOME", str(other))  # no exception of this user's holds
    real = subprocess.run
    monkeypatch.setattr(
        subprocess,
        "run",
        lambda *a, **o: real(*a, **(o | {"env": o["env"] | {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}})),
    )
    assert provenance.git_commit() is None
    assert "recorded for what is made now: fatal: detected dubious ownership" in capsys.readouterr().err
    with pytest.raises(RunError, match=r"git cannot tell whether .*: fatal: detected dubious ownership"):
        provenance.is_committed(provenance.PACKAGE / "files.py")


def test_a_file_is_committed_where_the_last_commit_has_it_as_it_stands(other, monkeypatch):
    (other / "replicate").mkdir()
    monkeypatch.setattr(provenance, "PACKAGE", other / "replicate")
    file = other / "registered.yaml"
    file.write_text("one")
    assert provenance.is_committed(file) is False
    git(other, "add", file)
    assert provenance.is_committed(file) is False
    git(other, "commit", "--quiet", "-m", "registered")
    assert provenance.is_committed(file) is True
    file.write_text("two")
    assert provenance.is_committed(file) is False
    monkeypatch.setattr(provenance, "PACKAGE", other / "elsewhere" / "replicate")
    assert provenance.is_committed(file) is None


def test_a_library_inside_another_repository_has_no_commit_of_its_own(other, monkeypatch):
    (other / "vendored" / "replicate").mkdir(parents=True)
    monkeypatch.setattr(provenance, "PACKAGE", other / "vendored" / "replicate")
    assert provenance.git_commit() is None
    (other / "replicate").mkdir()
    monkeypatch.setattr(provenance, "PACKAGE", other / "replicate")
    assert provenance.git_commit() == git(other, "rev-parse", "HEAD")
    git(other, "config", "status.showUntrackedFiles", "no")  # as some have it, for speed
    (other / "replicate" / "new.py").write_text("")
    assert provenance.git_commit() == git(other, "rev-parse", "HEAD") + "-dirty"


def test_code_that_was_changed_since_it_was_loaded_is_not_that_of_its_commit(monkeypatch):
    monkeypatch.setattr(provenance, "_is_ours", lambda: True)
    monkeypatch.setattr(provenance, "_git", lambda *what: "abc" if what[0] == "rev-parse" else "")
    assert provenance.git_commit() == "abc" and len(code.code_digest()) == 64
    monkeypatch.setattr(code, "_DIGEST", "of other files")
    assert provenance.git_commit() == "abc-dirty" and code.code_digest() == "of other files"


def test_the_digest_of_the_code_is_of_all_names_and_contents(tmp_path, monkeypatch):
    monkeypatch.setattr(code, "PACKAGE", tmp_path)
    found = [code._digest()]
    for name, content in [
        ("a.py", b"1\n"),
        ("a.py", b"2\n"),
        ("b/c.py", b""),
        ("d.csv", b""),
        ("a.py", b"2\r\n"),
    ]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
        found.append(code._digest())
    assert len(set(found)) == 4 and found[-1] == found[-2] == found[-3]
    (tmp_path / "b").rename(tmp_path / "d")
    assert code._digest() not in found
    (tmp_path / "d").rename(tmp_path / "b")
    (tmp_path / ".ipynb_checkpoints").mkdir()
    (tmp_path / ".ipynb_checkpoints" / "a-checkpoint.py").write_text("3")
    (tmp_path / ".#a.py").symlink_to("nowhere")
    (tmp_path / "gone.py").symlink_to("nowhere")
    assert code._digest() == found[-1]


def test_the_files_are_noted_as_the_first_of_them_is_imported():
    asked = "import sys, replicate.settings; print('replicate.runs.code' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
