"""LibreOffice's help: read from folders and packages alike; its sentences here are our own."""

import io
import os
import random
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from replicate.cli import app
from replicate.studies.registration import registered
from replicate.tasks.translation.corpus import CorpusError, Pair, checksum, read_tsv
from replicate.tasks.translation.libreoffice import read_help

PAGES = {
    "en-US": {
        "text/shared/one": '<h1 id="hd_id1"><a name="x"></a>Feeding the cat</h1>'
        '<p id="par_id1">The cat eats <span class="emph">two fish</span>.<br>The dog sleeps &amp; dreams.</p>'
        '<p id="par_id2">One sentence here.</p><p id="par_id9">Only in English, this one.</p>'
        '<p id="par_id3">You hold down <span class="MAC">Option</span><span>Alt</span> and wait.</p>'
        '<p id="par_id4" class="code">Print the cat now</p><p>No id at all here</p>'
        '<p id="par_id5">The cat writes كَتَبَ.</p>',
        "text/shared/two": '<h2 id="hd_id1">Feeding the cat</h2>'
        '<p id="par_id1">The white horse runs.</p> More words.',
        "text/alone": '<p id="par_id1">Nobody has translated this.</p>',
        "index": '<p id="par_id1">This is no page of text.</p>',
    },
    "fr": {
        "text/shared/one": '<h1 id="hd_id1">Nourrir le chat</h1>'
        '<p id="par_id2">Une phrase ici. Et une autre phrase.</p>'
        '<p id="par_id1">Le chat mange deux poissons. Le chien dort et rêve.</p>'
        '<p id="par_id3">Vous tenez Option et attendez.</p><p id="par_id4">Imprimer le chat maintenant</p>'
        '<p id="par_id5">Le chat écrit كَتَبَ.</p>',
        "text/shared/two": '<h2 id="hd_id1">Nourrir le chat</h2>'
        '<p id="par_id1">Le cheval blanc court\u202f!</p>',
        "index": '<p id="par_id1">Ceci est un index.</p>',
    },
}
FOUND = [
    Pair("Feeding the cat", "Nourrir le chat", "text/shared/one"),
    Pair("The cat eats two fish.", "Le chat mange deux poissons.", "text/shared/one"),
    Pair("The dog sleeps & dreams.", "Le chien dort et rêve.", "text/shared/one"),
    Pair("The white horse runs.", "Le cheval blanc court !", "text/shared/two"),
]


def page(language: str, body: str) -> str:
    return f'<!DOCTYPE html>\n<html lang="{language}" dir="ltr"><body>{body}</body></html>'


def folder(root: Path, language: str, pages: dict[str, str] | None = None) -> Path:
    place = root / language
    for name, text in (PAGES[language] if pages is None else pages).items():
        path = place / f"{name}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page(language, text), encoding="utf-8")
    return place


