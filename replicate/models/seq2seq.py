"""The encoder-decoder around any cell: one embedding table, an encoder cell, a decoder cell and a readout.

A *cell* is a module with

- `input_size`: the width of what it is given at each step;
- `state_size`: the width of its state, everything the next step needs;
- `embed(table [R, V, E]) -> [R, V, input_size]`: its input map, once a token id instead of once a token;
- `run(start [R, B, state_size] or None, inputs [R, N, input_size], sizes) -> [R, N, state_size]`: the state
  after each step of packed samples (`packing.Packing`), from zero where `start` is None;
- `output(states) -> [R, N, H]`: the part of a state that the readout sees.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from replicate.models.layers import Embedding, take
from replicate.models.packing import Packing
from replicate.tasks.batch import PAD, Batch


class Seq2Seq(nn.Module):
    """Encode a source into a state, decode the target from it.

    With `feed_previous` the decoder is given the token before (the target's own in training, its own answer's
    when it generates), and EOS at first; without it the decoder has its state alone, as in the post.
    """

    def __init__(
        self,
        embedding: Embedding,
        encoder: nn.Module,
        decoder: nn.Module,
        readout: nn.Module,
        feed_previous: bool,
    ):
        super().__init__()
        self.embedding, self.encoder, self.decoder, self.readout = embedding, encoder, decoder, readout
        self.feed_previous = feed_previous
        self.eos = embedding.weight.shape[1] - 1

    def encode(self, source: Tensor, source_length: Tensor) -> Tensor:
        """`[R, B, S]`, `[R, B]` -> the state after each source's last token, `[R, B, state_size]`."""
        packing = Packing.of(source_length)
        inputs = take(self.encoder.embed(self.embedding.weight), packing.pack(source))  # [R, N, X]
        return take(self.encoder.run(None, inputs, packing.sizes), packing.last)

    def loss(self, batch: Batch) -> Tensor:
        """Each round's mean cross entropy over its target tokens, EOS counted: `[R]`, in nats."""
        state = self.encode(batch.source, batch.source_length)
        packing = Packing.of(batch.target_length)
        start = take(state, packing.order)  # [R, B, state_size]
        previous = F.pad(batch.target[:, :, :-1], (1, 0), value=self.eos)
        inputs = self._decoder_inputs(packing.pack(previous))
        logits = self.readout(
            self.decoder.output(self.decoder.run(start, inputs, packing.sizes))
        )  # [R, N, V]
        target = packing.pack(batch.target)  # [R, N]; a spare row holds PAD and is ignored
        nats = F.cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=PAD, reduction="none")
        return nats.view_as(target).sum(1) / batch.target_length.sum(1)

    def decode_step(self, state: Tensor, previous: Tensor) -> tuple[Tensor, Tensor]:
        """A state and the token before, `[R, B]` -> the next state and its logits `[R, B, V]`."""
        state = self.decoder.run(state, self._decoder_inputs(previous), [state.shape[1]])
        return state, self.readout(self.decoder.output(state))

    def _decoder_inputs(self, previous: Tensor) -> Tensor:
        """Tokens `[R, N]` -> `[R, N, input_size]`, zero for a decoder that is fed nothing."""
        if self.feed_previous:
            return take(self.decoder.embed(self.embedding.weight), previous)
        return self.embedding.weight.new_zeros(()).expand(*previous.shape, self.decoder.input_size)
