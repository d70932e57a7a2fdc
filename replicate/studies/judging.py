"""A registered study's verdicts: each effect as its registration states it, from the kept runs."""

import math
from collections.abc import Iterable

import pandas as pd

from replicate.files import RunError
from replicate.runs.folder import Run
from replicate.statistics import (
    Contrast,
    compare_to_reported_mean,
    contrast,
    holm,
    permutation_p,
    readable_p,
)
from replicate.studies.bootstrap import Sample, bootstrap
from replicate.studies.convergence import STILL_FALLING, fall, learnt, validation_fall
from replicate.studies.effects import RUN_TABLES, Effect, formula
from replicate.studies.measuring import read_measurement
from replicate.studies.quantities import quantity, refuse_missing, rows_of
from replicate.studies.registration import Registration, check_registered, home, registered
from replicate.studies.results import has_kept, open_kept
from replicate.studies.rules import LEVEL, claim_verdict, row_verdict, within_margin
from replicate.studies.translation.sentences import SCORES
from replicate.tasks.digest import of_other_pairs

NOT_RUN = "not run yet"
NOT_TESTABLE = "not testable here"


def study_verdicts(study: str) -> pd.DataFrame:
    """One row an effect of a registered study, in its order: what was measured, and the verdict.

    Effects whose arms have not all been trained are `not run yet`; they stay in the family that Holm's
    correction counts, as if their p were 1.

    Raises:
        RunError: a run is damaged, or was not made under the registration as it stands.
    """
    registration = registered(study)
    runs = open_arms(registration)
    rows = {name: _measure(effect, study, runs) for name, effect in registration.effects.items()}
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("id")
    corrected = registration.effects[table.index[0]].test != "prediction"
    table["p_holm"] = holm(table.p.fillna(1)) if corrected else table.p
    effects = registration.effects
    table["verdict"] = [_verdict(effects[row.Index], row) for row in table.itertuples()]
    return table


def open_arms(registration: Registration) -> dict[str, Run]:
    """The arms that are kept under results/, each made under its registration.

    Those that the effects name of other studies are among them.
    """
    named = (arm for effect in registration.effects.values() for arm in sorted(effect.arms))
    runs = {}
    for arm in dict.fromkeys([*registration.arms, *named]):
        study, own = home(registration.study, arm)
        name = f"{study}-{own}"
        config = registered(study).runs[name]
        if has_kept(name):
            runs[arm] = open_kept(name, config)
            check_registered(runs[arm], study)
    if mixed := of_other_pairs((run.path, run.config.task, run.provenance) for run in runs.values()):
        raise RunError(
            f"{mixed[0]} and {mixed[1]} were trained on other pairs of one task, which was changed between "
            "them, and cannot be compared: make the older one again"
        )
    return runs


def _refuse_mixed_arms(effect: Effect, study: str) -> None:
    """Refuse a measured table whose rows do not say which of several arms they are of."""
    table = effect.of.table
    if table not in RUN_TABLES and len(effect.compare) > 1 and "arm" not in read_measurement(study, table):
        raise RunError(f"{study}/{table} has no column arm, so arms cannot be compared by it")


def _bootstrap(effect: Effect, study: str) -> dict:
    """Over trainings and sentences; arms of equal weight are one sample."""
    samples, tables = [], {}
    for arm in effect.compare:
        own_study, own = home(study, arm)
        table = read_measurement(own_study, name := f"{effect.of.table}-{own}")
        chosen = [column for term in effect.of.terms for column in term.where]
        refuse_missing(chosen, table, f"{own_study}/{name}")
        tables[arm] = table.assign(unit=arm + " " + table["round"].astype(str))
    for weight in dict.fromkeys(effect.compare.values()):
        arms = [arm for arm, own in effect.compare.items() if own == weight]
        together = pd.concat([tables[arm] for arm in arms])
        samples += [
            Sample(term.weight * weight * len(arms), "+".join(arms), rows_of(term, together))
            for term in effect.of.terms
        ]
    columns, score = SCORES[effect.of.column]
    n = [str(sample.table.unit.nunique()) for sample in samples]
    sentences = pd.concat([sample.table.sentence for sample in samples]).nunique()
    row = {"n": f"{', '.join(n)}; {sentences:,} sentences"}
    return row | bootstrap(samples, columns, score) if sentences > 1 else row


