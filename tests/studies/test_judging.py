"""Verdicts of registered studies, on made-up runs, against statements by hand."""

import shutil
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from judged import effect, judged, made_up
from scipy import stats

from replicate.files import RunError
from replicate.studies import judging
from replicate.studies.convergence import fall, validation_fall
from replicate.studies.effects import Quantity
from replicate.studies.judging import open_arms, readable_study
from replicate.studies.quantities import quantity
from replicate.studies.registration import registered
from replicate.studies.results import RESULTS

RNG = np.random.default_rng(0)


LOW, HIGH = RNG.normal(0.3, 0.02, 12), RNG.normal(0.5, 0.03, 9)


@pytest.mark.parametrize(
    ("compare", "verdict"),
    [
        ({"high": 1, "low": -1}, "supported"),
        ({"low": 1, "high": -1}, "contradicted"),
        ({"low": 1, "again": -1}, "not shown"),
    ],
)
def test_a_welch_test_decides_by_sign_and_p(monkeypatch, compare, verdict):
    runs = {"low": made_up(LOW), "high": made_up(HIGH), "again": made_up(LOW[::-1])}
    row = judged(monkeypatch, runs, {"gain": effect(compare=compare)}).loc["gain"]
    assert row.verdict == verdict
    first, second = ({"low": LOW, "high": HIGH, "again": LOW}[arm] for arm in compare)
    test = stats.ttest_ind(first, second, equal_var=False)
    assert row.estimate == pytest.approx(first.mean() - second.mean())
    assert row.p == pytest.approx(test.pvalue)
    assert (row.low, row.high) == pytest.approx(tuple(test.confidence_interval()))


def test_equal_arms_are_equal_though_thirds_are_no_decimals(monkeypatch):
    runs = {arm: made_up([1.0] * 5) for arm in "abcd"}
    third = -0.3333333333
    row = judged(monkeypatch, runs, {"gain": effect(compare={"a": 1, "b": third, "c": third, "d": third})})
    assert row.verdict["gain"] == "not shown" and row.estimate["gain"] == 0


def test_a_small_difference_within_the_margin_is_said_to_be_so(monkeypatch):
    runs = {"low": made_up(LOW), "again": made_up(LOW + 0.001)}
    for margin, verdict in ((0.05, "smaller than the margin"), (0.005, "not shown"), (None, "not shown")):
        changed = effect(compare={"again": 1, "low": -1}, margin=margin, test="permutation")
        assert judged(monkeypatch, runs, {"gain": changed}).verdict["gain"] == verdict


def test_holm_counts_every_effect_of_the_study_those_not_run_included(monkeypatch):
    runs = {"low": made_up(LOW), "high": made_up(LOW + 0.02 * (RNG.random(12) - 0.2)), "later": None}
    one = {"gain": effect(compare={"high": 1, "low": -1})}
    alone = judged(monkeypatch, runs, one).loc["gain"]
    many = one | {f"other-{k}": effect(compare={"later": 1, "low": -1}) for k in range(8)}
    table = judged(monkeypatch, runs, many)
    assert table.p_holm["gain"] == pytest.approx(min(1, 9 * alone.p)) and alone.p_holm == alone.p
    assert set(table.verdict.drop("gain")) == {"not run yet"}


def test_arms_that_learnt_nothing_or_still_fell_make_a_claim_untestable(monkeypatch):
    idle, falling = made_up(LOW, took_off=False), made_up(HIGH, losses=[3, 2.5, *[2] * 7, 1.9])
    runs = {"low": made_up(LOW), "idle": idle, "falling": falling}
    table = judged(
        monkeypatch,
        runs,
        {
            "idle": effect(compare={"low": 1, "idle": -1}, requires={"learnt": ["low", "idle"]}),
            "falling": effect(compare={"falling": 1, "low": -1}, requires={"flat": ["falling"]}),
            "full": effect(compare={"falling": 1, "low": -1}, requires={"room": ["low"]}, reported=0.31),
            "fine": effect(
                compare={"falling": 1, "low": -1}, requires={"flat": ["low"], "room": ["low"]}, reported=0.28
            ),
        },
    )
    assert table.verdict.to_dict() == {
        "idle": "not testable here",
        "falling": "not testable here",
        "full": "not testable here",
        "fine": "supported",
    }
    assert table.why["full"] == "leaves no room: low" and 0.28 < LOW.mean() < 0.31
    assert table.why["idle"] == "did not learn: idle" and table.why["falling"] == "still falling: falling"


