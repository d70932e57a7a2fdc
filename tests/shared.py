"""What several tests share: small settings, batches, registrations and notebooks."""

import hashlib
import json
import os
import re
import signal
import subprocess
from contextlib import contextmanager, suppress
from pathlib import Path

import nbformat
import psutil
import pytest
import torch
import yaml
from bs4 import BeautifulSoup

from replicate.runs.folder import TEXT_FILES
from replicate.settings import RunConfig
from replicate.tasks.batch import Batch
from replicate.tasks.primes.task import PrimeSettings, PrimeTask

PROJECT = Path(__file__).resolve().parent.parent

SMALL = RunConfig.of(
    max_length=5,
    vocab_size=31,
    embedding_size=6,
    hidden_size=8,
    rounds=3,
    steps=50,
    batch_size=8,
    evaluate_every=20,
)
CONFIG = SMALL.changed(rounds=2, steps=30, evaluate_every=10, curve_samples=20, evaluate_samples=30)
TINY = RunConfig.of(
    model="lstm",
    max_length=4,
    vocab_size=31,
    embedding_size=8,
    hidden_size=16,
    rounds=5,
    steps=150,
    learning_rate=1e-2,
    source_eos=True,
    reverse=True,
    evaluate_every=150,
    curve_samples=20,
    evaluate_samples=200,
)
VOCAB, EMBEDDING, HIDDEN = 31, 6, 8
MAPS = {
    "encoder.xh": "encoder.xh",
    "encoder.hh": "encoder.hh",
    "decoder.hh": "decoder.hh",
    "readout": "decoder.hv",
}
DATA = {
    "study": "tiny",
    "written": "2026-01-01",
    "question": "Does it?",
    "background": "Nobody knows.",
    "settings": {name: value for name, value in CONFIG.flat().items() if name not in ("seed", "reverse")},
    "arms": {"forward": {"seed": 5}, "reversed": {"seed": 6, "reverse": True}},
    "effects": {
        "gain": {
            "claim": "It does",
            "said": "nobody",
            "of": {"table": "scores", "column": "exact_match"},
            "compare": {"reversed": 1, "forward": -1},
            "test": "welch",
        }
    },
    "verdict": "p below 0.05.",
}


def primes(vocab_size: int, max_length: int, reverse: bool = False, **settings) -> PrimeTask:
    return PrimeTask(PrimeSettings(vocab_size=vocab_size, max_length=max_length, reverse=reverse, **settings))


def task_with(batch=None, **own):
    """The task of SMALL, whose batches are changed by a function, with members of its own."""
    task = primes(vocab_size=31, max_length=5)
    if batch is not None:
        sample = task.sample
        task.sample = lambda generators, size: batch(sample(generators, size))
    for name, member in own.items():
        setattr(task, name, member)
    return task


def same(a, b) -> bool:
    """Whether two runs hold equal numbers."""
    frames = all(
        getattr(a, name).equals(getattr(b, name))
        for name in ("history", "scores", "by_length", "by_position")
    )
    theirs = b.load_model().state_dict()
    return frames and all(
        torch.equal(tensor, theirs[name]) for name, tensor in a.load_model().state_dict().items()
    )


def round_of(tensors: dict, r: int) -> dict:
    """Round r of named `[R, ...]` tensors under the plain model's names and shapes."""
    plain = {"embedding.weight": tensors["embedding.weight"][r]}
    for ours, theirs in MAPS.items():
        for i in (0, 2, 4):
            plain[f"{theirs}.{i}.weight"] = tensors[f"{ours}.{i}.weight"][r].T
            plain[f"{theirs}.{i}.bias"] = tensors[f"{ours}.{i}.bias"][r, 0]
    return plain


def batch_from(source_lengths: list[list[int]], primes: list[list[int]]) -> Batch:
    """A batch with given lengths and random tokens (the model does not know primes)."""
    source_length, target_length = torch.tensor(source_lengths), torch.tensor(primes) + 1
    rng = torch.Generator().manual_seed(1)

    def tokens(length):
        shape = (*length.shape, int(length.max()) + 1)
        drawn = torch.randint(1, VOCAB - 1, shape, generator=rng)
        return drawn.masked_fill(torch.arange(shape[2]) >= length.unsqueeze(2), 0)

    target = tokens(target_length).scatter(2, target_length.unsqueeze(2) - 1, VOCAB - 1)
    return Batch(tokens(source_length), source_length, target, target_length)


def write_notebook(path: Path, *sources: str) -> Path:
    """Write a notebook of these cells: a heading makes a Markdown cell, `# Parameters` a tagged one."""
    path.parent.mkdir(exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=list(map(_cell, sources))), path)
    return path


