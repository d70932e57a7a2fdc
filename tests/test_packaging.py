"""What is declared agrees with itself and with the imports; a wheel works without the checkout."""

import ast
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from shutil import copytree

import pandas as pd
import pytest
import yaml
from jsonschema import validate
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from shared import PROJECT as ROOT
from shared import clean_environment, write_notebook
from typer.testing import CliRunner

from replicate.cli import app
from replicate.endings import EXTRA_OF

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
LOCK_LINES = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
LOCK = [Requirement(line) for line in LOCK_LINES if line[0] != "#"]
CORE = [Requirement(text) for text in PROJECT["dependencies"]]
EXTRAS = {name: list(map(Requirement, texts)) for name, texts in PROJECT["optional-dependencies"].items()}
DIRECT = [*CORE, *(requirement for extra in EXTRAS.values() for requirement in extra)]
PYTHONS = ["3.11", "3.12", "3.13"]
LEFT_OUT = ["bs4", "dask", "distributed", "ipywidgets", "jupyterlab", "latex2mathml", "sphinx"]
START = "from replicate.cli import app\nif __name__ == '__main__':\n    app()\n"
TRAINING = """
from replicate.runs.experiment import run
from replicate.settings import RunConfig
config = RunConfig.of(max_length=3, vocab_size=11, hidden_size=4, rounds=1, steps=steps, batch_size=4,
                      evaluate_every=2, curve_samples=10, evaluate_samples=10)
made = run(config, workers=1)
"""


def names(requirements: list[Requirement]) -> list[str]:
    return [canonicalize_name(requirement.name) for requirement in requirements]


def conda_requirements() -> list[Requirement]:
    return [Requirement(entry) for entry in ENVIRONMENT if isinstance(entry, str)]


def pip_section() -> list[str]:
    (section,) = [entry["pip"] for entry in ENVIRONMENT if isinstance(entry, dict)]
    return section


