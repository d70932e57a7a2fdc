"""Sentences of our own: a model that has learnt them by heart answers them, and its attention is laid out."""

import pytest

from replicate.evaluation.alignment import alignment_table
from replicate.models.layers import pick_rounds
from replicate.runs.experiment import run
from replicate.settings import RunConfig
from replicate.studies.translation.examples import ALIGNED, SENTENCES, alignment_of_example, examples_table
from replicate.tasks import task_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    """A run that has seen these sentences alone, many times."""
    folder = tmp_path_factory.mktemp("examples")
    rows = [(source, target, "Sentences") for source, target in SENTENCES.items()]
    # Pages enough for a validation and a test split; the sentences are all on a page of the training split.
    rows += [(f"{word}.", f"{word}.", word) for word in map("x".__mul__, range(1, 45))]
    file = folder / "sentences.tsv"
    file.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
    config = RunConfig.of(
        task="translation",
        pairs=str(file),
        group_column=3,
        min_count=1,
        source_eos=True,
        model="attention",
        hidden_size=32,
        learning_rate=1e-2,
        rounds=1,
        steps=200,
        batch_size=16,
        evaluate_every=200,
        curve_samples=1,
        evaluate_samples=1,
    )
    assert {pair.source for pair in task_of(config.task).splits.train} >= set(SENTENCES)
    return run(config, folder / "run", workers=1)


def test_what_was_learnt_by_heart_is_answered_as_we_would_translate_it(learnt):
    table = examples_table(learnt)
    assert table.source.tolist() == list(SENTENCES)
    assert table.answer.tolist() == table.target.tolist() == list(SENTENCES.values())


def test_attention_is_laid_out_over_a_source_of_text(learnt):
    """The alignment knows the task by its protocol alone: BOS is not EOS here, as it is of primes."""
    source = learnt.task.source.encode("Click the table.")
    table = alignment_table(pick_rounds([learnt.load_model()], [0]), learnt.task, source)
    assert table[table.step == 0].source.tolist() == [*source, learnt.task.source.eos]
    answer = learnt.task.target.encode("Cliquez sur le tableau.")
    assert table.groupby("step").answer.first().tolist() == [*answer, learnt.task.target.eos]
    assert table.groupby("step").weight.sum().tolist() == pytest.approx([1] * 6, abs=1e-5)


def test_the_example_of_attention_is_in_words_and_ends_with_eos(learnt):
    table = alignment_of_example(learnt)
    said = table.groupby("step").answer.first().tolist()
    read = table.groupby("position").source.first().tolist()
    assert learnt.task.target.decode(learnt.task.target.encode(" ".join(said[:-1]))) == SENTENCES[ALIGNED]
    assert learnt.task.source.decode(learnt.task.source.encode(" ".join(read[:-1]))) == ALIGNED
    assert said[-1] == read[-1] == "EOS"
