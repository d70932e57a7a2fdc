"""The full runs behind the report. Seeds and numbers were fixed before they began (`results/rules.md`)."""

from .config import PAPER, PUBLISHED, QUICK, RunConfig
from .published import published_table
from .registration import registrations


def published_runs() -> dict[str, RunConfig]:
    """The six rows of the post's table at full settings, each with a seed of its own."""
    rows = published_table()[["max_length", "reverse"]].to_dict("records")
    configs = [PUBLISHED.model_copy(update={**row, "seed": 1 + i}) for i, row in enumerate(rows)]
    return {f"published-{c.max_length}-{'reverse' if c.reverse else 'forward'}": c for c in configs}


# Each rung of the ladder changes one thing of the rung before; the first is the published run itself.
RUNGS = {
    "constant-rate": {"lr_gamma": 1.0},
    "clipping": {"clip_norm": 1.0},
    "fed-decoder": {"feed_previous": True},
    "linear-maps": {"model": "rnn"},
    "lstm": {"model": "lstm"},
}
# The goal, an exact match of 0.99 in few updates: the last rung with a rate chosen in pilot runs.
TUNED_RATE = {"learning_rate": 4e-3, "lr_step_size": 1_000, "lr_gamma": 0.5}
# What the last rung loses without one of the changes; without the LSTM it is the rung before.
LEFT_OUT = {
    "lstm-with-rate-cuts": {"lr_gamma": PUBLISHED.lr_gamma},
    "lstm-without-clipping": {"clip_norm": None},
    "lstm-without-feeding": {"feed_previous": False},
}


def ladder_runs() -> dict[str, RunConfig]:
    """The rungs above the published run at max_length 15, reversed; then the last one altered or tuned."""
    config = PUBLISHED.model_copy(update={"reverse": True, "stop_exact_match": 0.99, "evaluate_every": 250})
    runs = {}
    for i, (name, change) in enumerate(RUNGS.items()):
        config = config.model_copy(update={**change, "seed": 201 + i})
        runs[f"ladder-{name}"] = config
    runs["ladder-lstm-forward"] = config.model_copy(update={"reverse": False, "seed": 211})
    for i, (name, change) in enumerate(LEFT_OUT.items()):
        runs[f"ladder-{name}"] = config.model_copy(update={**change, "seed": 212 + i})
    runs["ladder-tuned-rate"] = config.model_copy(update={**TUNED_RATE, "seed": 215})
    return runs


def reversal_runs() -> dict[str, RunConfig]:
    """The reversal claim at max_length 15: 80 trainings in each direction."""
    return {
        "reversal-forward": PUBLISHED.model_copy(update={"rounds": 80, "seed": 101}),
        "reversal-reverse": PUBLISHED.model_copy(update={"rounds": 80, "seed": 102, "reverse": True}),
    }


# What each arm of the paper's claims changes of the `PAPER` preset. Pilot runs with seed 9002 chose the
# preset's size, so that the task is neither trivial nor hopeless.
ARMS = {
    "base": {"rounds": 50},
    "forward": {"reverse": False},
    "2-layers": {"layers": 2},
    "3-layers": {"layers": 3},
    "3-layers-forward": {"layers": 3, "reverse": False},
    "4-layers": {"layers": 4},
    "rnn": {"model": "rnn"},
    "rnn-forward": {"model": "rnn", "reverse": False},
    "attention": {"model": "attention"},
    "skewed": {"skew": 1.0},
    "without-clipping": {"clip_norm": None},
    "narrow-start": {"init_bound": 0.08},
    "default-start": {"init_bound": None},
    "adam": {"optimizer": "adam", "learning_rate": 4e-3},
}


def claims_runs() -> dict[str, RunConfig]:
    """The runs behind the verdicts on the paper's claims."""
    arms = enumerate(ARMS.items())
    return {f"claims-{name}": PAPER.model_copy(update={**arm, "seed": 301 + i}) for i, (name, arm) in arms}


def studies() -> dict[str, dict[str, RunConfig]]:
    """Every study's runs: those planned above, then those with a registration of their own."""
    planned = {
        "published": published_runs(),
        "reversal": reversal_runs(),
        "ladder": ladder_runs(),
        "claims": claims_runs(),
    }
    return planned | {name: registration.runs for name, registration in registrations().items()}


def command(name: str, config: RunConfig) -> str:
    """What to type for one run: the settings in which it differs from the defaults of `03_train`."""
    defaults = QUICK.model_dump() | {"feed_previous": config.model != "post"}  # where it is not given
    changes = {name: value for name, value in config.model_dump().items() if value != defaults[name]}
    words = [".venv/bin/replicate run notebooks/03_train.ipynb", f"out-{name}.ipynb"]
    return " ".join([*words, *(f"-p {k} {v}" for k, v in changes.items())])
