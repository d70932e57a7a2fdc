"""The verdicts on the paper's claims, on made-up data; the plan of their runs."""

import math
from types import SimpleNamespace

import pandas as pd
import pytest

from replicate.presets import PAPER
from replicate.settings import RunConfig
from replicate.statistics import Contrast
from replicate.studies.claims import verdicts
from replicate.studies.claims.arms import open_arms
from replicate.studies.claims.plan import claims_runs
from replicate.studies.claims.search import share_of_gain
from replicate.studies.claims.sizes import sizes
from replicate.studies.deviations import deviations
from replicate.studies.results import RESULTS

pytestmark = pytest.mark.slow


def test_a_verdict_needs_a_sure_effect_and_its_sign(monkeypatch):
    certain = {"reversal-1": (0.2, 1e-6), "depth": (-0.2, 1e-6), "beam-2": (0.2, 0.004)}
    claims = verdicts.paper_claims()

    def effect(name):
        estimate, p = certain.get(name, (0.1, 0.9))
        return verdicts.Effect("x", "10", Contrast(estimate, estimate - 0.1, estimate + 0.1, p))

    monkeypatch.setattr(verdicts, "measured_effects", lambda: {name: effect(name) for name in claims.index})
    found = verdicts.claim_verdicts().verdict
    assert found["reversal-1"] == "supported" and found["depth"] == "contradicted"
    assert found["beam-2"] == "not shown"  # 0.004 times the claims left
    assert (found.drop(["reversal-1", "depth"]) == "not shown").all()


NATS = {
    # Made so that each claim holds by a known amount.
    "base": 0.10,
    "forward": 0.15,
    "2-layers": 0.08,
    "3-layers": 0.06,
    "3-layers-forward": 0.07,
    "4-layers": 0.04,
    "rnn": 0.50,
    "rnn-forward": 0.80,
    "without-clipping": 0.13,
}
HOLDS_BY = {
    "reversal-1": 0.05,
    "reversal-3": 0.01,
    "reversal-depth": 0.04,
    "depth": 0.02,
    "clipping": 0.03,
    "rnn-lstm": 0.65,
    "rnn-reversal": 0.30,
    "beam-12": 0.04,
    "beam-2": 0.01,
    "ensemble": 0.16,
    "ensemble-search": 0.11,
    "rescoring": 0.02,
    "length": -0.02,
    "rare": 0.30,
    "order": 0.60,
    "bucketing": 1.0,
}


def made_up_tables() -> dict[str, pd.DataFrame]:
    """The measurements behind `HOLDS_BY`, two rounds each."""
    both = [0, 1]
    beam = [(r, w, v) for r in both for w, v in ((1, 0.50), (2, 0.53), (4, 0.53), (12, 0.54))]
    five = [
        (r, m, w, v) for r in both for m, w, v in ((1, 1, 0.5), (1, 12, 0.54), (5, 1, 0.65), (5, 12, 0.70))
    ]
    stages = [(r, s, v) for r in both for s, v in (("best", 0.5), ("rescored", 0.52), ("oracle", 0.6))]
    lengths = [(r, n, 10, 0.9 if n <= 6 else 0.8 if n <= 13 else 0.78) for r in both for n in range(1, 41)]
    primes = [(r, p, q, 10, a) for r in both for p, q, a in ((2, 0.1, 0.9), (3, 0.05, 0.5), (5, 0.01, 0.6))]
    moves = [
        (r, m, d)
        for r in both
        for m, d in (("primes swapped", 0.9), ("others moved", 0.3), ("others swapped", 1))
    ]
    times = [(r, a, t) for r in both for a, t in (("random", 0.2), ("bucketed", 0.1))]
    return {
        "beam": pd.DataFrame(beam, columns=["round", "width", "exact_match"]),
        "ensembles": pd.DataFrame(five, columns=["group", "models", "width", "exact_match"]),
        "rescoring": pd.DataFrame(stages, columns=["round", "stage", "exact_match"]),
        "lengths": pd.DataFrame(lengths, columns=["round", "length", "samples", "lcs_f1"]),
        "commonness": pd.DataFrame(primes, columns=["round", "prime", "probability", "samples", "accuracy"]),
        "distances": pd.DataFrame(moves, columns=["round", "rearrangement", "distance"]),
        "bucketing": pd.DataFrame(times, columns=["repeat", "arm", "seconds"]),
    }


