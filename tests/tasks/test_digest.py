"""What tells a task from another, in every process alike."""

import subprocess
import sys

import pytest
import torch
from shared import PROJECT, clean_environment, primes

from replicate.settings import RunConfig
from replicate.tasks import digest

SETTINGS = RunConfig.of().task


def digest_of(monkeypatch, task):
    monkeypatch.setattr(digest, "task_of", lambda settings: task)
    return digest.task_digest.__wrapped__(SETTINGS)


@pytest.mark.parametrize("task", ["primes", "translation"])
def test_a_task_is_the_same_in_every_process(task):
    asked = (
        "from replicate.settings import RunConfig\nfrom replicate.tasks.digest import task_digest\n"
        f"print(task_digest(RunConfig.of(task={task!r}).task))"
    )
    found = {
        subprocess.check_output(
            [sys.executable, "-c", asked], env=clean_environment(PROJECT, PYTHONHASHSEED=seed), text=True
        )
        for seed in ("1", "2")
    }
    assert found == {digest.task_digest(RunConfig.of(task=task).task) + "\n"}


def test_other_words_other_pairs_and_draws_without_a_seed_make_another_task(monkeypatch):
    task = primes(vocab_size=31, max_length=5)
    ours = digest_of(monkeypatch, task)
    assert digest_of(monkeypatch, primes(vocab_size=31, max_length=5)) == ours

    def differs():
        return digest_of(monkeypatch, task) != ours

    with monkeypatch.context() as changed:
        decode = task.source.decode
        changed.setattr(task.source, "decode", lambda tokens: decode([31 - token for token in tokens]))
        assert differs()
    for name in ("sample", "batches"):
        real = getattr(task, name)
        with monkeypatch.context() as changed:
            changed.setattr(task, name, lambda *given, real=real: real(*map(without_seed, given)))
            assert differs()
    assert not differs()


@pytest.mark.parametrize("reverse", [False, True])
def test_a_vocabulary_that_reads_whole_texts_alone_has_one(monkeypatch, reverse):
    task = primes(vocab_size=31, max_length=5, reverse=reverse)
    decode, read = task.source.decode, []
    monkeypatch.setattr(task.source, "decode", lambda tokens: read.append(tokens) or decode(tokens))
    digest_of(monkeypatch, task)
    batch = task.sample(digest._generators(), 20)
    tokens = batch.source[0, 0, : int(batch.source_length[0, 0]) - int(task.source_eos)].tolist()
    assert read[0] == (tokens[::-1] if reverse else tokens)


def without_seed(given):
    is_generators = isinstance(given, list)
    return [torch.Generator().manual_seed(torch.seed()) for _ in given] if is_generators else given
