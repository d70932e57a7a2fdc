"""One source followed through a trained model: its answers, where it looks, and the encoder state's path."""

import pandas as pd
import torch
from torch import Tensor, nn

from replicate.errors import ParameterError
from replicate.evaluation.alignment import alignment_table
from replicate.evaluation.hypotheses import hypotheses
from replicate.files import RunError
from replicate.models.attention import AttentionSeq2Seq
from replicate.models.layers import pick_rounds
from replicate.randomness import make_generator
from replicate.runs.folder import Run
from replicate.tasks.naming import name_of
from replicate.tasks.task import unknown_of

SHOWN = 5  # most probable tokens at each step
COLUMNS = ["step", "rank", "token", "probability", "chosen", "right", "ended", "known"]  # of an answer
BEAM = 5  # hypotheses that a beam search keeps
CLOUD = 300  # random sources that span the plane of the state


@torch.no_grad()
def encoder_state(model: nn.Module, source: Tensor, length: Tensor) -> Tensor:
    """What the decoder starts from, without a memory: `[R, B, S]`, `[R, B]` -> `[R, B, state]`."""
    state = model.encode(source, length)
    return state if isinstance(state, Tensor) else state[0]


class Explorer:
    """One round of a run, ready to answer any source.

    Raises:
        RunError: the run has no such training, or it diverged.
    """

    def __init__(self, run: Run, round_index: int = 0):
        if not 0 <= round_index < run.config.training.rounds:
            raise RunError(
                f"training {round_index} is not there; the run has 0 to {run.config.training.rounds - 1}"
            )
        if update := run.diverged.get(round_index):
            raise RunError(f"training {round_index} diverged at update {update}, so it answers nothing")
        self.task, self.kind = run.task, run.config.model.kind
        self.model: nn.Module = pick_rounds([run.load_model()], [round_index])
        batch = self.task.sample([make_generator(run.config.training.seed, round_index, "explorer")], CLOUD)
        states = encoder_state(self.model, batch.source, batch.source_length)[0]
        self.has_path = states.dim() == 2 and states.is_floating_point() and bool(states.isfinite().all())
        if self.has_path:
            states = states.double()
            self.centre = states.mean(0)
            self.axes = torch.linalg.svd(states - self.centre, full_matrices=False)[2][:2]  # [2, state]
            self.cloud = self._place(states)

    def read(self, text: str) -> list[int]:
        """The tokens of a text such as "4 7 9 2".

        Raises:
            ParameterError: there is none, too many, or one that the task does not have.
        """
        try:
            tokens = self.task.source.encode(text)
        except ValueError as error:
            raise ParameterError(str(error)) from error
        if not 1 <= len(tokens) <= self.task.max_source_length:
            raise ParameterError(f"type 1 to {self.task.max_source_length} tokens; these are {len(tokens)}")
        return tokens

    def source(self, values: list[int]) -> list[str]:
        """What was typed, token by token, as the task reads it."""
        return [name_of(self.task.source, token) for token in values]

    def target(self, values: list[int]) -> list[str]:
        """The right answer, token by token, EOS among them; no token where the task knows none."""
        return [name_of(self.task.target, token) for token in self._batch(values, turned=False)[2]]

    @torch.no_grad()
    def answer(self, values: list[int], turned: bool = False) -> pd.DataFrame:
        """One row a step and token: the SHOWN most probable, and the right one wherever it ranks.

        Every step of the target has rows. Where the answer has `ended` before, they are what the decoder
        would go on with; the answer is what is `chosen`.

        Args:
            turned: read the source in the direction that the model was not trained on.
        """
        source, length, target = self._batch(values, turned)
        state = self.model.encode(source, length)
        previous, rows, ended = torch.full((1, 1), self.model.bos), [], False
        for step in range(self.task.max_target_length):
            if ended and step >= len(target):
                break
            state, logits = self.model.decode_step(state, previous)
            probability, order = logits[0, 0].softmax(0).sort(descending=True, stable=True)
            wanted = target[step] if step < len(target) else None
            for rank, (p, token) in enumerate(zip(probability.tolist(), order.tolist(), strict=True), 1):
                right = token == wanted
                if rank > SHOWN and not right:
                    continue
                name, chosen = name_of(self.task.target, token), rank == 1 and not ended
                known = token != unknown_of(self.task.target)
                rows.append([step + 1, rank, name, p, chosen, right, ended, known])
            previous = order[:1].view(1, 1)
            ended = ended or previous.item() == self.task.target.eos
        return pd.DataFrame(rows, columns=COLUMNS)

    def hypotheses(self, values: list[int]) -> pd.DataFrame:
        """What a beam of BEAM and greedy search answer, as `hypotheses` has it, token by token in words."""
        table = hypotheses(self.model, self.task, values, BEAM)
        return table.assign(answer=[" ".join(self._answered(tokens)) for tokens in table.answer])

    @property
    def attends(self) -> bool:
        """Whether the model has an attention to look at."""
        return isinstance(self.model, AttentionSeq2Seq)

    def alignment(self, values: list[int]) -> pd.DataFrame:
        """Where the attention looks for each token of the answer: an `alignment_table` in words."""
        table = alignment_table(self.model, self.task, values)
        return table.assign(
            source=[name_of(self.task.source, token) for token in table.source],
            answer=[name_of(self.task.target, token) for token in table.answer],
        )

    def path(self, values: list[int], turned: bool = False) -> pd.DataFrame:
        """One row a token that the encoder has read, with the state's place in the plane."""
        source, length, _ = self._batch(values, turned)
        steps = int(length)
        prefixes = source.expand(1, steps, -1)
        states = encoder_state(self.model, prefixes, torch.arange(1, steps + 1).unsqueeze(0))[0].double()
        places = self._place(states)
        return places.assign(
            token=[name_of(self.task.source, token) for token in source[0, 0, :steps].tolist()]
        )

    def _batch(self, values: list[int], turned: bool) -> tuple[Tensor, Tensor, list[int]]:
        """The source in the direction asked for, and the right answer to it as it was typed."""
        batch = self.task.example(values[::-1] if turned else values)
        right = self.task.example(values)
        return batch.source, batch.source_length, right.target[0, 0, : right.target_length.item()].tolist()

    def _answered(self, tokens: list[int]) -> list[str]:
        """The names of an answer's tokens, to its EOS where it has one."""
        eos = self.task.target.eos
        ended = tokens[: tokens.index(eos) + 1] if eos in tokens else tokens
        return [name_of(self.task.target, token) for token in ended]

    def _place(self, states: Tensor) -> pd.DataFrame:
        """Places along the first two principal components of the states of random sources."""
        x, y = ((states - self.centre) @ self.axes.T).T.tolist()
        return pd.DataFrame({"x": x, "y": y})


def in_words(answer: pd.DataFrame) -> tuple[str, str]:
    """What was answered, and how much of the target is right in it, if there is one."""
    wanted, right = int(answer.right.sum()), int((answer.right & answer.chosen & answer.known).sum())
    if not wanted:
        verdict = "not scored"
    elif right == wanted == answer.chosen.sum():
        verdict = f"all {wanted} right"
    else:
        verdict = f"{right} of {wanted} right"
    return " ".join(answer[answer.chosen].token), verdict
