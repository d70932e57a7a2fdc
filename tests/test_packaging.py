"""pyproject.toml, requirements.lock and environment.yml name the same packages, each once."""

import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from shared import PROJECT

ROOT = PROJECT
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
LOCK = [Requirement(line) for line in (ROOT / "requirements.lock").read_text().splitlines() if line[0] != "#"]
DIRECT = [
    Requirement(text)
    for group in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
    for text in group
]


def names(requirements: list[Requirement]) -> list[str]:
    return [canonicalize_name(requirement.name) for requirement in requirements]


def conda_names() -> list[str]:
    return [canonicalize_name(entry.split("=")[0]) for entry in ENVIRONMENT if isinstance(entry, str)]


def pip_section() -> list[str]:
    (section,) = [entry["pip"] for entry in ENVIRONMENT if isinstance(entry, dict)]
    return section


@pytest.mark.parametrize("requirement", DIRECT, ids=str)
def test_a_direct_dependency_is_locked_at_its_version(requirement):
    locked = {canonicalize_name(entry.name): entry.specifier for entry in LOCK}
    assert locked[canonicalize_name(requirement.name)] == requirement.specifier


@pytest.mark.parametrize("requirement", LOCK, ids=str)
def test_the_lock_names_one_public_version(requirement):
    (version,) = requirement.specifier
    assert version.operator == "=="
    # A version such as 2.13.0+cpu exists on some indexes only; *, on the other hand, is no single version.
    assert not set(version.version) & set("+*")


@pytest.mark.parametrize("listed", [DIRECT, LOCK], ids=["pyproject", "lock"])
def test_no_package_is_listed_twice(listed):
    assert len(set(names(listed))) == len(listed)


def test_conda_brings_python_and_pip_alone():
    assert sorted(conda_names()) == ["pip", "python"]
    assert not set(conda_names()) & set(names(LOCK))


def test_pip_installs_the_lock_and_the_project():
    assert sorted(pip_section()) == ["-e .", "-r requirements.lock"]


def test_conda_and_the_project_want_the_same_python():
    (python,) = [entry.split("=", 1)[1] for entry in ENVIRONMENT if str(entry).startswith("python")]
    assert Requirement(f"python{PROJECT['requires-python']}").specifier.contains(f"{python}.0")


def test_the_distribution_cannot_be_mistaken_for_another():
    # On PyPI, `replicate` is the client of a hosting service.
    assert canonicalize_name(PROJECT["name"]) not in ["replicate", *names(LOCK)]
