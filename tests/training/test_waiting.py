"""An update never waits for its device, tried without one: on `meta`, tensors have no values to read."""

import pytest
import torch
from shared import SMALL
from torch.utils._python_dispatch import TorchDispatchMode

from replicate.training import loop
from replicate.training.loop import PROGRESS_EVERY, start, train


class Transfers(TorchDispatchMode):
    """Notes what goes from one device to another, and whether the host waits until it is there."""

    def __init__(self):
        super().__init__()
        self.waited, self.free = [], 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if function in (torch.ops.aten._to_copy.default, torch.ops.aten.copy_.default):
            source = args[0] if function is torch.ops.aten._to_copy.default else args[1]
            if source.device != result.device:
                if (kwargs or {}).get("non_blocking") or args[2:3] == (True,):
                    self.free += 1
                else:
                    self.waited.append(str(function))
        return result


@pytest.mark.parametrize(
    ("model", "optimizer"), [("post", "adam"), ("rnn", "sgd"), ("lstm", "sgd"), ("attention", "adam")]
)
def test_the_host_reads_nothing_of_an_update_before_progress_is_told(model, optimizer, monkeypatch):
    monkeypatch.setattr(loop, "PROGRESS_SECONDS", float("inf"))
    config = SMALL.changed(
        model=model, feed_previous=None, optimizer=optimizer, clip_norm=1.0, steps=99, evaluate_every=99
    )
    state = start(config, range(3), "meta")
    for group in state.optimizer.param_groups:
        group["fused"] = False  # that kernel, which a GPU has, is not there on meta
    with Transfers() as transfers, pytest.raises((RuntimeError, NotImplementedError), match="meta"):
        next(train(config, state))
    assert state.step == PROGRESS_EVERY  # there the mean loss is read
    assert transfers.free >= PROGRESS_EVERY and transfers.waited == []