def test_every_claims_effect_is_what_its_data_say_and_positive_where_it_holds(monkeypatch):
    arms = {
        name: SimpleNamespace(scores=pd.DataFrame({"nats": [value - 0.01, value + 0.01, float("nan")]}))
        for name, value in NATS.items()
    }
    tables = made_up_tables()
    arms["base"].by_length = tables["lengths"].assign(kind="source")
    monkeypatch.setattr(verdicts, "open_arms", lambda: arms)
    monkeypatch.setattr(verdicts, "read_measurement", lambda study, name: tables[name])
    effects = verdicts.measured_effects()
    assert set(effects) == set(HOLDS_BY) == set(verdicts.paper_claims().index)
    for name, amount in HOLDS_BY.items():
        assert effects[name].contrast.estimate == pytest.approx(amount), name


def test_the_first_rule_on_length_compares_long_sources_with_middling_ones_of_all_targets():
    """From the kept base run, by hand: sources of 14 to 20 values less those of 7 to 13."""
    table = open_arms()["base"].by_length.query("kind == 'source'")
    means = []
    for _, group in table.groupby("round"):
        long, middle = group[group.length >= 14], group[(group.length >= 7) & (group.length <= 13)]
        means.append(
            (long.lcs_f1 * long.samples).sum() / long.samples.sum()
            - (middle.lcs_f1 * middle.samples).sum() / middle.samples.sum()
        )
    found = verdicts.claim_verdicts().loc["length"]
    assert found.estimate == pytest.approx(sum(means) / 50)
    assert found.verdict == "contradicted" and verdicts.changed_length().verdict == "supported"


def test_a_rule_that_changed_has_both_verdicts_the_first_one_first():
    table = deviations()
    length = table.loc["the paper", "Long sources are no harder"]
    assert length["as first written"].endswith("contradicted")
    assert length["as changed"].endswith("supported")
    small = table.loc["the post", "Reversing the source helps at max_length 15, how small"]
    assert small.tolist()[:2] == ["not shown", "not shown, smaller than the margin of 0.05"]
    rows = table.loc["the post", "The six published rows"]
    assert all("0 not reproduced" in rows[column] for column in ("as first written", "as changed"))


def test_the_rules_list_as_many_deviations_as_are_shown():
    text = (RESULTS / "rules.md").read_text(encoding="utf-8")
    header, rule, *listed = [line for line in text.split("## Deviations")[1].splitlines() if line[:1] == "|"]
    assert header.startswith("| What") and set(rule) <= set("|-")
    assert len(listed) == len(deviations())


# The arms behind each claim that reads any of the base run's trainings.
ARMS_READ = {
    "reversal-1": ["forward", "base"],
    "reversal-depth": ["forward", "base", "3-layers-forward", "3-layers"],
    "depth": ["base", "2-layers", "3-layers", "4-layers"],
    "clipping": ["without-clipping", "base"],
    "rescoring": ["forward", "base"],
    **{name: ["base"] for name in ("beam-12", "beam-2", "ensemble", "ensemble-search", "length", "order")},
}


def test_a_size_is_divided_by_the_papers_where_the_units_agree():
    table = sizes()
    claims = table[table.study == "claims"]
    gain = claims.loc["reversal-1"]
    assert gain["size"] == pytest.approx(math.log(5.8 / 4.7), abs=1e-4)
    assert gain.share == pytest.approx(gain.estimate / gain["size"])
    assert claims.loc["depth", "size"] == pytest.approx(-math.log(0.9), abs=1e-4)
    assert claims.loc["beam-12"].isna().share
    reads_base = {name for name, run in ARMS_READ.items() if "base" in run}
    assert set(claims.index[claims.trainings == "base"]) == reads_base - {"reversal-depth"}
    assert "reversal-depth" not in table.index  # not the paper's


def test_the_share_of_a_gain_is_that_of_five_models():
    rows = [
        (g, m, w, v) for g in range(4) for m, w, v in ((5, 1, 0.5), (5, 2, 0.575), (5, 12, 0.6), (1, 2, 0))
    ]
    table = pd.DataFrame(rows, columns=["group", "models", "width", "exact_match"])
    table.exact_match += table.group / 100
    assert share_of_gain(table) == pytest.approx((0.75, 0.75, 0.75))


def test_by_the_later_rule_a_beam_of_2_gives_no_most_of_a_gain_that_is_not_there():
    for of_12, expected in (("supported", "supported"), ("not shown", "not shown")):
        found = pd.DataFrame({"verdict": [of_12, "supported"]}, index=["beam-12", "beam-2"])
        assert verdicts.needs_the_gain(found) == expected


def test_the_plan_of_the_claims_has_no_seed_twice_and_one_base():
    plan = claims_runs()
    assert len({config.training.seed for config in plan.values()}) == len(plan)
    assert plan["claims-base"] == PAPER.changed(rounds=50, seed=301)
    assert all(RunConfig.of(**config.flat()) == config for config in plan.values())
