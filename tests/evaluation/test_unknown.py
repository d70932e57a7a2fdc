"""What a vocabulary lacks is never right, in a table by position and among the examples."""

import torch
from shared import primes

from replicate.evaluation.evaluate import evaluate, oracle_answer
from replicate.evaluation.inspection import _readable
from replicate.tasks.pairs import without_unknown


def test_an_unknown_token_is_right_nowhere():
    task = primes(vocab_size=31, max_length=5)
    generators = [torch.Generator().manual_seed(0)]
    batch = task.sample(generators, 50)
    assert all(row["knows"] for row in _readable(task, batch, oracle_answer(batch), 0))
    task.target.unknown = 7
    has_seven = (batch.target[0] == 7).any(1).tolist()
    rows = _readable(task, batch, oracle_answer(batch), 0)
    assert [not row["knows"] for row in rows] == has_seven and any(has_seven)
    assert all(row["target"] == row["answer"] for row in rows)
    task.batches = lambda *given: [batch]
    found = evaluate(oracle_answer, task, generators, range(1), 50).by_position
    seven = (without_unknown(batch.target[0], task.target) == -1).sum(0)
    right = (found.accuracy * found.samples).round().astype(int)
    assert (found.samples - right).tolist() == seven[: len(found)].tolist()
