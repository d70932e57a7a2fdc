"""The task: batches, splits, what its metrics are of, and a training that beats its baselines."""

import itertools
import subprocess
import sys

import pandas as pd
import pytest
import torch
from sacrebleu import corpus_bleu

from replicate.evaluation.evaluate import evaluate, oracle_answer
from replicate.evaluation.inspection import learnt_beyond_baselines, sample_answers, score_table
from replicate.models import build
from replicate.models.packing import Packing
from replicate.randomness import make_generators
from replicate.runs.experiment import run
from replicate.settings import RunConfig
from replicate.tasks import task_of
from replicate.tasks.pairs import until_eos
from replicate.tasks.translation.corpus import CorpusError, Pair, write_tsv
from replicate.tasks.translation.task import TranslationTask
from replicate.tasks.translation.tokens import EOS, UNK, words

PIECES = {"tokens": "subwords", "subwords": 150}


def task_with(**settings) -> TranslationTask:
    return task_of(RunConfig.of(task="translation", **settings).task)


def generators(rounds: int = 3, purpose: str = "x") -> list[torch.Generator]:
    return make_generators(0, range(rounds), purpose)


def texts_of(task, batch, round_index: int = 0) -> list[tuple[str, str]]:
    sources, targets = batch.source[round_index].tolist(), batch.target[round_index].tolist()
    lengths = (batch.source_length[round_index] - int(task.source_eos)).tolist()
    sources = [source[:length] for source, length in zip(sources, lengths, strict=True)]
    if task.reverse:
        sources = [source[::-1] for source in sources]
    targets = [until_eos(target, EOS) for target in targets]
    return [(task.source.decode(s), task.target.decode(t)) for s, t in zip(sources, targets, strict=True)]


def equal(a, b) -> bool:
    return all(map(torch.equal, vars(a).values(), vars(b).values()))


@pytest.mark.parametrize("settings", [{}, {"reverse": True, "source_eos": True}, PIECES])
@pytest.mark.parametrize("bucket", [False, True])
def test_a_batch_is_of_training_pairs_padded(settings, bucket):
    task = task_with(bucket=bucket, **settings)
    batch = task.sample(generators(), 20)
    known = {(pair.source, pair.target) for pair in task.splits.train}
    for round_index in range(3):
        assert set(texts_of(task, batch, round_index)) <= known
    for tokens, length in ((batch.source, batch.source_length), (batch.target, batch.target_length)):
        inside = torch.arange(tokens.shape[2]) < length.unsqueeze(2)
        assert tokens.dtype == torch.int64 and torch.equal(tokens > 0, inside)
        assert tokens.shape[:2] == (3, 20) and tokens.shape[2] == length.max()
    assert (batch.target.gather(2, batch.target_length.unsqueeze(2) - 1) == EOS).all()
    if task.source_eos:
        assert (batch.source.gather(2, batch.source_length.unsqueeze(2) - 1) == EOS).all()


@pytest.mark.parametrize("bucket", [False, True])
def test_a_training_draws_from_its_own_generator_alone(bucket):
    task = task_with(bucket=bucket)
    together, alone = task.sample(generators(), 16), task.sample(generators()[1:2], 16)
    assert texts_of(task, together, 1) == texts_of(task, alone)
    assert texts_of(task, together, 0) != texts_of(task, together, 1)
    assert equal(task.sample(generators(), 16), together)


@pytest.mark.parametrize("bucket", [False, True])
def test_every_training_pair_is_as_likely_as_any_other(bucket):
    task = task_with(bucket=bucket)
    draws = [pair for g in [generators(1)] for _ in range(400) for pair in texts_of(task, task.sample(g, 64))]
    count = len(task.splits.train)
    expected = count * (1 - (1 - 1 / count) ** len(draws))  # distinct ones among as many fair draws
    assert len(set(draws)) == pytest.approx(expected, rel=0.02)
    drawn = sum(len(words(source)) for source, _ in draws) / len(draws)
    assert drawn == pytest.approx(sum(len(words(p.source)) for p in task.splits.train) / count, rel=0.03)


