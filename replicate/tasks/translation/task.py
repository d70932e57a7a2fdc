"""Translation: from a sentence to its translation, the task of the paper."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from replicate.randomness import make_generator
from replicate.tasks.batch import Batch
from replicate.tasks.pairs import until_eos, without_unknown
from replicate.tasks.task import CHUNK, Answer, Split, Vocabulary
from replicate.tasks.translation.baselines import Retrieval, empty_answer
from replicate.tasks.translation.corpus import CorpusError, Pair
from replicate.tasks.translation.metrics import METRICS, corpus_scores, score_pairs
from replicate.tasks.translation.settings import TranslationSettings
from replicate.tasks.translation.split import Splits, split
from replicate.tasks.translation.subwords import Subwords
from replicate.tasks.translation.tokens import EOS, SPECIAL, UNK, Words, words

BUCKET = 10  # batches: the sentences of about one length that a bucketed batch is drawn from


class TranslationTask:
    """Sentences of a parallel text and their translations, split into train, validation and test.

    "The red car." -> "La voiture rouge." in words: `[4, 9, 8, 5]` -> `[7, 12, 10, 4, EOS]`; with `reverse`
    the source is `[5, 8, 9, 4]` and the target stays. The text is read when it is first needed.
    """

    Settings = TranslationSettings
    metrics = METRICS
    headline = "bleu"

    def __init__(self, settings: TranslationSettings):
        self.settings = settings
        self.reverse, self.source_eos = settings.reverse, settings.source_eos
        self.max_source_length = settings.max_tokens
        self.max_target_length = settings.max_tokens + 1
        self.baselines: dict[str, Answer] = {
            "retrieval": lambda batch: self._retrieval(batch),
            "always empty": empty_answer,
        }

    @cached_property
    def splits(self) -> Splits:
        return split(self.settings.read())

    @cached_property
    def source(self) -> Vocabulary:
        return self._vocabulary(pair.source for pair in self.splits.train)

    @cached_property
    def target(self) -> Vocabulary:
        return self._vocabulary(pair.target for pair in self.splits.train)

    @cached_property
    def ids(self) -> dict[str, list[tuple[list[int], list[int]]]]:
        """The ids of the pairs of each split, as they are written, without those that are too long."""
        return {name: self._encode(name, pairs) for name, pairs in vars(self.splits).items()}

    def pairs(self, split: Split) -> list[Pair]:
        """The pairs of a split as they are written, in its order, without those that are too long."""
        longest = self.settings.max_tokens
        return [pair for pair in getattr(self.splits, split) if max(map(len, self._ids_of(pair))) <= longest]

    def sample(self, generators: list[torch.Generator], batch_size: int) -> Batch:
        """One batch a training, round r from `generators[r]` alone, in which every pair is equally likely.

        Without buckets each place of a batch has its own share of the pairs in order of length, so that all
        trainings are about equally long at each update, as their packed samples want it.
        """
        count = len(self._by_length)
        buckets = max(1, count // (BUCKET * batch_size))
        chosen = []
        for generator in generators:
            place = torch.rand(batch_size, generator=generator, dtype=torch.float64)  # [B]
            if self.settings.bucket:
                share = (torch.randint(buckets, (), generator=generator) + place) / buckets
            else:
                share = (torch.arange(batch_size) + place) / batch_size
            chosen.append(self._by_length[(share * count).long().clamp(max=count - 1)])
        return _rows(self._encoded["train"], torch.stack(chosen))

    def batches(self, split: Split, generators: list[torch.Generator], samples: int) -> Iterator[Batch]:
        """The first `samples` of a fixed split, or all, the same for every training."""
        encoded = self._encoded[split]
        count = min(samples, encoded.source.shape[1])
        for chosen in torch.arange(count).split(CHUNK):
            yield _rows(encoded, chosen.expand(len(generators), -1))

    def statistics(self, prediction: Tensor, target: Tensor) -> dict[str, Tensor]:
        """Of words, whatever the tokens are."""
        if self.settings.tokens == "subwords":
            prediction, target = self._in_words(prediction, target)
        return score_pairs(prediction, without_unknown(target, self.target), EOS)

    def scores(self, means: Mapping[str, float]) -> dict[str, float]:
        return corpus_scores(means)

    def example(self, source: Sequence[int]) -> Batch:
        """One pair with a source of one's own; its target has length 0 where the text has no translation."""
        target = self._translations.get(tuple(source))
        pair = self._batch([(list(source), target or [])])
        if target is None:  # not the empty answer, which would be EOS alone
            nothing, length = pair.target[:, :, :0], torch.zeros_like(pair.target_length)
            pair = replace(pair, target=nothing, target_length=length)
        return pair

    def _vocabulary(self, texts: Iterator[str]) -> Vocabulary:
        if self.settings.tokens == "words":
            known, least = Words(texts, self.settings.min_count), self.settings.min_count
            if known.size == len(SPECIAL):
                raise CorpusError(f"no word stands {least} times in train, as min_count asks for")
            return known
        return Subwords(texts, self.settings.subwords)

    def _encode(self, name: str, pairs: Sequence[Pair]) -> list[tuple[list[int], list[int]]]:
        longest = self.settings.max_tokens
        if not pairs:  # the split drops them
            raise CorpusError(f"nothing is left for {name}: every pair of its pages stands in train too")
        rows = [row for row in map(self._ids_of, pairs) if max(map(len, row)) <= longest]
        if not rows:
            raise CorpusError(f"the text has no pair of at most {longest} tokens a side for {name}")
        return rows

    def _ids_of(self, pair: Pair) -> tuple[list[int], list[int]]:
        return self.source.encode(pair.source), self.target.encode(pair.target)

    @cached_property
    def _encoded(self) -> dict[str, Batch]:
        """Each split as one batch, R = 1."""
        return {name: self._batch(rows) for name, rows in self.ids.items()}

    @cached_property
    def _by_length(self) -> Tensor:
        """The places of the training pairs in order of their lengths, equally long ones mixed, `[K]`."""
        train = self._encoded["train"]
        length = train.source_length[0] * (self.max_target_length + 1) + train.target_length[0]
        mixed = torch.randperm(len(length), generator=make_generator(0, 0, "equally long"))
        return mixed[length[mixed].argsort(stable=True)]

    @cached_property
    def _translations(self) -> dict[tuple[int, ...], list[int]]:
        """By the source, the first of several; sentences that differ in words that are UNK would be one."""
        rows = [row for rows in self.ids.values() for row in rows if UNK not in row[0]]
        return {tuple(source): target for source, target in reversed(rows)}

    @cached_property
    def _retrieval(self) -> Retrieval:
        return Retrieval(self._encoded["train"], self.source.size)

    def _batch(self, rows: Sequence[tuple[list[int], list[int]]]) -> Batch:
        """Of the ids of B pairs, R = 1."""
        end = [EOS] if self.source_eos else []
        sources = [(source[::-1] if self.reverse else source) + end for source, _ in rows]
        return Batch(*_padded(sources), *_padded([[*target, EOS] for _, target in rows]))

    def _in_words(self, prediction: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Pieces put together: other ids, one a word, for both sides."""
        ids: dict[str, int] = {}
        sides = []
        for tokens, unknown in ((prediction, "\ud800"), (target, "\ud801")):  # which no text holds
            rows = [words(self.target.decode(until_eos(row, EOS), unknown)) for row in tokens.tolist()]
            sides.append([[ids.setdefault(word, len(SPECIAL) + len(ids)) for word in row] for row in rows])
        return tuple(_padded([[*row, EOS] for row in rows])[0][0] for rows in sides)


def _padded(rows: Sequence[list[int]]) -> tuple[Tensor, Tensor]:
    """B rows of ids -> `[1, B, T]`, padded with PAD, and their lengths `[1, B]`."""
    length = torch.tensor([[len(row) for row in rows]])
    return pad_sequence([torch.tensor(row) for row in rows], batch_first=True).unsqueeze(0), length


def _rows(encoded: Batch, chosen: Tensor) -> Batch:
    """The chosen pairs `[R, B]` of a split, cut at the longest among them."""
    source_length, target_length = encoded.source_length[0, chosen], encoded.target_length[0, chosen]
    return Batch(
        encoded.source[0, chosen][:, :, : int(source_length.max())],
        source_length,
        encoded.target[0, chosen][:, :, : int(target_length.max())],
        target_length,
    )
