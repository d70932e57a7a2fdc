"""Tiny runs for the measurements of the claims, trained once, and a tiny study that is registered."""

import pytest
from shared import DATA, TINY, write_yaml

from replicate.runs.experiment import run
from replicate.studies import registration


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """A base, and runs that differ from it in one setting."""
    folder = tmp_path_factory.mktemp("claims")
    changes = {
        "base": {},
        "forward": {"reverse": False},
        "attention": {"model": "attention"},
        "skewed": {"skew": 1.0},
    }
    return {name: run(TINY.changed(**change), folder / name, workers=1) for name, change in changes.items()}


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """Where the tiny study is registered."""
    monkeypatch.setattr(registration, "REGISTERED", tmp_path / "registered")
    (tmp_path / "registered").mkdir()
    write_yaml(tmp_path / "registered" / "tiny.yaml", DATA)
    return tmp_path / "registered"
