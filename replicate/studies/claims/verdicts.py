"""A verdict on each of the paper's claims, from the runs and measurements under results/."""

from importlib.resources import files
from typing import NamedTuple

import numpy as np
import pandas as pd

from replicate.statistics import Contrast, contrast, holm, readable_p, weighted_means
from replicate.studies.claims.arms import open_arms
from replicate.studies.claims.plan import claims_runs
from replicate.studies.measuring import read_measurement
from replicate.studies.rules import LEVEL, MARGIN, claim_verdict


class Effect(NamedTuple):
    """What was measured for a claim; a positive effect speaks for it."""

    measured: str
    n: str
    contrast: Contrast


def paper_claims() -> pd.DataFrame:
    """`paper.csv`: one row a claim, by id, with what the paper says of it and where."""
    with files("replicate.studies.claims").joinpath("paper.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file, index_col="id")


def claim_verdicts(level: float = LEVEL) -> pd.DataFrame:
    """One row a claim of `paper.csv`: what the paper says, our effect, Holm's p over all, the verdict.

    *Supported*: the effect is positive and p below the level after Holm's correction; *contradicted*:
    negative and below; *not shown*: neither.
    """
    return _judged(measured_effects(), level)


def needs_the_gain(verdicts: pd.DataFrame) -> str:
    """The verdict on a beam of 2 by the later rule that most of a gain needs a gain."""
    return verdicts.verdict["beam-2"] if verdicts.verdict["beam-12"] == "supported" else "not shown"


def changed_length(level: float = LEVEL) -> pd.Series:
    """The verdict on length by the rule that took the place of the first one after the base run was done."""
    effects = measured_effects() | {"length": _small_fall()}
    return _judged(effects, level).loc["length"]


def _judged(effects: dict[str, Effect], level: float) -> pd.DataFrame:
    claims = paper_claims()
    rows = claims.assign(
        measured=[effects[name].measured for name in claims.index],
        n=[effects[name].n for name in claims.index],
        **{
            field: [getattr(effects[name].contrast, field) for name in claims.index]
            for field in Contrast._fields
        },
    )
    rows["p_holm"] = holm(rows.p)
    rows["verdict"] = [claim_verdict(row.estimate, row.p_holm, level) for row in rows.itertuples()]
    return rows


def readable_claims(verdicts: pd.DataFrame) -> pd.DataFrame:
    """`claim_verdicts` as a reader sees them."""
    rows = [
        {
            "claim": row.claim,
            "the paper": f"{row.paper} ({row.source})",
            "measured": row.measured,
            "n": row.n,
            "effect, 95% interval": f"{row.estimate:+.3f} [{row.low:+.3f}, {row.high:+.3f}]",
            "p, Holm": readable_p(row.p_holm),
            "verdict": row.verdict,
        }
        for row in verdicts.itertuples()
    ]
    return pd.DataFrame(rows).set_index("claim")


def measured_effects() -> dict[str, Effect]:
    """The effect behind each claim, by its id in `paper.csv`."""
    arms = open_arms()
    return (
        _training_effects({name: run.scores.nats.dropna() for name, run in arms.items()})
        | _search_effects()
        | _other_effects(arms["base"].by_length)
    )


def _training_effects(nats: dict[str, pd.Series]) -> dict[str, Effect]:
    def lower(first: str, second: str, what: str) -> Effect:
        """By how many nats the second arm is lower."""
        samples = [nats[first], nats[second]]
        return Effect(f"nats a token: {what}", _counts(samples), contrast(samples, [1, -1]))

    both = [nats[name] for name in ("forward", "base", "3-layers-forward", "3-layers")]
    depth = [nats[name] for name in ("base", "2-layers", "3-layers", "4-layers")]
    return {
        "reversal-1": lower("forward", "base", "forward - reversed"),
        "reversal-3": lower("3-layers-forward", "3-layers", "forward - reversed"),
        "reversal-depth": Effect(
            "nats a token: gain by reversal with one layer - with three",
            _counts(both),
            contrast(both, [1, -1, -1, 1]),
        ),
        "depth": Effect(
            "nats a token: fall with each layer, 1 to 4 (linear)",
            _counts(depth),
            contrast(depth, [0.3, 0.1, -0.1, -0.3]),
        ),
        "clipping": lower("without-clipping", "base", "without clipping - with"),
        "rnn-lstm": lower("rnn-forward", "forward", "plain RNN - LSTM, both forward"),
        "rnn-reversal": lower("rnn-forward", "rnn", "plain RNN, forward - reversed"),
    }


def _search_effects() -> dict[str, Effect]:
    beam = _table("beam").pivot(index="round", columns="width", values="exact_match")
    five = _table("ensembles").pivot(index="group", columns=["models", "width"], values="exact_match")
    rescored = _table("rescoring").pivot(index="round", columns="stage", values="exact_match")

    def paired(differences: pd.Series, what: str, unit: str = "models") -> Effect:
        return _paired(differences, f"exact match: {what}", unit)

    groups = "groups of five"
    return {
        "beam-12": paired(beam[12] - beam[1], "beam of 12 - beam of 1"),
        "beam-2": paired((beam[2] - beam[1]) - (beam[12] - beam[1]) / 2, "gain of 2 - half the gain of 12"),
        "ensemble": paired(five[5, 12] - five[1, 12], "five models - one, beam of 12", groups),
        "ensemble-search": paired(five[5, 1] - five[1, 12], "five, beam of 1 - one, beam of 12", groups),
        "rescoring": paired(
            rescored["rescored"] - rescored["best"], "forward model's candidates rescored - not"
        ),
    }


def _long_less_middle(by_length: pd.DataFrame) -> pd.Series:
    """By training, the LCS F1 of sources in the last third of the trained lengths less that of the middle.

    The first rule read it from a table of its own, over all targets, which was never made in this form. The
    base run's own scores by length are over all targets too, on other samples.
    """
    third = claims_runs()["claims-base"].task.max_length / 3
    long = by_length[by_length.length.between(int(2 * third) + 1, 3 * third)]
    middle = by_length[by_length.length.between(int(third) + 1, 2 * third)]
    return weighted_means(long, "lcs_f1") - weighted_means(middle, "lcs_f1")


def _small_fall() -> Effect:
    """Length by the later rule: a fall of less than the margin, over targets that hold a prime."""
    fall = _long_less_middle(_table("lengths"))
    return _paired(fall + MARGIN, f"LCS F1 where there are primes: {MARGIN} - its fall on long sources")


def ensemble_beam() -> Contrast:
    """A beam of 2 where the paper has it: of five models, its gain less half the gain of 12."""
    five = _table("ensembles").pivot(index="group", columns=["models", "width"], values="exact_match")
    return contrast([five[5, 2] - (five[5, 1] + five[5, 12]) / 2], [1])


def _paired(differences: pd.Series, what: str, unit: str = "models") -> Effect:
    return Effect(what, f"{len(differences)} {unit}", contrast([differences], [1]))


def _other_effects(base_by_length: pd.DataFrame) -> dict[str, Effect]:
    common = _table("commonness")
    median = common.probability.median()
    rare = weighted_means(common[common.probability < median], "accuracy")
    frequent = weighted_means(common[common.probability > median], "accuracy")
    moved = _table("distances").pivot(index="round", columns="rearrangement", values="distance")
    seconds = _table("bucketing").pivot(index="repeat", columns="arm", values="seconds")

    sources = base_by_length[base_by_length.kind == "source"]
    return {
        "length": _paired(_long_less_middle(sources), "LCS F1: long sources - middling ones"),
        "rare": _paired(frequent - rare, "accuracy: the commoner half of the primes - the rarer half"),
        "order": _paired(
            moved["primes swapped"] - moved["others moved"], "distance: primes swapped - other values moved"
        ),
        "bucketing": _paired(
            np.log2(seconds["random"] / seconds["bucketed"]), "log2 of the time, random / similar", "repeats"
        ),
    }


def _table(name: str) -> pd.DataFrame:
    return read_measurement("claims", name)


def _counts(samples: list[pd.Series]) -> str:
    return ", ".join(str(len(sample)) for sample in samples)