def _cell(source: str) -> nbformat.NotebookNode:
    if source.startswith("# Parameters"):
        return nbformat.v4.new_code_cell(source, metadata={"tags": ["parameters"]})
    return (nbformat.v4.new_markdown_cell if source.startswith("# ") else nbformat.v4.new_code_cell)(source)


def clean_environment(*path: Path, **variables: str | None) -> dict[str, str]:
    """The environment of a new process that imports from these folders and knows none of this test's runs."""
    own = {name: value for name, value in os.environ.items() if name != "REPLICATE_RUNS"}
    changed = own | {"PYTHONPATH": os.pathsep.join(map(str, path))} | variables
    return {name: value for name, value in changed.items() if value is not None}


@contextmanager
def full_disk(size: int = 300):
    """No file can become larger than this many bytes, as on a disk that is full."""
    resource = pytest.importorskip("resource", reason="needs POSIX")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


# Says in a log, which all attempts share, that it was tried; then fails, waits to be killed, or ends.
SWEPT = (
    "# Parameters\nname = ''\nsteps = 1\nrate = 1.0\nlog = ''\nend = 'well'",
    "import os, pathlib, time\n"
    "from replicate.files import locked\n"
    "from replicate.runs.folder import runs_root\n"
    "tried = pathlib.Path(log).read_text().count(f'{name} ')\n"
    "with open(log, 'a') as file:\n"
    "    print(name, os.getppid(), runs_root(), file=file)",
    "with locked(runs_root() / 'work'):\n"
    "    if end == 'killed' and not tried:\n"
    "        time.sleep(600)\n"
    "    assert end != 'badly' or tried, 'as asked'\n"
    "    pathlib.Path('made.txt').write_text(f'{name} {steps}')",
)


def write_yaml(path: Path, data: dict) -> Path:
    path.write_text(yaml.safe_dump(data, sort_keys=False))
    return path


def write_sweep(folder: Path, text: str) -> Path:
    """Write a sweep's file, the notebook of these cells, and the log (LOG in the text) that all share."""
    write_notebook(folder / "tiny.ipynb", *SWEPT)
    (folder / "log").touch()
    file = folder / "sweep.yaml"
    file.write_text("notebook: tiny.ipynb\n" + text.replace("LOG", str(folder / "log")))
    return file


def attempts(folder: Path) -> list[str]:
    """The cases of SWEPT that have begun, by name, as its log in this folder says."""
    return sorted(line.split()[0] for line in (folder / "log").read_text().splitlines())


def formulas(page: BeautifulSoup) -> list[str]:
    """The formulas that MathJax will find, without their delimiters."""
    found = [part.get_text() for part in page.select(".kdmath, span")]
    delimited = [
        re.fullmatch(r"\$+(.+?)\$+|\\\((.+)\\\)|\\\[(.+)\\\]|(\\begin.+)", text.strip(), re.DOTALL)
        for text in found
    ]
    return [" ".join(next(filter(None, formula.groups())).split()) for formula in delimited if formula]


EMPTY_NOTEBOOK = '{"cells": []}'
_EMPTY_SUMS = {file: hashlib.sha256(b"").hexdigest() for file in TEXT_FILES}
FINISHED_RUN = {f"runs/one/{file}": b"" for file in TEXT_FILES}  # a finished run, as far as a sweep looks
FINISHED_RUN |= {
    "runs/one/checkpoint.pt": b"checkpoint.pt",
    "runs/one/provenance.json": json.dumps({"sha256": _EMPTY_SUMS}).encode(),
}


def send(process: subprocess.Popen, number: signal.Signals, to: str) -> None:
    """A signal to a process alone, to its `group`, or to `all` that it has started, as a service is ended."""
    if to == "group":
        os.killpg(process.pid, number)
        return
    started = psutil.Process(process.pid).children(recursive=True) if to == "all" else []
    for each in (psutil.Process(process.pid), *started):
        with suppress(psutil.NoSuchProcess):
            each.send_signal(number)


def files_in(place: Path) -> set[str]:
    return {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()}


# The cells of a notebook that trains, in a second.
TRAINS = (
    "# Parameters\nmax_length = 3\nvocab_size = 11\nrounds = 1\nsteps = 3\nhidden_size = 4",
    "from replicate.parameters import run_config\nfrom replicate.runs.experiment import run",
    "names = ('max_length', 'vocab_size', 'rounds', 'steps', 'hidden_size')\n"
    "trained = run(run_config({name: globals()[name] for name in names}), workers=1)",
)
