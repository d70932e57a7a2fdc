"""Which text a run is of: told by the checksum, not by where the text lies."""

import os
import shutil

import pytest

from replicate.errors import SettingError
from replicate.figures.training import metric_curves
from replicate.runs.experiment import run
from replicate.runs.folder import open_run
from replicate.settings import RunConfig
from replicate.tasks import task_of
from replicate.tasks.translation.corpus import CorpusError, checksum, write_tsv
from replicate.tasks.translation.grammar import grammar_pairs

PAIRS = [pair._replace(group="") for pair in grammar_pairs()[:600]]
SMALL = {
    "task": "translation",
    "model": "rnn",
    "rounds": 2,
    "steps": 2,
    "batch_size": 4,
    "hidden_size": 4,
    "embedding_size": 4,
    "evaluate_every": 2,
    "curve_samples": 5,
    "evaluate_samples": 8,
}


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "pairs.tsv"
    write_tsv(path, PAIRS)
    return path


def test_the_checksum_is_filled_in_and_the_default_is_the_grammar(text):
    assert RunConfig.of(**SMALL).task.pairs_sha256 == checksum(grammar_pairs())
    assert RunConfig.of(**SMALL, pairs=str(text)).task.pairs_sha256 == checksum(PAIRS)


def test_a_run_is_of_its_text_wherever_and_however_it_is_stored(text, tmp_path):
    here = RunConfig.of(**SMALL, pairs=str(text))
    swapped = [pair._replace(source=pair.target, target=pair.source) for pair in PAIRS]
    write_tsv(tmp_path / "turned.tsv", swapped)
    turned = {"pairs": str(tmp_path / "turned.tsv"), "source_column": 2, "target_column": 1}
    (tmp_path / "a.en").write_text("\n".join(pair.source for pair in PAIRS), encoding="utf-8")
    (tmp_path / "a.fr").write_text("\n".join(pair.target for pair in PAIRS), encoding="utf-8")
    aligned = {"pairs": str(tmp_path / "a.en"), "target_file": str(tmp_path / "a.fr")}
    for there in (RunConfig.of(**SMALL, **place) for place in (turned, aligned)):
        assert (there, there.name, hash(there)) == (here, here.name, hash(here))
        assert there.flat() != here.flat()  # its folder says where the text was
    for other in (RunConfig.of(**SMALL), here.changed(min_count=2), here.changed(seed=1)):
        assert other != here and other.name != here.name


def test_a_run_is_reused_where_the_text_has_moved_and_opens_where_it_is_gone(text, tmp_path):
    config = RunConfig.of(**SMALL, pairs=str(text))
    made = run(config, tmp_path / "run", workers=1)
    there = RunConfig.of(**SMALL, pairs=str(shutil.move(text, tmp_path / "moved.tsv")))
    again = run(there, tmp_path / "run", workers=1)
    task_of.cache_clear()  # as in another process
    assert again.provenance == made.provenance and again.task.source.size > 4
    task_of.cache_clear()  # as in another process
    gone = open_run(made.path)
    assert len(gone.scores) == 2 and metric_curves(gone.history, gone.task.metrics)
    for needed in (gone.load_model, lambda: gone.task.source):
        said = rf"cannot read .*pairs\.tsv.*SHA-256 {checksum(PAIRS)}"
        with pytest.raises(CorpusError, match=said) as error:
            needed()
        assert "\n" not in str(error.value)


def test_another_text_than_the_one_meant_is_refused_in_one_line(text):
    settings = RunConfig.of(**SMALL, pairs=str(text), pairs_sha256="0" * 64).task
    with pytest.raises(CorpusError, match=r"pairs\.tsv holds another text: .* SHA-256 0{64}$"):
        settings.read()
    with pytest.raises(CorpusError, match="the grammar holds another text"):
        RunConfig.of(**SMALL, pairs_sha256="0" * 64).task.read()


def test_a_text_that_is_replaced_meanwhile_is_read_again_though_its_size_and_time_are_equal(text):
    settings, before = RunConfig.of(**SMALL, pairs=str(text)).task, text.stat()
    assert settings.read() == PAIRS
    changed = text.parent / "changed.tsv"
    changed.write_text(text.read_text().swapcase())
    os.utime(changed, ns=(before.st_atime_ns, before.st_mtime_ns))
    changed.replace(text)
    assert (text.stat().st_size, text.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    with pytest.raises(CorpusError, match="holds another text"):
        settings.read()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"pairs": "nowhere.tsv"}, "^cannot read nowhere.tsv: No such file"),  # no other setting is blamed
        ({"pairs": "x" * 300}, "^cannot read x+: File name too long"),
        ({"pairs": "a\0b"}, r"^cannot read 'a\\x00b': embedded null"),
        ({"target_file": "a.fr"}, "target_file needs the file of the sources, pairs"),
        ({"group_column": 3}, "are of a TSV"),
        ({"pairs": "", "target_column": 1}, "are of a TSV"),
        ({"source_column": 0}, "source_column must be greater than or equal to 1, not 0"),
        ({"pairs_sha256": "abc"}, "pairs_sha256: a SHA-256 is 64 digits"),
        ({"tokens": "letters"}, "tokens must be 'words' or 'subwords', not 'letters'"),
    ],
)
def test_wrong_settings_are_named_in_one_line(given, message):
    with pytest.raises(SettingError, match=message) as error:
        RunConfig.of(**SMALL, **given)
    assert "\n" not in str(error.value)


def test_columns_mean_nothing_to_aligned_files(tmp_path):
    for name, text in (("a.en", "one"), ("a.fr", "un")):
        (tmp_path / name).write_text(text)
    places = {"pairs": str(tmp_path / "a.en"), "target_file": str(tmp_path / "a.fr")}
    with pytest.raises(SettingError, match="are of a TSV"):
        RunConfig.of(**SMALL, **places, group_column=3)


def test_a_column_is_not_translated_into_itself(text):
    with pytest.raises(SettingError, match="source_column and target_column are both 1"):
        RunConfig.of(**SMALL, pairs=str(text), pairs_sha256="0" * 64, target_column=1)
