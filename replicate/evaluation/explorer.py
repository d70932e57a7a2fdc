"""One source followed through a trained model: its answer token by token, and the encoder state's path."""

import pandas as pd
import torch
from torch import Tensor, nn

from replicate.models.layers import pick_rounds
from replicate.randomness import make_generator
from replicate.runs.folder import Run
from replicate.tasks.batch import PAD
from replicate.tasks.primes.task import PrimeTask

SHOWN = 5  # most probable tokens at each step
CLOUD = 300  # random sources that span the plane of the state


class Explorer:
    """One round of a run, ready to answer any source.

    Raises:
        ValueError: the run has no such round.
    """

    def __init__(self, run: Run, round_index: int = 0):
        if not 0 <= round_index < run.config.rounds:
            raise ValueError(f"round {round_index} is not there; the run has 0 to {run.config.rounds - 1}")
        self.task = PrimeTask.of(run.config)
        self.model: nn.Module = pick_rounds([run.load_model()], [round_index])
        batch = self.task.sample([make_generator(run.config.seed, round_index, "explorer")], CLOUD)
        states = self._states(batch.source, batch.source_length)
        self.centre = states.mean(0)
        self.axes = torch.linalg.svd(states - self.centre, full_matrices=False)[2][:2]  # [2, state]
        self.cloud = self._place(states)

    def read(self, text: str) -> list[int]:
        """The values in a text such as "4 7 9 2".

        Raises:
            ValueError: there is none, too many, or one that the task does not have.
        """
        words = text.replace(",", " ").split()
        if not all(word.isdecimal() and 1 <= int(word) <= self.task.max_value for word in words):
            raise ValueError(f"type whole numbers from 1 to {self.task.max_value}, not {text!r}")
        if not 1 <= len(words) <= self.task.max_length:
            raise ValueError(f"type 1 to {self.task.max_length} numbers; these are {len(words)}")
        return [int(word) for word in words]

    @torch.no_grad()
    def answer(self, values: list[int], turned: bool = False) -> pd.DataFrame:
        """One row a step and token, the SHOWN most probable at each step first, and whether it was right.

        Args:
            turned: read the source in the direction that the model was not trained on.
        """
        source, length, target = self._batch(values, turned)
        state = self.model.encode(source, length)
        previous, rows = torch.full((1, 1), self.task.eos), []
        for step in range(self.task.max_target_length):
            state, logits = self.model.decode_step(state, previous)
            best = logits[0, 0].softmax(0).topk(SHOWN)
            wanted = target[step] if step < len(target) else PAD
            rows += [
                {
                    "step": step + 1,
                    "token": self._name(token),
                    "probability": p,
                    "chosen": not i,
                    "right": token == wanted,
                }
                for i, (p, token) in enumerate(zip(best.values.tolist(), best.indices.tolist(), strict=True))
            ]
            previous = best.indices[:1].view(1, 1)
            if previous.item() == self.task.eos:
                break
        return pd.DataFrame(rows)

    def path(self, values: list[int], turned: bool = False) -> pd.DataFrame:
        """One row a token that the encoder has read, with the state's place in the plane."""
        source, length, _ = self._batch(values, turned)
        steps = int(length)
        prefixes = source.expand(1, steps, -1)
        states = self._states(prefixes, torch.arange(1, steps + 1).unsqueeze(0))
        places = self._place(states)
        return places.assign(token=[self._name(token) for token in source[0, 0, :steps].tolist()])

    def _batch(self, values: list[int], turned: bool) -> tuple[Tensor, Tensor, list[int]]:
        ordered = values[::-1] if turned else values
        batch = self.task.batch_of(torch.tensor([[ordered]]), torch.tensor([[len(values)]]))
        primes = [value for value in values if self.task.is_prime[value]]
        return batch.source, batch.source_length, [*primes, self.task.eos]

    @torch.no_grad()
    def _states(self, source: Tensor, length: Tensor) -> Tensor:
        """`[1, B, S]`, `[1, B]` -> `[B, state]`."""
        state = self.model.encode(source, length)
        return (state if isinstance(state, Tensor) else state[0])[0].double()

    def _place(self, states: Tensor) -> pd.DataFrame:
        """Places along the first two principal components of the states of random sources."""
        x, y = ((states - self.centre) @ self.axes.T).T.tolist()
        return pd.DataFrame({"x": x, "y": y})

    def _name(self, token: int) -> str:
        return "EOS" if token == self.task.eos else str(token)
