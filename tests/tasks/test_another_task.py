"""Another task, unlike primes: numbers to words, with two vocabularies, fixed splits and a corpus metric."""

from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest
import torch
from shared import PROJECT
from torch.nn.utils.rnn import pad_sequence

from replicate import tasks
from replicate.errors import ParameterError, SettingError
from replicate.evaluation.evaluate import evaluate, oracle_answer
from replicate.evaluation.inspection import learnt_beyond_baselines, missing_metrics, score_table
from replicate.fields import TaskSettings
from replicate.figures.evaluation import scores_by_length
from replicate.figures.training import metric_curves
from replicate.parameters import check_parameters, run_config
from replicate.presets import QUICK
from replicate.publish.figure import OF_A_RUN, make_figure
from replicate.runs.experiment import run
from replicate.runs.folder import open_run
from replicate.settings import RunConfig
from replicate.tasks.batch import Batch
from replicate.tasks.pairs import answer_length, position_matches
from replicate.tasks.primes.task import PrimeTask
from replicate.tasks.task import CHUNK, TAKEN, Metric, check_task

WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
QUICK_TRAINING = QUICK.training.model_dump() | QUICK.evaluation.model_dump()


class Vocabulary:
    """Words in order; 0 is PAD, then BOS, EOS and the words."""

    bos, eos = 1, 2

    def __init__(self, words):
        self.words, self.size = list(words), 3 + len(words)

    def encode(self, text):
        return [3 + self.words.index(word) for word in text.split()]

    def decode(self, tokens):
        return " ".join(self.words[token - 3] for token in tokens)


class NumberSettings(TaskSettings):
    kind = "numbers"
    digits: int = 2

    @classmethod
    def task_class(cls):
        return NumberTask


class NumberTask:
    """The digits of a number and their names; even numbers train, every fourth is for testing."""

    Settings = NumberSettings
    metrics = (
        Metric("word_rate", "words right", (0, 100)),
        Metric("length_error", "length error", (0, 1), False),
    )
    headline = "word_rate"
    reverse = source_eos = False

    def __init__(self, settings):
        self.source, self.target = Vocabulary("0123456789"), Vocabulary(WORDS)
        self.max_source_length, self.max_target_length = settings.digits, settings.digits + 1
        numbers = range(10**settings.digits)
        self.splits = {"train": numbers[::2], "validation": numbers[1::4], "test": numbers[3::4]}
        self.baselines = {"silence": lambda batch: torch.full_like(batch.target, self.target.eos)}

    def sample(self, generators, batch_size):
        numbers = self.splits["train"]
        drawn = [torch.randint(len(numbers), (batch_size,), generator=g).tolist() for g in generators]
        return self._batch([[str(numbers[i]) for i in row] for row in drawn])

    def batches(self, split, generators, samples):
        texts = [str(number) for number in self.splits[split]][:samples]
        for first in range(0, len(texts), CHUNK):
            yield self._batch([texts[first : first + CHUNK]] * len(generators))

    def statistics(self, prediction, target):
        wanted, given = answer_length(target, self.target.eos), answer_length(prediction, self.target.eos)
        right = position_matches(prediction, target, self.target.eos).sum(1)
        # Called as the lengths of the tables are, which are not these.
        return {"right": right.double(), "target": wanted.double(), "round": given.double()}

    def scores(self, means):
        error = abs(means["round"] - means["target"]) / means["target"]
        return {"word_rate": 100 * means["right"] / means["target"], "length_error": error}

    def example(self, source):
        return self._batch([[self.source.decode(source).replace(" ", "")]])

    def _batch(self, texts):
        pairs = [(" ".join(text), " ".join(WORDS[int(d)] for d in text)) for row in texts for text in row]
        sources = [torch.tensor(self.source.encode(source)) for source, _ in pairs]
        targets = [torch.tensor([*self.target.encode(target), self.target.eos]) for _, target in pairs]
        tensors = []
        for rows in (sources, targets):
            padded, length = pad_sequence(rows, batch_first=True), torch.tensor([len(row) for row in rows])
            tensors += [padded.unflatten(0, (len(texts), -1)), length.view(len(texts), -1)]
        return Batch(*tensors)


