"""The project's own registrations: alone in their commits, which their runs began on or after."""

import subprocess

import pytest

from replicate.runs.folder import PROJECT
from replicate.studies.plan import studies
from replicate.studies.registration import check_registered, registrations
from replicate.studies.results import open_kept


def git(*arguments):
    done = subprocess.run(["git", "-C", PROJECT, *arguments], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else None


history = pytest.mark.skipif(
    git("rev-parse", "--is-shallow-repository") != "false", reason="there is no history here"
)


@history
@pytest.mark.parametrize("study", registrations())
def test_a_registration_is_committed_alone_and_never_changed(study):
    path = f"results/registered/{study}.yaml"
    # A merge of a branch from before it is no change of it.
    commits = git("log", "--format=%H", "--full-history", "--no-merges", "--", path).split()
    assert len(commits) == 1, f"{path} was changed after it was registered"
    assert git("rev-parse", f"{commits[0]}:{path}") == git("rev-parse", f"HEAD:{path}")
    touched = git("show", "--format=", "--name-status", commits[0]).splitlines()
    assert touched == [f"A\t{path}"]


@history
@pytest.mark.parametrize("study", registrations())
def test_every_kept_run_of_a_study_began_on_a_commit_that_holds_its_registration(study):
    commit = git("log", "--format=%H", "--", f"results/registered/{study}.yaml")
    kept = [name for name in studies()[study] if (PROJECT / "results" / "runs" / name).exists()]
    for name in kept:
        made = open_kept(name, studies()[study][name])
        check_registered(made, study)
        began = made.provenance["git_commit"]
        assert git("merge-base", "--is-ancestor", commit, began) is not None, f"{name} began on {began}"