def test_a_falling_arm_makes_a_claim_untestable_only_where_its_fall_would_speak_against_it(monkeypatch):
    losses = [3, 2.5, *[2] * 7, 1.9]
    runs = {
        "low": made_up(LOW),
        "high": made_up(HIGH),
        "worse": made_up(HIGH, losses=losses),
        "better": made_up(LOW, losses=losses),
    }
    compared = {
        "it might catch up": {"worse": 1, "low": -1},
        "it might yet win": {"low": 1, "worse": -1},
        "it leads": {"high": 1, "better": -1},
        "it leads as the first": {"better": 1, "high": -1},
    }
    effects = {
        name: effect(compare=compare, requires={"settled": list(compare)})
        for name, compare in compared.items()
    }
    assert judged(monkeypatch, runs, effects).verdict.to_dict() == {
        "it might catch up": "not testable here",
        "it might yet win": "not testable here",
        "it leads": "supported",
        "it leads as the first": "contradicted",
    }


def test_one_value_an_arm_where_arms_are_the_units(monkeypatch):
    values = {f"arm-{k}": RNG.normal(0.1, 0.02, 3) for k in range(6)}
    runs = {arm: made_up(sample) for arm, sample in values.items()}
    terms = [{"weight": 3, "where": {"length": 1}}, {"weight": -3, "where": {"length": 2}}]  # 3/2 of a score
    of = {"table": "by_length", "column": "exact_match", "terms": terms}
    change = effect(of=of, compare=dict.fromkeys(runs, 1), test="arms")
    row = judged(monkeypatch, runs, {"gain": change}).loc["gain"]
    test = stats.ttest_1samp([1.5 * sample.mean() for sample in values.values()], 0)
    assert row.p == pytest.approx(test.pvalue) and row.verdict == "supported"


@pytest.mark.parametrize(
    ("reported", "verdict"), [(LOW.mean() + 0.001, "reproduced"), (0.6, "not reproduced")]
)
def test_a_reported_mean_is_judged_as_a_row_without_correction(monkeypatch, reported, verdict):
    rows = {
        name: effect(
            compare={"low": 1}, test="prediction", reported=reported, reported_trainings=10, margin=0.05
        )
        for name in ("one", "two")
    }
    table = judged(monkeypatch, {"low": made_up(LOW)}, rows)
    error = LOW.std(ddof=1) * (1 / 10 + 1 / 12) ** 0.5
    p = 2 * stats.t.sf(abs(reported - LOW.mean()) / error, 11)
    assert table.p_holm.tolist() == pytest.approx([p, p])
    assert set(table.verdict) == {verdict}


def test_a_quantity_is_a_sum_of_weighted_means_and_skips_places_without_samples():
    run = made_up([0.6, 1.2])
    terms = [{"where": {"kind": "source", "length": [2, 3]}}, {"weight": -0.5, "where": {"length": 1}}]
    found = quantity(Quantity(table="by_length", column="exact_match", terms=terms), run, "tiny", "low")
    # (2 * s/2 + 3 * s/3) / 5 - s/2 for a score s
    assert found.tolist() == pytest.approx([0.6 * (2 / 5 - 1 / 2), 1.2 * (2 / 5 - 1 / 2)])
    run.by_length.loc[run.by_length.length == 3, ["samples", "exact_match"]] = [0, float("nan")]
    found = quantity(Quantity(table="by_length", column="exact_match", terms=terms[:1]), run, "tiny", "low")
    assert found.tolist() == pytest.approx([0.3, 0.6])


