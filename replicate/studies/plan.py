"""The full runs behind the report. Seeds and numbers were fixed before they began (`results/rules.md`)."""

from replicate.files import RunError
from replicate.presets import QUICK
from replicate.settings import RunConfig
from replicate.studies.claims.plan import claims_runs
from replicate.studies.ladder.plan import ladder_runs
from replicate.studies.published.plan import published_runs, reversal_runs
from replicate.studies.registration import registrations


def studies() -> dict[str, dict[str, RunConfig]]:
    """Every study's runs: those planned above, then those with a registration of their own."""
    planned = {
        "published": published_runs(),
        "reversal": reversal_runs(),
        "ladder": ladder_runs(),
        "claims": claims_runs(),
    }
    registered = registrations()
    if taken := planned.keys() & registered.keys():
        raise RunError(f"a registered study cannot be called {min(taken)}: one is planned in code")
    for name, registration in registered.items():
        if taken := registration.runs.keys() & set().union(*planned.values()):
            raise RunError(f"{name} cannot have a run {min(taken)}: one is planned in code; rename its arm")
    return planned | {name: registration.runs for name, registration in registered.items()}


def command(name: str, config: RunConfig) -> str:
    """What to type for one run: the settings in which it differs from the defaults of `03_train`."""
    own, kinds = config.flat(), {"task": config.task.kind, "model": config.model.kind}
    # The notebook's defaults, as far as they mean something to this task and model.
    quick = {name: value for name, value in QUICK.flat().items() if name in own and name != "feed_previous"}
    alike = RunConfig.of(**quick | kinds).flat()
    changes = {name: value for name, value in own.items() if value != alike[name]}
    changes = {name: kind for name, kind in kinds.items() if kind != QUICK.flat()[name]} | changes
    words = [".venv/bin/replicate run notebooks/03_train.ipynb", f"out-{name}.ipynb"]
    return " ".join([*words, *(f"-p {k} {v}" for k, v in changes.items())])
