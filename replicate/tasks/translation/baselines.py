"""Answers without a model: none at all, and the translation of what is most alike."""

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor

from replicate.tasks.batch import Batch
from replicate.tasks.task import CHUNK
from replicate.tasks.translation.tokens import EOS, SPECIAL


def empty_answer(batch: Batch) -> Tensor:
    """EOS at once, whatever the source."""
    return torch.full_like(batch.target, EOS)


class Retrieval:
    """The translation of the training sentence with the most similar words: a memory that does not translate.

    Similar is what shares most of all the words of both (Jaccard); of several the first counts. Words out of
    the vocabulary are left out.
    """

    def __init__(self, training: Batch, size: int):
        """Of training pairs, R = 1, whose sources have a vocabulary of this size."""
        self.size = size
        self.targets = training.target[0]  # [K, T]
        self.known = self._types(training.source[0])  # [K, V]

    def __call__(self, batch: Batch) -> Tensor:
        """`[R, B, S]` -> `[R, B, T]`."""
        sources, place = batch.source.flatten(0, 1).unique(dim=0, return_inverse=True)  # rounds share them
        nearest = torch.cat([self._nearest(rows) for rows in sources.split(CHUNK)])
        return self.targets[nearest[place]].unflatten(0, batch.source.shape[:2])

    def _nearest(self, source: Tensor) -> Tensor:
        """`[N, S]` -> the most similar of the training sentences, `[N]`."""
        types = self._types(source)  # [N, V]
        shared = (types @ self.known.T).toarray()  # [N, K]
        union = types.sum(1)[:, np.newaxis] + self.known.sum(1) - shared
        return torch.from_numpy((shared / np.maximum(union, 1)).argmax(1))

    def _types(self, source: Tensor) -> csr_array:
        """`[N, S]` -> `[N, V]`, 1 where a sentence has a word."""
        place, step = (source >= len(SPECIAL)).nonzero(as_tuple=True)
        words = source[place, step]
        table = csr_array(
            (np.ones(len(words), np.float32), (place.numpy(), words.numpy())), (len(source), self.size)
        )
        table.data[:] = 1  # however often it has it
        return table
