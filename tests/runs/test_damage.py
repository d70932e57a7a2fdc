"""Damaged or hostile input: one line that names the culprit; nothing executed, nothing changed."""

import json
import math
import shutil

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shared import CONFIG

from replicate.checkpoints import read_checkpoint
from replicate.errors import ParameterError
from replicate.files import RunError
from replicate.parameters import run_config
from replicate.runs.experiment import run
from replicate.runs.folder import checksums, open_run
from replicate.runs.places import run_folder, runs_root
from replicate.setting_names import OLD_NAMES, flat_names

pytestmark = pytest.mark.slow

FIELDS = [*flat_names(), *OLD_NAMES]
WORDS = ["", "true", "1e3", "nan", "-1", "lstm", "../..", "\0", "\n", "None", "é"]
PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([2**31, 2**63, -(2**64), 10**400]),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(WORDS),
    st.binary(max_size=5),
)
ANYTHING = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
)


def try_cases(strategy, check, count: int) -> None:
    """Run `check` on so many random cases of the strategy."""
    quiet = settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    quiet(given(strategy)(lambda case: check(case)))()


def is_one_line(error: Exception) -> bool:
    return len(str(error)) > 0 and "\n" not in str(error)


@pytest.fixture
def copy(finished, tmp_path):
    """A function that gives a fresh copy of the finished run's folder."""

    def fresh():
        folder = tmp_path / "copy"
        shutil.rmtree(folder, ignore_errors=True)
        return shutil.copytree(finished.path, folder)

    return fresh


def contents(folder) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused_or_right(folder, finished) -> bool:
    """Open a run and load its model. Whether that was refused, in one line, the folder left as it was.

    What is not refused must hold the numbers of the run.
    """
    before = contents(folder)
    try:
        opened = open_run(folder)
        model = opened.load_model().state_dict()
    except RunError as error:
        assert is_one_line(error) and contents(folder) == before
        return True
    for name, tensor in finished.load_model().state_dict().items():
        assert torch.equal(model[name], tensor)
    assert opened.config == finished.config
    for name in ("history", "scores", "by_length", "by_position"):
        assert getattr(opened, name).equals(getattr(finished, name))
    return False


def test_parameters_of_every_kind_give_a_config_or_one_line_that_names_them(soak, record_property):
    tried = {"cases": 0, "refused": 0}

    def check(given):
        tried["cases"] += 1
        try:
            config = run_config(given)
        except ParameterError as error:
            tried["refused"] += 1
            assert is_one_line(error)
            assert any(name in str(error) for name in given), (given, str(error))
        else:
            assert run_config(json.loads(json.dumps(config.flat()))) == config
            for name, value in config.flat().items():
                assert not isinstance(value, float) or math.isfinite(value), name

    try_cases(st.dictionaries(st.sampled_from(FIELDS), ANYTHING, min_size=1), check, 20_000 if soak else 500)
    assert tried["refused"] > tried["cases"] / 2
    record_property("sets of parameters of every kind", tried["cases"])


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "/etc", ".hidden", "a/../../b"])
def test_a_run_name_cannot_leave_the_runs_folder(name):
    with pytest.raises(RunError, match="is no folder name"):
        run_folder(name)


def test_any_run_name_stays_in_the_runs_folder_or_is_refused(soak, record_property):
    cases = []

    def check(name):
        cases.append(name)
        try:
            folder = run_folder(name)
        except RunError as error:
            assert is_one_line(error)
        else:
            assert folder.parent == runs_root() and folder.resolve().parent == runs_root().resolve()

    try_cases(st.text() | st.text("./\\~a\0\n"), check, 20_000 if soak else 500)
    record_property("names of runs", len(cases))


