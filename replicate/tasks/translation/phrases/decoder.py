"""The search for the best translation: a sentence is covered by phrases, one after the other.

A hypothesis has covered some words of the source and ends an answer so far; those that cover equally many are
a stack. Two that no later step can tell apart are one, with two arcs that lead to it (recombination). A
stack is filled best first from those before it (cube pruning: Chiang 2007; Huang and Chiang 2007), by what
the answer so far scores and what the rest will score at best, its order and first words not considered.
"""

import heapq
import operator
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import count
from typing import NamedTuple

from replicate.tasks.translation.phrases.language import LanguageModel
from replicate.tasks.translation.phrases.table import Phrase, Words

UNSEEN = -10.0  # each score of a word that no phrase translates


class Features(NamedTuple):
    """What an answer's score is the weighted sum of, each the sum over its phrases; also the weights."""

    translation: float  # log p(e | f), e for a phrase of the answer and f for that of the source
    inverse: float  # log p(f | e)
    lexical: float  # log p(e | f), word by word
    lexical_inverse: float  # log p(f | e), word by word
    phrases: float  # their number
    words: float  # their number, in the answer
    jumps: float  # minus the words of the source that were jumped over
    language: float  # log p of the words, as a sentence of their language


class Limits(NamedTuple):
    """What a search leaves out."""

    stack: int = 50  # hypotheses of equally many covered words that are looked at
    distance: int = 6  # words between the end of a phrase of the source and the beginning of the next


LIMITS = Limits()


class Option(NamedTuple):
    """A translation of some words of the source."""

    phrase: Phrase
    score: float  # its own, without the language model
    hope: float  # with it, as if nothing stood before


class Arc(NamedTuple):
    """A way to a hypothesis: the one before, and the phrase that was added."""

    before: "Hypothesis"
    phrase: Phrase
    jump: int
    language: float
    score: float  # what it adds

    @property
    def features(self) -> Features:
        """What it adds to each."""
        return Features(*self.phrase.scores, 1, len(self.phrase.target), -self.jump, self.language)


class Hypothesis:
    """A class of answers so far that go on alike."""

    __slots__ = ("arcs", "context", "covered", "end", "score")

    def __init__(self, covered: int, end: int, context: Words, score: float):
        self.covered = covered  # a bit for each word of the source
        self.end = end  # of the phrase of the source that was translated last
        self.context = context  # the last words of the answer, as many as the language model looks at
        self.score = score  # of the best of them
        self.arcs: list[Arc] = []


class Cube(NamedTuple):
    """Hypotheses, best first, that may all go on with the same words of the source, and their options."""

    hypotheses: list[Hypothesis]
    options: list[Option]
    covered: int
    end: int
    jump: int
    future: float


