"""What an effect compares: one number of each training of an arm, or of each group of its trainings."""

from collections.abc import Iterable

import pandas as pd

from replicate.files import RunError
from replicate.runs.folder import TABLES, Run
from replicate.statistics import weighted_means
from replicate.studies.convergence import whole_history
from replicate.studies.effects import Quantity, Term
from replicate.studies.measuring import read_measurement
from replicate.studies.takeoff import outcomes


def quantity(of: Quantity, run: Run, study: str, arm: str) -> pd.Series:
    """The quantity of each training of an arm, or group of trainings; those without scores are left out."""
    if of.table == "outcomes":
        table = outcomes(run.history, run.task)
    elif of.table == "history":
        table = whole_history(run)
    else:
        table = getattr(run, of.table) if of.table in TABLES else read_measurement(study, of.table)
    refuse_missing(of.columns, table, f"{study}/{of.table}")
    if "arm" in table:
        table = table[table.arm == arm]
    return sum(term.weight * _mean(table, of, term) for term in of.terms).dropna()


def refuse_missing(wanted: Iterable[str], table: pd.DataFrame, name: str) -> None:
    """Refuse a column that an effect names and that its table does not have."""
    for column in wanted:
        if column not in table:
            raise RunError(f"{name} has no column {column}, which an effect reads; it has {', '.join(table)}")


def _mean(table: pd.DataFrame, of: Quantity, term: Term) -> pd.Series:
    """By unit, the mean of the rows that the term names."""
    return weighted_means(rows_of(term, table), of.column, of.unit)


def rows_of(term: Term, table: pd.DataFrame) -> pd.DataFrame:
    """The rows that a term names, by its values or ranges of columns."""
    for column, wanted in term.where.items():
        values = table[column]
        table = table[values.between(*wanted) if isinstance(wanted, list) else values == wanted]
    return table
