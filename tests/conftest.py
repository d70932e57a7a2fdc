"""Settings of every test: one thread, since small matrices gain nothing from two; no progress shown."""

import os

import pytest
import torch

os.environ["REPLICATE_PROGRESS"] = "off"
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def own_runs_folder(tmp_path, monkeypatch):
    """No test writes into a person's runs."""
    monkeypatch.setenv("REPLICATE_RUNS", str(tmp_path / "runs"))
