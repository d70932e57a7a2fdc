"""The command line: `replicate report`, `replicate run` and so on; a thin face."""

import errno
import signal
import sys
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

EXTRA_OF = {  # modules that are imported here -> the extra of pyproject.toml that installs them
    **dict.fromkeys(["dask", "distributed", "rich"], "sweep"),
    **dict.fromkeys(["PIL", "bs4", "jinja2", "latex2mathml", "nbconvert", "noto_cjk"], "report"),
    "sentencepiece": "translation",
}
DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM)


class OneLineErrors(TyperGroup):
    """Ends in one line where a person or a notebook is at fault; a traceback is for this program's faults."""

    def invoke(self, ctx: typer.Context) -> Any:
        for stream in (sys.stdout, sys.stderr):  # names and texts print in an ASCII locale too
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as interrupt:
            typer.echo(f"replicate: {str(interrupt) or 'stopped'}", err=True)
            raise typer.Exit(128 + signal.SIGINT) from None
        except (ModuleNotFoundError, OSError, ValueError, RuntimeError) as error:
            if (fault := _fault(error)) is None:
                raise
            message, code = fault
            typer.echo(f"replicate: {message}", err=True)
            raise typer.Exit(code) from error


def _fault(error: Exception) -> tuple[str, int] | None:
    """What to tell the person, and the exit status; None where the fault is this program's."""
    if isinstance(error, ModuleNotFoundError):
        package = (error.name or "").partition(".")[0]
        if package not in EXTRA_OF:
            return None
        wanted = f"pip install 'seq2seq-replication[{EXTRA_OF[package]}]'"
        return f"this command needs {package}, which is not installed: {wanted}", 2
    if isinstance(error, OSError):
        named = f"{error.filename or 'a file'} cannot be written: {error.strerror}"
        return (named, 2) if error.errno in DISK else None
    # Imported here because torch and papermill take seconds to load, which `--help` can spare.
    from replicate.files import RunError
    from replicate.parameters import ParameterError
    from replicate.publish.execute import NotebookError
    from replicate.sweeps.spec import SweepError
    from replicate.tasks.translation.corpus import CorpusError

    if isinstance(error, NotebookError | SweepError):
        return str(error), 1
    return (str(error), 2) if isinstance(error, ParameterError | RunError | CorpusError) else None


