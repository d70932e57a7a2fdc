"""Where attention looks, against the formula of Bahdanau et al. in plain operations."""

import pytest
import torch
from shared import TINY

from replicate.decoding import greedy
from replicate.evaluation.alignment import alignment_table
from replicate.models import build
from replicate.tasks import task_of


def test_the_weights_of_each_step_are_those_before_its_token_of_the_models_own_answer():
    config = TINY.changed(model="attention", rounds=1)
    task, source = task_of(config.task), [7, 4, 11, 29]
    model = build(config, range(1)).double()
    for parameter in model.parameters():
        parameter.data *= 3  # so that the weights differ
    table = alignment_table(model, task, source)
    read, length = torch.tensor([[[29, 11, 4, 7, 30]]]), torch.tensor([[5]])
    answer = [token for token in greedy(model, read, length, 5)[0, 0].tolist() if token]
    assert table.groupby("step").answer.first().tolist() == answer
    assert table[table.step == 0].source.tolist() == read.flatten().tolist()
    state = model.encode(read, length)
    for step, token in enumerate(answer):
        asked = model.query(model.decoder.output(state[0]))[0, 0]  # [H]
        match = torch.tanh(asked + model.key(state[1][:, 0])[0])  # [S, H]
        weights = (match @ model.score.weight[0, :, 0]).softmax(0)
        assert table[table.step == step].weight.tolist() == pytest.approx(weights.tolist())
        previous = torch.tensor([[model.bos if step == 0 else answer[step - 1]]])
        state, logits = model.decode_step(state, previous)
        assert logits.argmax().item() == token
