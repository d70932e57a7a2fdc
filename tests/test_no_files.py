"""Pipes and devices in the place of files: named at once, where reading them would never end."""

import os
import shutil
from pathlib import Path

import pytest
from shared import PROJECT

from replicate.checkpoints import read_checkpoint
from replicate.errors import OneLineError
from replicate.parameters import check_parameters
from replicate.publish.read_notebook import read_notebook
from replicate.runs.folder import open_run
from replicate.sweeps.spec import read_sweep

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")


@pytest.mark.parametrize("place", ["pipe", "/dev/zero"])
@pytest.mark.parametrize(
    "read", [read_sweep, read_notebook, lambda path: check_parameters(path, {})], ids=["sweep", "post", "run"]
)
def test_a_pipe_is_neither_a_sweeps_file_nor_a_notebook(tmp_path, place, read):
    path = tmp_path / place
    if place == "pipe":
        os.mkfifo(path)
    with pytest.raises(OneLineError, match=rf"^cannot read {path}: it is no file$"):
        read(path)


@pytest.mark.parametrize("name", ["config.json", "history.csv", "provenance.json"])
def test_a_pipe_in_a_runs_folder_is_no_part_of_it(tmp_path, name):
    shutil.copytree(PROJECT / "results" / "quick", tmp_path / "run")
    (tmp_path / "run" / name).unlink()
    os.mkfifo(tmp_path / "run" / name)
    with pytest.raises(OneLineError, match=name):
        open_run(tmp_path / "run")


def test_a_pipe_is_no_checkpoint(tmp_path):
    os.mkfifo(pipe := Path(tmp_path, "checkpoint.pt"))
    with pytest.raises(OneLineError, match=r"checkpoint\.pt is damaged or no checkpoint"):
        read_checkpoint(pipe)
