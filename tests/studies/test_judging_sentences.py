"""Verdicts on what is measured on models: sentences of several arms, of another study too."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from judged import effect, judged, made_up
from shared import DATA

from replicate.files import RunError
from replicate.studies import judging, quantities
from replicate.studies.convergence import validation_fall
from replicate.studies.judging import readable_study, study_verdicts
from replicate.studies.registration import Registration

RNG = np.random.default_rng(0)
LOW = RNG.normal(0.3, 0.02, 12)
ARMS = {"forward-a": 0.5, "forward-b": 0.5, "reversed-a": -0.5, "reversed-b": -0.5}


def bootstrapped(compare=ARMS, **changes):
    return effect(
        of={"table": "nats", "column": "nats", "terms": [{"where": {"length": [3, 9]}}]},
        compare=compare,
        test="bootstrap",
        **changes,
    )


def sentences(mean, noise):
    """A table of 4 trainings and 60 sentences: two tokens each, half of them with 5 words and half with 2."""
    nats = 2 * (mean + noise + RNG.normal(0, 0.01, (4, 1)))
    rows, columns = np.indices(nats.shape)
    table = {"round": rows.ravel(), "sentence": columns.ravel(), "nats": nats.ravel(), "tokens": 2}
    return pd.DataFrame(table).assign(length=np.where(columns.ravel() % 2, 5, 2))


def test_a_bootstrap_reads_the_sentences_of_each_arm_and_pools_arms_of_equal_weight(monkeypatch):
    noise = RNG.normal(0, 1, 60)
    tables = {f"nats-{arm}": sentences(2 if "forward" in arm else 1.9, noise) for arm in ARMS}
    monkeypatch.setattr(judging, "read_measurement", lambda study, name: tables[name])
    row = judged(monkeypatch, {arm: made_up(LOW) for arm in ARMS}, {"gain": bootstrapped()}).loc["gain"]
    wanted = [table.query("length == 5").nats.sum() / (2 * 4 * 30) for table in tables.values()]
    assert row.estimate == pytest.approx((wanted[0] + wanted[1] - wanted[2] - wanted[3]) / 2)
    assert row.n == "8, 8; 30 sentences" and row.verdict == "supported"
    assert row.low < row.estimate < row.high < 0.2


@pytest.mark.parametrize("lengths", [[30, 40], [9, 9]])
def test_a_claim_on_lengths_that_too_few_sentences_have_is_not_testable(monkeypatch, lengths):
    tables = sentences(2, RNG.normal(0, 1, 60))
    tables.loc[tables.sentence == 7, "length"] = 9
    monkeypatch.setattr(judging, "read_measurement", lambda study, name: tables)
    gain = bootstrapped()
    gain["of"]["terms"] = [{"where": {"length": lengths}}]
    table = judged(monkeypatch, {arm: made_up(LOW) for arm in ARMS}, {"gain": gain})
    row = table.loc["gain"]
    assert row.verdict == "not testable here" and row.why.startswith("too few sentences")
    assert np.isnan([row.low, row.high, row.p]).all()
    readable = readable_study(table).iloc[0]
    assert readable["effect, 95% interval"] == readable.p == "" and readable.verdict.endswith("few sentences")


def test_an_arm_of_another_study_is_read_and_checked_there(monkeypatch):
    gain = bootstrapped({"base/forward": 1, "attention": -1})
    studies = [
        DATA | {"study": "base"},
        DATA | {"arms": {"attention": {"seed": 2}}, "effects": {"gain": gain}},
    ]
    noise, asked, checked = RNG.normal(0, 1, 60), [], []
    tables = {
        ("base", "nats-forward"): sentences(2, noise),
        ("tiny", "nats-attention"): sentences(1.9, noise),
    }
    known = {data["study"]: Registration(**data) for data in studies}
    monkeypatch.setattr(judging, "registered", known.get)
    monkeypatch.setattr(judging, "has_kept", lambda name: True)

    def open_kept(name, config):
        asked.append((name, config))
        return SimpleNamespace(path=name, config=config, provenance={})

    monkeypatch.setattr(judging, "open_kept", open_kept)
    monkeypatch.setattr(judging, "check_registered", lambda run, study: checked.append(study))
    monkeypatch.setattr(judging, "read_measurement", lambda study, name: tables[study, name])
    row = study_verdicts("tiny").loc["gain"]
    assert row.estimate == pytest.approx(0.1, abs=0.03) and row.verdict == "supported"
    assert asked == [
        ("tiny-attention", known["tiny"].runs["tiny-attention"]),
        ("base-forward", known["base"].runs["base-forward"]),
    ]
    assert checked == ["tiny", "base"]


def test_arms_that_still_improve_on_the_validation_split_make_a_claim_untestable(monkeypatch):
    noise = RNG.normal(0, 1, 60)
    monkeypatch.setattr(judging, "read_measurement", lambda study, name: sentences(2, noise))
    runs = {arm: made_up(LOW) for arm in ARMS}
    for arm, last in zip(ARMS, (1.0, 1.5, 0.995, 0.9), strict=True):
        steps = runs[arm].history.step
        nats = steps.map({0: 5.0, 10: 2.0, 20: 1.0, 30: 1.0, 40: last})
        runs[arm].history = runs[arm].history.assign(nats=nats)
    found = [validation_fall(run) for run in runs.values()]
    assert found == pytest.approx([0, 0, 0.005, 0.1])
    gain = bootstrapped(requires={"converged": list(ARMS)})
    row = judged(monkeypatch, runs, {"gain": gain}).loc["gain"]
    assert row.verdict == "not testable here"
    assert row.why == "still improving on the validation split: reversed-b"


def test_a_column_that_a_measured_table_lacks_is_named(monkeypatch):
    tables = {"search": pd.DataFrame({"arm": ["low"], "round": [0], "width": [1]})}
    tables |= {f"nats-{arm}": sentences(2, np.zeros(60)) for arm in ARMS}
    for module in (judging, quantities):
        monkeypatch.setattr(module, "read_measurement", lambda study, name: tables[name])
    runs = {arm: made_up(LOW) for arm in ("low", "high", *ARMS)}
    of = {"table": "search", "column": "width", "terms": [{"where": {"wdith": 1}}]}
    with pytest.raises(RunError, match=r"tiny/search has no column wdith.*it has arm, round, width"):
        judged(monkeypatch, runs, {"gain": effect(of=of, compare={"low": 1, "high": -1})})
    gain = bootstrapped()
    gain["of"]["terms"] = [{"where": {"lenght": [3, 9]}}]
    with pytest.raises(RunError, match=r"tiny/nats-forward-a has no column lenght"):
        judged(monkeypatch, runs, {"gain": gain})
