"""What a run keeps from when it has begun until it is finished: its parts, their threads, its attempts."""

import itertools
import math
from pathlib import Path
from typing import NamedTuple

import torch

from replicate.files import RunError, read_json, write_json
from replicate.runs import provenance
from replicate.runs.changes import identity, refuse_changed
from replicate.runs.places import PLAN
from replicate.settings import RunConfig
from replicate.studies.registration import stamp_of
from replicate.tasks import task_of
from replicate.training.part import Part
from replicate.training.task_trial import try_task


class Plan(NamedTuple):
    """How a run is trained. One that goes on keeps the plan it began with: other ones round otherwise."""

    parts: list[Part]  # contiguous shares of the rounds
    threads: int  # of PyTorch, in each process
    identity: dict  # of the task and the model
    attempts: list[dict]  # what was true as each began

    @property
    def record(self) -> dict:
        """The first attempt, with those that went on from it."""
        first, *later = self.attempts
        return first | ({"resumed": later} if later else {}) | self.identity


def rounds_at_once(hidden_size: int) -> int:
    """How many trainings one process runs side by side on a CPU; more outgrow its caches and go no faster.

    At 12 cells ten take 1.2 ms each for an update where five take 1.8; of 256 cells and more, one is enough.
    """
    if hidden_size >= 256:
        return 1
    return 10 if hidden_size <= 16 else 5


def begin(folder: Path, config: RunConfig, device: str, workers: int) -> Plan:
    """Begin an attempt at a run, of which all that it keeps is written before the first update.

    Raises:
        RunError: the plan is damaged, or was made of another task or model, or under another registration.
        ValueError: the task breaks its contract.
    """
    file = folder / PLAN
    if not file.exists():
        write_json(file, _new(config, device, workers))
    begun = read_json(file)
    # Of a run that an older version began, nobody knows when and on which commit, nor its threads.
    attempts = begun.setdefault("attempts", [{"started": None, "git_commit": None}])
    edges = begun.get("edges")
    are_edges = _are_edges(edges, config.training.rounds)
    now = identity(config)
    own = {name: begun.get(name, value) for name, value in now.items()}
    own["metrics"] = now["metrics"] | own["metrics"]  # one that is new is scored from now on
    begun |= own
    threads = begun.setdefault("threads", _threads(min(workers, len(edges) - 1)) if are_edges else 1)
    if not (are_edges and _are_attempts(attempts) and _is_count(threads) and isinstance(own["task"], str)):
        raise RunError(f"{file} is damaged; delete {folder} and start the run again")
    stamp = stamp_of(config)
    if (before := attempts and attempts[0].get("registration")) and before != stamp:
        raise RunError(
            f"{folder} was begun under the registration of {before['study']} as it stood then, and can "
            "decide nothing now: put that file back, or delete the folder to start anew"
        )
    if attempts:
        refuse_changed(config, attempts[0] | own, folder)
    attempts.append(provenance.begin() | {"registration": stamp})
    write_json(file, begun)
    shares = [range(first, stop) for first, stop in itertools.pairwise(edges)]
    return Plan([Part(config, folder, share, own["task"]) for share in shares], threads, own, attempts)


def _new(config: RunConfig, device: str, workers: int) -> dict:
    rounds = config.training.rounds
    try_task(task_of(config.task), range(rounds), config.training.batch_size)
    at_once = rounds_at_once(config.model.hidden_size) if device == "cpu" else rounds
    parts = max(min(workers, rounds), math.ceil(rounds / at_once))
    edges = [rounds * i // parts for i in range(parts + 1)]
    return {
        "edges": edges,
        "threads": _threads(min(workers, parts)),
        "attempts": [],
    }


def _threads(processes: int) -> int:
    """Of each, so that all of them have as many as this one may have."""
    return max(1, torch.get_num_threads() // processes)


def _are_edges(edges: object, rounds: int) -> bool:
    return (
        isinstance(edges, list)
        and all(isinstance(edge, int) for edge in edges)
        and (edges[:1], edges[-1:], edges) == ([0], [rounds], sorted(set(edges)))
    )


def _are_attempts(attempts: object) -> bool:
    """Whether they are as noted, each of a registered study or of none."""

    def is_one(noted: object) -> bool:
        stamp = noted.get("registration") if isinstance(noted, dict) else ()
        return stamp is None or (isinstance(stamp, dict) and "study" in stamp)

    return isinstance(attempts, list) and all(map(is_one, attempts))


def _is_count(threads: object) -> bool:
    return isinstance(threads, int) and not isinstance(threads, bool) and 1 <= threads <= 1024