@pytest.mark.parametrize(("model", "rate"), [("rnn", 1e-2), ("lstm", 2e-2), ("attention", 1e-2)])
def test_it_trains_and_its_own_metrics_are_in_tables_and_curves(monkeypatch, tmp_path, model, rate):
    monkeypatch.setitem(tasks.TASKS, "numbers", NumberSettings)
    settings = {"rounds": 2, "steps": 300, "evaluate_every": 150, "hidden_size": 24, "learning_rate": rate}
    config = RunConfig.of(task="numbers", model=model, feed_previous=True, **settings)
    trained = run(config, tmp_path / "run", workers=1)
    assert RunConfig.of(**config.flat()) == config == trained.config
    for table in (trained.scores, trained.by_length, trained.history):
        assert {"word_rate", "length_error"} <= set(table) and "psa" not in table
    tables = trained.history, trained.scores, trained.by_length
    assert {name for table in tables for name in table} - {"word_rate", "length_error"} <= TAKEN
    first, last = (trained.history.query("step == @step").word_rate.mean() for step in (0, 300))
    assert first < 30 and last > first + 20
    figure = metric_curves(trained.history, trained.metrics)
    assert [axes.get_title("left") for axes in figure.axes] == ["words right", "length error"]
    assert figure.axes[0].get_ylim() == (-2, 102)
    assert (
        trained.by_length.groupby(["round", "kind"])["samples"].sum().tolist() == [25] * 4
    )  # the test split
    assert oracle_answer(trained.task.example([3, 4])).tolist() == [[[3, 4, 2]]]


def test_a_metric_may_be_called_as_the_lengths_are(monkeypatch):
    metrics = tuple(Metric(name, name, (0, 100)) for name in ("source", "target"))
    monkeypatch.setattr(NumberTask, "metrics", metrics)
    monkeypatch.setattr(NumberTask, "scores", lambda _, means: {"source": 1.0, "target": means["right"]})
    found = evaluate(oracle_answer, NumberTask(NumberSettings()), [None], range(1), 5)
    assert (found.by_length.source == 1).all() and found.scores.target.tolist() == [1.6]


@pytest.mark.parametrize(
    "taken", ["evaluation", "diverged", "gradient_norm", "loss", "error", "state", "length_error"]
)
def test_a_metric_does_not_take_the_column_of_another(monkeypatch, tmp_path, taken):
    """Each of these ended a training with one of two numbers where both were wanted."""
    metrics = (Metric(taken, "words right", (0, 100)), NumberTask.metrics[1])
    monkeypatch.setitem(tasks.TASKS, "numbers", NumberSettings)
    monkeypatch.setattr(NumberTask, "metrics", metrics)
    monkeypatch.setattr(NumberTask, "headline", taken)
    tasks.task_of.cache_clear()
    with pytest.raises(ValueError, match=f"the metric '{taken}' needs another name"):
        run(RunConfig.of(task="numbers", model="rnn", steps=1), tmp_path / "run", workers=1)


def test_a_headline_that_is_no_metric_is_told_before_the_training(monkeypatch, tmp_path):
    monkeypatch.setitem(tasks.TASKS, "numbers", NumberSettings)
    monkeypatch.setattr(NumberTask, "headline", "wordrate")
    tasks.task_of.cache_clear()
    with pytest.raises(ValueError, match="'wordrate' is none of the metrics, word_rate, length_error"):
        run(RunConfig.of(task="numbers", model="rnn", steps=1), tmp_path / "run", workers=1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"curve": False}, "no metric has curve=True"),
        ({"by_length": False}, "no metric has by_length=True"),
    ],
)
def test_a_task_without_a_metric_to_draw_is_refused_before_the_training(monkeypatch, changes, message):
    metrics = tuple(replace(metric, **changes) for metric in NumberTask.metrics)
    monkeypatch.setattr(NumberTask, "metrics", metrics)
    with pytest.raises(ValueError, match=message):
        check_task(NumberTask(NumberSettings()))


@pytest.mark.parametrize("bounds", [(1, 0), (0, float("inf")), (0, 0)])
def test_bounds_that_are_no_interval_are_refused(monkeypatch, bounds):
    monkeypatch.setattr(NumberTask, "metrics", [replace(NumberTask.metrics[0], bounds=bounds)])
    with pytest.raises(ValueError, match="the bounds of the metric 'word_rate' must be two numbers"):
        check_task(NumberTask(NumberSettings()))


def test_what_a_task_lacks_is_named():
    with pytest.raises(ValueError, match=r"Bare lacks source, which a task must have"):
        check_task(type("Bare", (), {"Settings": NumberSettings})())


@pytest.mark.parametrize("name", ["trained", "untrained", "oracle"])
def test_a_baseline_does_not_take_the_place_of_a_model(name):
    task = NumberTask(NumberSettings())
    task.baselines[name] = task.baselines["silence"]
    with pytest.raises(ValueError, match=f"the baseline '{name}' needs another name"):
        check_task(task)


