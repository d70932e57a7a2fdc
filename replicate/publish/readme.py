"""The README's scores and figure, made from `results/`; a test holds the README to them."""

import re
from pathlib import Path

from replicate.figures.training import metric_curves
from replicate.inspection import score_table
from replicate.runs import Run, open_run

BEGIN, END = "<!-- scores: begin -->", "<!-- scores: end -->"
BASELINE_SAMPLES = 4_000


def write_readme(root: Path) -> None:
    """Put the scores between their marks in README.md, and draw its figure."""
    run = open_run(root / "results" / "quick")
    readme = root / "README.md"
    readme.write_text(with_scores(readme.read_text(), scores_block(run)))
    metric_curves(run.history).savefig(root / "results" / "quick" / "metric-curves.png", dpi=200)


def with_scores(text: str, block: str) -> str:
    """The text with `block` in place of what stands between the marks."""
    return re.sub(f"{BEGIN}.*?{END}", lambda _: f"{BEGIN}\n{block}\n{END}", text, flags=re.DOTALL)


def scores_block(run: Run) -> str:
    """A Markdown table of the run's scores beside its baselines."""
    table = score_table(run, BASELINE_SAMPLES).drop(index=["published_psa", "published_lcsr"])
    names = ["PSA", "LCSR", "GeoMean", "Exact match", "LCS F1", "GeoMean, published protocol"]
    lines = [f"| Metric | {' | '.join(column.capitalize() for column in table)} |", "|---" * 5 + "|"]
    for name, values in zip(names, table.to_numpy(), strict=True):
        lines.append(f"| {name} | {' | '.join(f'{value:.2f}' for value in values)} |")
    config = run.config
    caption = (
        f"{config.rounds} trainings of {run.steps} updates at max_length {config.max_length}, "
        f"mean over trainings (`results/quick`, made by `notebooks/03_train.ipynb` with its defaults)."
    )
    return "\n".join([*lines, "", caption])