def damaged(data: bytes):
    """Cut, with one bit flipped, with a stretch overwritten, or something else altogether."""
    place = st.integers(0, len(data) - 1)
    near_the_end = st.integers(len(data) * 4 // 5, len(data) - 1)  # where an archive has its directory
    flipped = st.tuples(place | near_the_end, st.integers(0, 7)).map(
        lambda at: data[: at[0]] + bytes([data[at[0]] ^ (1 << at[1])]) + data[at[0] + 1 :]
    )
    overwritten = st.tuples(place, st.binary(min_size=1, max_size=64)).map(
        lambda at: data[: at[0]] + at[1] + data[at[0] + len(at[1]) :]
    )
    return place.map(lambda at: data[:at]) | flipped | overwritten | st.binary(max_size=100)


@pytest.mark.parametrize(
    "file",
    [
        "config.json",
        "history.csv",
        "scores.csv",
        "by_length.csv",
        "by_position.csv",
        "provenance.json",
        "checkpoint.pt",
    ],
)
def test_a_damaged_file_of_a_run_is_refused_or_harmless(finished, copy, file, soak, record_property):
    folder, data = copy(), (finished.path / file).read_bytes()
    refused = []

    def check(bad):
        (folder / file).write_bytes(bad)
        refused.append(refused_or_right(folder, finished))
        assert refused[-1] or bad == data or file == "provenance.json", "other bytes were taken for the run's"

    try_cases(damaged(data), check, 2_000 if soak else 60)
    assert any(refused)
    record_property(f"damaged copies of {file}", len(refused))


@pytest.mark.filterwarnings("ignore:Generating overly large repr")
def test_a_damaged_checkpoint_of_a_stopped_run_is_refused_or_harmless(
    finished, tmp_path, soak, record_property
):
    """It has no checksum beside it: the one inside the file must find what matters."""
    data = (finished.path / "checkpoint.pt").read_bytes()
    whole = read_checkpoint(finished.path / "checkpoint.pt")
    refused = []

    def check(bad):
        (tmp_path / "part.pt").write_bytes(bad)
        try:
            read = read_checkpoint(tmp_path / "part.pt")
        except RunError as error:
            assert is_one_line(error) and (tmp_path / "part.pt").read_bytes() == bad
            refused.append(True)
        else:
            assert list(read) == list(whole) and all(torch.equal(read[name], whole[name]) for name in whole)
            refused.append(False)

    try_cases(damaged(data), check, 20_000 if soak else 300)
    assert any(refused)
    record_property("damaged checkpoints of stopped runs", len(refused))


@pytest.mark.parametrize("file", ["config.json", "provenance.json", "parts.json"])
def test_json_from_elsewhere_is_refused(finished, copy, file, soak, record_property):
    folder, cases = copy(), []
    if file == "parts.json":  # that of a run which was stopped
        (folder / "provenance.json").unlink()

    def check(data):
        cases.append(data)
        (folder / file).write_text(json.dumps(data))
        before = contents(folder)
        with pytest.raises(RunError) as error:
            open_run(folder) if file != "parts.json" else run(CONFIG, folder, workers=1)
        assert is_one_line(error.value) and contents(folder) == before

    keys = st.sampled_from(["edges", "sha256", "steps", "git_commit"])
    likely = (
        JSON | st.dictionaries(keys, JSON) | st.lists(st.integers(-1, 3)).map(lambda e: {"edges": [*e, 9]})
    )
    try_cases(likely, check, 5_000 if soak else 100)
    record_property(f"JSON from elsewhere as {file}", len(cases))


def test_tables_from_elsewhere_are_refused_even_with_the_right_checksum(copy, soak, record_property):
    folder, cases = copy(), []
    record = json.loads((folder / "provenance.json").read_text())
    header = (folder / "scores.csv").read_bytes().splitlines()[0] + b"\n"

    def check(data):
        cases.append(data)
        (folder / "scores.csv").write_bytes(data)
        sums = {"sha256": checksums(folder)}
        (folder / "provenance.json").write_text(json.dumps(record | sums))
        with pytest.raises(RunError) as error:
            open_run(folder)
        assert is_one_line(error.value)

    rows = st.lists(st.text("ab", min_size=1), min_size=1, max_size=9)
    words = rows.map(lambda row: header + ",".join(row).encode() + b"\n")
    try_cases(st.binary(max_size=200) | words, check, 5_000 if soak else 100)
    record_property("tables from elsewhere", len(cases))


def test_json_too_deep_to_read_is_refused(copy):
    folder = copy()
    (folder / "config.json").write_text("[" * 100_000)
    with pytest.raises(RunError, match=r"config\.json is damaged") as error:
        open_run(folder)
    assert is_one_line(error.value)
