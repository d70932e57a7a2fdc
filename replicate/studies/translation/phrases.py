"""Fig. 2 with phrases of our own: what the encoder's state keeps of the order of words, and of the voice."""

import itertools

import pandas as pd
import torch
from torch import Tensor, nn

from replicate.models import build
from replicate.runs.folder import Run
from replicate.studies.claims.states import distance, in_two_dimensions
from replicate.tasks.translation.task import TranslationTask

NOUNS = ["document", "table", "chart", "macro", "query", "report"]
VERBS = {"opens": "opened", "changes": "changed", "creates": "created", "deletes": "deleted"}
KINDS = ("active", "order", "voice")


def phrases() -> pd.DataFrame:
    """One row a pair of nouns and a verb: the `active` phrase, another `order` of its nouns, another `voice`.

    *The document opens the table*; with another order, *The table opens the document*, the words are the same
    and the meaning is not; in the passive voice, *The table is opened by the document*, it is the other way
    round.
    """
    rows = [
        {
            "active": f"The {first} {verb} the {second}.",
            "order": f"The {second} {verb} the {first}.",
            "voice": f"The {second} is {participle} by the {first}.",
        }
        for first, second in itertools.permutations(NOUNS, 2)
        for verb, participle in VERBS.items()
    ]
    return pd.DataFrame(rows)


def phrase_distances(run: Run) -> pd.DataFrame:
    """One row a round, encoder and change: how far the change moves the state, on average over the phrases.

    The distance of two unrelated phrases is 1. The encoder is the trained one, and one before its training.
    """
    table, rounds = phrases(), range(run.config.training.rounds)
    rows = []
    for name, model in {"trained": run.load_model(), "untrained": build(run.config, rounds)}.items():
        states = {kind: encoded(model, run.task, table[kind].tolist()) for kind in KINDS}
        active = states["active"]
        # A phrase half the list away shares neither its first noun nor its verb.
        unrelated = distance(active, active.roll(len(table) // 2 + 1, dims=1))
        for change in ("order", "voice"):
            moved = distance(active, states[change]) / unrelated  # [R]
            rows += [
                {"round": r, "encoder": name, "change": change, "distance": d}
                for r, d in enumerate(moved.tolist())
            ]
    return pd.DataFrame(rows)


def phrase_map(run: Run) -> pd.DataFrame:
    """One row a phrase of three nouns and a verb, in both voices: its state in two dimensions, of a round.

    `agent` and `patient` are the nouns that act and are acted on; the shares are of the states' variance.
    """
    verb, participle = next(iter(VERBS.items()))
    rows = []
    for agent, patient in itertools.permutations(NOUNS[:3], 2):
        for voice, text in {
            "active": f"The {agent} {verb} the {patient}.",
            "passive": f"The {patient} is {participle} by the {agent}.",
        }.items():
            rows.append({"agent": agent, "patient": patient, "voice": voice, "phrase": text})
    table = pd.DataFrame(rows)
    state = encoded(run.load_model(), run.task, table.phrase.tolist())[0].double()
    return table.join(in_two_dimensions(state))


@torch.no_grad()
def encoded(model: nn.Module, task: TranslationTask, texts: list[str]) -> Tensor:
    """The encoder's state after each text, on the CPU: `[R, N, state]`."""
    rounds = len(next(model.parameters()))
    states = []
    for text in texts:
        batch = task.example(task.source.encode(text))
        source, length = batch.source.expand(rounds, -1, -1), batch.source_length.expand(rounds, -1)
        states.append(model.encode(source, length))
    return torch.cat(states, dim=1).cpu()