def _measure(effect: Effect, study: str, runs: dict[str, Run]) -> dict:
    row = {"claim": effect.claim, "said": effect.said, "measured": formula(effect), "n": ""}
    row |= dict.fromkeys((*Contrast._fields, "low_90", "high_90"), float("nan"))
    if effect.arms - runs.keys():
        return row | {"why": NOT_RUN}
    if effect.test == "bootstrap":
        row |= _bootstrap(effect, study)
        few = "too few sentences" if math.isnan(row["p"]) else ""
        return row | {"why": few or _untestable(effect, study, runs, row["estimate"])}
    _refuse_mixed_arms(effect, study)
    values = {arm: quantity(effect.of, runs[arm], study, arm) for arm in effect.compare}
    row["n"] = _counted(effect, values)
    if few := [arm for arm, sample in values.items() if len(sample) < 2]:
        return row | {"why": f"{_listed(few)} has fewer than two values"}
    row |= _test(effect, values)
    return row | {"why": _untestable(effect, study, runs, row["estimate"])}


def _counted(effect: Effect, values: dict[str, pd.Series]) -> str:
    """How many units each arm has, in words where they are not trainings."""
    if effect.test == "arms":
        return f"{len(values)} arms of {len(next(iter(values.values())))}"
    unit = "" if effect.of.unit == "round" else f" {effect.of.unit}s"
    return ", ".join(f"{len(sample)}{unit}" for sample in values.values())


def _test(effect: Effect, values: dict[str, pd.Series]) -> dict:
    weights, samples = list(effect.compare.values()), list(values.values())
    if effect.test == "prediction":
        found = compare_to_reported_mean(samples[0], effect.reported, effect.reported_trainings)
        (low, high), (low_90, high_90) = found.interval(0.95), found.interval(0.9)
        row = {"estimate": found.difference, "low": low, "high": high, "p": found.p}
        return row | {"low_90": low_90, "high_90": high_90}
    if effect.test == "arms":
        samples, weights = [[sample.mean() for sample in samples]], [1]
    found, narrow = contrast(samples, weights), contrast(samples, weights, 0.9)
    row = found._asdict() | {"low_90": narrow.low, "high_90": narrow.high}
    if effect.test == "permutation":
        first, second = (values[arm] for arm in sorted(effect.compare, key=effect.compare.get, reverse=True))
        row |= {"p": permutation_p(first, second)}
    return row


def _untestable(effect: Effect, study: str, runs: dict[str, Run], estimate: float) -> str:
    """Why the effect cannot be tested, in words; empty where it can."""
    idle = [arm for arm in effect.requires.learnt if not learnt(runs[arm])]
    # The further fall of an arm lowers the effect where its weight is positive, and raises it where negative.
    against = [arm for arm in effect.requires.settled if effect.compare[arm] * estimate > 0]
    falls = {arm: fall(runs[arm]) for arm in (*effect.requires.flat, *against)}
    gains = {arm: validation_fall(runs[arm]) for arm in effect.requires.converged}
    full = [
        arm
        for arm in effect.requires.room
        if quantity(effect.of, runs[arm], study, arm).mean() < effect.reported
    ]
    reasons = {
        "did not learn": idle,
        "still falling": [arm for arm, size in falls.items() if size > STILL_FALLING],
        "still improving on the validation split": [
            arm for arm, size in gains.items() if size > STILL_FALLING
        ],
        "no number to tell whether it still falls": list(
            dict.fromkeys(arm for sizes in (falls, gains) for arm, size in sizes.items() if math.isnan(size))
        ),
        "leaves no room": full,
    }
    return "; ".join(f"{reason}: {_listed(arms)}" for reason, arms in reasons.items() if arms)


def _verdict(effect: Effect, row) -> str:
    if row.why == NOT_RUN:
        return NOT_RUN
    if row.why:
        return NOT_TESTABLE
    within = effect.margin is not None and within_margin(row.low_90, row.high_90, effect.margin)
    if effect.test == "prediction":
        return row_verdict(row.p, within)
    verdict = claim_verdict(row.estimate, row.p_holm, LEVEL)
    return "smaller than the margin" if within and verdict == "not shown" else verdict


def readable_study(table: pd.DataFrame) -> pd.DataFrame:
    """`study_verdicts` as a reader sees them."""
    columns = ["claim", "said", "measured", "n", "effect, 95% interval", "p", "verdict"]
    return pd.DataFrame([_readable(row) for row in table.itertuples()], columns=columns).set_index("claim")


def _readable(row) -> tuple:
    """The cells of one effect."""
    if row.why == NOT_RUN:
        return row.claim, row.said, row.measured, "", "", "", NOT_RUN
    is_known = not math.isnan(row.low)
    p = "" if math.isnan(row.p) else readable_p(row.p_holm)
    size = f"{row.estimate:+.3f} [{row.low:+.3f}, {row.high:+.3f}]" if is_known else ""
    verdict = row.verdict + (f": {row.why}" if row.verdict == NOT_TESTABLE else "")
    return row.claim, row.said, row.measured, row.n, size, p, verdict


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
