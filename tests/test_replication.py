"""`make replicate` on tiny plans: everything is made once, kept, and measured."""

import pytest
from test_experiment import CONFIG

from replicate import replication
from replicate.claims.measure import read_measurement
from replicate.claims.search import beam_table
from replicate.results import open_kept, read_training_table

TINY = CONFIG.model_copy(update={"steps": 10})
PLANS = {
    "published_runs": {"published": TINY},
    "ladder_runs": {"ladder": TINY.model_copy(update={"seed": 1})},
    "claims_runs": {"claims-base": TINY.model_copy(update={"seed": 2})},
    "reversal_runs": {"reversal": TINY.model_copy(update={"seed": 3, "reverse": True})},
}


@pytest.fixture
def made(tmp_path, monkeypatch):
    monkeypatch.setenv("REPLICATE_RUNS", str(tmp_path / "runs"))
    for module in ("replication", "results", "claims.measure"):
        monkeypatch.setattr(f"replicate.{module}.RESULTS", tmp_path / "results")
    for name, plan in PLANS.items():
        monkeypatch.setattr(replication, name, lambda plan=plan: plan)
    monkeypatch.setattr("replicate.claims.measure.claims_runs", lambda: PLANS["claims_runs"])
    beam = {"beam": (["base"], lambda base: beam_table(base, [1], 20))}
    monkeypatch.setattr("replicate.claims.measure.MEASUREMENTS", beam)
    replication.replicate_all()
    return tmp_path / "results"


def test_every_plan_is_made_and_kept_and_its_tables_can_be_read(made):
    for plan in PLANS.values():
        for name, config in plan.items():
            assert open_kept(name, config).config == config
    for table, plan in (("published_table", "published_runs"), ("reversal", "reversal_runs")):
        assert len(read_training_table(made / f"{table}.csv", PLANS[plan])) == 2
    assert len(read_measurement("beam")) == 2


def test_a_second_time_trains_and_measures_nothing_and_mends_what_was_kept(made, monkeypatch):
    monkeypatch.setattr("replicate.experiment.train_part", lambda *a: pytest.fail("trained again"))
    monkeypatch.setattr("replicate.claims.measure.write_table", lambda *a: pytest.fail("measured again"))
    (made / "runs" / "ladder" / "scores.csv").unlink()
    (made / "reversal.csv").write_text("")
    replication.replicate_all()
    test_every_plan_is_made_and_kept_and_its_tables_can_be_read(made)
