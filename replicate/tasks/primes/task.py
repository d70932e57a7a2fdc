"""Prime extraction: from a list of integers, output its primes in order (the post, section 3)."""

import torch
from torch import Tensor
from torch.nn.functional import pad

from replicate.randomness import make_generator
from replicate.tasks.batch import PAD, Batch


def prime_table(size: int) -> Tensor:
    """`[size]` of bool: whether each integer below `size` is prime (the sieve of Eratosthenes)."""
    table = torch.ones(size, dtype=torch.bool)
    table[:2] = False
    for x in range(2, int(size**0.5) + 1):
        if table[x]:
            table[x * x :: x] = False
    return table


def mirror(values: Tensor, length: Tensor) -> Tensor:
    """Each row's first `length [R, B]` values in reverse, `[R, B, S]`; the rest stays."""
    position = torch.arange(values.shape[2], device=values.device)
    length = length.unsqueeze(2)
    return values.gather(2, torch.where(position < length, length - 1 - position, position))


class PrimeTask:
    """Sources of 1..max_length values and their primes, in input order.

    With vocab_size 101, `[4, 7, 9, 2]` -> `[7, 2, EOS]`, where EOS is 100; with `reverse` the source is
    `[2, 9, 7, 4]` and the target stays. Source: the post, section 3; it draws values from 1..vocab_size-2.
    The author's notebook drew from 1..vocab_size-1 (`values="notebook"`): that value, never a target,
    shares its id with EOS. Values are uniform; with `skew` the k-th commonest has the weight k ** -skew, in
    an order that is shuffled once for each `skew_order`, whatever the seed. With `source_eos` the source ends
    in EOS too, which `source_length` counts, after any reversal.
    """

    def __init__(
        self,
        vocab_size: int,
        max_length: int,
        reverse: bool = False,
        values: str = "text",
        skew: float = 0.0,
        source_eos: bool = False,
        skew_order: int = 0,
    ):
        self.eos = vocab_size - 1
        self.max_length = max_length
        self.reverse = reverse
        self.max_value = vocab_size - 1 if values == "notebook" else vocab_size - 2
        self.is_prime = prime_table(vocab_size)
        self.is_prime[self.eos] = False  # the id of EOS is no value of a target
        self.skew, self.source_eos = skew, source_eos
        order = torch.randperm(self.max_value, generator=make_generator(skew_order, 0, "commonness"))
        weights = torch.zeros(self.max_value + 1, dtype=torch.float64)
        weights[1 + order] = torch.arange(1, self.max_value + 1, dtype=torch.float64) ** -skew
        self.probability = weights / weights.sum()  # of each value, 0..max_value

    @classmethod
    def of(cls, config) -> "PrimeTask":
        return cls(
            config.vocab_size,
            config.max_length,
            config.reverse,
            config.values,
            config.skew,
            config.source_eos,
            config.skew_order,
        )

    @property
    def max_target_length(self) -> int:
        """Every value prime, then EOS."""
        return self.max_length + 1

    def sample(self, generators: list[torch.Generator], batch_size: int) -> Batch:
        """One batch a round; round r draws from `generators[r]` alone. T = max_length + 1 = S or S + 1."""
        shape = (batch_size, self.max_length)
        length = torch.stack([torch.randint(1, shape[1] + 1, shape[:1], generator=g) for g in generators])
        values = torch.stack([self._values(shape, g) for g in generators])
        return self.batch_of(values, length)

    def _values(self, shape: tuple[int, int], generator: torch.Generator) -> Tensor:
        if not self.skew:
            return torch.randint(1, self.max_value + 1, shape, generator=generator)
        flat = torch.multinomial(self.probability, shape[0] * shape[1], replacement=True, generator=generator)
        return flat.view(shape)

    def batch_of(self, values: Tensor, length: Tensor) -> Batch:
        """The batch of given values `[R, B, S]`, of which each sample's first `length [R, B]` count."""
        position = torch.arange(values.shape[2])
        inside = position < length.unsqueeze(2)  # [R, B, S]
        values = values.masked_fill(~inside, PAD)
        keep = self.is_prime[values]
        primes = keep.sum(2)  # [R, B]
        target = values.new_zeros(*values.shape[:2], values.shape[2] + 1)
        # A prime goes to the place of its rank; all else to the last place, which EOS or PAD then takes.
        place = torch.where(keep, keep.cumsum(2) - 1, values.shape[2])
        target.scatter_(2, place, values * keep)
        target.scatter_(2, primes.unsqueeze(2), self.eos)
        if self.reverse:
            values = mirror(values, length)
        if self.source_eos:
            values = pad(values, (0, 1)).scatter_(2, length.unsqueeze(2), self.eos)
            length = length + 1
        return Batch(values, length, target, primes + 1)

    def prime_share(self) -> float:
        """P(a value is prime)."""
        return self.probability[self.is_prime[: self.max_value + 1]].sum().item()

    def empty_share(self) -> float:
        """P(no primes in the source): the mean over n of (1 - share of primes)^n."""
        share = self.prime_share()
        return sum((1 - share) ** n for n in range(1, self.max_length + 1)) / self.max_length
