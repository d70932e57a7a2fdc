"""Sweeps whose notebook is edited: what was trained is used or kept; and the table of what was trained."""

import re

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
    (tmp_path / "sweep.yaml").write_text("notebook: tiny.ipynb\nlist: [{steps: 2}]")
    for number, size in enumerate((4, 5, 6), 1):
        cells = TRAINS[0].replace("hidden_size = 4", f"hidden_size = {size}"), *TRAINS[1:]
        write_notebook(tmp_path / "tiny.ipynb", *cells)
        (job,) = read_sweep(tmp_path / "sweep.yaml")
        run_sweep([job], tmp_path / "out", workers=1)
        place = tmp_path / "out" / job.name
        (trained,) = place.glob("runs/*/config.json")
        assert read_json(trained)["hidden_size"] == size
        earlier = sorted(place.glob("earlier/*/config.json"))
        assert [read_json(path)["hidden_size"] for path in earlier] == list(range(4, size))
        assert len(list(place.glob("earlier/*/provenance.json"))) == number - 1


def test_an_edit_that_is_undone_trains_nothing_anew(tmp_path):
    (tmp_path / "sweep.yaml").write_text("notebook: tiny.ipynb\nlist: [{steps: 2}]")
    started = []
    for size in (4, 5, 4, 5):
        cells = TRAINS[0].replace("hidden_size = 4", f"hidden_size = {size}"), *TRAINS[1:]
        write_notebook(tmp_path / "tiny.ipynb", *cells)
        (job,) = read_sweep(tmp_path / "sweep.yaml")
        run_sweep([job], tmp_path / "out", workers=1)
        (trained,) = tmp_path.glob("out/*/runs/*/provenance.json")
        started.append(trained.read_text())
    assert started[:2] == started[2:] and started[0] != started[1]
    assert len(list(tmp_path.glob("out/*/earlier/*"))) == 1


@pytest.mark.parametrize("folders", [["mine", "mine"], ["mine", "runs/mine"], ["runs/mine", "mine/x"]])
def test_a_run_comes_back_from_and_to_a_folder_that_a_cell_named(tmp_path, folders):
    (tmp_path / "sweep.yaml").write_text("notebook: tiny.ipynb\nlist: [{rounds: 1}]")
    started = []
    for folder, size in ((folders[0], 4), ("runs/other", 5), (folders[1], 4)):
        trains = TRAINS[2].replace("workers=1", f"workers=1, folder=Path({folder!r}).absolute()")
        cells = TRAINS[0].replace("hidden_size = 4", f"hidden_size = {size}"), TRAINS[1]
        write_notebook(tmp_path / "tiny.ipynb", *cells, "from pathlib import Path", trains)
        (job,) = read_sweep(tmp_path / "sweep.yaml")
        run_sweep([job], tmp_path / "out", workers=1)
        (trained,) = tmp_path.glob(f"out/*/{folder}/provenance.json")
        started.append(trained.read_text())
    assert started[0] == started[2] != started[1]


def test_a_run_that_is_not_asked_for_leaves_those_within_its_folder(tmp_path):
    (tmp_path / "sweep.yaml").write_text("notebook: tiny.ipynb\nlist: [{rounds: 1}]")
    for folder, size in (("out", 4), ("out/a", 5)):
        trains = TRAINS[2].replace("workers=1", f"workers=1, folder=Path({folder!r})")
        cells = TRAINS[0].replace("hidden_size = 4", f"hidden_size = {size}"), TRAINS[1]
        write_notebook(tmp_path / "tiny.ipynb", *cells, "from pathlib import Path", trains)
        (job,) = read_sweep(tmp_path / "sweep.yaml")
        run_sweep([job], tmp_path / "swept", workers=1)
    found = {
        path.parent.relative_to(tmp_path / "swept" / job.name).as_posix()
        for path in tmp_path.glob("swept/**/config.json")
    }
    assert found == {"earlier/out", "out/a"}