@pytest.mark.parametrize("requirement", DIRECT, ids=str)
def test_a_direct_dependency_is_bounded_by_the_next_major_version_and_locked_within(requirement):
    bounds = {bound.operator: Version(bound.version) for bound in requirement.specifier}
    assert bounds.keys() == {">=", "<"}
    assert bounds["<"] == Version(str(bounds[">="].major + 1))
    locked = {canonicalize_name(entry.name): entry.specifier for entry in LOCK}
    (version,) = locked[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(version.version)


@pytest.mark.parametrize("requirement", LOCK, ids=str)
def test_the_lock_names_one_public_version(requirement):
    (version,) = requirement.specifier
    assert version.operator == "=="
    # A version such as 2.13.0+cpu exists on some indexes only; *, on the other hand, is no single version.
    assert not set(version.version) & set("+*")


@pytest.mark.parametrize("listed", [DIRECT, LOCK], ids=["pyproject", "lock"])
def test_no_package_is_listed_twice(listed):
    assert len(set(names(listed))) == len(listed)


def test_what_the_library_imports_is_declared_and_a_missing_extra_can_be_named():
    provided_by = packages_distributions()
    imported = {module for path in (ROOT / "replicate").rglob("*.py") for module in _third_party(path)}
    needs = {module: canonicalize_name(provided_by[module][0]) for module in imported}
    assert set(needs.values()) <= set(names(DIRECT))
    extras = {canonicalize_name(r.name): extra for extra, listed in EXTRAS.items() for r in listed}
    assert {module: extras[name] for module, name in needs.items() if name in extras} == EXTRA_OF


def _third_party(path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    modules = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    modules += [node.module for node in nodes if isinstance(node, ast.ImportFrom)]
    return {module.split(".")[0] for module in modules} - {"replicate", *sys.stdlib_module_names}


def test_a_command_whose_extra_is_missing_names_it(tmp_path, monkeypatch):
    for module in ("schedule", "cluster"):
        monkeypatch.delitem(sys.modules, f"replicate.sweeps.{module}", raising=False)
    monkeypatch.setitem(sys.modules, "dask", None)  # importing it now fails
    result = CliRunner().invoke(app, ["sweep", "x.yaml"])
    said = "this command needs dask, which is not installed: pip install 'seq2seq-replication[sweep]'"
    assert (result.exit_code, result.stderr) == (2, f"replicate: {said}\n")


def test_conda_brings_python_and_pip_alone():
    assert sorted(names(conda_requirements())) == ["pip", "python"]
    assert not set(names(conda_requirements())) & set(names(LOCK))


def test_pip_installs_the_lock_and_the_project():
    assert sorted(pip_section()) == ["-e .", "-r requirements.lock"]


def test_conda_make_and_the_project_want_the_same_pythons():
    (conda,) = [entry.specifier for entry in conda_requirements() if entry.name == "python"]
    for specifier in (conda, Requirement(f"python{PROJECT['requires-python']}").specifier):
        assert [f"3.{minor}" for minor in range(30) if specifier.contains(f"3.{minor}.5")] == PYTHONS
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert " ".join(f"python{version}" for version in PYTHONS) in makefile


def test_the_distribution_cannot_be_mistaken_for_another():
    # On PyPI, `replicate` is the client of a hosting service.
    assert canonicalize_name(PROJECT["name"]) not in ["replicate", *names(LOCK)]


def test_the_citation_is_of_this_version_and_names_the_paper():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    validate(cited, CFF)
    assert cited["version"] == PROJECT["version"] and cited["license"] == PROJECT["license"]
    assert [reference["url"] for reference in cited["references"]] == ["https://arxiv.org/abs/1409.3215"]


NAMES = ["name", "family-names", "given-names"]
PERSON = {
    "type": "object",
    "anyOf": [{"required": NAMES[:1]}, {"required": NAMES[1:]}],
    "properties": {name: {"type": "string", "minLength": 1} for name in NAMES},
    "additionalProperties": False,
}
CFF = {  # what version 1.2.0 of the Citation File Format requires, of the keys used here
    "required": ["cff-version", "message", "title", "authors"],
    "properties": {
        "cff-version": {"const": "1.2.0"},
        "type": {"enum": ["software", "dataset"]},
        "authors": {"type": "array", "minItems": 1, "items": PERSON},
        "keywords": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
        **{name: {"type": "string"} for name in ["message", "title", "abstract", "version", "license"]},
        "references": {
            "items": {
                "required": ["type", "title", "authors"],
                "properties": {
                    "authors": {"type": "array", "minItems": 1, "items": PERSON},
                    "year": {"type": "integer"},
                    "identifiers": {"items": {"required": ["type", "value"]}},
                },
            }
        },
    },
    "additionalProperties": False,
}


HIDING = """
import sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {without!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Hidden())
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with the installed wheel alone, built from a copy of what a wheel is made of."""
    source, site = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("site")
    copytree(ROOT / "replicate", source / "replicate")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (source / name).write_bytes((ROOT / name).read_bytes())
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--no-index", "--target", site, source], check=True)
    return site


@pytest.fixture
def replicate(installed, tmp_path):
    """Runs a script, or the command, in a folder of one's own, as one who has the wheel and no checkout."""
    folder = tmp_path / "mein Ordner für 素数"
    folder.mkdir()
    (folder / "start.py").write_text(START)

    def start(*arguments, without=(), script="start.py"):
        hidden = tmp_path / "hidden"
        hidden.mkdir(exist_ok=True)
        (hidden / "sitecustomize.py").write_text(HIDING.format(without=set(without)))
        environment = clean_environment(hidden, installed)
        command = [sys.executable, script, *arguments]
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8"
        )

    start.folder = folder
    return start


@pytest.mark.slow
def test_a_wheel_has_every_file_that_the_library_reads(installed):
    data = [path for path in (ROOT / "replicate").rglob("*") if path.suffix not in (".py", ".pyc", "")]
    assert len(data) > 5
    for path in data:
        assert (installed / path.relative_to(ROOT)).read_bytes() == path.read_bytes()


@pytest.mark.slow
def test_without_the_checkout_and_the_extras_a_training_goes_into_the_current_folder(replicate):
    (replicate.folder / "train.py").write_text(
        f"steps = 3{TRAINING}print(made.path, made.provenance['git_commit'])\nimport replicate\n"
        "import replicate.figures.training, replicate.studies.published.table as table\n"
        "print(len(table.published_table()), replicate.__file__)"
    )
    done = replicate(script="train.py", without=LEFT_OUT)
    assert done.returncode == 0, done.stderr
    (run,) = (replicate.folder / "runs").glob("*/provenance.json")
    first, second = done.stdout.splitlines()
    assert first == f"{run.parent} None"
    assert second.startswith("6 ") and str(ROOT) not in second


@pytest.mark.slow
def test_without_the_checkout_a_notebook_of_ones_own_is_run_and_swept(replicate):
    notebook = write_notebook(replicate.folder / "my" / "own.ipynb", "# Parameters\nsteps = 2", TRAINING)
    done = replicate("run", "my/own.ipynb", "-p", "steps", "3", without=LEFT_OUT)
    assert (done.returncode, done.stdout) == (0, "out-own.ipynb\n"), done.stderr
    # The kernel works beside the notebook, the run is where the command was given.
    assert len(list((replicate.folder / "runs").glob("*/scores.csv"))) == 1
    assert [path.name for path in notebook.parent.iterdir()] == ["own.ipynb"]

    (replicate.folder / "own.yaml").write_text("notebook: my/own.ipynb\ngrid: {steps: [4, 6]}\n")
    done = replicate("sweep", "own.yaml", without=LEFT_OUT)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1) and "[sweep]" in done.stderr
    done = replicate("sweep", "own.yaml", "--workers", "1")
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(replicate.folder / "runs" / "sweeps" / "own" / "summary.csv")
    assert table.state.tolist() == ["done", "done"] and table.exact_match.between(0, 1).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "missing"),
    [
        (["report"], "no notebooks in notebooks"),
        (["replicate"], "03_train.ipynb"),
        (["blog", "replication"], "results"),
        (["figure", "ladder", "--out", "x.png"], "06_why.ipynb"),
    ],
    ids=["report", "replicate", "blog", "figure"],
)
def test_what_needs_the_checkout_says_so_in_one_line(replicate, command, missing):
    done = replicate(*command)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    assert missing in done.stderr.replace("\\", "/") and "project's" in done.stderr
    assert [path.name for path in replicate.folder.iterdir()] == ["start.py"]
