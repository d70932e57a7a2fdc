"""What the parameters cells of a running notebook have assigned; one may be changed and run again."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from replicate.cells import (
    FIRST_LINE,
    assigned_names,
    assignments,
    is_parameters_cell,
    plain_names,
    refuse_second,
    without_magic,
)
from replicate.errors import ParameterError
from replicate.setting_names import flat_names


def defaults_and_latest(history: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The defaults of a notebook, and what its cells of parameters have assigned last; both by name.

    Arguments:
        history: IPython's `In`, the sources of the cells that ran so far.

    Raises:
        ParameterError: no such cell ran, or the last that ran cannot be read, or stands where it means
            something else.
    """
    runs = [list(cells) for tagged, cells in groupby(history, is_parameters_cell) if tagged]
    if not runs:
        raise ParameterError(f"run the cell that starts with '{FIRST_LINE}' first")
    _refuse_defaults_elsewhere(history)
    defaults, latest = _in_force(runs)
    _refuse_values_elsewhere(history, set(defaults))
    return defaults, latest


def _in_force(runs: list[list[str]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The defaults and what was assigned last, by the cells of parameters that ran one after the other."""
    # Only the last run of cells must be right: in JupyterLab a mistake stays in the history after its repair.
    earlier = [cell for cells in runs[:-1] for source in cells if (cell := _read_if_right(source))]
    last = [assignments(source) for source in runs[-1]]
    defaults = [*earlier, *last][0]
    is_override = last[0].keys() < defaults.keys() or 2 * len(last[0]) <= len(defaults)
    if earlier and not is_override:  # the cell was changed and run again as a whole
        if not last[0].keys() & _together(earlier).keys():
            raise ParameterError(
                f"two cells that start with '{FIRST_LINE}' have no name in common, {min(last[0])} and "
                f"{min(defaults)} among them: write all parameters into one, and restart the kernel"
            )
        return _renewed(defaults, last[0]), _together(last)
    known = [{name: value for name, value in cell.items() if name in defaults} for cell in earlier]
    return defaults, _together([*known, *last])


def _together(cells: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: value for cell in cells for name, value in cell.items()}


def _renewed(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """The defaults of a cell that was changed, None where it changed a type: either may be the mistake."""
    return {name: _default(before.get(name, value), value) for name, value in now.items()}


def _default(before: Any, now: Any) -> Any:
    return before if type(before) is type(now) or now is None else None


def _read_if_right(source: str) -> dict[str, Any]:
    try:
        return assignments(source)
    except ParameterError:
        return {}


def _refuse_values_elsewhere(history: Sequence[str], parameters: set[str]) -> None:
    """Refuse a plain value of a parameter or a setting in a cell of another form: it would not be read.

    A parameter may have had one before its own cell ran. In JupyterLab so may a setting: it may be of a cell
    that is no more.
    """
    from replicate.training.progress import cell_is_watched  # IPython, slow to import

    last = max(number for number, source in enumerate(history) if is_parameters_cell(source))
    later = history[last + 1 :]
    settings = set(flat_names()) if any("run_config" in source for source in history) else set()
    for names, cells in (
        (parameters, later),
        (settings - parameters, later if cell_is_watched() else history),
    ):
        others = (source for source in cells if not is_parameters_cell(source))
        values = {name for source in others for name in plain_names(without_magic(source))}
        if found := sorted(values & names):
            raise ParameterError(
                f"{found[0]} has a value in a cell that does not start with '{FIRST_LINE}', where it is not "
                "read: write it into the one that does, and run that again"
            )


def _refuse_defaults_elsewhere(history: Sequence[str]) -> None:
    """Refuse defaults in a cell of another form: what papermill puts after it would be taken for them."""
    from replicate.training.progress import cell_is_watched, in_kernel  # IPython, slow to import

    first = next(number for number, source in enumerate(history) if is_parameters_cell(source))
    if in_kernel() and not cell_is_watched():
        refuse_second(history[first + 2 :])
    are_defaults = is_parameters_cell(history[first + 1]) if first + 1 < len(history) else False
    if are_defaults or first == 0 or cell_is_watched():  # in JupyterLab nothing is put after it
        return
    if assigned_names(history[first - 1]) & _read_if_right(history[first]).keys():
        raise ParameterError(f"the cell with the tag parameters must start with '{FIRST_LINE}'")
