"""A run's median training as plain data: its weights, the plane of its states, and where it comes from."""

import base64

from torch import Tensor, nn

from replicate.files import RunError
from replicate.models.layers import pick_rounds
from replicate.publish.live.plane import plane_of
from replicate.runs.folder import Run

# What page/models.js and page/task.js compute, and the settings that they take for granted.
KINDS = {
    "post": {"feed_previous": False},
    "lstm": {"feed_previous": True, "layers": 1},
    "attention": {},
}


def exported(run: Run) -> dict:
    """What the page needs to answer with the median training of a run, and to say whose answers they are.

    Raises:
        RunError: the page cannot compute this kind of model, or the run keeps no checkpoint.
    """
    _check(run)
    chosen = median_round(run)
    model = median_model(run)
    matches = exact_matches(run)
    return {
        "name": run.path.name,
        "kind": run.config.model.kind,
        "cells": run.config.model.hidden_size,
        "reverse": run.task.reverse,
        "sourceEos": run.task.source_eos,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "exactMatch": matches[chosen],
        "exactMatches": sorted(matches.values()),
        "origin": {
            "training": chosen,
            "seed": run.config.training.seed,
            "updates": run.steps,
            "samples": run.config.evaluation.evaluate_samples * run.config.evaluation.evaluate_rounds,
            "commit": run.provenance["git_commit"],
            "checkpoint": run.provenance["sha256"]["checkpoint.pt"],
        },
        "plane": plane_of(model, run.task, run.config.training.seed),
        "weights": {name: packed(tensor) for name, tensor in model.state_dict().items()},
    }


def exact_matches(run: Run) -> dict[int, float]:
    """Each training's exact match; one that diverged has none."""
    return run.scores.groupby("round").exact_match.mean().dropna().to_dict()


def median_round(run: Run) -> int:
    """The training in the middle by exact match; of an even number, the lower of the two."""
    matches = exact_matches(run)
    if not matches:
        raise RunError(f"every training of {run.path} diverged, so none can answer")
    return sorted(matches, key=matches.get)[(len(matches) - 1) // 2]


def median_model(run: Run) -> nn.Module:
    """The model of that training alone, R = 1."""
    return pick_rounds([run.load_model()], [median_round(run)])


def packed(tensor: Tensor) -> str:
    """A parameter `[1, ...]` row by row, as base64 of little-endian float32."""
    return base64.b64encode(tensor.numpy().astype("<f4").tobytes()).decode("ascii")


def _check(run: Run) -> None:
    task, model = run.config.task.kind, run.config.model.kind
    if task != "primes" or model not in KINDS:
        known = ", ".join(KINDS)
        raise RunError(f"{run.path} is a run of {model} on {task}; the page computes {known}, on primes")
    settings = run.config.flat()
    for name, wanted in {"eos_is_a_value": False, **KINDS[model]}.items():
        if settings[name] != wanted:
            raise RunError(f"{run.path} has {name} {settings[name]}; the page computes {wanted} alone")