class Decoder:
    """Finds answers by a phrase table and a language model."""

    def __init__(
        self,
        table: Mapping[Words, list[Phrase]],
        language: LanguageModel,
        weights: Features,
        unknown: int,
        limits: Limits = LIMITS,
    ):
        """Args: unknown: the id by which a word without a phrase is answered."""
        self.table, self.language, self.limits = table, language, limits
        self.weights, self.unknown = weights, unknown
        self.longest = max(map(len, table), default=1)

    def search(self, source: Sequence[int]) -> Hypothesis:
        """The hypothesis that has covered the whole source; its arcs lead back to all answers found."""
        length = len(source)
        options = self._options(tuple(source))
        future = _Future(options, length)
        cubes: list[list[Cube]] = [[] for _ in range(length + 1)]  # by the number of words covered then
        memory: dict[tuple[Words, Words], tuple[float, Words]] = {}
        stack = [Hypothesis(0, 0, (self.language.bos,), 0.0)]
        for size in range(1, length + 1):
            for cube in self._cubes(stack, options, future, length):
                cubes[cube.covered.bit_count()].append(cube)
            stack = self._fill(cubes[size], length == size, memory)
        return stack[0]

    def _options(self, source: Words) -> dict[tuple[int, int], list[Option]]:
        """The translations of each stretch of the source, best first."""
        found = {}
        for first in range(len(source)):
            for end in range(first + 1, min(first + self.longest, len(source)) + 1):
                phrases = self.table.get(source[first:end], [])
                if not phrases and end == first + 1:
                    phrases = [Phrase((self.unknown,), (UNSEEN,) * 4)]
                options = [self._option(phrase) for phrase in phrases]
                if options:
                    found[first, end] = sorted(options, key=lambda option: -option.hope)
        return found

    def _option(self, phrase: Phrase) -> Option:
        own = Features(*phrase.scores, 1, len(phrase.target), jumps=0, language=0)
        score = sum(map(operator.mul, self.weights, own))
        language, _ = self.language.extend((), phrase.target)
        return Option(phrase, score, score + self.weights.language * language)

    def _cubes(self, stack: list[Hypothesis], options: Mapping, future: "_Future", length: int) -> list[Cube]:
        """How the hypotheses of a stack can go on."""
        alike: dict[tuple[int, int], list[Hypothesis]] = defaultdict(list)
        for hypothesis in stack:
            alike[hypothesis.covered, hypothesis.end].append(hypothesis)
        cubes = []
        for (covered, last), hypotheses in alike.items():
            hypotheses.sort(key=lambda hypothesis: -hypothesis.score)
            gap = (~covered & (covered + 1)).bit_length() - 1  # the first word that is not covered
            for (first, end), own in options.items():
                words = (1 << end) - (1 << first)
                jump = abs(first - last)
                # What is left behind must still be in reach.
                if covered & words or max(jump, end - gap if first > gap else 0) > self.limits.distance:
                    continue
                new = covered | words
                cubes.append(Cube(hypotheses, own, new, end, jump, future.of(new)))
        return cubes

    def _fill(self, cubes: list[Cube], complete: bool, memory: dict) -> list[Hypothesis]:
        """The best hypotheses that the cubes hold."""
        order = count()  # of equally good ones the first comes first
        heap: list[tuple] = []
        stack: dict[tuple, Hypothesis] = {}

        def push(cube: Cube, row: int, column: int) -> None:
            if row == len(cube.hypotheses) or column == len(cube.options):
                return
            before, option = cube.hypotheses[row], cube.options[column]
            words = (*option.phrase.target, self.language.eos) if complete else option.phrase.target
            key = before.context, words
            if key not in memory:
                memory[key] = self.language.extend(*key)
            language, context = memory[key]
            added = option.score - self.weights.jumps * cube.jump + self.weights.language * language
            hope = before.score + added + cube.future
            arc = Arc(before, option.phrase, cube.jump, language, added)
            heapq.heappush(heap, (-hope, next(order), cube, row, column, arc, context))

        for cube in cubes:
            push(cube, 0, 0)
        for _ in range(self.limits.stack):
            if not heap:
                break
            _, _, cube, row, column, arc, context = heapq.heappop(heap)
            state = (cube.covered, 0, ()) if complete else (cube.covered, cube.end, context)
            score = arc.before.score + arc.score
            hypothesis = stack.setdefault(state, Hypothesis(*state, score))
            hypothesis.score = max(hypothesis.score, score)
            hypothesis.arcs.append(arc)
            push(cube, row, column + 1)
            if column == 0:
                push(cube, row + 1, 0)
        return list(stack.values())


class _Future:
    """What the words that are not covered will score at best."""

    def __init__(self, options: Mapping[tuple[int, int], list[Option]], length: int):
        self.length = length
        self.best = {(place, place): 0.0 for place in range(length + 1)}
        self.known: dict[int, float] = {}
        for size in range(1, length + 1):
            for first in range(length - size + 1):
                end = first + size
                whole = options[first, end][0].hope if (first, end) in options else float("-inf")
                parts = [self.best[first, cut] + self.best[cut, end] for cut in range(first + 1, end)]
                self.best[first, end] = max([whole, *parts])

    def of(self, covered: int) -> float:
        """Of the stretches that are not covered, together."""
        if covered not in self.known:
            free = [place for place in range(self.length) if not covered >> place & 1]
            starts = [place for place in free if place - 1 not in free]
            ends = [place + 1 for place in free if place + 1 not in free]
            self.known[covered] = sum(self.best[span] for span in zip(starts, ends, strict=True))
        return self.known[covered]
