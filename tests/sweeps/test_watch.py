"""A sweep as it is shown."""

from replicate.sweeps.watch import Watch
from replicate.sweeps.work import Outcome


def test_an_error_with_brackets_is_shown_as_it_is(monkeypatch, capsys):
    monkeypatch.setenv("REPLICATE_PROGRESS", "bar")
    with Watch(["a"], 0, 1) as watch:
        watch.ended("a", Outcome("no [/path] and no [bold]", 1.0, "here", {}))
    assert "no [/path] and no [bold]" in " ".join(capsys.readouterr().err.split())
