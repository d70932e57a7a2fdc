"""The system as a whole: trained on a task's training split, tuned on its validation split."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence

from replicate.tasks.task import Split
from replicate.tasks.translation.phrases.alignment import align
from replicate.tasks.translation.phrases.decoder import LIMITS, Decoder, Features, Limits
from replicate.tasks.translation.phrases.language import LanguageModel
from replicate.tasks.translation.phrases.nbest import Answer, best_answers
from replicate.tasks.translation.phrases.symmetry import symmetrised
from replicate.tasks.translation.phrases.table import Pair, Phrase, Words, phrase_table
from replicate.tasks.translation.phrases.tuning import tune
from replicate.tasks.translation.task import TranslationTask
from replicate.tasks.translation.tokens import UNK

LONGEST = 6  # words of a phrase
ORDER = 4  # of the language model
CANDIDATES = 100  # answers to each sentence that weights are tuned on
START = Features(0.2, 0.2, 0.2, 0.2, phrases=0.2, words=1, jumps=0.3, language=0.5)  # as Moses begins


@dataclass(frozen=True)
class PhraseSystem:
    """What translates: a phrase table and a language model, and how much each score counts."""

    table: Mapping[Words, list[Phrase]]
    language: LanguageModel
    weights: Features = START
    limits: Limits = LIMITS

    def answers(self, sources: Iterable[Sequence[int]], wanted: int) -> list[list[Answer]]:
        """The best distinct answers to each source, at most as many as wanted, the best first."""
        decoder = Decoder(self.table, self.language, self.weights, UNK, self.limits)
        return [best_answers(decoder.search(source), wanted) for source in sources]


def train(task: TranslationTask, longest: int = LONGEST, order: int = ORDER) -> PhraseSystem:
    """The system of a task's training split, not tuned. It reads sources forwards, whatever the task does."""
    pairs = task.ids["train"]
    language = LanguageModel(
        [target for _, target in pairs], order, task.target.size - 2, task.target.bos, task.target.eos
    )  # of words, UNK and EOS; PAD and BOS never come
    return PhraseSystem(phrase_table(pairs, _alignments(pairs), longest), language)


def tuned_system(task: TranslationTask, system: PhraseSystem) -> PhraseSystem:
    """The same with the weights of the highest BLEU on the validation split."""
    sources = [source for source, _ in task.ids["validation"]]

    def decode(weights: np.ndarray) -> list[list[Answer]]:
        return replace(system, weights=Features(*weights.tolist())).answers(sources, CANDIDATES)

    def judge(lists: list[list[Answer]]) -> list[dict[str, np.ndarray]]:
        return statistics(task, "validation", lists)

    weights = tune(decode, judge, lambda means: task.scores(means)[task.headline], np.array(system.weights))
    return replace(system, weights=Features(*weights.tolist()))


def statistics(
    task: TranslationTask, split: Split, lists: Sequence[Sequence[Answer]]
) -> list[dict[str, np.ndarray]]:
    """What the task's scores need to know of the answers to each sentence of a split, `[answers]` by name."""
    end = task.target.eos
    found = []
    for answers, (_, target) in zip(lists, task.ids[split], strict=True):
        prediction = pad_sequence([torch.tensor([*own.words, end]) for own in answers], batch_first=True)
        wanted = torch.tensor([[*target, end]]).expand(len(answers), -1)
        found.append({name: own.numpy() for name, own in task.statistics(prediction, wanted).items()})
    return found


def _alignments(pairs: Sequence[Pair]) -> list[set]:
    sources, targets = zip(*pairs, strict=True)
    forward, backward = align(sources, targets), align(targets, sources)
    return [symmetrised(*both) for both in zip(forward, backward, strict=True)]
