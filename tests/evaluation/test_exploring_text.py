"""The explorer on a text: with and without a known translation, its beam and its attention."""

import pytest

from replicate.decoding import greedy
from replicate.evaluation.alignment import alignment_table
from replicate.evaluation.explorer import BEAM, Explorer, in_words
from replicate.evaluation.hypotheses import missed_in_words
from replicate.figures import explorer as notebook
from replicate.runs.experiment import run
from replicate.settings import RunConfig
from replicate.tasks.pairs import until_eos

KNOWN, UNKNOWN = "They are often tall.", "They often are Bob."
CONFIG = RunConfig.of(
    task="translation",
    model="attention",
    embedding_size=8,
    hidden_size=8,
    rounds=2,
    steps=40,
    batch_size=16,
    learning_rate=3e-2,
    source_eos=True,
    reverse=True,
    evaluate_every=40,
    curve_samples=5,
    evaluate_samples=5,
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return run(CONFIG, tmp_path_factory.mktemp("text") / "run", workers=1)


@pytest.fixture(scope="module")
def explorer(trained):
    return Explorer(trained, 1)


@pytest.fixture
def shown(monkeypatch):
    """What a notebook shows beside its text: names of figures, and tables."""
    found = []
    monkeypatch.setattr(
        "replicate.figures.style.display", lambda _, metadata: found.append(metadata["filename"])
    )
    monkeypatch.setattr(notebook, "display", found.append)
    return found


def test_a_known_sentence_has_its_translation_and_nothing_behind_it_is_right(explorer):
    values = explorer.read(KNOWN)
    target = ["Ils", "sont", "souvent", "grands", ".", "EOS"]
    assert explorer.source(values) == ["They", "are", "often", "tall", "."]
    assert explorer.target(values) == target
    for turned in (False, True):
        table = explorer.answer(values, turned)
        right = table[table.right]
        assert (right.step.tolist(), right.token.tolist()) == ([1, 2, 3, 4, 5, 6], target)


def test_an_answer_longer_than_its_target_has_nothing_right_behind_it(explorer, monkeypatch):
    monkeypatch.setattr(explorer.task, "_translations", {(4, 5): [4]})
    table = explorer.answer([4, 5])
    assert table.step.max() > 2  # so that there is something behind
    assert table[table.right].step.tolist() == [1, 2]


def test_nothing_is_right_where_the_text_has_no_translation(explorer):
    values = explorer.read(UNKNOWN)
    assert explorer.source(values) == ["They", "often", "are", "<unk>", "."]
    assert explorer.target(values) == []
    for turned in (False, True):
        table = explorer.answer(values, turned)
        assert not table.right.any()
        assert in_words(table) == (" ".join(table[table.chosen].token), "not scored")


def test_hypotheses_are_in_words_with_the_answer_itself_marked(explorer):
    values = explorer.read(UNKNOWN)
    table = explorer.hypotheses(values)
    answer = explorer.answer(values)
    assert table[table.greedy].answer.item() == " ".join(answer[answer.chosen].token)
    assert 1 <= table.beam.sum() <= BEAM
    assert all(text.count("EOS") <= 1 and "PAD" not in text for text in table.answer)


def test_the_alignment_is_that_of_its_round_in_words_of_both_vocabularies(explorer, trained):
    values = explorer.read(KNOWN)
    table, plain = explorer.alignment(values), alignment_table(explorer.model, trained.task, values)
    assert table.weight.equals(plain.weight)
    assert table[table.step == 0].source.tolist() == [".", "tall", "often", "are", "They", "EOS"]
    batch = trained.task.example(values)
    both = [tensor.expand(2, *tensor.shape[1:]) for tensor in (batch.source, batch.source_length)]
    tokens = greedy(trained.load_model(), *both, trained.task.max_target_length)[1, 0].tolist()
    names = [trained.task.target.decode([token]) for token in until_eos(tokens, 2) if token]
    assert table.groupby("step").answer.first().tolist()[: len(names)] == names


def test_a_look_says_that_there_is_no_translation_and_claims_no_score(trained, shown, capsys):
    notebook.look(UNKNOWN, str(trained.path), "results/strong", 0)
    said = capsys.readouterr().out
    assert "source  They often are <unk> .\ntarget  none is known: the text has no translation" in said
    assert "results/strong is left out: type whole numbers from 1" in said
    assert said.count("(not scored)") == 2 and "right" not in said and "target  EOS" not in said
    assert [name for name in shown if isinstance(name, str)] == [
        "explore-answer",
        "explore-alignment",
        "explore-state",
    ]


def test_every_model_has_its_own_table_and_one_without_attention_no_map_of_it(shown, capsys):
    notebook.look("3 5 8", "results/quick", "results/strong", 0)
    figure, *tables, last = shown
    assert (figure, last) == ("explore-answer", "explore-state") and len(tables) == 2
    said = capsys.readouterr().out
    for (name, kind), table in zip((("quick", "post"), ("strong", "lstm")), tables, strict=True):
        found = notebook._explorer(f"results/{name}", 0).hypotheses([3, 5, 8])
        assert f"results/{name} ({kind}): a beam of 5 finds {missed_in_words(found)}\n" in said
        assert list(table) == ["answer", "log probability", "probability", "found by"]
        assert table.answer.tolist() == found.answer.tolist()
        logs = table["log probability"].astype(float)
        assert logs.tolist() == pytest.approx(found.log_probability.tolist(), abs=6e-4)
        marked = table["found by"].str.contains("greedy")
        assert marked.tolist() == found.greedy.tolist() and marked.sum() == 1
