"""Studies of which every run is wanted: one that is not there is named, and no number is made of it."""

import shutil

import pytest

from replicate.files import RunError
from replicate.publish.headlines import findings
from replicate.studies.claims.memory import gain_by_length
from replicate.studies.complete import all_arms, all_verdicts
from replicate.studies.registration import registered
from replicate.studies.results import RESULTS


@pytest.fixture
def without(tmp_path, monkeypatch):
    """Results of which one run is not there."""

    def results(name):
        shutil.copytree(RESULTS / "runs", tmp_path / "runs", ignore=shutil.ignore_patterns(name))
        monkeypatch.setattr("replicate.studies.results.RESULTS", tmp_path)

    return results


def test_every_arm_is_there_in_the_order_of_the_registration():
    assert list(all_arms("schedule")) == list(registered("schedule").arms)
    assert len(all_verdicts("reversal-10")) == len(registered("reversal-10").effects)


@pytest.mark.parametrize(
    ("missing", "asked"),
    [
        ("reversal-10-forward", lambda: all_verdicts("reversal-10")),
        ("reversal-10-forward", findings),
        ("memory-forward", gain_by_length),
    ],
)
def test_a_missing_run_is_named(without, missing, asked):
    without(missing)
    study = missing.rpartition("-")[0]
    said = f"{missing} is not in .*runs: `replicate replicate --only {study}` makes it"
    with pytest.raises(RunError, match=said):
        asked()
