"""The README's tables and figure, made from `results/`; a test holds the README to them."""

import re
from pathlib import Path

from pandas import DataFrame, read_csv

from replicate.evaluation.inspection import score_table
from replicate.figures.training import metric_curves
from replicate.files import write_whole
from replicate.publish.headlines import claims, fairer, ladder, published_rows, reversal
from replicate.runs.folder import open_run
from replicate.settings import PAPER, RunConfig
from replicate.studies.claims.figures import by_length
from replicate.studies.claims.forest import forest
from replicate.studies.claims.sizes import sizes
from replicate.studies.measuring import read_measurement
from replicate.studies.plan import studies
from replicate.studies.published.plan import published_runs
from replicate.studies.results import RESULTS, core_hours, is_kept

BASELINE_SAMPLES = 4_000
_STUDY_NAMES = {
    "published": "the published rows",
    "reversal": "the reversal study",
    "ladder": "the ladder",
    "claims": "the paper's claims",
}


def write_readme(root: Path) -> None:
    """Put the tables between their marks in README.md, and draw its figures."""
    readme = root / "README.md"
    text = with_blocks(readme.read_text(encoding="utf-8"))
    write_whole(readme, lambda file: file.write_text(text, encoding="utf-8"))
    run = open_run(RESULTS / "quick")
    lengths = {
        "fixed state": read_measurement("claims", "lengths"),
        "attention": read_measurement("claims", "lengths-attention"),
    }
    figures = {
        "quick/metric-curves": metric_curves(run.history, run.metrics),
        "claims/forest": forest(sizes()),
        "claims/length": by_length(lengths, PAPER.task.max_length),
    }
    for name, figure in figures.items():
        figure.savefig(RESULTS / f"{name}.png", dpi=200)


def with_blocks(text: str) -> str:
    """The text with every generated block made anew between its marks."""
    for name, block in BLOCKS.items():
        text = _with_block(text, name, block())
    return text


def _with_block(text: str, name: str, block: str) -> str:
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    text, count = re.subn(f"{begin}.*?{end}", lambda _: f"{begin}\n{block}\n{end}", text, flags=re.DOTALL)
    if count != 1:
        raise ValueError(f"README.md must have the marks {begin} and {end} once, not {count} times")
    return text


def verdicts_block() -> str:
    """The verdict on each published row, and the headline above it."""
    runs = published_runs()
    trainings = sum(config.training.rounds for config in runs.values())
    caption = f"{trainings} trainings, made by `make replicate` in {sum(core_hours(runs)):.1f} core hours."
    return f"{_headline(published_rows())}\n\n{caption}"


def time_block() -> str:
    """How long the kept runs took."""
    plans = {_STUDY_NAMES.get(name, name): _kept(plan) for name, plan in studies().items()}
    plans = {name: plan for name, plan in plans.items() if plan}
    hours = {name: core_hours(plan) for name, plan in plans.items()}
    rows = [
        {
            "runs": len(plan),
            "trainings": sum(config.training.rounds for config in plan.values()),
            "core hours": f"{sum(hours[name]):.1f}",
            "the longest run": f"{max(hours[name]):.1f}",
        }
        for name, plan in plans.items()
    ]
    table = DataFrame(rows, index=list(plans)).rename_axis("")
    total, longest = sum(map(sum, hours.values())), max(map(max, hours.values()))
    note = (
        f"In all at least {total:.1f} core hours, so {total / 2:.1f} hours on 2 cores: of a run that was "
        "stopped, only the process that finished it is counted. A sweep gives each run one core, so that "
        "more cores, in one machine or many, shorten the whole down to the longest run: "
        f"{longest:.1f} hours, on about {total / longest:.0f} cores. Beyond that only more cores a run help: "
        "`OMP_NUM_THREADS=4` at a worker gives each run four, among which it shares out its rounds."
    )
    return f"{markdown_table(table)}\n\n{note}"


def _kept(plan: dict[str, RunConfig]) -> dict[str, RunConfig]:
    return {name: config for name, config in plan.items() if is_kept(name, config)}


def soak_block() -> str:
    """How many cases `make soak` tried; one that fails writes no table."""
    return markdown_table(read_csv(RESULTS / "soak.csv").set_index("what").rename_axis("tried"))


def _headline(headline: tuple[str, DataFrame]) -> str:
    sentence, table = headline
    return f"{sentence}\n\n{markdown_table(table)}"


def scores_block() -> str:
    """The quick run's scores beside its baselines."""
    run = open_run(RESULTS / "quick")
    table = score_table(run, BASELINE_SAMPLES).drop(index=["published_psa", "published_lcsr"])
    table = table.dropna(subset="trained").rename(index={m.name: m.label for m in run.task.metrics})
    config = run.config
    caption = (
        f"{config.training.rounds} trainings of {run.steps} updates at max_length {config.task.max_length}, "
        f"mean over trainings (`results/quick`, made by `notebooks/03_train.ipynb` with its defaults)."
    )
    return f"{markdown_table(table.map('{:.2f}'.format).rename_axis('metric'))}\n\n{caption}"


def markdown_table(table: DataFrame) -> str:
    rows = [[table.index.name, *table.columns], ["---"] * (1 + len(table.columns))]
    rows += [[name, *values] for name, *values in table.itertuples()]
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows)


BLOCKS = {
    "verdicts": verdicts_block,
    "reversal": lambda: _headline(reversal()),
    "ladder": lambda: _headline(ladder()),
    "claims": lambda: _headline(claims()),
    "fairer": lambda: _headline(fairer()),
    "time": time_block,
    "soak": soak_block,
    "scores": scores_block,
}
