"""What the articles say in numbers, from `results/`: a dictionary for each, by the names in its templates."""

import math
from functools import cache

from pandas import concat

from replicate.presets import PAPER
from replicate.publish.illustrations import (
    LONGEST,
    best_score,
    chance_score,
    cuts,
    depth_groups,
    length_tables,
)
from replicate.runs.folder import Run
from replicate.studies.claims.memory import gain_by_length, gain_by_position
from replicate.studies.claims.search import share_of_gain
from replicate.studies.claims.sizes import fairer_claims, fairer_verdicts
from replicate.studies.claims.verdicts import changed_length, claim_verdicts
from replicate.studies.complete import all_arms, all_verdicts
from replicate.studies.directions import gain_where_reached
from replicate.studies.judging import NOT_RUN, study_verdicts
from replicate.studies.ladder.rungs import (
    open_directions,
    open_left_out,
    open_rungs,
    steps_up,
    updates_to,
)
from replicate.studies.measuring import read_measurement
from replicate.studies.plan import command
from replicate.studies.published.plan import published_runs, reversal_runs
from replicate.studies.published.reversal import mixture, reversal_verdicts, taken_off
from replicate.studies.published.schedule import takeoff_phases
from replicate.studies.published.table import published_table
from replicate.studies.published.verdicts import author_against_ours, largest_spread, row_verdicts
from replicate.studies.registration import registered, registrations
from replicate.studies.results import (
    RESULTS,
    core_hours,
    open_kept,
    read_training_table,
    reversal_trainings,
)
from replicate.studies.rules import MARGIN, METRIC
from replicate.studies.takeoff import median_takeoff, takeoff_times
from replicate.studies.translation.kinds import kinds_table
from replicate.studies.translation.tables import (
    bleu_table,
    others_table,
    perplexity_table,
    verdicts_by_study,
)

SOLVED, NEARLY = 0.99, 0.95  # exact match of the median training