def test_a_training_without_scores_is_left_out_of_a_quantity():
    run = made_up([0.6, 1.2, 0.9])
    run.by_length.loc[run.by_length["round"] == 1, "exact_match"] = float("nan")  # it diverged
    of = Quantity(table="by_length", column="exact_match", terms=[{"where": {"length": 2}}])
    assert quantity(of, run, "tiny", "low").to_dict() == pytest.approx({0: 0.3, 2: 0.45})


def test_a_training_that_diverged_is_left_out_of_a_quantity_of_the_history():
    run = made_up([0.5, 0.5], losses=(3, 2, 1))
    run.diverged = {1: 25}
    of = Quantity(table="history", column="loss", terms=[{"where": {"step": [10, 30]}}])
    assert quantity(of, run, "tiny", "low").to_dict() == pytest.approx({0: 2.0})


def test_an_arm_of_which_nobody_can_tell_whether_it_falls_makes_a_claim_untestable(monkeypatch):
    """No two evaluation points lie before the first cut, or none has a loss on the validation split."""
    unknown = made_up(HIGH, lr_hold=15, lr_step_size=4, lr_gamma=0.5)
    assert np.isnan(fall(unknown)) and np.isnan(validation_fall(unknown))
    runs = {"low": made_up(LOW), "unknown": unknown}
    for needs in (
        {"flat": ["unknown"]},
        {"settled": ["low", "unknown"]},
        {"flat": ["unknown"], "converged": ["unknown"]},
    ):
        compared = effect(compare={"low": 1, "unknown": -1}, requires=needs)
        row = judged(monkeypatch, runs, {"gain": compared}).loc["gain"]
        assert row.verdict == "not testable here", needs
        assert row.why == "no number to tell whether it still falls: unknown"


@pytest.mark.parametrize(
    ("scores", "reported", "shown"),
    [
        ([1.0] * 5, 1.0, ("+0.000 [+0.000, +0.000]", "1.000", "reproduced")),
        ([1.0] * 5, 0.5, ("-0.500 [-0.500, -0.500]", "below 0.001", "not reproduced")),
        ([0.5], 0.5, ("", "", "not testable here: low has fewer than two values")),
    ],
)
def test_a_reported_mean_and_trainings_that_do_not_spread(monkeypatch, scores, reported, shown):
    row = effect(compare={"low": 1}, test="prediction", reported=reported, reported_trainings=5, margin=0.05)
    table = readable_study(judged(monkeypatch, {"low": made_up(scores)}, {"gain": row}))
    assert tuple(table.iloc[0][["effect, 95% interval", "p", "verdict"]]) == shown


@pytest.mark.parametrize("damage", ["changed", "cut", "missing"])
def test_a_kept_run_that_is_damaged_is_not_taken_for_one_that_was_not_made(tmp_path, monkeypatch, damage):
    name = "memory-reversed"
    shutil.copytree(RESULTS / "runs" / name, tmp_path / "runs" / name)
    monkeypatch.setattr("replicate.studies.results.RESULTS", tmp_path)
    memory = registered("memory")
    assert list(open_arms(memory)) == ["reversed"]  # the others are not there
    path = tmp_path / "runs" / name / {"cut": "provenance.json"}.get(damage, "by_length.csv")
    if damage == "missing":
        path.unlink()
    else:
        path.write_text(path.read_text()[:-9] + "1" * (damage == "changed"))
    with pytest.raises(RunError, match=rf"{name}.*{path.name}"):
        open_arms(memory)


def test_arms_of_a_task_that_was_changed_between_them_are_not_compared(monkeypatch):
    study = registered("schedule")
    first, second, *_ = study.runs

    def open_kept(name, config, second_task="one"):
        digest = second_task if name == second else "one"
        return SimpleNamespace(path=name, config=config, provenance={"task": digest, "torch": "2.0"})

    monkeypatch.setattr(judging, "has_kept", lambda name: name in (first, second))
    monkeypatch.setattr(judging, "check_registered", lambda *given: None)
    monkeypatch.setattr(judging, "open_kept", open_kept)
    assert len(open_arms(study)) == 2
    monkeypatch.setattr(judging, "open_kept", partial(open_kept, second_task="other"))
    with pytest.raises(RunError, match=f"{first} and {second} were trained on other pairs of one task"):
        open_arms(study)
