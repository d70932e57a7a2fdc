"""The command line: `replicate report`, `replicate run` and so on; a thin face."""

import os
from itertools import product
from pathlib import Path
from typing import Annotated

import typer

from replicate.endings import OneLineErrors, forget_hang_up
from replicate.errors import ParameterError
from replicate.pair_options import PairOptions
from replicate.telling import tell

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
    notebook: Annotated[str, typer.Argument(help="The notebook: its name, such as 03_train, or its path.")],
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[OUT] [NAME=VALUE]...",
            help="The executed copy (out-NOTEBOOK here, numbered), and parameters.",
        ),
    ] = None,
    pairs: Annotated[list[str] | None, typer.Option("-p", metavar="NAME VALUE", help="A parameter.")] = None,
    raw: Annotated[
        list[str] | None, typer.Option("-r", metavar="NAME TEXT", help="A parameter, given as text.")
    ] = None,
    yaml: Annotated[list[str] | None, typer.Option("-y", metavar="YAML", help="Parameters as YAML.")] = None,
    files: Annotated[
        list[Path] | None, typer.Option("-f", metavar="FILE", help="A YAML file of parameters.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an executed copy that exists.")] = False,
) -> None:
    """Execute one notebook with the parameters given."""
    from replicate.arguments import as_its_kernel_reads, given_parameters, sorted_words
    from replicate.notebooks import find_notebook, place_of_copy
    from replicate.parameters import check_parameters, makes_config, run_config
    from replicate.runs.checks import check_run
    from replicate.runs.places import shown

    path = find_notebook(notebook)
    out, typed = sorted_words(words or [])
    given = given_parameters(path, files or (), yaml or (), pairs or (), raw or (), typed)
    values = as_its_kernel_reads(check_parameters(path, given), path.parent)
    folder = check_run(values, run_config(values) if makes_config(path) else None)
    with place_of_copy(path, out, force) as copy:
        tell(f"replicate: executing {path}; its copy is {copy}")
        if folder:
            tell(f"replicate: the run's folder is {shown(folder)}")

        from replicate.publish.execute import execute_or_set_apart  # papermill takes seconds

        executed = execute_or_set_apart(path, copy, {name: values[name] for name in given})
    typer.echo(executed)


@app.command()
def lab(
    folder: Annotated[Path, typer.Argument(help="The folder of your copies.")] = Path("lab"),
) -> None:
    """Open JupyterLab on copies of the notebooks, which are yours: one that is there stays as it is."""
    from jupyterlab.labapp import main  # where it is not installed, nothing is copied

    from replicate.notebooks import check_folders_of_jupyter, copy_to

    check_folders_of_jupyter()
    new, kept = copy_to(folder)
    if new:
        tell(f"replicate: copied to {folder}/: {', '.join(new)}")
    if kept:
        hint = "rename or delete one to get the project's again"
        tell(f"replicate: yours are left as they are: {', '.join(kept)}; {hint}")
    os.environ.setdefault("JUPYTER_PREFER_ENV_PATH", "1")  # not a `python3` registered for this user
    forget_hang_up()
    main(["--ip=127.0.0.1", "--allow-root", str(folder)])


@app.command()
def sweep(
    file: Annotated[Path, typer.Argument(help="A YAML file: a notebook, and a grid or list of parameters.")],
    out: Annotated[Path | None, typer.Option(help="The sweep's folder; runs/sweeps/NAME by default.")] = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
) -> None:
    """Execute a notebook with many sets of parameters: those that are missing or failed."""
    from replicate.runs.places import runs_root
    from replicate.sweeps.schedule import run_sweep
    from replicate.sweeps.spec import read_sweep
    from replicate.sweeps.tables import OTHERS, SUMMARY, others, printed

    jobs = read_sweep(file)
    out = out or runs_root() / "sweeps" / file.stem
    table = run_sweep(jobs, out, scheduler, workers, file=file)
    typer.echo(printed(table))
    typer.echo(f"all columns: {out / SUMMARY}")
    if left := others(out, jobs):
        names = ", ".join(place.name for place in left)
        tell(f"replicate: no longer in {file}, so in {OTHERS} only: {names}")
    bad = table[table.state != "done"]
    for name, error in zip(bad.folder, bad.error, strict=True):
        tell(f"replicate: {name}: {error}")
    for state, hint in (
        ("failed", "the same command tries them again"),
        ("damaged", "put back what is gone, or delete their folders, and the same command makes them again"),
    ):
        if count := (bad.state == state).sum():
            tell(f"replicate: {count} of {len(jobs)} cases {state}; {hint}")
    if len(bad):
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
    from replicate.files import PROJECT
    from replicate.publish.figure import make_figure

    make_figure(PROJECT, name, out, run, dark)
    typer.echo(out)


@app.command()
def blog(
    name: Annotated[
        str | None,
        typer.Argument(help="An article (replication, scores, claims) or a notebook's path; all articles."),
    ] = None,
    lang: Annotated[str | None, typer.Option(help="en or zh, of an article; both by default.")] = None,
    slug: Annotated[str | None, typer.Option(help="The post's name in its address.")] = None,
    date: Annotated[
        str | None, typer.Option(help="Such as '2025-04-20 10:00:00 +0800'; that of the post there, or now.")
    ] = None,
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
        if lang or code:
            raise ParameterError(f"--lang and --code are of articles, and {name} is a notebook")
        typer.echo(make_post(Path(name), out, force, **given))
        return
    if any(given.values()) and not (name and lang):
        raise ParameterError("title, slug and their like are of one post: name its article and its --lang")
    chosen = product([name] if name else ARTICLES, [lang] if lang else LANGUAGES)
    done = []
    try:
        for article, language in chosen:
            done.append(make_article(article, language, out, code, force, **given))
    finally:  # one who no longer listens stops no work
        for said in done:
            typer.echo(said)


@app.command()
def live(
    out: Annotated[Path, typer.Option(help="The HTML file to write.")] = Path("live.html"),
) -> None:
    """Write a page in which trained models answer what its reader types; an existing file stays."""
    from replicate.publish.live.page import write_page

    write_page(out)
    typer.echo(out)


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
    from replicate.files import claimed
    from replicate.tasks.translation.corpus import write_tsv
    from replicate.tasks.translation.libreoffice import read_help

    with claimed(out):
        found = read_help(english, french, longest)
        write_tsv(out, found)
    pages = len({pair.group for pair in found})
    typer.echo(f"{out}: {len(found):,} pairs from {pages:,} pages; use it with pairs {out}, group_column 3")


@app.command()
def refresh() -> None:
    """Execute the committed notebooks anew, in place, and the tables and figures of the README and docs."""
    from replicate.publish.documents import texts, write_documents
    from replicate.publish.refresh import refresh as refresh_notebook
    from replicate.publish.report import numbered_notebooks

    notebooks = numbered_notebooks(Path())
    texts(Path())  # refuses a damaged one before the hour that follows
    for notebook in notebooks:
        tell(f"refreshing {notebook}")
        refresh_notebook(notebook)
    write_documents(Path())