def test_what_means_nothing_to_it_is_refused(monkeypatch):
    class Clumsy(NumberSettings):
        layers: int = 5  # a setting of the LSTM

    monkeypatch.setitem(tasks.TASKS, "numbers", NumberSettings)
    with pytest.raises(SettingError, match="reverse means nothing with task 'numbers'"):
        RunConfig.of(task="numbers", reverse=True)
    with pytest.raises(
        SettingError, match="stop_exact_match needs the metric exact_match, which numbers lacks"
    ):
        RunConfig.of(task="numbers", stop_exact_match=0.9)
    monkeypatch.setitem(tasks.TASKS, "numbers", Clumsy)
    with pytest.raises(SettingError, match="LSTMSettings cannot have the setting layers: the task has one"):
        RunConfig.of(task="numbers", model="lstm")


def test_the_notebook_of_trainings_takes_it_and_leaves_the_settings_of_primes_alone(monkeypatch):
    monkeypatch.setitem(tasks.TASKS, "numbers", NumberSettings)
    notebook = PROJECT / "notebooks" / "03_train.ipynb"  # its defaults are a preset of primes
    config = run_config(check_parameters(notebook, {"task": "numbers", "model": "rnn"}))
    assert config == RunConfig.of(task="numbers", model="rnn", **QUICK_TRAINING)
    with pytest.raises(ParameterError, match="max_length means nothing with task 'numbers'"):
        run_config(check_parameters(notebook, {"task": "numbers", "max_length": 6}))
    known = " or ".join(map(repr, tasks.TASKS))
    with pytest.raises(ParameterError, match=f"task must be {known}, not 'nubmers'"):
        run_config(check_parameters(notebook, {"task": "nubmers"}))
    with pytest.raises(ParameterError, match=r"cell has no line for digits; add `digits = \.\.\.` to it"):
        check_parameters(notebook, {"task": "numbers", "digits": 3})


def test_a_typed_setting_that_means_nothing_is_refused_even_at_its_default():
    notebook = PROJECT / "notebooks" / "03_train.ipynb"
    assert run_config(check_parameters(notebook, {"model": "lstm", "layers": 1})).model.layers == 1
    for given in ({"layers": 1}, {"model": "post", "layers": "1"}):
        with pytest.raises(ParameterError, match="layers means nothing with task 'primes' and model 'post'"):
            run_config(check_parameters(notebook, given))


@pytest.mark.parametrize(("error", "learnt"), [(0.1, True), (0.17, True), (0.19, False), (0.3, False)])
def test_what_is_learnt_beyond_the_baselines_heeds_the_direction_of_the_metric(monkeypatch, error, learnt):
    monkeypatch.setitem(tasks.TASKS, "numbers", NumberSettings)
    monkeypatch.setattr(NumberTask, "headline", "length_error")
    trained = SimpleNamespace(headline=NumberTask.metrics[1])
    scores = {"trained": error, "silence": 1.0, "untrained": 0.2, "oracle": 0.0}
    assert learnt_beyond_baselines(trained, pd.DataFrame(scores, index=["length_error"])) is learnt


def test_a_run_from_before_a_metric_goes_without_it_and_says_so(monkeypatch):
    run, scores = open_run(PROJECT / "results" / "quick"), PrimeTask.scores
    assert missing_metrics(run) == []
    monkeypatch.setattr(PrimeTask, "metrics", [*run.task.metrics, Metric("brand_new", "brand new")])
    monkeypatch.setattr(PrimeTask, "scores", lambda *given: scores(*given) | {"brand_new": 0.5})
    assert len(metric_curves(run.history, run.metrics).axes) == 3
    labels = scores_by_length(run.by_length, run.metrics).axes[0].get_legend().get_texts()
    assert [label.get_text() for label in labels] == ["PSA", "exact match"]
    table = score_table(run, 100)
    assert "brand_new" not in table.index and table.notna().all(axis=None)
    monkeypatch.setattr(PrimeTask, "headline", "brand_new")
    assert run.headline.name == "psa" and learnt_beyond_baselines(run, table)
    (sentence,) = missing_metrics(run)
    assert sentence.startswith("brand new is newer than this run") and str(run.path) in sentence


def test_a_figure_of_another_task_is_refused_in_one_line(monkeypatch, tmp_path):
    monkeypatch.setitem(tasks.TASKS, "numbers", NumberSettings)
    config = RunConfig.of(task="numbers", model="rnn", **QUICK_TRAINING | {"steps": 1, "rounds": 1})
    run(config, tmp_path / "run", workers=1)
    monkeypatch.setitem(OF_A_RUN, "loss-curve", lambda run: run.scores["psa"].plot())
    with pytest.raises(ParameterError, match=r"of .*run, a run of numbers: psa is missing"):
        make_figure(tmp_path, "loss-curve", tmp_path / "x.png", tmp_path / "run", dark=False)