def test_trainings_are_equally_long_at_each_update_and_in_a_bucket_all_sentences_are():
    spare, spread = {}, {}
    for bucket in (False, True):
        task, drawn = task_with(bucket=bucket), generators(8)
        batches = [task.sample(drawn, 32) for _ in range(20)]
        rows = sum(8 * sum(Packing.of(batch.source_length).sizes) for batch in batches)
        spare[bucket] = rows / sum(int(batch.source_length.sum()) for batch in batches)
        spread[bucket] = sum(batch.source_length.double().std(1).mean().item() for batch in batches) / 20
    assert spare[False] < 1.02 < 1.1 < spare[True]
    assert spread[True] < 0.5 < 1 < spread[False]


def test_a_split_is_the_same_for_every_training_and_at_most_samples_long():
    task = task_with(max_tokens=8)
    chunks = list(task.batches("test", generators(2), 10_000))
    rows = list(itertools.chain(*(texts_of(task, batch) for batch in chunks)))
    pairs = [(pair.source, pair.target) for pair in task.splits.test]
    assert rows == [pair for pair in pairs if max(len(words(text)) for text in pair) <= 8]
    assert 0 < len(rows) < len(task.splits.test)
    assert all(torch.equal(batch.source[0], batch.source[1]) for batch in chunks)
    (few,) = task.batches("test", generators(1), 7)
    assert texts_of(task, few) == rows[:7]
    (validation,) = task.batches("validation", generators(1), 999)
    assert not set(texts_of(task, validation)) & set(rows)


def test_words_come_from_training_alone_and_an_unknown_one_is_never_right(tmp_path):
    task = task_with(min_count=60)
    assert UNK in task.target.encode(task.splits.train[0].target + " zzz")
    scores = evaluate(oracle_answer, task, generators(1), range(1), 400).scores.iloc[0]
    targets = [pair.target for pair in task.splits.test]
    answers = [task.target.decode(task.target.encode(target)) for target in targets]
    tokens = [[" ".join(words(text.replace("<unk>", "UNK"))) for text in side] for side in (answers, targets)]
    assert 5 < scores.bleu < 95
    oracle = corpus_bleu(tokens[0], [tokens[1]], tokenize="none", force=True)
    assert scores.bleu == pytest.approx(oracle.score)


def test_subwords_are_scored_as_words():
    by_words, by_pieces = task_with(), task_with(**PIECES)
    answer, target = "Elle voit souvent la voiture rouge.", "Elle voit une jolie voiture rouge."
    found = []
    for task in (by_words, by_pieces):
        ids = [torch.tensor([[*task.target.encode(text), EOS]]) for text in (answer, target)]
        found.append({name: values.item() for name, values in task.statistics(*ids).items()})
    assert found[0] == found[1] and found[0]["answered"] == 7 and found[0]["matches_1"] == 5


@pytest.mark.parametrize("pieces", [{}, PIECES])
def test_scores_do_not_depend_on_how_a_split_is_cut_into_batches(monkeypatch, pieces):
    task = task_with(**pieces)
    whole = evaluate(task.baselines["retrieval"], task, generators(2), range(2), 100)
    monkeypatch.setattr("replicate.tasks.translation.task.CHUNK", 3)  # of other lengths each
    cut = evaluate(task.baselines["retrieval"], task, generators(2), range(2), 100)
    for name in ("scores", "by_length", "by_position"):
        pd.testing.assert_frame_equal(getattr(cut, name), getattr(whole, name))


def test_a_letter_that_no_piece_has_is_never_right():
    task = task_with(**PIECES)
    unknown = torch.tensor([[*task.target.encode("Il voit Ж."), EOS]])
    statistics = task.statistics(unknown, unknown)
    assert UNK in unknown and statistics["exact_match"] == 0 and statistics["matches_1"] == 3


@pytest.mark.parametrize("reverse", [False, True])
def test_an_example_has_its_translation_where_the_text_does(reverse):
    task = task_with(reverse=reverse)
    pair = task.splits.test[0]
    known, unknown = (task.example(task.source.encode(text)) for text in (pair.source, "The key often sees."))
    assert texts_of(task, known) == [(pair.source, pair.target)]
    assert unknown.target.tolist() == [[[]]] and unknown.target_length.tolist() == [[0]]


