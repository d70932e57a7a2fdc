"""Phrases of our own for Fig. 2: what is compared, against encoders whose distances are known by hand."""

from types import SimpleNamespace

import pytest
import torch

from replicate.models import build
from replicate.settings import RunConfig
from replicate.studies.translation import phrases as module
from replicate.studies.translation.phrases import encoded, phrase_distances, phrase_map, phrases
from replicate.tasks import task_of


@pytest.fixture
def untrained(tmp_path):
    """A run on a text of the phrases alone, told in small letters, its model as it is drawn."""
    texts = phrases().to_numpy().flatten().tolist()
    file = tmp_path / "phrases.tsv"
    file.write_text("".join(f"{text}\t{text.lower()}\n" for text in texts), encoding="utf-8")
    config = RunConfig.of(
        task="translation", pairs=str(file), min_count=1, model="lstm", hidden_size=8, rounds=2
    )
    model = build(config, range(2))
    return SimpleNamespace(config=config, task=task_of(config.task), load_model=lambda: model)


def test_another_order_has_the_same_words_and_another_voice_the_same_meaning():
    table = phrases()
    row = table[table.active == "The table opens the chart."].iloc[0]
    assert row.order == "The chart opens the table."
    assert row.voice == "The chart is opened by the table."
    assert len(table) == 6 * 5 * 4
    assert all(sorted(a.split()) != sorted(v.split()) for a, v in zip(table.active, table.voice, strict=True))


class BagOfWords(torch.nn.Module):
    """An encoder that does not see the order: the sum of a vector a word."""

    def __init__(self, size: int):
        super().__init__()
        self.table = torch.nn.Parameter(torch.randn(2, size, 4, generator=torch.Generator().manual_seed(0)))

    def encode(self, source, length):
        inside = torch.arange(source.shape[2]) < length.unsqueeze(2)
        looked_up = torch.stack([self.table[r][source[r]] for r in range(2)])
        return (looked_up * inside.unsqueeze(3)).sum(2)


def test_an_encoder_that_sees_no_order_is_moved_by_the_voice_alone(untrained, monkeypatch):
    bag = BagOfWords(untrained.task.source.size)
    untrained.load_model = lambda: bag
    table = phrase_distances(untrained)
    assert len(table) == 2 * 2 * 2
    moved = table[table.encoder == "trained"].groupby("change").distance.mean()
    assert moved["order"] == pytest.approx(0, abs=1e-6)
    assert moved["voice"] > 0.1
    # "The a V the b." and "The b is Ved by the a.": V against is, Ved and by, whatever the nouns are.
    monkeypatch.setattr(module, "VERBS", {"opens": "opened"})
    words = {word: untrained.task.source.encode(word)[0] for word in ("opens", "is", "opened", "by")}
    vector = {word: bag.table[0, token] for word, token in words.items()}
    by_hand = (vector["opens"] - vector["is"] - vector["opened"] - vector["by"]).norm().item()
    one = module.phrases()
    states = {kind: encoded(bag, untrained.task, one[kind].tolist())[0] for kind in module.KINDS}
    assert (states["active"] - states["voice"]).norm(dim=1).tolist() == pytest.approx([by_hand] * len(one))


def test_states_are_those_after_each_phrase_alone(untrained):
    model = untrained.load_model()
    short, long = "The table opens the chart.", "The chart is opened by the table."
    both = encoded(model, untrained.task, [short, long])
    for place, text in enumerate((short, long)):
        batch = untrained.task.example(untrained.task.source.encode(text))
        alone = model.encode(batch.source.expand(2, -1, -1), batch.source_length.expand(2, -1))
        torch.testing.assert_close(both[:, place], alone[:, 0])


def test_the_map_has_every_phrase_in_both_voices_along_axes_that_are_uncorrelated(untrained):
    table = phrase_map(untrained)
    assert len(table) == 12 and table.phrase.is_unique
    assert table.groupby("voice").size().to_dict() == {"active": 6, "passive": 6}
    assert table.x.mean() == pytest.approx(0, abs=1e-9) and table.y.mean() == pytest.approx(0, abs=1e-9)
    assert (table.x * table.y).sum() == pytest.approx(0, abs=1e-9)
    assert table.x.var() >= table.y.var()
    assert 0 < table.share_y[0] <= table.share_x[0] < 1
