"""The tables and figures of the README and of docs/, made from `results/`; a test holds them to it."""

import base64
import re
from pathlib import Path

from pandas import DataFrame, read_csv

from replicate.errors import ParameterError
from replicate.evaluation.inspection import score_table
from replicate.figures.catalogue import CATALOGUE
from replicate.files import RunError, write_whole
from replicate.publish.headlines import claims, fairer, findings, ladder, published_rows, reversal
from replicate.publish.read_notebook import read_notebook
from replicate.runs.folder import open_run
from replicate.settings import RunConfig
from replicate.studies.plan import studies
from replicate.studies.published.plan import published_runs
from replicate.studies.results import RESULTS, core_hours, has_kept

FIGURES = [  # of the documents
    *("published-and-reproduced", "ladder", "claims-forest", "claims-length"),
    "translation-table-1",
]
MARK = re.compile(r"<!-- ([\w-]+): begin -->")
BASELINE_SAMPLES = 4_000
_STUDY_NAMES = {
    "published": "the published rows",
    "reversal": "the reversal study",
    "ladder": "the ladder",
    "claims": "the paper's claims",
}


def write_documents(root: Path) -> None:
    """Put the tables between their marks in the README and under docs/, and their figures beside them.

    Raises:
        ParameterError: a document cannot be read or was changed meanwhile, or a mark or figure is missing.
    """
    for document, before in texts(root).items():
        text = with_blocks(before)  # which takes a while
        if document.read_text(encoding="utf-8") != before:
            raise ParameterError(f"{document} was changed meanwhile; it stays, and so do those after it")
        write_whole(document, lambda file, text=text: file.write_text(text, encoding="utf-8"))
    folder = root / "docs" / "figures"
    folder.mkdir(exist_ok=True)
    for name in FIGURES:
        image = stored_figure(root / "notebooks" / f"{CATALOGUE[name].notebook}.ipynb", name)
        write_whole(folder / f"{name}.png", lambda file, image=image: file.write_bytes(image))


def texts(root: Path) -> dict[Path, str]:
    """The documents, whose marks are all right.

    Raises:
        ParameterError: one cannot be read, or a mark is of no block, or its end is missing.
    """
    found = {}
    for document in [root / "README.md", *sorted((root / "docs").glob("*.md"))]:
        try:
            text = found[document] = document.read_text(encoding="utf-8")
        except OSError as error:
            raise ParameterError(f"cannot read {document}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise ParameterError(f"{document} is not UTF-8") from error
        for name in MARK.findall(text):
            begin, end = _marks(name)
            if name not in BLOCKS or text.count(begin) != 1 or text.count(end) != 1:
                raise ParameterError(
                    f"{document}: {begin} must be a block ({', '.join(BLOCKS)}), once, with its {end}"
                )
    return found


def _marks(name: str) -> tuple[str, str]:
    return f"<!-- {name}: begin -->", f"<!-- {name}: end -->"


def with_blocks(text: str) -> str:
    """The text of a document with every generated block that it has made anew between its marks."""
    for name in MARK.findall(text):
        begin, end = _marks(name)
        block = f"{begin}\n{BLOCKS[name]()}\n{end}"
        text = re.sub(f"{begin}.*?{end}", lambda _, block=block: block, text, flags=re.DOTALL)
    return text


def stored_figure(notebook: Path, name: str) -> bytes:
    """The PNG of a figure that an executed notebook holds.

    Raises:
        ParameterError: there is none.
    """
    for cell in read_notebook(notebook).cells:
        for output in cell.get("outputs", []):
            if output.get("metadata", {}).get("filename") == name:
                return base64.b64decode(output.data["image/png"])
    raise ParameterError(f"{notebook} holds no figure {name}")


def findings_block() -> str:
    """What was found, a sentence each, and a figure where it says more."""
    parts = []
    for question, answer, notebook, figure in findings():
        parts.append(f"**{question}** {answer} [{notebook}](notebooks/{notebook}.ipynb)")
        if figure:
            parts.append(f"![{CATALOGUE[figure].caption}](docs/figures/{figure}.png)")
    return "\n\n".join(parts)


def verdicts_block() -> str:
    """The verdict on each published row, and the headline above it."""
    runs = published_runs()
    trainings = sum(config.training.rounds for config in runs.values())
    caption = f"{trainings} trainings of {sum(core_hours(runs)):.1f} core hours together."
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
    return {name: config for name, config in plan.items() if has_kept(name)}


def soak_block() -> str:
    """How many cases `make soak` tried; one that fails writes no table."""
    try:
        table = read_csv(RESULTS / "soak.csv").set_index("what")
    except (OSError, ValueError, KeyError) as error:
        raise RunError(f"{RESULTS / 'soak.csv'} cannot be read ({error}); `make soak` writes it") from error
    return markdown_table(table.rename_axis("tried"))


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
        "mean over trainings (`results/quick`, made by `notebooks/03_train.ipynb` with its defaults). On "
        "another machine the same seeds give other models, and scores that differ as those of other seeds do."
    )
    return f"{markdown_table(table.map('{:.2f}'.format).rename_axis('metric'))}\n\n{caption}"


def markdown_table(table: DataFrame) -> str:
    rows = [[table.index.name, *table.columns], ["---"] * (1 + len(table.columns))]
    rows += [[name, *values] for name, *values in table.itertuples()]
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows)


BLOCKS = {
    "findings": findings_block,
    "verdicts": verdicts_block,
    "reversal": lambda: _headline(reversal()),
    "ladder": lambda: _headline(ladder()),
    "claims": lambda: _headline(claims()),
    "fairer": lambda: _headline(fairer()),
    "time": time_block,
    "soak": soak_block,
    "scores": scores_block,
}