def test_a_sentence_of_unknown_words_is_not_taken_for_another_one():
    task = task_with(min_count=300)
    source = next(source for source, _ in task.ids["train"] if UNK in source)  # how many sentences read
    assert task.example(source).target_length.tolist() == [[0]]


def test_a_text_too_small_to_split_says_so(tmp_path):
    write_tsv(tmp_path / "p.tsv", [Pair("one", "un")])
    task = task_with(pairs=str(tmp_path / "p.tsv"), min_count=1)
    with pytest.raises(CorpusError, match=r"validation and test need a page each, .* the text has 1"):
        task.sample(generators(), 2)


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([Pair(f"w{n}", f"m{n}", f"p{n}") for n in range(30)], "no word stands 3 times in train"),
        ([Pair("a b", "c d", f"p{n}") for n in range(30)], "nothing is left for validation: every pair"),
    ],
)
def test_a_text_of_which_nothing_is_left_says_what(tmp_path, pairs, message):
    write_tsv(tmp_path / "p.tsv", pairs)
    task = task_with(pairs=str(tmp_path / "p.tsv"), group_column=3, min_count=3)
    with pytest.raises(CorpusError, match=message):
        task.sample(generators(), 2)


def test_neither_extra_is_needed_for_words():
    hidden = "import sys; sys.modules.update(sentencepiece=None, sacrebleu=None)\n"
    script = "from replicate.settings import RunConfig; from replicate.tasks import task_of\n"
    last = "print(task_of(RunConfig.of(task='translation').task).source.size)"
    done = subprocess.run([sys.executable, "-c", hidden + script + last], capture_output=True, text=True)
    assert done.returncode == 0 and int(done.stdout) == task_with().source.size, done.stderr


def test_retrieval_is_a_baseline_worth_beating():
    task = task_with()
    table = {
        name: evaluate(answer, task, generators(1), range(1), 400).scores.bleu.item()
        for name, answer in task.baselines.items()
    }
    assert table["always empty"] == 0 and 25 < table["retrieval"] < 45


@pytest.mark.slow
def test_a_short_training_translates_better_than_its_baselines(tmp_path):
    config = RunConfig.of(
        task="translation",
        model="lstm",
        reverse=True,
        rounds=1,
        steps=300,
        batch_size=32,
        embedding_size=32,
        hidden_size=64,
        learning_rate=1e-2,
        evaluate_every=300,
        curve_samples=50,
        evaluate_samples=400,
    )
    trained = run(config, tmp_path / "run", workers=1)
    table = score_table(trained, 400)
    assert learnt_beyond_baselines(trained, table) and table.loc["bleu", "oracle"] == pytest.approx(100)
    assert table.loc["bleu", "trained"] > table.loc["bleu", "retrieval"] + 5
    assert {"bleu", "exact_match"} <= set(trained.by_length) and "bleu" in trained.history
    assert len(sample_answers(trained, 3)) == 3


@pytest.mark.parametrize("model", ["post", "rnn", "lstm"])
@pytest.mark.parametrize("fed", [True, False])
def test_every_parameter_of_a_model_with_two_vocabularies_is_learnt(model, fed):
    config = RunConfig.of(task="translation", model=model, feed_previous=fed, hidden_size=8)
    task, built = task_of(config.task), build(config, range(2))
    built.loss(task.sample(make_generators(0, range(2), "training"), 4)).sum().backward()
    assert [name for name, parameter in built.named_parameters() if parameter.grad is None] == []


def test_what_a_text_spells_like_the_unknown_token_is_text(tmp_path):
    numbers = [f"{n // 20} {n % 20}" for n in range(400)]
    pairs = [(f"{n} means <unk> here", f"{n} veut dire <unk> ici") for n in numbers]
    write_tsv(tmp_path / "odd.tsv", [Pair(*pair) for pair in pairs])
    for tokens in ({}, {**PIECES, "subwords": 60}):
        task = task_with(pairs=str(tmp_path / "odd.tsv"), **tokens)
        text = torch.tensor([[*task.target.encode("7 7 veut dire <unk> ici"), EOS]])
        statistics = task.statistics(text, text)
        assert UNK not in text and statistics["exact_match"] == 1, tokens
        unknown = torch.tensor([[UNK, EOS]])
        assert task.statistics(unknown, text)["matches_1"] == task.statistics(text, unknown)["matches_1"] == 0
