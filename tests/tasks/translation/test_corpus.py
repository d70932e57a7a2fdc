"""Parallel text from files, its checksum, and one line for each mistake."""

import os
from pathlib import Path

import pytest

from replicate.tasks.translation import corpus
from replicate.tasks.translation.corpus import CorpusError, Pair, checksum, read_aligned, read_tsv, write_tsv

PAIRS = [Pair("The cat.", "Le chat.", "a"), Pair("The dog.", "Le chien.", "b")]


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_columns_are_the_first_two_unless_named(tmp_path):
    path = write(tmp_path / "p.tsv", "The cat.\tLe chat.\ta\r\nThe dog.\tLe\u202fchien.\tb\r\n")
    assert read_tsv(path, 1, 2, 3) == PAIRS
    assert read_tsv(path, 2, 1, None) == [Pair(target, source) for source, target, _ in PAIRS]


def test_two_aligned_files_make_pairs_and_empty_lines_none(tmp_path):
    source = write(tmp_path / "p.en", "\ufeffThe cat.\n\nThe dog.\n")
    target = write(tmp_path / "p.fr", "Le chat.\n\nLe chien.")
    assert read_aligned(source, target) == [pair._replace(group="") for pair in PAIRS]


def test_what_is_written_is_read_again(tmp_path):
    write_tsv(tmp_path / "p.tsv", PAIRS)
    assert read_tsv(tmp_path / "p.tsv", 1, 2, 3) == PAIRS


def test_a_line_ends_at_its_newline_alone(tmp_path):
    path = write(tmp_path / "p.tsv", "a\u2028b\x0bc\td\n")
    assert read_tsv(path, 1, 2, None) == [Pair("a b c", "d")]


def test_a_relative_path_may_start_at_the_projects_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(corpus, "PROJECT", tmp_path)
    write_tsv(tmp_path / "only-there.tsv", PAIRS)
    assert read_tsv(Path("only-there.tsv"), 1, 2, 3) == PAIRS


def test_the_checksum_is_of_the_text_however_it_is_stored(tmp_path):
    tsv = write(tmp_path / "p.tsv", "x\tThe cat.\tLe chat.\nx\tThe dog.\tLe chien.\n")
    source = write(tmp_path / "p.en", "The  cat.\r\nThe dog.\r\n")
    target = write(tmp_path / "p.fr", "Le\u00a0chat.\nLe chien.\n")
    ours = read_tsv(tsv, 2, 3, None)
    assert checksum(ours) == checksum(read_aligned(source, target))
    others = [ours[::-1], ours[:1], read_tsv(tsv, 2, 3, 1), read_tsv(tsv, 3, 2, None)]
    assert checksum(ours) not in map(checksum, others)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\tb\nc\n", r"p\.tsv, line 2: column 2 is missing; it has 1, by tabs"),
        ("a\tb\nc\td\te\n", r"p\.tsv, line 2: it has 3 columns, and line 1 has 2"),
        (b"a\tb\n\xff\tc\n", r"p\.tsv, line 2: not UTF-8"),
        ("", r"p\.tsv is empty"),
        (" \n\n", r"p\.tsv is empty"),
        ("a\t \n\tb\n", r"p\.tsv holds no pair of sentences"),
        ("a\tb\nc\0\td\n", r"p\.tsv, line 2: a zero byte"),
        ("a\tb\rc\td\r", r"p\.tsv, line 1: a carriage return; lines end in LF or CR LF"),
        ("a\ta\nb\tb\n", r"p\.tsv: source and target are equal in every pair"),
        (None, r"cannot read .*p\.tsv: No such file"),
    ],
)
def test_a_wrong_file_is_named_in_one_line(tmp_path, text, message):
    path = tmp_path / "p.tsv"
    if text is not None:
        write(path, text)
    with pytest.raises(CorpusError, match=message) as error:
        read_tsv(path, 1, 2, None)
    assert "\n" not in str(error.value)


def test_a_missing_column_of_groups_is_named(tmp_path):
    path = write(tmp_path / "p.tsv", "a\tb\n")
    with pytest.raises(CorpusError, match="line 1: column 3 is missing; it has 2"):
        read_tsv(path, 1, 2, 3)


def test_files_of_different_length_are_refused(tmp_path):
    source, target = write(tmp_path / "p.en", "a\nb\n"), write(tmp_path / "p.fr", "a\n")
    with pytest.raises(CorpusError, match=r"p\.en has 2 lines and .*p\.fr has 1"):
        read_aligned(source, target)


@pytest.mark.skipif(os.name == "nt", reason="no named pipes in folders")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "p.tsv")
    with pytest.raises(CorpusError, match=r"cannot read .*p\.tsv: it is no file$"):
        read_tsv(tmp_path / "p.tsv", 1, 2, None)
