"""Sweeps whose notebook is edited: what was trained is used or kept; and the table of what was trained."""

import re
from pathlib import Path

import pandas as pd
import pytest
from shared import TRAINS, write_notebook
from typer.testing import CliRunner

from replicate.cli import app
from replicate.files import read_json
from replicate.sweeps.schedule import run_sweep
from replicate.sweeps.spec import read_sweep
from replicate.sweeps.store import state

# dask's own: sockets that it closes late, and a clean-up at exit
pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.slow]

RUNS_ROOT = "from replicate.runs.places import runs_root"
PATH = "from pathlib import Path"


def swept(folder: Path, *cells: str) -> tuple[Path, pd.DataFrame]:
    """The one case of a sweep of a notebook of these cells, which is written anew, and the summary."""
    write_notebook(folder / "tiny.ipynb", *cells)
    (folder / "sweep.yaml").write_text("notebook: tiny.ipynb\nlist: [{rounds: 1}]")
    (job,) = read_sweep(folder / "sweep.yaml")
    table = run_sweep([job], folder / "out", workers=1)
    return folder / "out" / job.name, table


def sized(hidden_size: int, folder: str | None = None) -> tuple[str, ...]:
    """The cells that train, a model of this size, in a folder that a cell names."""
    parameters = TRAINS[0].replace("hidden_size = 4", f"hidden_size = {hidden_size}")
    if folder is None:
        return parameters, *TRAINS[1:]
    trains = TRAINS[2].replace("workers=1", f"workers=1, folder=Path({folder!r}).absolute()")
    return parameters, TRAINS[1], PATH, trains


def stepped(steps: int, name: str) -> tuple[str, ...]:
    """The cells that train, for so many updates, in a folder of this name."""
    trains = TRAINS[2].replace("workers=1", f"workers=1, folder=runs_root() / {name!r}")
    return TRAINS[0].replace("steps = 3", f"steps = {steps}"), TRAINS[1], RUNS_ROOT, trains


def test_an_edited_notebook_is_executed_again_and_uses_what_it_has_trained(tmp_path, capsys):
    write_notebook(tmp_path / "tiny.ipynb", *TRAINS)
    (tmp_path / "sweep.yaml").write_text("notebook: tiny.ipynb\nlist: [{steps: 2}, {steps: 4}]")
    run_sweep(read_sweep(tmp_path / "sweep.yaml"), tmp_path / "out", workers=1)
    written = {path: path.read_text() for path in (tmp_path / "out").glob("*/runs/*/provenance.json")}

    write_notebook(tmp_path / "tiny.ipynb", *TRAINS, "open('new.txt', 'w').write('edited')")
    jobs = read_sweep(tmp_path / "sweep.yaml")
    assert {state(tmp_path / "out", job) for job in jobs} == {"edited"}
    table = run_sweep(jobs, tmp_path / "out", workers=1)
    assert "tiny.ipynb was edited: 2 of 2 cases are executed again" in capsys.readouterr().err
    assert len(list((tmp_path / "out").glob("*/new.txt"))) == 2 and set(table.state) == {"done"}
    assert {path: path.read_text() for path in written} == written and len(written) == 2  # trained once
    assert {state(tmp_path / "out", job) for job in jobs} == {"done"}


def test_edit_after_edit_keeps_what_was_trained_before(tmp_path):
    for number, size in enumerate((4, 5, 6), 1):
        place, _ = swept(tmp_path, *sized(size))
        (trained,) = place.glob("runs/*/config.json")
        assert read_json(trained)["hidden_size"] == size
        earlier = place.glob("earlier/*/config.json")
        assert sorted(read_json(path)["hidden_size"] for path in earlier) == list(range(4, size))
        assert len(list(place.glob("earlier/*/provenance.json"))) == number - 1


def test_an_edit_that_is_undone_trains_nothing_anew(tmp_path):
    started = []
    for size in (4, 5, 4, 5):
        place, _ = swept(tmp_path, *sized(size))
        (trained,) = place.glob("runs/*/provenance.json")
        started.append(trained.read_text())
    assert started[:2] == started[2:] and started[0] != started[1]
    assert len(list(place.glob("earlier/*"))) == 1


