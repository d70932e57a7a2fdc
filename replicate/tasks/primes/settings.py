"""What a sample of primes is told by."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from replicate.fields import Count, Number, TaskSettings, Truth, Whole


class PrimeSettings(TaskSettings):
    """What a sample is (the post, section 3)."""

    kind = "primes"
    max_length: Annotated[Count, Field(le=60)] = 15
    vocab_size: Annotated[Count, Field(ge=5, le=10_000)] = 101
    reverse: Truth = False  # reverses the source alone
    # The post's text draws 1..vocab_size-2; the author's notebook drew 1..vocab_size-1, so that the largest
    # value shares its id with EOS.
    eos_is_a_value: Truth = False
    skew: Annotated[Number, Field(ge=0)] = 0.0  # 0: uniform; else the k-th commonest has weight k ** -skew
    skew_order: Whole = 0  # which random order ranks them
    source_eos: Truth = False  # end the source with EOS, after any reversal (the paper, Fig. 1)

    @model_validator(mode="after")
    def _one_meaning_a_token(self) -> Self:
        if self.source_eos and self.eos_is_a_value:
            raise ValueError(
                "source_eos needs eos_is_a_value False, or the end could not be told from a value"
            )
        return self

    def label(self) -> str:
        return f"{self.max_length}-{'reverse' if self.reverse else 'forward'}"

    @classmethod
    def task_class(cls) -> type:
        from replicate.tasks.primes.task import PrimeTask

        return PrimeTask
