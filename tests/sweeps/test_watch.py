"""A sweep as it is shown."""

from replicate.sweeps.watch import Watch
from replicate.sweeps.work import Outcome


def test_an_error_with_brackets_is_shown_as_it_is(monkeypatch, capsys):
    monkeypatch.setenv("REPLICATE_PROGRESS", "bar")
    with Watch(["a"], 0, "tcp://here:1") as watch:
        watch.ended("a", Outcome("no [/path] and no [bold]", 1.0, "here", {}))
    assert "no [/path] and no [bold]" in " ".join(capsys.readouterr().err.split())


def test_that_there_are_no_workers_is_said_once_until_there_are(monkeypatch, capsys):
    monkeypatch.setenv("REPLICATE_PROGRESS", "lines")
    watch = Watch(["a"], 0, "tcp://here:1")
    for count in (0, 0, 2, 0, None, None, 1):
        watch.saw_workers(count)
    waiting, nobody = "waiting for workers at tcp://here:1", "no answer from tcp://here:1"
    assert capsys.readouterr().err == "".join(
        f"0 of 1, - left; {said}\n" for said in (waiting, waiting, nobody)
    )


def test_a_terminal_that_was_closed_stops_no_sweep(monkeypatch):
    monkeypatch.setenv("REPLICATE_PROGRESS", "bar")
    watch = Watch(["a"], 0, "tcp://here:1")

    def gone():
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(watch.live, "start", gone)
    monkeypatch.setattr(watch.live, "stop", gone)
    with watch:
        watch.ended("a", Outcome(None, 1.0, "here", {}))
    assert watch.ended_count == 1


def test_how_far_a_case_is_stands_beside_it_and_in_a_log_now_and_then(monkeypatch, capsys):
    monkeypatch.setenv("REPLICATE_PROGRESS", "bar")
    with Watch(["a", "b"], 0, "tcp://here:1") as watch:
        watch.started("a", "there")
        watch.told("a", "training: 30 of 100 updates")
        watch.told("b", "never started")
    shown = " ".join(capsys.readouterr().err.split())
    assert "0 s; training: 30 of 100 updates" in shown and "never started" not in shown

    monkeypatch.setenv("REPLICATE_PROGRESS", "lines")
    watch = Watch(["a"], 0, "tcp://here:1")
    watch.started("a", "there")
    watch.told("a", "too soon")
    monkeypatch.setattr("replicate.sweeps.watch.LINE_SECONDS", 0)
    watch.told("a", "half")
    assert capsys.readouterr().err == "0 of 1, - left; a: half\n"
