"""Made-up runs of a study, and the verdicts on them."""

from types import SimpleNamespace

import pandas as pd
from shared import CONFIG, DATA

from replicate.studies import judging
from replicate.studies.judging import study_verdicts
from replicate.studies.registration import Registration
from replicate.tasks import task_of


def made_up(scores, took_off=True, losses=(3, 2, 1, 1), **changes):
    """A run with these exact matches, whose trainings all took off or did not."""
    rounds = range(len(scores))
    history = pd.DataFrame(
        [
            {"round": r, "step": 10 * i, "loss": loss, "published_psa": 0.5 * took_off}
            for r in rounds
            for i, loss in enumerate((float("nan"), *losses))
        ]
    )
    by_length = pd.DataFrame(
        [
            {"round": r, "kind": "source", "length": n, "samples": n, "exact_match": score / n}
            for r, score in zip(rounds, scores, strict=True)
            for n in (1, 2, 3)
        ]
    )
    config = CONFIG.changed(**({"lr_gamma": 1.0} | changes))
    return SimpleNamespace(
        scores=pd.DataFrame({"round": rounds, "exact_match": scores}),
        history=history,
        by_length=by_length,
        config=config,
        task=task_of(config.task),
        steps=int(history.step.max()),
        diverged={},
    )


def judged(monkeypatch, runs, effects, **arms):
    """The verdicts on made-up runs, given as arm -> run; an arm that is None has not been run."""
    data = DATA | {"arms": {arm: {"seed": i} for i, arm in enumerate(runs)}, "effects": effects}
    monkeypatch.setattr(judging, "registered", lambda _: Registration(**data))
    monkeypatch.setattr(
        judging, "open_arms", lambda _: {arm: run for arm, run in runs.items() if run is not None}
    )
    return study_verdicts("tiny")


def effect(**changes):
    return DATA["effects"]["gain"] | changes