@cache  # for the article in every language
def replication() -> dict:
    """Does the post's table reproduce?"""
    runs = published_runs()
    table = read_training_table(RESULTS / "published_table.csv", runs)
    rows = row_verdicts(table)
    lengths = [int(n) for n in published_table().max_length.unique()]
    published = published_table().pivot(index="max_length", columns="reverse", values=METRIC)
    spreads = table.groupby(["max_length", "reverse"])[METRIC].std()
    study = _study_of_reversal()
    return {
        "rows": list(rows.itertuples()),
        "counts": rows.verdict.value_counts(),
        "trainings": len(table),
        "samples": next(iter(runs.values())).evaluation.evaluate_samples,
        "hours": sum(core_hours(runs)) + sum(core_hours(reversal_runs())),
        "silent": sorted(
            {row.max_length for row in rows.itertuples() if row.agrees_low <= chance_score(row.max_length)}
        ),
        "wide": (spreads > largest_spread(len(table) // len(rows))).sum(),
        "ceiling": {n: best_score(n) for n in lengths},
        "chance": {n: chance_score(n) for n in lengths},
        "score": table.groupby("max_length")[METRIC].mean(),
        "exact": table.groupby("max_length").exact_match.mean(),
        "author": list(author_against_ours(table).itertuples()),
        "reversal": list(reversal_verdicts(reversal_trainings()).itertuples()),
        "published_gain": published[True] - published[False],
        "again": next(all_verdicts("reversal-10").itertuples()),
        "off": {direction: _off(run) for direction, run in study.items()},
        "mixture": mixture(study, METRIC).difference,
        "text": all_verdicts("text").verdict.value_counts(),
        "margin": MARGIN,
        "command": command(*next(iter(runs.items()))),
    }


def _study_of_reversal() -> dict[str, Run]:
    runs = [open_kept(name, config) for name, config in reversal_runs().items()]
    return dict(zip(("forward", "reversed"), runs, strict=True))


def _off(run: Run) -> dict:
    """How many trainings took off, of how many, and the mean score of those."""
    scores, trainings = taken_off(run, METRIC)
    return {"count": len(scores), "of": trainings, "mean": scores.mean()}


@cache  # for the article in every language
def scores() -> dict:
    """Why are the scores low?"""
    rungs, published = open_rungs(), published_table()
    steps = steps_up(rungs)
    reached = {name: updates_to(run.history, SOLVED) for name, run in rungs.items()}
    gains = {
        name: gain_where_reached({direction: run.by_position for direction, run in both.items()}).iloc[-1]
        for name, both in open_directions().items()
    }
    arms = all_arms("schedule")
    late = {
        name: run.history[run.history.step > cuts()[0]].gradient_norm.median() for name, run in arms.items()
    }
    best = min(reached, key=reached.get)
    return {
        "published": published.set_index(["max_length", "reverse"])[METRIC][LONGEST, True],
        "rungs": [_rung(name, run) for name, run in rungs.items()],
        "steps": steps.difference,
        "largest": steps.difference.idxmax(),
        "empty": 1 - best_score(LONGEST),
        "ceiling": best_score(LONGEST),
        "phases": takeoff_phases(list(_study_of_reversal().values())),
        "cuts": list(cuts()),
        "schedule": {row.Index: row for row in all_verdicts("schedule").itertuples()},
        "norms": late,
        "largest_norm": max(run.history.gradient_norm_max.max() for run in arms.values()),
        "off": {name: _off(run) for name, run in arms.items()},
        "left_out": {name: updates_to(run.history, NEARLY) for name, run in open_left_out().items()},
        "nearly": NEARLY,
        "never": math.inf,
        "gains": [{"name": name, "position": gain.name, **gain} for name, gain in gains.items()],
        "best": best,
        "best_updates": reached[best],
        "solved": SOLVED,
        "command": command(rungs[best].path.name, rungs[best].config),
    }


def _rung(name: str, run: Run) -> dict:
    times = takeoff_times(run.history, run.task)
    return {
        "name": name,
        "geo_mean": run.scores[METRIC].mean(),
        "exact": run.scores.exact_match.mean(),
        "off": (~times.censored).sum(),
        "of": len(times),
        "median": median_takeoff(times),
        "trained": run.steps,
    }


@cache  # for the article in every language
def claims() -> dict:
    """Do the paper's claims hold, on primes and in translation?"""
    verdicts = claim_verdicts()
    own, fairer = verdicts[verdicts.by == "paper"], fairer_verdicts()
    fairer = fairer[fairer.verdict != NOT_RUN]
    fairer["claim_zh"] = [fairer_claims().claim_zh[(row.study, row.Index)] for row in fairer.itertuples()]
    by_length, by_place = gain_by_length(), gain_by_position()
    rescored = read_measurement("memory", "rescoring").groupby("stage").exact_match.mean()
    forward = rescored["by forward"] - rescored["best"]
    at = {name: table.groupby("length").lcs_f1.mean() for name, table in length_tables().items()}
    return {
        "claims": list(own.itertuples()),
        "family": len(verdicts),
        "fairer": list(fairer.itertuples()),
        "counts": own.verdict.value_counts().add(fairer.verdict.value_counts(), fill_value=0).astype(int),
        "tests": len(own) + len(fairer),
        "verdict": {
            **verdicts.verdict,
            **{(row.study, row.Index): row.verdict for row in fairer.itertuples()},
        },
        "depth": {name: nats.mean() for name, nats in depth_groups().items()},
        "by_length": by_length,
        "by_place": by_place,
        "harmed": by_place.index[by_place.high < 0].tolist(),
        "helped": by_place.index[by_place.low > 0].tolist(),
        "beam_share": share_of_gain(read_measurement("memory", "ensembles")),
        "by_forward": forward / (rescored["by reversed"] - rescored["best"]),
        "length": verdicts.loc["length"],
        "changed": changed_length(),
        "at": at,
        "trained": PAPER.task.max_length,
        "cells": PAPER.model.hidden_size,
        "deep": registrations()["depth"].runs["depth-1-layer"],
        "speed": 2 ** verdicts.estimate["bucketing"],
        "translation": _translation(),
    }


def _translation() -> dict:
    """The studies of translation as far as they have been run."""
    verdicts = study_verdicts("translation")
    every = verdicts_by_study()
    guessed = every["translation-rnn-reversal"]["nats"]
    rescored = study_verdicts("translation-rival")
    corpus = read_measurement("translation", "corpus").set_index("split")
    return {
        "tests": len(verdicts),
        "verdicts": list(verdicts[verdicts.verdict != NOT_RUN].itertuples()),
        "counts": verdicts.verdict.value_counts(),
        "every": concat(every.values()).value_counts(),
        "rnn_reversal": "" if guessed == NOT_RUN else guessed,
        "bleu": list(bleu_table().reset_index().itertuples()),
        "perplexity": list(perplexity_table().itertuples(name=None)),
        "pairs": corpus.pairs,
        "retrieval": corpus.retrieval["test"],
        "rival": others_table().loc["phrase-based system"],
        "rescoring": {row.Index: row for row in rescored.itertuples() if row.verdict != NOT_RUN},
        "reported": {name: own.reported for name, own in registered("translation-rival").effects.items()},
        "kinds": kinds_table().to_dict("index"),
        "cells": next(iter(registrations()["translation"].runs.values())).model.hidden_size,
    }
