"""Workers of a dask scheduler: several threads in a process, and other versions of the project."""

from dataclasses import replace

import dask
import pytest
from distributed import Client
from distributed.comm import CommClosedError
from shared import write_notebook, write_sweep

from replicate.files import RunError
from replicate.runs import code
from replicate.sweeps.cluster import connected
from replicate.sweeps.refusals import refuse_other_code
from replicate.sweeps.schedule import run_sweep
from replicate.sweeps.spec import SweepError, read_sweep

# dask's own: sockets that it closes late, and a clean-up at exit
pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.slow]


def test_cases_in_threads_of_one_process_have_a_folder_each(tmp_path, idle):
    idle.add_worker(threads=2)
    cells = (
        "# Parameters\nname = ''\nlog = ''",
        ("import os, time\ntime.sleep(1)\nwith open(log, 'a') as file:\n    print(os.getcwd(), file=file)"),
    )
    write_notebook(tmp_path / "tiny.ipynb", *cells)
    (tmp_path / "sweep.yaml").write_text(
        f"notebook: tiny.ipynb\nfixed: {{log: {tmp_path / 'log'}}}\ngrid: {{name: [a, b, c, d]}}"
    )
    table = run_sweep(read_sweep(tmp_path / "sweep.yaml"), tmp_path / "out", scheduler=idle.address)
    assert set(table.state) == {"done"}
    folders = (tmp_path / "log").read_text().splitlines()
    assert len(set(folders)) == 4 and all(folder.count("/working/") == 1 for folder in folders)
    assert list(tmp_path.glob("machine-0/working/tiny-*")) == []


def test_nobody_else_on_the_machine_can_have_the_processes_work_for_him():
    with connected(None, workers=1) as client:
        assert client.submit(abs, -1).result() == 1
        for address in (client.scheduler.address, *client.nthreads()):
            there = address.replace("tls://", "tcp://")
            assert there != address
            with pytest.raises(CommClosedError), Client(there, timeout=5) as other:
                other.run(abs, -1)


def test_processes_that_cannot_be_started_end_the_sweep_in_one_line(tmp_path):
    jobs = read_sweep(write_sweep(tmp_path, "fixed: {log: LOG}\nlist: [{name: a}]"))
    there = {"temporary-directory": str(tmp_path / "log" / "below")}  # below a file
    with dask.config.set(there), pytest.raises(SweepError, match=r"^no processes could be started: .*below"):
        run_sweep(jobs, tmp_path / "out", workers=1)


def test_a_worker_with_another_version_of_the_project_is_named(tmp_path):
    jobs = read_sweep(write_sweep(tmp_path, "fixed: {log: LOG}\nlist: [{name: a}]"))
    other = [replace(job, code="0" * 64) for job in jobs]
    table = run_sweep(other, tmp_path / "out", workers=1)
    assert table.state.tolist() == ["failed"] and (tmp_path / "log").read_text() == ""
    assert "has another version of this project than the sweep: give it the same" in table.error[0]
    assert run_sweep(jobs, tmp_path / "out", workers=1).state.tolist() == ["done"]


def test_a_worker_without_the_registration_of_a_study_is_named(tmp_path):
    jobs = read_sweep(write_sweep(tmp_path, "fixed: {log: LOG}\nlist: [{name: a}]"))
    for stamp in ({"study": "not-here", "sha256": "0"}, {"study": "depth", "sha256": "0" * 64}):
        asked = [replace(job, registration=stamp) for job in jobs]
        table = run_sweep(asked, tmp_path / "out", workers=1)
        assert table.state.tolist() == ["failed"] and (tmp_path / "log").read_text() == ""
        assert f"the registration of {stamp['study']} is missing on" in table.error[0]


def test_a_library_that_is_changed_meanwhile_fails_the_case(tmp_path, monkeypatch):
    (job,) = read_sweep(write_sweep(tmp_path, "fixed: {log: LOG}\nlist: [{name: a}]"))
    refuse_other_code(job)
    monkeypatch.setattr(code, "_digest", lambda: "of other files")
    with pytest.raises(RunError, match="the library was changed while the sweep was at work"):
        refuse_other_code(job)