@pytest.mark.parametrize("folders", [["mine", "mine"], ["mine", "runs/mine"], ["runs/mine", "mine/x"]])
def test_a_run_comes_back_from_and_to_a_folder_that_a_cell_named(tmp_path, folders):
    started = []
    for folder, size in ((folders[0], 4), ("runs/other", 5), (folders[1], 4)):
        place, _ = swept(tmp_path, *sized(size, folder))
        started.append((place / folder / "provenance.json").read_text())
    assert started[0] == started[2] != started[1]


@pytest.mark.parametrize(
    "edits", [["mine", "mine/inner"], ["mine/inner", "mine"], ["mine", "mine/a", "mine/a/b", "runs/mine"]]
)
def test_an_edit_that_moves_a_run_into_its_folder_or_out_of_it_trains_nothing_anew(tmp_path, edits):
    started = []
    for folder in edits:
        place, _ = swept(tmp_path, *sized(4, folder))
        started.append((place / folder / "provenance.json").read_text())
        assert len(list(place.rglob("config.json"))) == 1
    assert len(set(started)) == 1


def test_of_runs_within_each_others_folders_only_what_was_edited_is_trained(tmp_path):
    started = []
    for runs in (
        {"study": 4, "study/b": 5},
        {"study/b": 5, "first": 4},  # in this order
        {"study": 6, "study/b": 5},
        {"study": 4, "study/b": 6},
    ):
        parts = [sized(size, folder) for folder, size in runs.items()]
        sizes = [cells[0].splitlines()[-1] for cells in parts]
        trains = [f"{size}\n{parts[n][-1]}\ntrained.load_model()" for n, size in enumerate(sizes)]
        place, _ = swept(tmp_path, *parts[0][:-1], *trains)
        records = {name: (place / name / "provenance.json").read_text() for name in runs}
        assert {name: read_json(place / name / "config.json")["hidden_size"] for name in runs} == runs
        started.append({size: records[name] for name, size in runs.items()})
    assert started[0] == started[1] and started[0][4] == started[3][4]
    assert started[0][5] == started[2][5] and started[2][6] == started[3][6]


def test_a_run_in_a_folder_that_a_cell_named_goes_on_without_what_a_failed_attempt_added(tmp_path):
    found = []
    for last in (
        "(trained.path / 'verdict.txt').touch(); 1 / 0",
        "(trained.path / 'right.txt').touch()",
        "3",
    ):
        swept(tmp_path, *sized(4, "mine"), last)
        (place,) = tmp_path.glob("out/*/mine")
        found.append([(place / "provenance.json").read_text(), *(path.name for path in place.glob("*.txt"))])
    assert found[0][0] == found[1][0] == found[2][0]
    assert [names[1:] for names in found] == [["verdict.txt"], ["right.txt"], []]


def test_runs_of_one_name_and_other_settings_are_kept_beside_each_other(tmp_path):
    started = []
    for name, steps in (("base", 1), ("base", 2), ("longer", 3), ("base", 4), ("longer", 3)):
        place, _ = swept(tmp_path, *stepped(steps, name))
        (trained,) = place.glob("runs/*/provenance.json")
        started.append(trained.read_text())
    kept = {path.parent.name: read_json(path)["steps"] for path in place.glob("earlier/*/config.json")}
    assert kept == {"base": 1, "base-2": 2, "base-3": 4}
    assert started[4] == started[2]


def test_what_an_attempt_trained_before_its_cell_failed_is_used_though_an_earlier_run_has_its_name(tmp_path):
    started = []
    for steps, last in ((2, "1"), (4, "1 / 0"), (4, "2 / 0"), (4, "3")):
        place, table = swept(tmp_path, *stepped(steps, "mine"), last)
        fails = "0" in last
        assert table.state.tolist() == ["failed" if fails else "done"]
        made = place / ("failed/runs/mine" if fails else "runs/mine")
        started.append((made / "provenance.json").read_text())
    assert started[1] == started[2] == started[3] != started[0]
    assert [read_json(path)["steps"] for path in place.glob("earlier/*/config.json")] == [2]


