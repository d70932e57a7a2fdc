"""The answers that a beam search finds to one source, and the greedy one among them."""

from math import exp

import pandas as pd
from torch import nn

from replicate.decoding import beam, greedy, log_probability
from replicate.tasks.task import Task

COLUMNS = ["answer", "log_probability", "beam", "greedy"]


def hypotheses(model: nn.Module, task: Task, source: list[int], width: int) -> pd.DataFrame:
    """One row an answer, the most probable first: its ids, PAD after EOS, and which search found it.

    The greedy answer has a row even where the beam has lost it. A log probability is in nats, of all tokens,
    EOS included. The model has one round, and the source is as a person typed it.
    """
    batch = task.example(source)
    read = batch.source, batch.source_length
    found = beam(model, *read, task.max_target_length, width)
    alone = greedy(model, *read, task.max_target_length)  # [1, 1, T]
    chosen = alone[0, 0].tolist()
    pairs = zip(found.tokens[0, 0].tolist(), found.log_probability[0, 0].tolist(), strict=True)
    rows = [[answer, log, True, answer == chosen] for answer, log in pairs if log > float("-inf")]
    if not any(row[-1] for row in rows):
        log = log_probability(model, *read, alone.unsqueeze(2)).item()
        rows.append([chosen, log, False, True])
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.sort_values("log_probability", ascending=False, kind="stable", ignore_index=True)


def missed_in_words(table: pd.DataFrame) -> str:
    """What a beam finds beyond the greedy answer."""
    (log,) = table[table.greedy].log_probability
    ratio = exp(table.log_probability.max() - log)
    if ratio == 1:
        return "nothing more probable than the greedy answer"
    return f"an answer {ratio:.3g} times as probable as the greedy one"
