"""The post, written plainly: one training at a time, one step at a time.

This file is the readable statement of what the rest of the library computes fast. The tests hold the
library to it and the benchmark measures against it. Source: the post, sections 2 and 3.
"""

import random

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PAD = 0


def is_prime(x: int) -> bool:
    """Trial division: greater than 1 and divisible only by 1 and itself."""
    return x > 1 and all(x % d for d in range(2, int(x**0.5) + 1))


def sample_pair(
    rng: random.Random, max_length: int, max_value: int, reverse: bool = False
) -> tuple[list[int], list[int]]:
    """One source and its target without EOS: n uniform on 1..max_length, values on 1..max_value."""
    values = [rng.randint(1, max_value) for _ in range(rng.randint(1, max_length))]
    primes = [x for x in values if is_prime(x)]
    return (values[::-1] if reverse else values), primes


def sample_batch(
    rng: random.Random, batch_size: int, max_length: int, max_value: int, eos: int, reverse: bool = False
) -> tuple[Tensor, Tensor, Tensor]:
    """A padded batch, sample by sample.

    Returns:
        source `[B, S]`, source_length `[B]` and target `[B, T]` (EOS, then PAD).
    """
    pairs = [sample_pair(rng, max_length, max_value, reverse) for _ in range(batch_size)]
    source = nn.utils.rnn.pad_sequence([torch.tensor(s) for s, _ in pairs], batch_first=True)
    target = nn.utils.rnn.pad_sequence([torch.tensor([*t, eos]) for _, t in pairs], batch_first=True)
    return source, torch.tensor([len(s) for s, _ in pairs]), target


def mlp(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    """The post's three-layer map: hidden*2, hidden//2, outputs, with ReLU between."""
    return nn.Sequential(
        nn.Linear(inputs, hidden * 2),
        nn.ReLU(),
        nn.Linear(hidden * 2, hidden // 2),
        nn.ReLU(),
        nn.Linear(hidden // 2, outputs),
    )


class Encoder(nn.Module):
    """h = tanh(xh(x) + hh(h)), from zero; a padded step keeps the state."""

    def __init__(self, embedding_size: int, hidden_size: int):
        super().__init__()
        self.hidden_size = hidden_size
        self.xh = mlp(embedding_size, hidden_size, hidden_size)
        self.hh = mlp(hidden_size, hidden_size, hidden_size)

    def forward(self, embedded: Tensor, source_length: Tensor) -> Tensor:
        batch_size, steps, _ = embedded.shape  # [B, S, E]
        state = embedded.new_zeros(batch_size, self.hidden_size)  # [B, H]
        for t in range(steps):
            updated = torch.tanh(self.xh(embedded[:, t]) + self.hh(state))  # [B, H]
            state = torch.where((t < source_length).unsqueeze(1), updated, state)
        return state


class Decoder(nn.Module):
    """h = relu(hh(h)), logits = hv(h), a given number of times; no token is fed back."""

    def __init__(self, hidden_size: int, vocab_size: int):
        super().__init__()
        self.hh = mlp(hidden_size, hidden_size, hidden_size)
        self.hv = mlp(hidden_size, hidden_size, vocab_size)

    def forward(self, state: Tensor, steps: int) -> Tensor:
        logits = []
        for _ in range(steps):
            state = torch.relu(self.hh(state))  # [B, H]
            logits.append(self.hv(state))
        return torch.stack(logits, dim=1)  # [B, steps, V]


class Seq2Seq(nn.Module):
    """The post's encoder and decoder around one embedding table."""

    def __init__(self, vocab_size: int = 101, embedding_size: int = 32, hidden_size: int = 128):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_size)
        self.encoder = Encoder(embedding_size, hidden_size)
        self.decoder = Decoder(hidden_size, vocab_size)

    def forward(self, source: Tensor, source_length: Tensor, steps: int) -> Tensor:
        return self.decoder(self.encoder(self.embedding(source), source_length), steps)  # [B, steps, V]

    def loss(self, source: Tensor, source_length: Tensor, target: Tensor) -> Tensor:
        """Mean cross entropy over the batch's target tokens, EOS counted, PAD ignored."""
        logits = self(source, source_length, target.shape[1])
        return F.cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=PAD)


def train(model: Seq2Seq, batches, learning_rate: float = 5e-4) -> list[float]:
    """One Adam update a batch of (source, source_length, target); returns each batch's loss."""
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    losses = []
    for batch in batches:
        loss = model.loss(*batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def longest_common_subsequence(a: list[int], b: list[int]) -> int:
    """The textbook table: best[i][j] for the first i of `a` and the first j of `b`."""
    best = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            best[i + 1][j + 1] = best[i][j] + 1 if x == y else max(best[i][j + 1], best[i + 1][j])
    return best[-1][-1]
