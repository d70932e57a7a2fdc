"""The encoder-decoder around any recurrent stack: embeddings, an encoder, a decoder and a readout."""

from collections.abc import Callable
from typing import Protocol

import torch.nn.functional as F
from torch import Tensor, nn

from replicate.models.cross_entropy import mean_nats
from replicate.models.dropout import Drop, Generators, row_dropout
from replicate.models.layers import LARGE, Embedding, take
from replicate.models.packing import Packing
from replicate.tasks.batch import Batch
from replicate.tasks.task import Task


class Stack(Protocol):
    """The recurrent layers of an encoder or a decoder: an `nn.Module` with these."""

    input_size: int  # X, the width of what it is given at each step
    state_size: int  # the width of its state, everything the next step needs

    def embed(self, table: Tensor) -> Tensor:
        """Its input map: embedded tokens `[R, N, E]` -> `[R, N, X]`."""

    def run(self, start: Tensor | None, inputs: Tensor, sizes: list[int]) -> Tensor:
        """The state after each step of packed samples (`packing.Packing`).

        start `[R, B, state_size]`, or None for zero; inputs `[R, N, X]` -> `[R, N, state_size]`.
        """

    def output(self, states: Tensor) -> Tensor:
        """The part of states that the readout sees: `[R, N, state_size]` -> `[R, N, H]`."""


class Seq2Seq(nn.Module):
    """Encode a source into a state, decode the target from it.

    Sources and batches are given on the CPU, wherever the parameters are; states and logits are with these.
    With `feed_previous` the decoder is given the token before (the target's own in training, its own answer's
    when it generates), and BOS at first; without it the decoder has its state alone, as in the post.
    """

    def __init__(
        self,
        task: Task,
        rounds: int,
        embedding_size: int,
        encoder: Stack,
        decoder: Stack,
        readout: nn.Module,
        feed_previous: bool,
        dropout: float = 0.0,
    ):
        super().__init__()
        self.bos, self.eos = task.target.bos, task.target.eos
        self.embedding = Embedding(rounds, task.source.size, embedding_size)
        shared = task.source is task.target
        # A decoder that is fed nothing would never use one.
        own = feed_previous and not shared
        self.target_embedding = Embedding(rounds, task.target.size, embedding_size) if own else None
        self.encoder, self.decoder, self.readout = encoder, decoder, readout
        self.feed_previous, self.dropout = feed_previous, dropout

    def encode(self, source: Tensor, source_length: Tensor, generators: Generators = None) -> Tensor:
        """`[R, B, S]`, `[R, B]` -> the state after each source's last token, `[R, B, state_size]`."""
        packing = Packing.of(source_length)
        drop = row_dropout(self.dropout, generators, packing)
        inputs = embedded(self.embedding, packing.pack(source), self.encoder.embed, drop)  # [R, N, X]
        return take(self.encoder.run(None, inputs, packing.sizes), packing.last)

    def loss(self, batch: Batch, generators: Generators = None) -> Tensor:
        """Each training's mean cross entropy over its target tokens, EOS counted: `[R]`, in nats.

        Dropout is left out without generators.
        """
        state = self.encode(batch.source, batch.source_length, generators)
        packing = Packing.of(batch.target_length)
        drop = row_dropout(self.dropout, generators, packing)
        start = take(state, packing.order)  # [R, B, state_size]
        previous = F.pad(batch.target[:, :, :-1], (1, 0), value=self.bos)
        inputs = self._decoder_inputs(packing.pack(previous), drop)
        states = self.decoder.run(start, inputs, packing.sizes)  # [R, N, state_size]
        seen = self.decoder.output(states)  # [R, N, H]
        seen = drop(seen) if drop else seen
        target = packing.pack(batch.target)  # [R, N]; a spare row holds PAD
        return mean_nats(self.readout, seen, target, batch.target_length)

    def decode_step(self, state: Tensor, previous: Tensor) -> tuple[Tensor, Tensor]:
        """A state and the token before, `[R, B]` -> the next state and its logits `[R, B, V]`."""
        state = self.decoder.run(state, self._decoder_inputs(previous), [state.shape[1]])
        return state, self.readout(self.decoder.output(state))

    def _decoder_inputs(self, previous: Tensor, drop: Drop | None = None) -> Tensor:
        """Tokens `[R, N]` -> `[R, N, X]`, zero for a decoder that is fed nothing."""
        if self.feed_previous:
            return embedded(self.target_embedding or self.embedding, previous, self.decoder.embed, drop)
        return self.embedding.weight.new_zeros(()).expand(*previous.shape, self.decoder.input_size)


def embedded(
    embedding: Embedding,
    tokens: Tensor,
    input_map: Callable[[Tensor], Tensor],
    drop: Drop | None = None,
) -> Tensor:
    """Tokens `[R, N]` embedded and mapped, `[R, N, X]`; a small vocabulary is mapped as a whole."""
    table = embedding.weight  # [R, V, E]
    if drop:
        return input_map(drop(take(table, tokens)))
    if table.shape[1] > LARGE:
        return input_map(take(table, tokens))
    return take(input_map(table), tokens)
