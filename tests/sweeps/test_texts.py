"""A text or task that is changed while a sweep is at work is in no table beside the one before."""

import pytest
from shared import write_notebook

from replicate.files import read_json, write_json
from replicate.sweeps.changes import refuse_mixed_tasks
from replicate.sweeps.schedule import run_sweep
from replicate.sweeps.spec import SweepError, read_sweep
from replicate.sweeps.store import state
from replicate.tasks.translation.corpus import Pair, write_tsv

# dask's own: sockets that it closes late, and a clean-up at exit
pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.slow]

CELLS = (
    "# Parameters\ntask = 'translation'\npairs = ''\nseed = 1\nmodel = 'rnn'\nmin_count = 1\nsteps = 1\n"
    "rounds = 1\nbatch_size = 2\nhidden_size = 4\nevaluate_every = 1\nafter = ''",
    "import shutil\nfrom replicate.parameters import notebook_parameters, run_config\n"
    "from replicate.runs.experiment import run\n",
    "if after and seed == 2:\n    shutil.copy(after, pairs)",
    "config = run_config(notebook_parameters(In))",
)
RUNS = (
    "run(config, workers=1)",
    "from pathlib import Path\nPath('config.json').write_text('[]')\nrun(config, Path('own'), workers=1)",
)


def text(word: str) -> list[Pair]:
    return [
        Pair(f"the {word} eats {a}{b}", f"le {word} mange {a}{b}") for a in "abcdefgh" for b in "klmnopqr"
    ]


@pytest.mark.parametrize("train", RUNS)
def test_a_case_that_met_another_text_failed_and_is_done_again(tmp_path, train):
    for name in ("cat", "dog"):
        write_tsv(tmp_path / f"{name}.tsv", text(name))
    write_tsv(tmp_path / "text.tsv", text("cat"))
    write_notebook(tmp_path / "own.ipynb", *CELLS, train)
    fixed = f"pairs: {tmp_path / 'text.tsv'}, after: {tmp_path / 'dog.tsv'}"
    (tmp_path / "sweep.yaml").write_text(f"notebook: own.ipynb\nfixed: {{{fixed}}}\ngrid: {{seed: [1, 2]}}")
    jobs, out = read_sweep(tmp_path / "sweep.yaml"), tmp_path / "out"
    table = run_sweep(jobs, out, workers=1).set_index("seed")
    assert table.state.to_dict() == {1: "done", 2: "failed"}
    assert (
        table.error[2] == "its text was changed while the sweep was at work; the same command does it again"
    )

    write_tsv(tmp_path / "text.tsv", text("cat"))
    (tmp_path / "dog.tsv").write_bytes((tmp_path / "cat.tsv").read_bytes())
    table = run_sweep(read_sweep(tmp_path / "sweep.yaml"), out, workers=1)
    assert set(table.state) == {"done"} and {state(out, job) for job in jobs} == {"done"}
    runs = [path.parent for path in out.rglob("provenance.json") if "earlier" not in path.parts]
    configs = [read_json(run / "config.json")["pairs_sha256"] for run in runs]
    assert len(configs) == 2 and len(set(configs)) == 1


def test_cases_of_a_task_that_was_changed_are_trained_again_and_not_mixed(tmp_path, capsys):
    write_tsv(tmp_path / "text.tsv", text("cat"))
    write_notebook(tmp_path / "own.ipynb", *CELLS, RUNS[0])
    (tmp_path / "sweep.yaml").write_text(
        f"notebook: own.ipynb\nfixed: {{pairs: {tmp_path / 'text.tsv'}}}\ngrid: {{seed: [1, 2]}}"
    )
    jobs, out = read_sweep(tmp_path / "sweep.yaml"), tmp_path / "out"
    assert set(run_sweep(jobs, out, workers=1).state) == {"done"}
    places = [out / job.name for job in jobs]
    one, other = (next(place.glob("runs/*/provenance.json")) for place in places)
    refuse_mixed_tasks(places)
    write_json(other, changed := read_json(other) | {"task": "of other words"})
    message = f"{one.parent} and {other.parent} were trained on other pairs of one"
    with pytest.raises(SweepError, match=message):
        refuse_mixed_tasks(places)
    capsys.readouterr()
    assert set(run_sweep(jobs, out, workers=1).state) == {"done"}
    assert "task or model was changed: 1 of 2 cases are trained again" in capsys.readouterr().err
    assert read_json(other)["task"] == read_json(one)["task"]
    (kept,) = places[1].glob("earlier/*/provenance.json")
    assert read_json(kept) == changed
    (other.parent / "config.json").write_text("{")
    table = run_sweep(jobs, out, workers=1).set_index("seed")
    assert table.state.to_dict() == {1: "done", 2: "damaged"}
