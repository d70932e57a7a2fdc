"""The tables of a sweep's folder: its file's cases, and those that are no longer asked for."""

import uuid
from pathlib import Path

import pandas as pd

from replicate.files import RunError, free, read_json, write_json, write_whole
from replicate.runs.folder import open_run
from replicate.runs.places import is_finished
from replicate.sweeps.case_folder import RECORD, checksum, record_of, runs_of_case
from replicate.sweeps.spec import Job
from replicate.telling import tell

MARK = ".sweep.json"  # in the sweep's folder: its token, its file, and the checksums of the tables it wrote
SUMMARY = "summary.csv"
NOT_PRINTED = ["folder", "error", "machine"]  # they take room, and the table has them
LONGEST_CELL = 24
OTHERS = "others.csv"  # the cases that stand in the folder and are no longer in the sweep's file


def claim(folder: Path, file: Path | None) -> str:
    """Make the folder this sweep's, and return the token that tells it from every other sweep.

    Raises:
        RunError: it is the folder of another file's sweep or within a case of one, or a table is in the way
            that no sweep wrote.
    """
    for there in (folder.absolute(), *folder.absolute().parents):
        if (there / RECORD).exists() and (there.parent / MARK).exists():
            raise RunError(f"{there} is a case of another sweep; choose another folder than {folder}")
    mark = _mark(folder)
    if file is not None:
        other = Path(mark.get("file") or file)
        if other.exists() and not other.samefile(file):  # a file that was moved leaves nothing where it was
            raise RunError(f"{folder} holds the sweep of {other}; choose another folder with --out")
        mark["file"] = str(file.absolute())
    for path in (folder / SUMMARY, folder / OTHERS):
        if path.exists() and _checksum(path) not in mark["tables"]:
            if not _is_of_a_sweep_without_mark(path):
                raise RunError(f"{path} is not as a sweep wrote it; move it away or choose another folder")
            mark["tables"].append(_checksum(path))
    write_json(folder / MARK, mark)
    return mark["token"]


def summary(folder: Path, jobs: list[Job]) -> pd.DataFrame:
    """One row a case: its parameters, how it ended, and the mean scores of its run, if it has one."""
    there = sorted((job for job in jobs if (folder / job.name / RECORD).exists()), key=lambda job: job.name)
    return _table({folder / job.name: job.given for job in there})


def others(folder: Path, jobs: list[Job]) -> list[Path]:
    """The cases that stand in the folder and are not among the jobs."""
    asked = {job.name for job in jobs}
    places = sorted(path.parent for path in folder.glob(f"*/{RECORD}"))
    return [place for place in places if place.name not in asked and not place.name.startswith(".")]


def write_tables(folder: Path, jobs: list[Job]) -> pd.DataFrame:
    """Write the summary of a claimed folder, and the other cases apart; returns the summary."""
    table = summary(folder, jobs)
    _write_table(folder / SUMMARY, table)
    if left := others(folder, jobs):
        _write_table(folder / OTHERS, _table({place: record_of(place)["given"] for place in left}))
    else:
        _keep_what_is_a_persons(folder / OTHERS, _mark(folder))
        (folder / OTHERS).unlink(missing_ok=True)
    return table


def printed(table: pd.DataFrame, width: int = 80) -> str:
    """The columns of a summary in which its cases differ, as many as a terminal's width takes.

    Parameters come first, then how each case ended and its scores; `folder` and long words are cut. One case
    alone, or cases that do not differ, have their folder in place of the parameters.
    """
    differing = table.columns[table.astype(str).nunique(dropna=False) > 1]
    names = [name for name in differing if name not in NOT_PRINTED]
    if not names:
        names = ["folder", *(name for name in table.loc[:, "state":] if name not in NOT_PRINTED)]
    cells = table[names].map(_printed)
    while len(names) > 1 and len(cells[names].to_string(index=False).splitlines()[0]) > width:
        names.pop()
    return cells[names].to_string(index=False)


def _printed(value: object) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - 3] + "..."


def _table(cases: dict[Path, dict]) -> pd.DataFrame:
    """A row a case, of its folder and parameters. A parameter called as another column is `given NAME`."""
    ends = {place: _end(place) for place in cases}
    own = {"folder", *(name for end in ends.values() for name in end)}
    columns = {name: f"given {name}" if name in own else name for given in cases.values() for name in given}
    rows = [
        {"folder": place.name} | {columns[name]: value for name, value in given.items()} | ends[place]
        for place, given in cases.items()
    ]
    table = pd.DataFrame(rows, dtype=object)  # in which a parameter stays what it is, and is not rounded
    measured = [name for name in table.columns if name in own]
    table[measured] = table[measured].infer_objects()
    return table


def _end(place: Path) -> dict:
    """How a case ended, the mean scores of its run, and how many of its trainings diverged and have none.

    A run of a case that is done may be damaged or gone since, or be no run of this version.
    """
    record = record_of(place)
    ended = {"state": "failed" if record["error"] else "done"}
    ended |= {name: record[name] for name in ("error", "seconds", "machine")}
    if record["error"]:  # it may hold a run of before
        return ended
    made = runs_of_case(place)
    if lost := [run for run in made if not is_finished(run)]:
        return ended | {"state": "damaged", "error": f"the run {lost[0]} is not there, or not whole"}
    try:
        runs = [open_run(run) for run in made]
    except RunError as error:
        return ended | {"state": "damaged", "error": str(error)}
    if len(runs) != 1:
        return ended
    scores = runs[0].scores.drop(columns=["round", "evaluation"]).mean()
    return ended | {"diverged": len(runs[0].diverged)} | dict(scores)


def _mark(folder: Path) -> dict:
    if not (folder / MARK).exists():
        return {"token": uuid.uuid4().hex, "tables": []}
    mark = read_json(folder / MARK)
    kinds = {"token": str, "tables": list, "file": str | None}
    if any(not isinstance(mark.get(name), kind) for name, kind in kinds.items()):
        raise RunError(f"{folder / MARK} is damaged; delete it")
    return mark


def _write_table(path: Path, table: pd.DataFrame) -> None:
    content = table.to_csv(index=False, float_format="%.6g").encode()
    mark, known = _mark(path.parent), checksum(content)
    _keep_what_is_a_persons(path, mark)
    # Noted before it is written, so that a sweep killed in between knows its table, the old or the new one.
    write_json(path.parent / MARK, mark | {"tables": [*mark["tables"][-3:], known]})
    write_whole(path, lambda file: file.write_bytes(content))


def _keep_what_is_a_persons(path: Path, mark: dict) -> None:
    """Give a table that was changed, or made, while the sweep was at work a name of its own."""
    if path.exists() and _checksum(path) not in mark["tables"]:
        kept = path.rename(next(free(path)))
        tell(f"{path.name} was changed while the sweep was at work: it is {kept} now")


def _checksum(path: Path) -> str:
    return checksum(path.read_bytes()) if path.is_file() else ""


def _is_of_a_sweep_without_mark(path: Path) -> bool:
    """Whether it is the table of a sweep that an older version made: each row is of a case that is there."""
    if (path.parent / MARK).exists() or not path.is_file():
        return False
    try:
        rows = pd.read_csv(path, dtype=str)
    except pd.errors.EmptyDataError:  # of a sweep without cases; there is nothing to lose
        return True
    except ValueError:
        return False
    return "folder" in rows and all((path.parent / str(name) / RECORD).exists() for name in rows.folder)
