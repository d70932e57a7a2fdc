"""A study's measurements: made once, again for another training, and refused where they were changed."""

import json
from dataclasses import replace

import pytest
from shared import TINY

from replicate.files import RunError
from replicate.studies import measuring as measure
from replicate.studies.claims.search import beam_table
from replicate.studies.results import keep


@pytest.fixture
def results(runs, tmp_path, monkeypatch):
    monkeypatch.setattr("replicate.studies.results.RESULTS", tmp_path)
    monkeypatch.setattr(measure, "RESULTS", tmp_path)
    monkeypatch.setattr(measure, "studies", lambda: {"claims": {"claims-base": TINY}})
    beam = {"beam": (["base"], lambda base: beam_table(base, [1], 20))}
    monkeypatch.setattr(measure, "MEASUREMENTS", {"claims": beam})
    keep("claims-base", runs["base"])
    measure.measure_missing("claims", {"claims-base": runs["base"]})
    return tmp_path / "claims"


def test_a_measurement_is_made_once_and_again_for_another_training(results, runs):
    before = (results / "beam.csv").stat().st_mtime_ns
    assert measure.unmeasured_runs("claims") == set()
    measure.measure_missing("claims", {})  # no checkpoint is needed
    assert (results / "beam.csv").stat().st_mtime_ns == before
    assert len(measure.read_measurement("claims", "beam")) == 5
    record = json.loads((results / "beam.json").read_text())
    (results / "beam.json").write_text(json.dumps(record | {"checkpoints": {"base": "another"}}))
    with pytest.raises(RunError, match="measured on another training of base"):
        measure.read_measurement("claims", "beam")
    assert measure.unmeasured_runs("claims") == {"claims-base"}
    measure.measure_missing("claims", {"claims-base": runs["base"]})
    assert len(measure.read_measurement("claims", "beam")) == 5


def test_a_run_with_a_training_that_diverged_is_not_measured(results, runs):
    history = runs["base"].history
    (results / "beam.csv").unlink()
    lost = replace(runs["base"], history=history.assign(diverged=(history["round"] == 3) * 7))
    with pytest.raises(RunError, match="training 3 diverged"):
        measure.measure_missing("claims", {"claims-base": lost})


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "beam.csv").unlink(), "beam.csv is missing"),
        (lambda folder: (folder / "beam.json").unlink(), "beam.csv is not what `make replicate` wrote"),
        (
            lambda folder: (folder / "beam.csv").write_text((folder / "beam.csv").read_text()[:-9]),
            "beam.csv is not what `make replicate` wrote",
        ),
    ],
)
def test_a_damaged_measurement_is_refused(results, damage, message):
    damage(results)
    with pytest.raises(RunError, match=message):
        measure.read_measurement("claims", "beam")
