"""Where a model with attention looks as it answers one source."""

import pandas as pd
import torch

from replicate.models.attention import AttentionSeq2Seq
from replicate.tasks.task import Task

COLUMNS = ["step", "answer", "position", "source", "weight"]


@torch.no_grad()
def alignment_table(model: AttentionSeq2Seq, task: Task, source: list[int]) -> pd.DataFrame:
    """One row a token of the greedy answer, EOS among them, and of the source as it is read, both as ids.

    The weights of a step add up to 1. The model has one round, and the source is as a person typed it.
    """
    batch = task.example(source)
    read = batch.source[0, 0].tolist()
    state = model.encode(batch.source, batch.source_length)
    previous, rows = torch.full((1, 1), model.bos), []
    for step in range(task.max_target_length):
        own, *memory = state
        _, weights = model.look_back(model.decoder.output(own), memory)  # [1, 1, S]
        state, logits = model.decode_step(state, previous)
        previous = logits.argmax(2)
        pairs = zip(read, weights[0, 0].tolist(), strict=True)
        rows += [[step, previous.item(), position, *pair] for position, pair in enumerate(pairs)]
        if previous.item() == model.eos:
            break
    return pd.DataFrame(rows, columns=COLUMNS)
