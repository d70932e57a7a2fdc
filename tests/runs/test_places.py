"""Where a run is, as a person types it."""

from pathlib import Path

from shared import PROJECT

from replicate.runs.places import next_steps, run_folder, shown


def test_a_folder_of_the_project_is_named_from_there_and_any_other_in_full(monkeypatch, tmp_path):
    assert shown(PROJECT / "runs" / "a") == "runs/a"
    assert shown(tmp_path / "a") == (tmp_path / "a").as_posix()
    monkeypatch.chdir(PROJECT)
    assert shown(Path("results/quick")) == "results/quick"
    monkeypatch.chdir(tmp_path)
    assert shown(PROJECT / "runs" / "a") == (PROJECT / "runs" / "a").as_posix()


def test_the_next_steps_can_be_pasted(monkeypatch, tmp_path):
    monkeypatch.setenv("REPLICATE_RUNS", str(tmp_path / "my runs"))
    said = next_steps(run_folder("a"), reused=True)
    place = (tmp_path / "my runs" / "a").as_posix()
    assert f'run = "{place}"' in said and f"replicate run 04_evaluate 'run={place}'" in said
    assert "was there before and is used again" in said
    assert "was finished just now" in next_steps(run_folder("a"), reused=False)


def test_a_tilde_is_home_where_no_shell_has_read_it(monkeypatch, tmp_path):
    """As in a file of environment variables; else a folder called ~ would be made, and removed as such."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))  # on Windows
    monkeypatch.setenv("REPLICATE_RUNS", "~/my runs")
    assert run_folder("a") == tmp_path / "my runs" / "a"
