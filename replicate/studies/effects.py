"""What a registered effect is: a quantity of each training, the arms that are compared, and the test."""

import math
from fractions import Fraction
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from replicate.runs.folder import TABLES

RUN_TABLES = [*TABLES, "outcomes"]  # those that follow from a run's folder; others are measured on its models


class Entry(BaseModel):
    """A part of a registration: fixed, and with no key that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _exact(weight: float) -> float:
    """The fraction that 0.3333333333 stands for: equal arms would differ by what it lacks."""
    fraction = float(Fraction(weight).limit_denominator(100))
    return fraction if math.isclose(weight, fraction, rel_tol=1e-8) else weight


Weight = Annotated[float, Field(ge=-1e6, le=1e6), AfterValidator(_exact)]


class Term(Entry):
    """Some rows of a table, and the weight of their mean in a sum."""

    weight: Weight = 1
    where: dict[str, Any] = {}  # column -> the value, or [first, last]

    @model_validator(mode="after")
    def _ranges_have_two_ends(self) -> Self:
        for column, wanted in self.where.items():
            is_range = isinstance(wanted, list)
            if is_range and not (len(wanted) == 2 and all(map(is_number, wanted)) and wanted[0] <= wanted[1]):
                raise ValueError(f"the range of {column} must be [first, last], not {wanted}")
        return self


class Quantity(Entry):
    """What is read of each training: a sum of means of one column, each weighted by the rows' samples."""

    # Of the run's folder, one measured on its models, or "outcomes" (`takeoff.outcomes`). A bootstrap reads
    # the table TABLE-ARM of each arm, with a row a training and sentence.
    table: str
    column: str
    unit: str = "round"  # the column that tells the trainings, or groups of them, apart
    terms: list[Term] = Field([Term()], min_length=1)

    @property
    def columns(self) -> list[str]:
        """Every column that it names."""
        return [self.column, self.unit, *(column for term in self.terms for column in term.where)]


class Requirements(Entry):
    """Arms without which an effect is *not testable here*."""

    learnt: list[str] = []  # at least half of its trainings took off
    flat: list[str] = []  # it was no longer falling before the learning rate was first cut
    settled: list[str] = []  # likewise, of a loss, where its further fall would speak against the sign found
    converged: list[str] = []  # its lowest validation loss no longer fell over the last tenth of the updates
    room: list[str] = []  # its mean loss, which no effect can exceed, is not below the size that is reported


class Effect(Entry):
    """One comparison, positive where it speaks for the claim."""

    claim: str
    said: str  # by whom, and how large
    of: Quantity
    compare: dict[str, Weight] = Field(min_length=1)  # arm -> weight of its mean
    # A t test of a contrast of means; a permutation of two arms' means; a t test with one value an arm;
    # whether `reported`, a mean of `reported_trainings`, could be one of trainings like ours; an interval
    # over trainings and test sentences, where arms of equal weight are one sample (`studies/bootstrap.py`).
    test: Literal["welch", "permutation", "arms", "prediction", "bootstrap"]
    requires: Requirements = Requirements()
    margin: float | None = Field(None, gt=0)  # an effect that would not matter
    reported: float | None = None  # in the same unit
    reported_trainings: int | None = Field(None, ge=1)  # behind it, where the test is a prediction

    @property
    def arms(self) -> set[str]:
        """Every arm it names."""
        return {
            *self.compare,
            *self.requires.learnt,
            *self.requires.flat,
            *self.requires.settled,
            *self.requires.converged,
            *self.requires.room,
        }

    @model_validator(mode="after")
    def _has_what_its_test_needs(self) -> Self:
        weights, terms = list(self.compare.values()), [term.weight for term in self.of.terms]
        if 0 in (*weights, *terms):
            raise ValueError("has a weight of 0, which compares nothing")
        if self.test == "prediction":
            if weights != [1] or self.reported is None or self.reported_trainings is None:
                raise ValueError("a prediction takes one arm of weight 1, reported and reported_trainings")
        elif not (_cancel(weights) or _cancel(terms)):
            raise ValueError("is no difference: the weights of neither its arms nor its terms sum to 0")
        if self.test == "permutation" and sorted(weights) != [-1, 1]:
            raise ValueError("a permutation takes two arms, of weights 1 and -1")
        if self.test == "arms" and (set(weights) != {1} or len(weights) < 2):
            raise ValueError("a test of arms takes two or more arms, of weight 1")
        if unknown := sorted(set(self.requires.settled) - self.compare.keys()):
            raise ValueError(f"asks whether {unknown[0]} settled, which it does not compare")
        if self.requires.room and self.reported is None:
            raise ValueError("requires room for a reported size, and gives none")
        return self


def is_number(value: Any) -> bool:
    """Whether it is one, and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _cancel(weights: list[float]) -> bool:
    return bool(weights) and math.isclose(sum(weights), 0, abs_tol=1e-9)


def formula(effect: Effect) -> str:
    """The effect in words, from its registration."""
    of = effect.of
    if effect.test == "prediction":
        return f"{of.column}: reported - ours"
    rows = [f"{_signed(term.weight)}{_rows(term.where)}" for term in of.terms]
    arms = " ".join(f"{_signed(weight)}{arm}" for arm, weight in effect.compare.items())
    what = "" if rows == ["+ "] or not any(term.where for term in of.terms) else f" of {' '.join(rows)}"
    arms = f"mean of {len(effect.compare)} arms" if effect.test == "arms" else arms.removeprefix("+ ")
    return f"{of.column}{what.replace('of + ', 'of ')}: {arms}"


def _rows(where: dict) -> str:
    parts = [f"{k} {v[0]}-{v[1]}" if isinstance(v, list) else f"{k} {v}" for k, v in where.items()]
    return f"({', '.join(parts)})"


def _signed(weight: float) -> str:
    size = "" if abs(weight) == 1 else f"{abs(weight):g} "
    return f"{'+' if weight > 0 else '-'} {size}"