class PairOptions(TyperCommand):
    """Reads `-p NAME VALUE` as papermill does; typer has no repeatable option of two words."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:
        words = iter(args)
        joined = ["-p" + "=".join(islice(words, 2)) if word == "-p" else word for word in words]
        return super().parse_args(ctx, joined)


app = typer.Typer(
    cls=OneLineErrors, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)


# Of a sweep.
Workers = Annotated[int | None, typer.Option(min=1, help="Processes here; one a core by default.")]
Scheduler = Annotated[str | None, typer.Option(help="The address of a dask scheduler, tcp://...")]


@app.command()
def report() -> None:
    """Execute every notebook and write the report."""
    from replicate.publish.report import make_report

    typer.echo(make_report(Path(), Path("report")))


@app.command(cls=PairOptions)
def run(
    notebook: Annotated[Path, typer.Argument(help="The notebook to execute.")],
    out: Annotated[Path | None, typer.Argument(help="The executed copy; out-NOTEBOOK here.")] = None,
    pairs: Annotated[list[str] | None, typer.Option("-p", metavar="NAME VALUE", help="A parameter.")] = None,
) -> None:
    """Execute one notebook with the parameters given."""
    from replicate.parameters import ParameterError, check_parameters, run_config

    given = dict(map(_pair, pairs or []))
    values = check_parameters(notebook, given)
    run_config(values)  # refuses what a run would refuse
    out = out or Path(f"out-{notebook.name}")
    if out.exists():
        raise ParameterError(f"{out} exists: delete it or name another file for the executed copy")

    from replicate.publish.execute import execute

    typer.echo(execute(notebook, out, {name: values[name] for name in given}))


@app.command()
def sweep(
    file: Annotated[Path, typer.Argument(help="A YAML file: a notebook, and a grid or list of parameters.")],
    out: Annotated[Path | None, typer.Option(help="The sweep's folder; runs/sweeps/NAME by default.")] = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
) -> None:
    """Execute a notebook with many sets of parameters: those that are missing or failed."""
    from replicate.runs.folder import runs_root
    from replicate.sweeps.schedule import run_sweep
    from replicate.sweeps.spec import read_sweep
    from replicate.sweeps.store import failures
    from replicate.sweeps.tables import OTHERS, SUMMARY, others

    jobs = read_sweep(file)
    out = out or runs_root() / "sweeps" / file.stem
    table = run_sweep(jobs, out, scheduler, workers)
    differing = table.columns[table.astype(str).nunique() > 1].drop("folder", errors="ignore")
    typer.echo(table[differing].to_string(index=False) if len(differing) else table.to_string(index=False))
    typer.echo(out / SUMMARY)
    if left := others(out, jobs):
        names = ", ".join(place.name for place in left)
        typer.echo(f"replicate: no longer in {file}, so in {OTHERS} only: {names}", err=True)
    if failed := failures(out, jobs):
        typer.echo(
            f"replicate: {len(failed)} of {len(jobs)} cases failed; the same command tries them again",
            err=True,
        )
        raise typer.Exit(1)


@app.command("replicate")
def replicate_(
    only: Annotated[str | None, typer.Option(metavar="STUDY", help="One study instead of all.")] = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
) -> None:
    """Make every full run that is missing, go on with those that were stopped, and write results/."""
    from replicate.studies.replication import replicate_all

    replicate_all(only, scheduler, workers)


@app.command()
def figures() -> None:
    """List the figures: name, notebook and what it shows."""
    from replicate.figures.catalogue import CATALOGUE

    for name, (notebook, caption) in CATALOGUE.items():
        typer.echo(f"{name:26} {notebook:14} {caption}")


@app.command()
def figure(
    name: Annotated[str, typer.Argument(help="One of those that `replicate figures` lists.")],
    out: Annotated[Path, typer.Option(help="The file to write, .png or .svg.")],
    run: Annotated[Path | None, typer.Option(help="A run's folder, for the figures of a run.")] = None,
    dark: Annotated[bool, typer.Option("--dark", help="For a dark page.")] = False,
) -> None:
    """Make one figure alone; an existing file stays."""
    from replicate.publish.figure import make_figure

    make_figure(Path(), name, out, run, dark)
    typer.echo(out)


@app.command()
def blog(
    name: Annotated[
        str | None,
        typer.Argument(help="An article (replication, scores, claims) or a notebook's path; all articles."),
    ] = None,
    lang: Annotated[str | None, typer.Option(help="en or zh, of an article; both by default.")] = None,
    slug: Annotated[str | None, typer.Option(help="The post's name in its address.")] = None,
    date: Annotated[str | None, typer.Option(help="Such as '2025-04-20 10:00:00 +0800'; now.")] = None,
    title: Annotated[str | None, typer.Option(help="The post's title.")] = None,
    description: Annotated[str | None, typer.Option(help="What lists of posts say of it.")] = None,
    image: Annotated[str | None, typer.Option(help="The figure of it that they show.")] = None,
    categories: Annotated[list[str] | None, typer.Option("--category", help="May be repeated.")] = None,
    tags: Annotated[list[str] | None, typer.Option("--tag", help="May be repeated.")] = None,
    code: Annotated[str | None, typer.Option(help="The URL of the code, which articles link to.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a post that is there and differs.")] = False,
    out: Annotated[Path, typer.Option(help="The blog's folder.")] = Path("blog"),
) -> None:
    """Write posts of a Jekyll blog (Chirpy), with their figures: articles, or a notebook cell by cell."""
    from replicate.figures.language import LANGUAGES
    from replicate.publish.articles import ARTICLES
    from replicate.publish.blog import make_article, make_post

    given = {"slug": slug, "date": date, "title": title, "description": description, "image": image}
    given |= {"categories": categories, "tags": tags}
    if name and name.endswith(".ipynb"):
        typer.echo(make_post(Path(name), out, force, **given))
        return
    if any(given.values()) and not (name and lang):
        from replicate.parameters import ParameterError

        raise ParameterError("title, slug and their like are of one post: name its article and its --lang")
    for article in [name] if name else ARTICLES:
        for language in [lang] if lang else LANGUAGES:
            typer.echo(make_article(article, language, out, code, force, **given))


@app.command()
def pairs(
    english: Annotated[
        Path, typer.Argument(help="LibreOffice's help in English: its folder, or the Debian package.")
    ] = Path("/usr/share/libreoffice/help/en-US"),
    french: Annotated[Path, typer.Argument(help="The same in French.")] = Path(
        "/usr/share/libreoffice/help/fr"
    ),
    out: Annotated[Path, typer.Option(help="The file to write; an existing one stays.")] = Path(
        "libreoffice.tsv"
    ),
    longest: Annotated[int, typer.Option(min=3, help="Words and signs of a sentence, at most.")] = 20,
) -> None:
    """Make a parallel text of LibreOffice's help: English, French and page, for the task translation."""
    from replicate.parameters import ParameterError
    from replicate.tasks.translation.corpus import write_tsv
    from replicate.tasks.translation.libreoffice import read_help

    if out.exists():
        raise ParameterError(f"{out} exists: delete it or name another file")
    found = read_help(english, french, longest)
    write_tsv(out, found)
    pages = len({pair.group for pair in found})
    typer.echo(f"{out}: {len(found):,} pairs from {pages:,} pages; use it with pairs {out}, group_column 3")


@app.command()
def refresh() -> None:
    """Execute the committed notebooks anew, in place, and the tables and figures of the README and docs."""
    from replicate.publish.documents import write_documents
    from replicate.publish.refresh import refresh as refresh_notebook
    from replicate.publish.report import numbered_notebooks

    for notebook in numbered_notebooks(Path()):
        typer.echo(notebook)
        refresh_notebook(notebook)
    write_documents(Path())


def _pair(option: str) -> tuple[str, str]:
    name, equals, text = option.partition("=")
    if not equals:
        from replicate.parameters import ParameterError

        raise ParameterError(f"-p takes a name and a value; {name!r} came alone")
    return name, text