@pytest.mark.parametrize("name", ["notebook.ipynb", "sweep.json", "failed/x", "earlier/x"])
def test_a_cell_that_takes_a_name_of_the_sweeps_own_fails_its_case(tmp_path, name):
    cell = f"import pathlib; p = pathlib.Path({name!r}); p.parent.mkdir(exist_ok=True); p.write_text('mine')"
    write_notebook(tmp_path / "tiny.ipynb", "# Parameters\nx = 1", cell)
    (tmp_path / "sweep.yaml").write_text("notebook: tiny.ipynb\nlist: [{x: 2}]")
    table = run_sweep(read_sweep(tmp_path / "sweep.yaml"), tmp_path / "out", workers=1)
    assert table.state.tolist() == ["failed"] and table.error[0].startswith(f"a cell wrote {name[:6]}")


def test_the_table_says_how_many_trainings_diverged_and_means_the_others(tmp_path):
    parameters = TRAINS[0].replace("rounds = 1", "rounds = 6") + "\nlearning_rate = 0.1"
    trained = TRAINS[2].replace("('max", "('learning_rate', 'max")
    write_notebook(tmp_path / "tiny.ipynb", parameters, TRAINS[1], trained)
    (tmp_path / "sweep.yaml").write_text("notebook: tiny.ipynb\ngrid: {learning_rate: [0.1, 20.0, 1.0e38]}")
    jobs = read_sweep(tmp_path / "sweep.yaml")
    table = run_sweep(jobs, tmp_path / "out", workers=1).set_index("learning_rate")
    assert table.diverged[0.1] == 0 and table.diverged[1e38] == 6 and pd.isna(table.psa[1e38])
    (written,) = (tmp_path / "out").glob("learning_rate-20.0-*/runs/*/scores.csv")
    scores = pd.read_csv(written)
    assert table.diverged[20.0] == scores[scores.psa.isna()]["round"].nunique() in range(1, 6)
    assert table.psa[20.0] == pytest.approx(scores.psa.dropna().mean())

    written.write_text(written.read_text()[:-9])
    table = run_sweep(jobs, tmp_path / "out").set_index("learning_rate")
    assert table.state.to_dict() == {0.1: "done", 20.0: "damaged", 1e38: "done"}
    assert "scores.csv is damaged" in table.error[20.0]
    assert pd.isna(table.psa[20.0]) and not pd.isna(table.psa[0.1])
    told = CliRunner().invoke(app, ["sweep", str(tmp_path / "sweep.yaml"), "--out", str(tmp_path / "out")])
    assert told.exit_code == 1 and "scores.csv is damaged" in told.stderr
    assert told.stderr.endswith(
        "1 of 3 cases damaged; put back what is gone, or delete their folders, and the same command makes "
        "them again\n"
    )


def test_an_edit_that_fails_loses_no_training_and_its_repair_trains_nothing_anew(tmp_path, monkeypatch):
    write_notebook(tmp_path / "tiny.ipynb", *TRAINS)
    (tmp_path / "sweep.yaml").write_text("notebook: tiny.ipynb\nlist: [{steps: 2}]")
    run_sweep(read_sweep(tmp_path / "sweep.yaml"), tmp_path / "out", workers=1)
    (written,) = (tmp_path / "out").glob("*/runs/*/provenance.json")
    trained = written.read_text()

    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "working").touch()  # where no case can be worked on
    for runs, cell, wanted in (
        ("full", "'edited'", "working.*cannot be used as a folder"),
        ("elsewhere", "1 / 0", r"tiny.ipynb, cell 2: ZeroDivisionError"),  # and no hidden file's name
        ("elsewhere again", "'mended'", None),
    ):
        monkeypatch.setenv("REPLICATE_RUNS", str(tmp_path / runs))
        write_notebook(tmp_path / "tiny.ipynb", TRAINS[0], cell, *TRAINS[1:])
        table = run_sweep(read_sweep(tmp_path / "sweep.yaml"), tmp_path / "out", workers=1)
        assert re.search(wanted, table.error[0]) if wanted else table.state[0] == "done"
        assert not table.error[0] or not table.error[0].startswith(".")
        assert written.read_text() == trained
