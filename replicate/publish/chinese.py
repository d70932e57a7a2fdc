"""The results in Chinese: one template a notebook, its tables, captions and numbers from the same results."""

from collections.abc import Callable
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from replicate.publish.chirpy import figure
from replicate.settings import PAPER
from replicate.studies.claims.arms import open_arms
from replicate.studies.claims.sizes import fairer_claims, fairer_verdicts
from replicate.studies.claims.verdicts import changed_length, claim_verdicts
from replicate.studies.judging import NOT_RUN, study_verdicts
from replicate.studies.ladder.rungs import open_rungs
from replicate.studies.measuring import read_measurement
from replicate.studies.published.plan import published_runs
from replicate.studies.published.reversal import reversal_verdicts
from replicate.studies.published.verdicts import author_against_ours, row_verdicts
from replicate.studies.results import RESULTS, read_training_table, reversal_trainings
from replicate.studies.rules import MARGIN
from replicate.tasks import task_of

VERDICTS = {
    "reproduced": "复现成功",
    "consistent": "相符",
    "not reproduced": "未能复现",
    "supported": "成立",
    "not shown": "未见证据",
    "contradicted": "相反",
    "not testable here": "此处无法检验",
    "smaller than the margin": "小于界限",
    "not run yet": "尚未运行",
}


def chinese_body(notebook: str, figures: Path, slug: str) -> tuple[str, list[Path]]:
    """The body of a notebook's Chinese post, and the files of its figures."""
    files: list[Path] = []

    def show(name: str, caption: str) -> str:
        text, shown = figure(name, caption, figures, slug)
        files.extend(shown)
        return text

    loader = PackageLoader("replicate.publish")
    templates = Environment(loader=loader, trim_blocks=True, undefined=StrictUndefined)
    template = templates.get_template(f"{notebook}.zh.md.j2")
    return template.render(figure=show, verdict=VERDICTS, **CONTEXTS[notebook]()), files


def _published() -> dict:
    table = read_training_table(RESULTS / "published_table.csv", published_runs())
    rungs = open_rungs()
    return {
        "rows": list(row_verdicts(table).itertuples()),
        "means": table.groupby(["max_length", "reverse"])[
            ["published_psa", "published_lcsr", "published_geo_mean", "exact_match"]
        ].mean(),
        "ceiling": {
            config.task.max_length: 1 - task_of(config.task).empty_share()
            for config in published_runs().values()
        },
        "reversal": list(reversal_verdicts(reversal_trainings()).itertuples()),
        "again": next(study_verdicts("reversal-10").itertuples()),
        "margin": MARGIN,
        "author": list(author_against_ours(table).itertuples()),
        "rungs": {name: run.scores for name, run in rungs.items()},
    }


def _claims() -> dict:
    verdicts = claim_verdicts()
    fairer = fairer_verdicts()
    return {
        "claims": list(verdicts[verdicts.by == "paper"].itertuples()),
        "family": len(verdicts),
        "length": verdicts.loc["length"],
        "changed": changed_length(),
        "fairer": list(fairer[fairer.verdict != NOT_RUN].itertuples()),
        "fairer_name": fairer_claims().claim_zh.to_dict(),
        "arms": {name: run.scores for name, run in open_arms().items()},
        "beam": read_measurement("claims", "beam").groupby("width").exact_match.mean(),
        "lengths": {
            "fixed state": read_measurement("claims", "lengths").groupby("length").lcs_f1.mean(),
            "attention": read_measurement("claims", "lengths-attention").groupby("length").lcs_f1.mean(),
        },
        "paper": PAPER,
    }


CONTEXTS: dict[str, Callable[[], dict]] = {"05_published": _published, "07_claims": _claims}
