"""Tiny runs for the measurements of the claims, trained once."""

import pytest
from shared import TINY

from replicate.runs.experiment import run


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
