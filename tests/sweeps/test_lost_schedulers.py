"""Schedulers that are lost, without workers, or something else end a sweep in one line."""

import os
import signal
import socket
import threading
import time
from contextlib import ExitStack, suppress

import pytest
from distributed import Client, LocalCluster, default_client
from shared import attempts, write_sweep

from replicate.files import RunError
from replicate.sweeps.cluster import LOOK_SECONDS, as_they_end, connected
from replicate.sweeps.schedule import run_sweep
from replicate.sweeps.spec import SweepError, read_sweep
from replicate.sweeps.store import state, store
from replicate.sweeps.watch import Watch

# dask's own: sockets that it closes late, and a clean-up at exit
pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.slow]

LOST = "sweeps whose scheduler was lost, or was something else, ended in one line"


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense"])
def test_a_scheduler_that_is_not_there_is_named(tmp_path, monkeypatch, address):
    monkeypatch.setattr("replicate.sweeps.cluster.ANSWER_SECONDS", 1)
    jobs = read_sweep(write_sweep(tmp_path, "list: [{name: a}]"))
    with pytest.raises(
        RunError, match=f"^no dask scheduler answers at {address}|^'nonsense' is no scheduler's"
    ):
        run_sweep(jobs, tmp_path / "out", scheduler=address)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"", "nothing was heard for 1 s"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "what is there does not speak dask's language"),
        (bytes(range(255, 0, -1)), "what is there does not speak dask's language"),
    ],
)
def test_another_service_at_the_address_is_named_in_one_line(
    tmp_path, monkeypatch, answer, problem, record_property
):
    monkeypatch.setattr("replicate.sweeps.cluster.ANSWER_SECONDS", 1)
    jobs = read_sweep(write_sweep(tmp_path, "list: [{name: a}]"))
    with socket.create_server(("127.0.0.1", 0)) as service, ExitStack() as callers:

        def serve():
            with suppress(OSError):  # closed
                while True:
                    caller = callers.enter_context(service.accept()[0])
                    caller.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        address = f"tcp://127.0.0.1:{service.getsockname()[1]}"
        with pytest.raises(RunError) as error:
            run_sweep(jobs, tmp_path / "out", scheduler=address)
    assert str(error.value) == f"no dask scheduler answers at {address}: {problem}"
    record_property(LOST, 1)


def test_that_a_scheduler_has_no_workers_is_said_and_they_are_waited_for(tmp_path, monkeypatch, idle):
    monkeypatch.setenv("REPLICATE_PROGRESS", "lines")
    said = []
    monkeypatch.setattr(Watch, "_line", lambda self, text: said.append(text) or idle.add_worker())
    monkeypatch.setattr(Watch, "ended", lambda self, name, outcome: None)
    jobs = read_sweep(write_sweep(tmp_path, "fixed: {log: LOG}\nlist: [{name: a}]"))
    assert run_sweep(jobs, tmp_path / "out", scheduler=idle.address).state.tolist() == ["done"]
    assert said == [f"waiting for workers at {idle.address}"]


def test_a_machine_of_which_every_process_is_lost_ends_the_sweep_in_one_line(monkeypatch):
    for name in ("PROCESS_SECONDS", "LOOK_SECONDS"):
        monkeypatch.setattr(f"replicate.sweeps.cluster.{name}", 0)
    seen = []
    options = {"n_workers": 0, "processes": False, "dashboard_address": None}
    with LocalCluster(**options) as own, Client(own) as client, pytest.raises(SweepError) as error:
        list(as_they_end(client, [client.submit(abs, -1)], seen.append))
    assert str(error.value).startswith("every process was lost; what is done is stored") and set(seen) == {0}


def _cut(dask_worker):
    """Its connection to the scheduler, on which dask gives the worker up, and the process with it."""
    dask_worker.loop.call_later(0.5, dask_worker.batched_stream.comm.abort)


