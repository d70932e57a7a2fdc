"""The encoder-decoder LSTM with additive attention (Bahdanau et al. 2015): no single state holds the source.

At each step the decoder, in state s, weighs the encoder's states h_j by the softmax of tanh(s W + h_j U) v
and is given the token before and their weighted mean. Unlike theirs, the encoder reads in one direction, so
that attention is all that differs from `lstm.py`.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from replicate.models.cross_entropy import mean_nats
from replicate.models.dropout import Generators, row_dropout
from replicate.models.layers import Embedding, Linear, moved, take
from replicate.models.lstm import LSTMStack
from replicate.models.packing import Packing
from replicate.models.seq2seq import embedded
from replicate.models.settings import AttentionSettings
from replicate.tasks.batch import Batch
from replicate.tasks.task import Task

Memory = tuple[Tensor, Tensor, Tensor]  # encoder states [R, B, S, H], the same times U, their bias [R, B, S]


class AttentionSeq2Seq(nn.Module):
    """An encoder, and a decoder that looks back at it; a state is the decoder's own and the memory."""

    def __init__(self, task: Task, rounds: int, embedding_size: int, hidden_size: int, dropout: float = 0.0):
        super().__init__()
        self.bos, self.eos = task.target.bos, task.target.eos
        self.dropout = dropout
        self.embedding = Embedding(rounds, task.source.size, embedding_size)
        shared = task.source is task.target
        self.target_embedding = None if shared else Embedding(rounds, task.target.size, embedding_size)
        self.encoder = LSTMStack(rounds, embedding_size, hidden_size, layers=1, fed=True)
        self.decoder = LSTMStack(rounds, embedding_size + hidden_size, hidden_size, layers=1, fed=True)
        self.query = Linear(rounds, hidden_size, hidden_size)
        self.key = Linear(rounds, hidden_size, hidden_size)
        self.score = Linear(rounds, hidden_size, 1)
        self.readout = Linear(rounds, 2 * hidden_size, task.target.size)

    def encode(
        self, source: Tensor, source_length: Tensor, generators: Generators = None
    ) -> tuple[Tensor, ...]:
        """`[R, B, S]`, `[R, B]` -> the decoder's first state `[R, B, 2H]`, then its memory."""
        packing = Packing.of(source_length)
        drop = row_dropout(self.dropout, generators, packing)
        inputs = embedded(self.embedding, packing.pack(source), self.encoder.embed, drop)
        states = self.encoder.run(None, inputs, packing.sizes)  # [R, N, 2H]
        memory = packing.unpack(self.encoder.output(states))  # [R, B, S, H]
        keys = self.key(memory.flatten(1, 2)).view_as(memory)
        inside = torch.arange(memory.shape[2]) < source_length.unsqueeze(2)
        bias = torch.zeros_like(inside, dtype=memory.dtype).masked_fill(~inside, float("-inf"))
        return take(states, packing.last), memory, keys, moved(bias, keys)

    def loss(self, batch: Batch, generators: Generators = None) -> Tensor:
        """Each training's mean cross entropy over its target tokens, EOS counted: `[R]`, in nats.

        Dropout is left out without generators.
        """
        encoded = self.encode(batch.source, batch.source_length, generators)
        packing = Packing.of(batch.target_length)
        drop = row_dropout(self.dropout, generators, packing)
        own, *memory = (_in_order(part, packing.order) for part in encoded)
        previous = F.pad(batch.target[:, :, :-1], (1, 0), value=self.bos)
        tokens = take(self._table(), packing.pack(previous))  # [R, N, E]
        of_token, of_context = self._input_maps()
        inputs = self._mapped(drop(tokens) if drop else tokens, of_token)  # [R, N, 4H]
        seen = []
        for size, x in zip(packing.sizes, inputs.split(packing.sizes, dim=1), strict=True):
            own, memory = own[:, :size], [part[:, :size] for part in memory]
            own, step_seen = self._step(own, memory, x, of_context)
            seen.append(step_seen)
        seen = torch.cat(seen, dim=1)  # [R, N, 2H]
        seen = drop(seen) if drop else seen
        return mean_nats(self.readout, seen, packing.pack(batch.target), batch.target_length)

    def decode_step(self, state: tuple[Tensor, ...], previous: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        """A state and the token before, `[R, B]` -> the next state and its logits `[R, B, V]`."""
        own, *memory = state
        of_token, of_context = self._input_maps()
        x = self._mapped(take(self._table(), previous), of_token)
        own, seen = self._step(own, memory, x, of_context)
        return (own, *memory), self.readout(seen)

    def _table(self) -> Tensor:
        """The embedded target tokens, `[R, V, E]`."""
        return (self.target_embedding or self.embedding).weight

    def _input_maps(self) -> tuple[Tensor, Tensor]:
        """The decoder's input map in two: for a token, `[R, E, 4H]`, and for the context, `[R, H, 4H]`.

        All tokens of a target are mapped at once; each context is known only after the step before.
        """
        weight, width = self.decoder.xh[0].weight, self.decoder.hidden_size
        return weight.split([weight.shape[1] - width, width], dim=1)

    def _mapped(self, tokens: Tensor, of_token: Tensor) -> Tensor:
        """Embedded tokens `[R, N, E]` -> what they add to the decoder's input, `[R, N, 4H]`."""
        return torch.baddbmm(self.decoder.xh[0].bias, tokens, of_token)

    def _step(self, own: Tensor, memory: Memory, x: Tensor, of_context: Tensor) -> tuple[Tensor, Tensor]:
        """A state `[R, B, 2H]`, a mapped token `[R, B, 4H]` -> the next state and what the readout sees."""
        context, _ = self.look_back(self.decoder.output(own), memory)
        own = self.decoder.run(own, torch.baddbmm(x, context, of_context), [own.shape[1]])
        return own, torch.cat([self.decoder.output(own), context], dim=2)  # [R, B, 2H]

    def look_back(self, hidden: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """Where a hidden state `[R, B, H]` looks: the context `[R, B, H]` and the weights `[R, B, S]`."""
        states, keys, bias = memory
        match = torch.tanh(self.query(hidden).unsqueeze(2) + keys)  # [R, B, S, H]
        weights = (self.score(match.flatten(1, 2)).view_as(bias) + bias).softmax(2)
        return torch.einsum("rbs,rbsh->rbh", weights, states), weights


def _in_order(part: Tensor, order: Tensor) -> Tensor:
    """Samples of `[R, B, ...]` in another order, `[R, B]`."""
    return take(part.flatten(2), order).unflatten(2, part.shape[2:])


def build_attention(settings: AttentionSettings, task: Task, rounds: int) -> AttentionSeq2Seq:
    return AttentionSeq2Seq(task, rounds, settings.embedding_size, settings.hidden_size, settings.dropout)
