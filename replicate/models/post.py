"""The post's model: a tanh RNN made of three-layer maps, and a decoder that never sees its own output.

Source: the post, section 2; `reference.py` states it plainly.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..task import PAD, Batch
from .layers import Embedding, mlp, take
from .mlp_recurrence import run_mlp
from .packing import Packing


class PostModel(nn.Module):
    """Encoder h = tanh(xh(x) + hh(h)) from zero; decoder h = relu(hh(h)), logits = hv(h); one embedding."""

    def __init__(self, rounds: int, vocab_size: int, embedding_size: int, hidden_size: int):
        super().__init__()
        self.rounds, self.hidden_size, self.eos = rounds, hidden_size, vocab_size - 1
        self.embedding = Embedding(rounds, vocab_size, embedding_size)
        self.encoder_xh = mlp(rounds, embedding_size, hidden_size, hidden_size)
        self.encoder_hh = mlp(rounds, hidden_size, hidden_size, hidden_size)
        self.decoder_hh = mlp(rounds, hidden_size, hidden_size, hidden_size)
        self.decoder_hv = mlp(rounds, hidden_size, hidden_size, vocab_size)

    @classmethod
    def of(cls, config, rounds: int) -> "PostModel":
        return cls(rounds, config.vocab_size, config.embedding_size, config.hidden_size)

    def encode(self, source: Tensor, source_length: Tensor) -> Tensor:
        """`[R, B, S]`, `[R, B]` -> the state after each source's last token, `[R, B, H]`."""
        packing = Packing.of(source_length)
        table = self.encoder_xh(self.embedding.weight)  # [R, V, H]: xh once a token id, not once a token
        inputs = take(table, packing.pack(source))  # [R, N, H]
        # Every sample starts from zero, so the first step's hh is one row a round.
        samples = packing.sizes[0]
        zero = inputs.new_zeros(self.rounds, 1, self.hidden_size)
        states = torch.tanh(inputs[:, :samples] + self.encoder_hh(zero))
        if len(packing.sizes) > 1:
            rest = run_mlp(self.encoder_hh, states, inputs[:, samples:], "tanh", packing.sizes[1:])
            states = torch.cat([states, rest], dim=1)  # [R, N, H]
        return take(states, packing.last)

    def loss(self, batch: Batch) -> Tensor:
        """Each round's mean cross entropy over its target tokens, EOS counted: `[R]`, in nats."""
        state = self.encode(batch.source, batch.source_length)
        packing = Packing.of(batch.target_length)
        start = take(state, packing.order)  # [R, B, H]
        inputs = start.new_zeros(()).expand(self.rounds, len(packing.step), self.hidden_size)
        logits = self.decoder_hv(run_mlp(self.decoder_hh, start, inputs, "relu", packing.sizes))  # [R, N, V]
        target = packing.pack(batch.target)  # [R, N]; a spare row holds PAD and is ignored
        nats = F.cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=PAD, reduction="none")
        return nats.view_as(target).sum(1) / batch.target_length.sum(1)

    def decode_step(self, state: Tensor) -> tuple[Tensor, Tensor]:
        """`[R, B, H]` -> the next state and its logits `[R, B, V]`."""
        state = torch.relu(self.decoder_hh(state))
        return state, self.decoder_hv(state)

    @torch.no_grad()
    def generate(self, source: Tensor, source_length: Tensor, max_steps: int) -> Tensor:
        """The most probable token at each step: `[R, B, max_steps]`, PAD after EOS."""
        state = self.encode(source, source_length)
        tokens = source.new_full((*source.shape[:2], max_steps), PAD)
        running = torch.ones_like(source_length, dtype=torch.bool)  # [R, B]
        for t in range(max_steps):
            state, logits = self.decode_step(state)
            tokens[:, :, t] = logits.argmax(2).masked_fill(~running, PAD)
            running &= tokens[:, :, t] != self.eos
            if not running.any():
                break
        return tokens
