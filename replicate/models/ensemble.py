"""Several trainings that answer as one model, by the mean of their probabilities, token by token."""

import math

from torch import Tensor, nn

from replicate.decoding import State


class Ensemble(nn.Module):
    """All trainings of a model together; to a search it is a model of one training."""

    def __init__(self, members: nn.Module):
        super().__init__()
        self.members = members
        self.bos, self.eos = members.bos, members.eos
        self.count = len(next(members.parameters()))

    def encode(self, source: Tensor, source_length: Tensor) -> State:
        """`[1, B, S]`, `[1, B]` -> every member's state, `[count, B, ...]`.

        Raises:
            ValueError: more than one training's sources are given.
        """
        if len(source) != 1:
            raise ValueError(
                f"an ensemble answers one source together; it was given sources of {len(source)} trainings"
            )
        return self.members.encode(source.expand(self.count, -1, -1), source_length.expand(self.count, -1))

    def decode_step(self, state: State, previous: Tensor) -> tuple[State, Tensor]:
        """The members' states and the token before, `[1, B]` -> the next and their log p, `[1, B, V]`."""
        state, logits = self.members.decode_step(state, previous.expand(self.count, -1))
        return state, logits.log_softmax(2).logsumexp(0, keepdim=True) - math.log(self.count)