def test_a_run_in_a_folder_that_a_cell_named_goes_on_without_what_a_failed_attempt_added(tmp_path):
    (tmp_path / "sweep.yaml").write_text("notebook: tiny.ipynb\nlist: [{rounds: 1}]")
    trains = TRAINS[2].replace("workers=1", "workers=1, folder=Path('mine')")
    found = []
    for last in (
        "(trained.path / 'verdict.txt').touch(); 1 / 0",
        "(trained.path / 'right.txt').touch()",
        "3",
    ):
        write_notebook(
            tmp_path / "tiny.ipynb", TRAINS[0], TRAINS[1], "from pathlib import Path", trains, last
        )
        (job,) = read_sweep(tmp_path / "sweep.yaml")
        run_sweep([job], tmp_path / "out", workers=1)
        (place,) = tmp_path.glob("out/*/mine")
        found.append([(place / "provenance.json").read_text(), *(path.name for path in place.glob("*.txt"))])
    assert found[0][0] == found[1][0] == found[2][0]
    assert [names[1:] for names in found] == [["verdict.txt"], ["right.txt"], []]


def test_runs_of_one_name_and_other_settings_are_kept_beside_each_other(tmp_path):
    (tmp_path / "sweep.yaml").write_text("notebook: tiny.ipynb\nlist: [{rounds: 1}]")
    started = []
    for name, steps in (("base", 1), ("base", 2), ("longer", 3), ("base", 4), ("longer", 3)):
        cells = TRAINS[2].replace("workers=1", f"workers=1, folder=runs_root() / '{name}'")
        cells = TRAINS[0].replace("steps = 3", f"steps = {steps}"), TRAINS[1], RUNS_ROOT, cells
        write_notebook(tmp_path / "tiny.ipynb", *cells)
        (job,) = read_sweep(tmp_path / "sweep.yaml")
        run_sweep([job], tmp_path / "out", workers=1)
        (trained,) = tmp_path.glob("out/*/runs/*/provenance.json")
        started.append(trained.read_text())
    kept = tmp_path.glob("out/*/earlier/*/config.json")
    assert {path.parent.name: read_json(path)["steps"] for path in kept} == {
        "base-2": 1,
        "base-3": 2,
        "base": 4,
    }
    assert started[4] == started[2]


def test_what_an_attempt_trained_before_its_cell_failed_is_used_though_an_earlier_run_has_its_name(tmp_path):
    (tmp_path / "sweep.yaml").write_text("notebook: tiny.ipynb\nlist: [{rounds: 1}]")
    trains = TRAINS[2].replace("workers=1", "workers=1, folder=runs_root() / 'mine'")
    started = []
    for steps, last in ((2, "1"), (4, "1 / 0"), (4, "2 / 0"), (4, "3")):
        cells = TRAINS[0].replace("steps = 3", f"steps = {steps}"), TRAINS[1], RUNS_ROOT, trains, last
        write_notebook(tmp_path / "tiny.ipynb", *cells)
        (job,) = read_sweep(tmp_path / "sweep.yaml")
        table = run_sweep([job], tmp_path / "out", workers=1)
        assert table.state.tolist() == ["failed" if "0" in last else "done"]
        found = tmp_path.glob("out/*/failed/runs/mine" if "0" in last else "out/*/runs/mine")
        started.append([(run / "provenance.json").read_text() for run in found])
    assert started[1] == started[2] == started[3] != started[0]
    kept = tmp_path.glob("out/*/earlier/*/config.json")
    assert [read_json(path)["steps"] for path in kept] == [2]


@pytest.mark.parametrize("name", ["notebook.ipynb", "sweep.json", "failed/x"])
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
        "1 of 3 cases damaged; delete their folders, and the same command makes them again\n"
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
        ("elsewhere", "1 / 0", r"tiny.ipynb, cell 3: ZeroDivisionError"),  # and no hidden file's name
        ("elsewhere again", "'mended'", None),
    ):
        monkeypatch.setenv("REPLICATE_RUNS", str(tmp_path / runs))
        write_notebook(tmp_path / "tiny.ipynb", TRAINS[0], cell, *TRAINS[1:])
        table = run_sweep(read_sweep(tmp_path / "sweep.yaml"), tmp_path / "out", workers=1)
        assert re.search(wanted, table.error[0]) if wanted else table.state[0] == "done"
        assert not table.error[0] or not table.error[0].startswith(".")
        assert written.read_text() == trained