def package(root: Path, language: str, kind: str = "xz") -> Path:
    """A Debian package of the pages: an `ar` archive whose last member is the tar of the files."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode=f"w:{kind}") as archive:
        for name, text in PAGES[language].items():
            content = page(language, text).encode()
            entry = tarfile.TarInfo(f"./usr/share/libreoffice/help/{language}/{name}.html")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    members = {"debian-binary": b"2.0\n", "control.tar.xz": b"odd", f"data.tar.{kind}": data.getvalue()}
    return as_package(root / f"{language}.deb", members)


def as_package(path: Path, members: dict[str, bytes]) -> Path:
    with path.open("wb") as file:
        file.write(b"!<arch>\n")
        for name, content in members.items():
            file.write(f"{name:16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode())
            file.write(content + b"\n" * (len(content) % 2))
    return path


@pytest.mark.parametrize("make", [folder, package, lambda *place: package(*place, kind="gz")])
def test_sentences_are_paired_by_page_paragraph_and_place(tmp_path, make):
    assert read_help(make(tmp_path, "en-US"), make(tmp_path, "fr")) == FOUND


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("Too short", "Trop court"),
        ("See the file letter.odt now", "Voir le fichier letter.odt maintenant"),
        ("Write a = b + c here", "Écrire a = b + c ici"),
        ("Open the folder home/cats please", "Ouvrir le dossier home/cats maintenant"),
        ("The same words here", "The same words here"),
        ("Call ROUND(x) for that", "Appeler ROUND(x) pour cela"),
        ("A cat is here", "Un chat est ici avec cinq autres petits animaux"),
        ("1 2 3 cats", "1 2 3 chats"),
        (" ".join(["cat"] * 21), " ".join(["chat"] * 20)),
    ],
)
def test_what_is_no_sentence_or_no_translation_is_left_out(tmp_path, source, target):
    pages = [
        {"text/x": f'<p id="par_id1">{text}</p><p id="par_id2">{more}</p>'}
        for text, more in [(source, "A good small sentence"), (target, "Une bonne petite phrase")]
    ]
    places = [folder(tmp_path, name, page) for name, page in zip(["en-US", "fr"], pages, strict=True)]
    assert [pair.source for pair in read_help(*places)] == ["A good small sentence"]


def test_longer_sentences_are_there_for_the_asking(tmp_path):
    pages = [{"text/x": f'<p id="par_id1">{" ".join([word] * 25)}</p>'} for word in ("cat", "chat")]
    places = [folder(tmp_path, name, page) for name, page in zip(["en-US", "fr"], pages, strict=True)]
    with pytest.raises(CorpusError, match=r"en-US and .*fr have no pair of sentences of 3 to 20 words"):
        read_help(*places)
    assert len(read_help(*places, longest=25)) == 1


@pytest.mark.parametrize("made", [folder, package])
def test_the_help_in_another_language_is_refused(tmp_path, made):
    with pytest.raises(CorpusError, match="is the help in fr, where that in en is wanted"):
        read_help(made(tmp_path, "fr"), made(tmp_path, "en-US"))


def test_the_command_writes_a_text_that_the_task_reads_and_overwrites_nothing(tmp_path):
    out = tmp_path / "help.tsv"
    words = ["pairs", str(package(tmp_path, "en-US")), str(package(tmp_path, "fr")), "--out", str(out)]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0 and "4 pairs from 2 pages" in result.stdout
    assert read_tsv(out, 1, 2, 3) == FOUND
    out.write_text("mine")
    result = CliRunner().invoke(app, words)
    said = f"replicate: {out} exists; choose another file, or remove it first\n"
    assert (result.exit_code, result.stderr, out.read_text()) == (2, said, "mine")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "cannot read .*x.deb: No such file"),
        (b"PK", "x.deb is no Debian package"),
        (b"!<arch>\n" + b"?" * 80, "x.deb is damaged: it holds no whole data.tar"),
        (lambda whole: whole[:-40], "x.deb is damaged: it holds no whole data.tar"),
        (lambda whole: whole[:-160] + bytes(100) + whole[-60:], "x.deb is damaged: "),
    ],
)
def test_a_wrong_package_is_named_in_one_line(tmp_path, data, message):
    whole, path = package(tmp_path, "fr"), tmp_path / "x.deb"
    if data is not None:
        path.write_bytes(data(whole.read_bytes()) if callable(data) else data)
    with pytest.raises(CorpusError, match=message) as error:
        read_help(path, whole)
    assert "\n" not in str(error.value)
    result = CliRunner().invoke(app, ["pairs", str(path), str(whole), "--out", str(tmp_path / "out.tsv")])
    assert result.exit_code == 2 and result.stderr.count("\n") == 1 and not (tmp_path / "out.tsv").exists()


def test_a_package_of_ubuntu_is_not_called_damaged(tmp_path):
    path = as_package(tmp_path / "x.deb", {"data.tar.zst": b"\x28\xb5\x2f\xfd" + bytes(20)})
    with pytest.raises(
        CorpusError,
        match=r"x.deb is packed by zstd, .*give the folder of its pages, usr/share/libreoffice/help/",
    ):
        read_help(path, package(tmp_path, "fr"))


def test_two_folders_without_a_pair_are_named_and_nothing_is_written(tmp_path):
    other = folder(tmp_path, "fr", {"text/other": "<p id='par_id1'>Une page seule.</p>"})
    places = [str(folder(tmp_path, "en-US")), str(other)]
    result = CliRunner().invoke(app, ["pairs", *places, "--out", str(tmp_path / "out.tsv")])
    assert result.exit_code == 2 and "have no pair of sentences" in result.stderr
    assert not (tmp_path / "out.tsv").exists()


def test_a_package_whose_tar_says_what_no_tar_says_is_damaged(tmp_path):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:xz", format=tarfile.PAX_FORMAT) as archive:
        entry = tarfile.TarInfo("./usr/share/libreoffice/help/fr/text/x.html")
        entry.pax_headers = {"GNU.sparse.size": "1", "GNU.sparse.map": "no,number"}
        archive.addfile(entry)
    path = as_package(tmp_path / "x.deb", {"data.tar.xz": data.getvalue()})
    with pytest.raises(CorpusError, match=r"x\.deb is damaged: invalid literal"):
        read_help(path, path)


def test_a_folder_without_help_is_named(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match="empty holds no pages of LibreOffice's help"):
        read_help(tmp_path / "empty", folder(tmp_path, "fr"))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda page: page.write_bytes(b"caf\xe9"), "is not UTF-8"),
        (lambda page: page.symlink_to("gone"), "No such file"),
    ],
)
def test_a_page_that_cannot_be_read_is_named(tmp_path, make, said):
    places = [folder(tmp_path, language) for language in PAGES]
    make(places[1] / "text/odd.html")
    with pytest.raises(CorpusError, match=f"odd.html.*{said}"):
        read_help(*places)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    places = [folder(tmp_path, language) for language in PAGES]
    os.mkfifo(places[1] / "text/odd.html")
    with pytest.raises(CorpusError, match=r"odd\.html: it is no file"):
        read_help(*places)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CorpusError, match="pipe: it is no file"):
        read_help(tmp_path / "pipe", places[0])


@pytest.mark.slow
def test_the_registered_text_is_still_what_its_packages_make():
    """Of Debian 12: libreoffice-help-en-us and libreoffice-help-fr, 7.4.7."""
    packages = ["libreoffice-help-en-us", "libreoffice-help-fr"]
    asked = ["dpkg-query", "-W", "-f", "${Version} ", *packages]
    known = subprocess.run(asked, capture_output=True, text=True).stdout if shutil.which(asked[0]) else ""
    if known.count(":7.4.7-") != len(packages):
        pytest.skip("libreoffice-help-en-us and libreoffice-help-fr 7.4.7 (Debian 12) are not installed")
    found = read_help(*(Path("/usr/share/libreoffice/help", language) for language in PAGES))
    assert checksum(found) == registered("translation").runs["translation-reversed-a"].task.pairs_sha256


@pytest.mark.parametrize("kind", ["gz", "xz", "bz2"])
def test_no_damaged_package_is_read_in_part(tmp_path, kind):
    whole = package(tmp_path, "en-US", kind)
    french, data = package(tmp_path, "fr"), whole.read_bytes()
    begins, chosen = data.index(b"`\n", data.index(b"data.tar")) + 2, random.Random(0)
    for _ in range(100):
        damaged = bytearray(data)
        damaged[chosen.randrange(begins, len(data) - 1)] ^= 1 << chosen.randrange(8)
        whole.write_bytes(damaged)
        try:
            assert read_help(whole, french) == FOUND  # a bit that says nothing, such as a file's date
        except CorpusError as error:
            assert "\n" not in str(error)


def test_a_tar_that_goes_on_with_something_else_is_damaged(tmp_path):
    whole = package(tmp_path, "en-US", "")
    data = whole.read_bytes()
    second = data.index(b"./usr", data.index(b"./usr") + 1)
    whole.write_bytes(data[:second] + b"?" + data[second + 1 :])
    with pytest.raises(CorpusError, match=r"^[^:]*en-US.deb is damaged: what follows byte \d+ is no file$"):
        read_help(whole, package(tmp_path, "fr"))


def test_a_page_that_is_no_html_is_named_in_one_line(tmp_path):
    pages = {"text/x": "<![foo[ x ]]>"}
    with pytest.raises(CorpusError, match="the page text/x of the help is damaged: unknown status keyword"):
        read_help(folder(tmp_path, "en-US", pages), folder(tmp_path, "fr", pages))


def test_a_stream_that_is_cut_is_damaged(tmp_path):
    whole = package(tmp_path, "en-US", "bz2")
    data = whole.read_bytes()
    start = data.index(b"BZh")
    cut = data[start : start + 60]
    header = data[start - 60 : start - 12] + b"60".ljust(10) + data[start - 2 : start]
    whole.write_bytes(data[: start - 60] + header + cut)
    with pytest.raises(CorpusError, match=r"en-US.deb is damaged: Compressed data ended"):
        read_help(whole, package(tmp_path, "fr"))
