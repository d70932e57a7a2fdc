"""`make bench`, second part: one sweep with one worker and with two; adds to report/bench.json."""

import json
import os
import tempfile
import time
from pathlib import Path

from replicate.runs.folder import PROJECT
from replicate.studies.replication import NOTEBOOK
from replicate.sweeps.schedule import run_sweep
from replicate.sweeps.spec import make_job

RUNS = 4
SETTINGS = {"rounds": 2, "steps": 1000, "evaluate_every": 500}


def seconds(workers: int) -> float:
    """A sweep of short trainings, from nothing to all of it stored."""
    jobs = [make_job(NOTEBOOK, {**SETTINGS, "seed": seed}, f"seed-{seed}") for seed in range(RUNS)]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["REPLICATE_RUNS"] = folder
        began = time.perf_counter()
        table = run_sweep(jobs, Path(folder) / "sweep", workers=workers)
        assert set(table.state) == {"done"}
        return time.perf_counter() - began


def main() -> None:
    os.environ["REPLICATE_PROGRESS"] = "off"
    seconds(2)  # files are in the cache from here on
    one, two = seconds(1), seconds(2)
    print(f"A sweep of {RUNS} short trainings: {one:.0f} s with one worker, {two:.0f} s with two")
    path = PROJECT / "report" / "bench.json"
    ratios = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(ratios | {"sweep_two_workers": one / two}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
