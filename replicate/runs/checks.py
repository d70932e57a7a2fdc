"""What speaks against a run before any of it begins; told without torch, which takes seconds to import."""

import re
from pathlib import Path
from typing import Any

from replicate.errors import SettingError
from replicate.files import PROJECT, RunError, first_line, read_json, unwritable
from replicate.parameters import Parameters
from replicate.runs.places import is_finished, run_folder
from replicate.settings import RunConfig


def check_run(parameters: Parameters, config: RunConfig | None) -> Path | None:
    """Refuse parameters that a notebook would refuse later; returns the folder of the run that it makes.

    Its config is None where the notebook makes no run; the folder, where it has no `run_name`. A parameter
    whose default is the folder of a finished run names a run to read, and so its text too.

    Raises:
        RunError: a run to read, or the folder, processes or device of one to make, cannot be used.
    """
    for name, default in parameters.defaults.items():
        if _is_run(default) and parameters[name]:
            read_config(find_finished(parameters[name])).task.check()
    if config is None:
        return None
    check_making(parameters)
    if "run_name" not in parameters:
        return None
    folder = run_folder(parameters["run_name"] or config.name)
    config.task.check()
    refuse_foreign(folder, config)
    refuse_unwritable(folder)
    return folder


def _is_run(default: Any) -> bool:
    """Whether a parameter's default is the folder of a finished run."""
    try:
        return isinstance(default, str) and is_finished(PROJECT / default)
    except (OSError, ValueError):  # a text that can be no path
        return False


def refuse_unwritable(folder: Path) -> None:
    """Refuse the folder of a new run where none can be made."""
    if not folder.exists() and (there := unwritable(folder.parent)):
        raise RunError(
            f"no run can be put into {folder.parent}: {there} is no folder that you may write to; "
            "REPLICATE_RUNS names another one"
        )


def check_making(parameters: Parameters) -> None:
    """Refuse processes, a device or a run's name that no machine can have."""
    check_workers(parameters.get("workers") or None)
    check_device_name(parameters.get("device", "auto"))
    if parameters.get("run_name"):
        run_folder(parameters["run_name"])


def check_workers(workers: Any) -> None:
    """Refuse what is no number of processes; None is one a core."""
    if workers is not None and (not isinstance(workers, int) or isinstance(workers, bool) or workers < 1):
        raise RunError(f"workers is {workers!r}; it must be a whole number from 1 up")


def check_device_name(name: Any) -> None:
    """Refuse what names no device on any machine."""
    if not isinstance(name, str) or not re.fullmatch(r"auto|cpu|cuda(:\d+)?", name):
        raise RunError(f"device is {name!r}; it must be auto, cpu or, with a GPU, cuda")


def find_finished(path: Path | str) -> Path:
    """The folder of a finished run; a relative path may start at the project's folder."""
    named = Path(path)
    path = named if named.exists() else PROJECT / named
    if not path.is_dir():
        raise RunError(
            f"no run folder at {named}; notebook 03_train makes one, and those of results/ are in the "
            "project's checkout, where `make replicate` makes them"
        )
    read_config(path)
    if not is_finished(path):
        raise RunError(
            f"the run in {path} is not finished; start it again with the same settings and it goes on"
        )
    return path


def refuse_foreign(folder: Path, config: RunConfig) -> None:
    """Refuse a folder that holds another run, or other things than a run."""
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder} is a file and no run folder; choose another one")
    if not (folder / "config.json").exists():
        if any(folder.glob("[!.]*")):
            raise RunError(f"{folder} exists and is not a run folder; choose another one")
        return
    theirs, ours = read_config(folder), config
    if theirs == ours:
        return
    theirs, ours = theirs.flat(), ours.flat()
    different = [
        f"{name} is {theirs.get(name)} there and {ours.get(name)} here"
        for name in [*ours, *(theirs.keys() - ours.keys())]
        if theirs.get(name) != ours.get(name)
    ]
    raise RunError(f"{folder} holds another run ({'; '.join(different)}); choose another folder")


def read_config(path: Path) -> RunConfig:
    """The config of a run folder, finished or not."""
    try:
        return RunConfig.of(**read_json(path / "config.json"))
    except (SettingError, TypeError) as error:
        raise RunError(f"{path / 'config.json'} is no run's config: {first_line(error)}") from error
