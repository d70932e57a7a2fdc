"""A post of a Jekyll blog with the Chirpy theme: its figures, and the files it becomes."""

import re
import shutil
from os.path import lexists
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image, ImageOps

from replicate.errors import ParameterError
from replicate.files import reason, unwritable
from replicate.publish.front_matter import FIGURES, PREVIEW, Post
from replicate.publish.kramdown import as_attribute, as_text, past_liquid

DOTS_AN_INCH = 2  # a saved figure's pixels over those on the page
DARK = "-dark"  # ends the name of a figure for a dark page
MOVED = "old-"  # begins the name of what is on its way out, in a hidden folder
PREVIEW_SIZE = (1200, 630)  # pixels; Chirpy cuts others to this shape


def check_place(slug: str, out: Path) -> None:
    """Refuse a slug that is no plain name, and a place that cannot be a folder of posts; nothing is made."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug):
        raise ParameterError(f"slug {slug!r} must be small letters and digits, with single dashes between")
    for folder in (out / "_posts", out / FIGURES[1:]):
        if there := unwritable(folder):
            raise ParameterError(
                f"{folder} cannot be a folder of posts: {there} is no folder that you may write to"
            )


def earlier(slug: str, out: Path) -> Path | None:
    """The post of this slug that is there already, the latest by its date."""
    name = re.compile(rf"\d{{4}}-\d\d-\d\d-{re.escape(slug)}\.md")
    return max((path for path in (out / "_posts").glob("*.md") if name.fullmatch(path.name)), default=None)


def write_post(body: str, figures: list[Path], post: Post, out: Path, force: bool = False) -> str:
    """Write a post and its figures, all or nothing, and return its path and what was done.

    What is there already and differs stays, unless it is to be replaced by `force`.
    """
    check_place(post.slug, out)
    _refuse_moved(out)
    if post.image and post.image not in {figure.stem for figure in figures}:
        raise ParameterError(f"image must name a figure of the post, not {post.image!r}")
    target, images = out / "_posts" / post.file, out / FIGURES[1:] / post.slug
    before = [path for path in (earlier(post.slug, out), images) if path and path.exists()]
    for folder in (target.parent, images.parent):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ParameterError(f"{folder} cannot be a folder of posts: {error.strerror}") from error
    with TemporaryDirectory(dir=out, prefix=".post-") as temporary:
        new = Path(temporary) / "new"
        try:
            _write_new(new, body, figures, post)
        except OSError as error:
            raise ParameterError(f"{target} cannot be written: {reason(error)}") from error
        if target in before and _same(new, post, target, images):
            return f"{target}: unchanged"
        changing = [path for path in before if path != images or _are_others(new / post.slug, images)]
        if changing and not force:
            there = " and ".join(map(str, changing))
            return f"{target}: not written, for {there} would change; --force replaces what is there"
        _replace(before, new, post, target, images)
    return f"{target}: {'replaced' if changing else 'written'}"


def _refuse_moved(out: Path) -> None:
    """Refuse to go on where a command was killed as it replaced a post: what was there must come back."""
    for moved in sorted(out.glob(f".post-*/{MOVED}*")):
        raise ParameterError(
            f"{moved.parent} has what a command that was killed, or is at work, took out of {out} to replace "
            f"it: put {moved.name} back, without its {MOVED}0- or {MOVED}1-, or delete that folder"
        )


def _write_new(new: Path, body: str, figures: list[Path], post: Post) -> None:
    """The post and the folder of its images, in a new folder."""
    (new / post.slug).mkdir(parents=True)
    text = f"{post.front_matter()}\n{past_liquid(body.strip())}\n"
    (new / post.file).write_text(text, encoding="utf-8")
    for figure in figures:
        shutil.copyfile(figure, new / post.slug / figure.name)
    if post.image:
        _write_preview(new / post.slug / f"{post.image}.png")


def _replace(before: list[Path], new: Path, post: Post, target: Path, images: Path) -> None:
    """Put a post and its images in the place of what is there, which comes back if that fails or is cut."""
    moved: list[tuple[Path, Path]] = []
    placed: list[Path] = []
    try:
        for number, path in enumerate(before):
            kept = new.with_name(f"{MOVED}{number}-{path.name}")
            path.rename(kept)
            moved.append((kept, path))
        target.touch(exist_ok=False)  # of two commands at once, one has the name
        placed.append(target)
        if any((new / post.slug).iterdir()) or images in before:
            (new / post.slug).rename(images)
            placed.append(images)
            _keep_others(moved, images)
        (new / post.file).replace(target)
    except BaseException as error:
        for path in placed:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        for kept, path in moved:
            if not path.exists():
                kept.rename(path)
        if not isinstance(error, OSError):  # Ctrl-C
            raise
        where = error.filename2 or error.filename or target
        raise ParameterError(f"{where} cannot be written: {error.strerror}; all is as it was") from error


def _keep_others(moved: list[tuple[Path, Path]], images: Path) -> None:
    """Put a person's own files back among the images, and those that the post no longer shows."""
    for kept, path in moved:
        if path == images:
            for other in kept.iterdir():
                place = images / other.name
                if other.is_dir() and not other.is_symlink():
                    shutil.copytree(other, place, symlinks=True, dirs_exist_ok=True)
                elif not place.exists():
                    shutil.copy2(other, place, follow_symlinks=False)


def _write_preview(figure: Path) -> None:
    """A figure on a ground of the shape that Chirpy shows, which would cut off its edges otherwise."""
    with Image.open(figure) as image:
        ImageOps.pad(image.convert("RGB"), PREVIEW_SIZE, color="white").save(figure.with_name(PREVIEW))


def _same(new: Path, post: Post, target: Path, images: Path) -> bool:
    """Whether a post and its images are what is there already."""
    is_there = all((images / path.name).exists() for path in (new / post.slug).iterdir())
    is_post = (new / post.file).read_bytes() == target.read_bytes()
    return is_post and is_there and not _are_others(new / post.slug, images)


def _are_others(new: Path, images: Path) -> bool:
    """Whether something that is there has the name of a new image and is another."""
    pairs = [(path, images / path.name) for path in new.iterdir()]
    return any(
        lexists(old) and not (old.is_file() and old.read_bytes() == path.read_bytes()) for path, old in pairs
    )


def figure(name: str | None, caption: str | None, figures: Path, slug: str) -> tuple[str, list[Path]]:
    """A figure, light and dark, with its caption as kramdown, and its files."""
    if not name or not caption:
        raise ParameterError("a figure has no name or no caption; draw it with replicate.figures.style.show")
    if not re.fullmatch(r"[^\W_][\w.-]*", name):  # Jekyll leaves out files that begin with . or _
        raise ParameterError(
            "a figure's name must be of letters, digits and any of '_.-', and begin with a letter or digit, "
            f"not {name!r}"
        )
    if name.endswith(DARK) or name == Path(PREVIEW).stem:
        raise ParameterError(f"a figure cannot be called {name!r}: a post's own file may be called so")
    files = [figures / f"{name}.png", figures / f"{name}{DARK}.png"]
    for file in files:
        if not file.exists():
            raise ParameterError(f"the figure {file} is missing; execute the notebook again")
    with Image.open(files[0]) as image:
        width, height = (pixels // DOTS_AN_INCH for pixels in image.size)
    alt = as_attribute(caption.rstrip("."))
    lines = [
        f'![{alt}]({FIGURES}/{slug}/{file.name}){{: .{theme} w="{width}" h="{height}" }}'
        for file, theme in zip(files, ("light", "dark"), strict=True)
    ]
    return "\n".join([*lines, f"_{as_text(caption)}_"]), files
