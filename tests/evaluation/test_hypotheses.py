"""The answers of a beam and of greedy search: against all that there are, and the model's own loss."""

import itertools
from math import log

import pandas as pd
import pytest
import torch

from replicate.decoding import greedy
from replicate.evaluation.hypotheses import COLUMNS, hypotheses, missed_in_words
from replicate.models import build
from replicate.settings import RunConfig
from replicate.tasks import task_of
from replicate.tasks.batch import PAD, Batch

TINY = RunConfig.of(vocab_size=6, max_length=2, model="lstm", embedding_size=4, hidden_size=5, rounds=1)


def sharp(config: RunConfig):
    """An untrained model whose weights are large enough that its answers differ."""
    model = build(config, range(1)).double()
    for parameter in model.parameters():
        parameter.data *= 4
    return model


def by_loss(model, task, source: list[int], answer: list[int]) -> float:
    """log p of an answer that ends in EOS and has no PAD, as the loss of training has it."""
    batch, length = task.example(source), answer.index(model.eos) + 1
    pair = Batch(
        batch.source, batch.source_length, torch.tensor([[answer[:length]]]), torch.tensor([[length]])
    )
    return -model.loss(pair).item() * length


@pytest.mark.parametrize("name", ["post", "lstm", "attention"])
def test_a_wide_beam_finds_every_answer_in_the_order_of_the_probability_that_the_loss_gives_it(name):
    config = TINY.changed(model=name)
    task, model, source = task_of(config.task), sharp(config), [3, 2]
    every = [
        [*answer, 5, *[PAD] * (2 - n)]
        for n in range(3)
        for answer in itertools.product(range(1, 5), repeat=n)
    ]
    expected = sorted(((by_loss(model, task, source, answer), answer) for answer in every), reverse=True)
    table = hypotheses(model, task, source, width=200).query("beam")
    assert len(table) == 1 + 5 + 25  # with PAD as a token; the other places of the beam are empty
    table = table[[PAD not in answer[: answer.index(5)] for answer in table.answer]]
    assert table.answer.tolist() == [answer for _, answer in expected]
    assert table.log_probability.tolist() == pytest.approx([p for p, _ in expected])


def test_the_greedy_answer_is_there_once_even_where_the_beam_has_lost_it():
    config = TINY.changed(vocab_size=31, max_length=6, seed=4)
    task, model, lost = task_of(config.task), sharp(config), 0
    model.readout.bias.data[:, :, model.eos] += 3  # so that most answers end
    batch = task.sample([torch.Generator().manual_seed(0)], 60)
    answers = greedy(model, batch.source, batch.source_length, 7)[0].tolist()
    sources = [row[:n] for row, n in zip(batch.source[0].tolist(), batch.source_length[0], strict=True)]
    for source, answer in zip(sources, answers, strict=True):
        table = hypotheses(model, task, source, width=2)
        (row,) = table[table.greedy].itertuples()
        assert row.answer == answer
        assert table.log_probability.is_monotonic_decreasing and not table.answer.duplicated().any()
        assert table.beam.sum() in (1, 2) and (table.beam | table.greedy).all()
        if model.eos in answer and PAD not in answer[: answer.index(model.eos)]:
            assert row.log_probability == pytest.approx(by_loss(model, task, source, answer))
            lost += not row.beam
    assert lost > 0


def test_what_greedy_search_missed_is_told_in_words():
    rows = [[[2, 5], log(0.5), True, False], [[3, 5], log(0.2), True, True]]
    table = pd.DataFrame(rows, columns=COLUMNS)
    assert missed_in_words(table) == "an answer 2.5 times as probable as the greedy one"
    assert missed_in_words(table[1:]) == "nothing more probable than the greedy answer"
