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
