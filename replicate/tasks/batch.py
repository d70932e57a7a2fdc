"""What a task hands to a model: pairs of sequences, padded."""

from dataclasses import dataclass, fields

import torch
from torch import Tensor

PAD = 0  # in every vocabulary


@dataclass(frozen=True)
class Batch:
    """Samples of R rounds, torch.int64, padded with PAD; a target ends in EOS, which its length counts."""

    source: Tensor  # [R, B, S]
    source_length: Tensor  # [R, B]
    target: Tensor  # [R, B, T]
    target_length: Tensor  # [R, B]

    def to(self, device: torch.device | str) -> "Batch":
        return Batch(*(getattr(self, field.name).to(device) for field in fields(self)))
