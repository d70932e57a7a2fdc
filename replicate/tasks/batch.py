"""What a task hands to a model: pairs of sequences, padded."""

from dataclasses import dataclass

from torch import Tensor

PAD = 0  # in every vocabulary


@dataclass(frozen=True)
class Batch:
    """Samples of R rounds, torch.int64, padded with PAD; a target ends in EOS, which its length counts.

    All are on the CPU, wherever the model is: it moves what it needs of them.
    """

    source: Tensor  # [R, B, S]
    source_length: Tensor  # [R, B]
    target: Tensor  # [R, B, T]
    target_length: Tensor  # [R, B]

    def part(self, rounds: slice | list[int] = slice(None), pairs: slice | Tensor = slice(None)) -> "Batch":
        """Some pairs of some rounds, as wide as they stand here."""
        return Batch(**{name: values[rounds][:, pairs] for name, values in vars(self).items()})
