"""Settings of every test: one thread, since small matrices gain nothing from two; no progress shown."""

import os
import signal
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
import torch

os.environ["REPLICATE_PROGRESS"] = "off"
# A shell starts what runs in its background with Ctrl-C ignored, which all processes would inherit.
signal.signal(signal.SIGINT, signal.default_int_handler)
torch.set_num_threads(1)

# They send signals and limit the size of files, or use make: Windows knows none of these.
WANT_POSIX = [
    "training/test_stopping.py",
    "training/test_workers.py",
    "sweeps/test_sweep.py",
    "sweeps/test_lost_schedulers.py",
]
collect_ignore = [*WANT_POSIX, "publish/test_lab_server.py"] if os.name == "nt" else []


@pytest.fixture(autouse=True)
def own_runs_folder(tmp_path, monkeypatch):
    """No test writes into a person's runs."""
    monkeypatch.setenv("REPLICATE_RUNS", str(tmp_path / "runs"))


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A small finished run, made once; tests that change its folder change a copy."""
    from shared import CONFIG

    from replicate.runs.experiment import run

    return run(CONFIG, tmp_path_factory.mktemp("finished") / "run", workers=1)


def pytest_addoption(parser):
    parser.addoption("--soak", type=Path, metavar="CSV", help="do the long forms; write what they tried")


@pytest.fixture(scope="session")
def soak(request) -> bool:
    """Whether tests that try many cases take their long form (`make soak`)."""
    return request.config.getoption("--soak") is not None


def pytest_terminal_summary(terminalreporter, exitstatus, config):
    """Print, and in a soak keep, how many cases were tried: what tests handed to `record_property`."""
    passed = terminalreporter.stats.get("passed", [])
    pairs = [pair for report in passed for pair in report.user_properties]
    tried = pd.DataFrame(pairs, columns=["what", "cases"]).groupby("what", sort=False).sum()
    for what, count in tried.cases.items():
        terminalreporter.write_line(f"{count:6} {what}")
    if (path := config.getoption("--soak")) and exitstatus == 0:
        kept = pd.read_csv(path, index_col="what") if path.exists() else tried.head(0)
        tried = tried.assign(date=datetime.now(UTC).date().isoformat())
        order = dict.fromkeys([*kept.index, *tried.index])  # what was not tried now keeps its row
        tried.combine_first(kept).reindex(order)[["cases", "date"]].astype({"cases": int}).to_csv(path)