@pytest.mark.parametrize("how_many", ["one", "all"])
def test_a_case_whose_process_dask_gives_up_is_done_by_another_that_waits_for_it(
    tmp_path, monkeypatch, how_many
):
    for name in ("LOOK_SECONDS", "RESTART_SECONDS"):
        monkeypatch.setattr(f"replicate.sweeps.cluster.{name}", 1)
    jobs = read_sweep(write_sweep(tmp_path, "fixed: {log: LOG}\nlist: [{name: a, end: killed}, {name: b}]"))

    def cut_in_the_first_case():
        while "a" not in attempts(tmp_path) or not (tmp_path / "out" / jobs[1].name).exists():
            time.sleep(0.1)
        client = default_client()
        at_work = [worker for worker, cases in client.processing().items() if cases]
        client.run(_cut, workers=at_work if how_many == "one" else None)

    threading.Thread(target=cut_in_the_first_case, daemon=True).start()
    table = run_sweep(jobs, tmp_path / "out", workers=2)
    assert table.state.tolist() == ["done", "done"] and attempts(tmp_path) == ["a", "a", "b"]


def test_workers_of_this_machine_are_not_given_up_where_it_slept():
    with connected(None, 1) as client:
        assert client.run_on_scheduler(lambda dask_scheduler: dask_scheduler.worker_ttl) is None


@pytest.mark.parametrize("look_seconds", [LOOK_SECONDS, 0], ids=["told", "asked"])
def test_a_scheduler_that_is_lost_ends_the_sweep_in_one_line_and_the_same_command_goes_on(
    tmp_path, idle, record_property, monkeypatch, look_seconds
):
    monkeypatch.setattr("replicate.sweeps.cluster.LOOK_SECONDS", look_seconds)
    for _ in "ab":  # dask may begin either case first where a worker comes as they are sent
        idle.add_worker()
    jobs = read_sweep(write_sweep(tmp_path, "fixed: {log: LOG}\nlist: [{name: a}, {name: b, end: killed}]"))

    def kill_in_the_second_case():
        while "b" not in attempts(tmp_path) or not (tmp_path / "out" / jobs[0].name).exists():
            time.sleep(0.1)
        for process in idle.processes:
            idle.kill(process)

    threading.Thread(target=kill_in_the_second_case, daemon=True).start()
    with pytest.raises(SweepError, match=f"{idle.address} was lost; what is done is stored, and the same"):
        run_sweep(jobs, tmp_path / "out", scheduler=idle.address)
    assert [state(tmp_path / "out", job) for job in jobs] == ["done", "missing"]
    assert set(run_sweep(jobs, tmp_path / "out", workers=1).state) == {"done"}
    assert attempts(tmp_path) == ["a", "b", "b"]
    record_property(LOST, 1)


@pytest.mark.skipif(os.name == "nt", reason="has no signal that stops a process for a while")
def test_a_scheduler_that_does_not_answer_is_said_and_given_up(tmp_path, idle, monkeypatch, record_property):
    """As one that Ctrl-Z stops, or whose machine hangs: its connection stays open."""
    monkeypatch.setattr("replicate.sweeps.cluster.LOST_SECONDS", 1)
    monkeypatch.setenv("REPLICATE_PROGRESS", "lines")
    said = []
    monkeypatch.setattr(Watch, "_line", lambda self, text: said.append(text))
    idle.add_worker()
    jobs = read_sweep(write_sweep(tmp_path, "fixed: {log: LOG}\nlist: [{name: a, end: killed}]"))

    def stop_in_the_case():
        while "a" not in attempts(tmp_path):
            time.sleep(0.1)
        idle.processes[0].send_signal(signal.SIGSTOP)

    threading.Thread(target=stop_in_the_case, daemon=True).start()
    with pytest.raises(SweepError, match=f"{idle.address} was lost; what is done is stored, and the same"):
        run_sweep(jobs, tmp_path / "out", scheduler=idle.address)
    assert said[-1] == f"no answer from {idle.address}"
    record_property(LOST, 1)


def test_a_scheduler_that_is_lost_while_a_case_is_stored_ends_the_sweep_in_one_line(
    tmp_path, idle, monkeypatch, record_property
):
    def kill_and_store(*what):
        for process in idle.processes:
            idle.kill(process)
        store(*what)

    idle.add_worker()
    monkeypatch.setattr("replicate.sweeps.schedule.store", kill_and_store)
    jobs = read_sweep(write_sweep(tmp_path, "fixed: {log: LOG}\nlist: [{name: a}, {name: b}]"))
    with pytest.raises(SweepError, match=f"{idle.address} was lost; what is done is stored, and the same"):
        run_sweep(jobs, tmp_path / "out", scheduler=idle.address)
    assert {state(tmp_path / "out", job) for job in jobs} == {"done", "missing"}
    record_property(LOST, 1)
