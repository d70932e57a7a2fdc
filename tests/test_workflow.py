"""The workflow for a hosted CI cannot run here: it is held to the project's other files."""

import re
import shlex
import tomllib
from importlib.util import find_spec

import pytest
import yaml
from shared import PROJECT

WORKFLOW = yaml.safe_load((PROJECT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8"))
METADATA = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MAKEFILE = (PROJECT / "Makefile").read_text(encoding="utf-8")
JOB = WORKFLOW["jobs"]["test"]
RUNS = [step["run"] for step in JOB["steps"] if "run" in step]


def test_it_has_what_a_hosted_ci_reads():
    assert {"name", "jobs", "permissions"} < WORKFLOW.keys()
    assert WORKFLOW[True] == ["push", "pull_request"]  # YAML's `on`
    for step in JOB["steps"]:
        assert ("uses" in step) != ("run" in step)
        assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step.get("uses", "a/b@v1"))


def test_the_matrix_has_three_systems_and_every_python_of_the_project():
    matrix = JOB["strategy"]["matrix"]
    assert [system.split("-")[0] for system in matrix["system"]] == ["ubuntu", "macos", "windows"]
    promised = [line.split(" :: ")[-1] for line in METADATA["classifiers"] if "Python ::" in line]
    assert matrix["python"] == promised


def test_what_the_matrix_is_asked_for_is_in_it():
    text = str(JOB)
    asked = set(re.findall(r"\$\{\{ matrix\.(\w+) \}\}", text))
    assert asked == JOB["strategy"]["matrix"].keys()
    assert text.count("${{") == text.count("${{ matrix.")


@pytest.mark.parametrize("line", RUNS)
def test_its_commands_exist_and_are_the_projects_own(line):
    program, *words = shlex.split(line)
    if program == "make":
        assert re.search(rf"^{words[0]}:", MAKEFILE, re.MULTILINE)
        assert all(re.search(rf"^{word.split('=')[0]} = ", MAKEFILE, re.MULTILINE) for word in words[1:])
        return
    assert (program, words[0]) == ("python", "-m") and find_spec(words[1])
    assert " ".join(words[1:]) in MAKEFILE.replace("$(BIN)/", "")


def test_every_system_is_tested():
    tested = {step["if"] for step in JOB["steps"] if re.search(r"\bpytest\b|make test", step.get("run", ""))}
    assert tested == {"runner.os == 'Linux'", "runner.os != 'Linux'"}
