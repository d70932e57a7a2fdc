"""Prime extraction: from a list of integers, output its primes in order (the post, section 3)."""

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor
from torch.nn.functional import pad

from replicate.randomness import make_generator
from replicate.tasks.batch import PAD, Batch
from replicate.tasks.primes.baselines import chance_answer, empty_answer
from replicate.tasks.primes.metrics import METRICS, score_pairs
from replicate.tasks.primes.settings import PrimeSettings
from replicate.tasks.task import CHUNK, Split


class Integers:
    """Integers as their own ids; the last id is EOS, which is also what a decoder is fed at first."""

    def __init__(self, size: int, largest: int):
        self.size, self.largest = size, largest
        self.bos = self.eos = size - 1

    def encode(self, text: str) -> list[int]:
        words = text.replace(",", " ").split()
        if not all(word.isdecimal() and 1 <= int(word) <= self.largest for word in words):
            raise ValueError(f"type whole numbers from 1 to {self.largest}, not {text!r}")
        return [int(word) for word in words]

    def decode(self, tokens: Sequence[int]) -> str:
        return " ".join(map(str, tokens))


class PrimeTask:
    """Sources of 1..max_length values and their primes, in input order.

    With vocab_size 101, `[4, 7, 9, 2]` -> `[7, 2, EOS]`, where EOS is 100; with `reverse` the source is
    `[2, 9, 7, 4]` and the target stays. Values are uniform; with `skew` the k-th commonest has the weight
    k ** -skew, in an order that is shuffled once for each `skew_order`, whatever the seed. With `source_eos`
    the source ends in EOS too, which `source_length` counts, after any reversal.
    """

    Settings = PrimeSettings
    metrics = METRICS
    headline = "geo_mean"
    baselines = {  # noqa: RUF012 - nobody changes it
        "chance": chance_answer,
        "always empty": empty_answer,
    }

    def __init__(self, settings: PrimeSettings):
        size = settings.vocab_size
        self.max_length, self.reverse = settings.max_length, settings.reverse
        self.skew, self.source_eos = settings.skew, settings.source_eos
        self.max_value = size - 1 if settings.eos_is_a_value else size - 2
        self.source = self.target = Integers(size, self.max_value)
        self.eos = self.target.eos
        self.is_prime = prime_table(size)
        self.is_prime[self.eos] = False  # the id of EOS is no value of a target
        order = torch.randperm(self.max_value, generator=make_generator(settings.skew_order, 0, "commonness"))
        weights = torch.zeros(self.max_value + 1, dtype=torch.float64)
        weights[1 + order] = torch.arange(1, self.max_value + 1, dtype=torch.float64) ** -self.skew
        self.probability = weights / weights.sum()  # of each value, 0..max_value
        self.max_source_length = self.max_length
        self.max_target_length = self.max_length + 1  # every value prime, then EOS

    def sample(self, generators: list[torch.Generator], batch_size: int) -> Batch:
        """One batch a training, round r from `generators[r]` alone. T = max_length + 1 = S or S + 1."""
        shape = (batch_size, self.max_length)
        length = torch.stack([torch.randint(1, shape[1] + 1, shape[:1], generator=g) for g in generators])
        values = torch.stack([self._values(shape, g) for g in generators])
        return self.batch_of(values, length)

    def batches(self, split: Split, generators: list[torch.Generator], samples: int) -> Iterator[Batch]:
        """Fresh samples, whatever the split: there is no end of them."""
        for first in range(0, samples, CHUNK):
            yield self.sample(generators, min(CHUNK, samples - first))

    def statistics(self, prediction: Tensor, target: Tensor) -> dict[str, Tensor]:
        return score_pairs(prediction, target, self.eos)

    def scores(self, means: Mapping[str, float]) -> dict[str, float]:
        """The text's GeoMean is sqrt(PSA LCSR) of the two means; all else is a mean itself."""
        return dict(means) | {"geo_mean": (means["psa"] * means["lcsr"]) ** 0.5}

    def example(self, source: Sequence[int]) -> Batch:
        return self.batch_of(torch.tensor([[list(source)]]), torch.tensor([[len(source)]]))

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
