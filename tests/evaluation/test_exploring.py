"""The explorer against plain decoding and encoding of the same source."""

import pandas as pd
import pytest
import torch

from replicate.decoding import greedy
from replicate.evaluation.explorer import COLUMNS, SHOWN, Explorer, in_words
from replicate.figures.explorer import _opened, look
from replicate.files import RunError
from replicate.runs.experiment import run
from replicate.runs.folder import trained_runs
from replicate.settings import RunConfig
from replicate.tasks import task_of

CONFIG = RunConfig.of(
    model="lstm",
    max_length=4,
    vocab_size=31,
    embedding_size=6,
    hidden_size=8,
    rounds=2,
    steps=60,
    learning_rate=1e-2,
    reverse=True,
    source_eos=True,
    evaluate_every=60,
    curve_samples=10,
    evaluate_samples=20,
)
VALUES = [4, 7, 11, 2]


@pytest.fixture(scope="module", params=["post", "lstm", "attention"])
def trained(request, tmp_path_factory):
    config = CONFIG.changed(model=request.param, feed_previous=request.param != "post")
    return run(config, tmp_path_factory.mktemp(request.param) / "run", workers=1)


def plain(trained, values: list[int]):
    """The source of these values as the task gives it, to all rounds."""
    task = task_of(trained.config.task)
    batch = task.batch_of(torch.tensor([[values]]), torch.tensor([[len(values)]]))
    return batch.source.expand(2, -1, -1), batch.source_length.expand(2, -1)


@pytest.mark.parametrize("turned", [False, True])
def test_the_answer_is_the_rounds_own_with_its_probabilities(trained, turned):
    source, length = plain(trained, VALUES[::-1] if turned else VALUES)
    model = trained.load_model()
    expected = [token for token in greedy(model, source, length, 5)[1, 0].tolist() if token]
    table = Explorer(trained, 1).answer(VALUES, turned)
    chosen = table[table.chosen]
    assert chosen.token.tolist() == ["EOS" if token == 30 else str(token) for token in expected]
    assert (table[table["rank"] <= SHOWN].groupby("step").size() == SHOWN).all()
    best = table.groupby("step").probability.max()
    assert (best[chosen.step].to_numpy() == chosen.probability.to_numpy()).all()
    _, logits = model.decode_step(model.encode(source, length), torch.full((2, 1), 30))
    assert chosen.probability.iloc[0] == pytest.approx(logits[1, 0].softmax(0).max().item())
    wanted = dict(
        zip(range(1, 5), ["7", "11", "2", "EOS"], strict=True)
    )  # the primes in input order, either way
    assert all(row.right == (row.token == wanted.get(row.step)) for row in table.itertuples())


@pytest.mark.parametrize("turned", [False, True])
def test_every_step_of_the_target_is_there_with_the_right_token_at_its_rank(trained, turned):
    explorer = Explorer(trained, 1)
    table = explorer.answer(VALUES, turned)
    right = table[table.right]
    assert right.token.tolist() == explorer.target(VALUES) == ["7", "11", "2", "EOS"]
    assert right.step.tolist() == [1, 2, 3, 4]
    others = table[~table.right]
    assert (others["rank"] <= SHOWN).all() and (table.ended == (table.step > len(table[table.chosen]))).all()
    state = explorer.model.encode(*explorer._batch(VALUES, turned)[:2])
    first = explorer.model.decode_step(state, torch.full((1, 1), 30))[1][0, 0].softmax(0)
    assert right["rank"].iloc[0] == 1 + (first > first[7]).sum()
    assert right.probability.iloc[0] == pytest.approx(first[7].item())


def test_a_short_answer_goes_on_behind_its_end_and_a_long_one_is_no_whole_one():
    rows = [[1, 1, "EOS", 0.9, True, False, False, True], [1, 9, "7", 0.0, False, True, False, True]]
    rows += [[2, 1, "EOS", 0.9, False, True, True, True]]
    assert in_words(pd.DataFrame(rows, columns=COLUMNS)) == ("EOS", "0 of 2 right")
    rows = [[1, 1, "7", 0.9, True, True, False, True], [2, 1, "EOS", 0.9, True, True, False, True]]
    assert in_words(pd.DataFrame(rows, columns=COLUMNS)) == ("7 EOS", "all 2 right")
    rows += [[3, 1, "EOS", 0.9, True, False, False, True]]
    assert in_words(pd.DataFrame(rows, columns=COLUMNS))[1] == "2 of 2 right"
    rows = [[1, 1, "<unk>", 0.9, True, True, False, False], [2, 1, "EOS", 0.9, True, True, False, True]]
    assert in_words(pd.DataFrame(rows, columns=COLUMNS)) == ("<unk> EOS", "1 of 2 right")


def test_the_explorer_says_what_it_leaves_out_and_refuses_what_it_cannot_show(trained, capsys, monkeypatch):
    monkeypatch.setattr("replicate.figures.style.display", lambda figure, metadata: None)
    run = str(trained.path)
    look("4 7, 11 2", run, "results/strong", 0)
    said = capsys.readouterr().out
    assert said.startswith("source  4 7 11 2\ntarget  7 11 2 EOS\n") and "results/strong (lstm)" in said
    look("4 7", run, "results/none", 0)
    assert "results/none is left out: no run folder at" in capsys.readouterr().out
    with pytest.raises(RunError, match="the run has 0 to 1"):
        look("4 7", run, "", 2)
    with pytest.raises(ValueError, match="type 1 to 4 tokens; these are 5"):
        look("1 2 3 4 5", run, "results/strong", 0)


@pytest.mark.parametrize("axes", [(300, 4, 8), (300, 2, 4)])
def test_a_state_that_is_no_vector_has_no_path_and_all_else_is_shown(trained, capsys, monkeypatch, axes):
    shown = []
    monkeypatch.setattr("replicate.figures.explorer.show", lambda figure, name, *_: shown.append(name))
    monkeypatch.setattr("replicate.evaluation.explorer.encoder_state", lambda *given: torch.zeros(1, *axes))
    _opened.cache_clear()
    look("4 7, 11 2", str(trained.path), "", 0)
    _opened.cache_clear()
    assert "its encoder's state is no single vector" in capsys.readouterr().out
    assert "explore-answer" in shown and "explore-state" not in shown


def test_the_path_reads_token_by_token_in_the_models_direction(trained):
    explorer = Explorer(trained, 0)
    assert explorer.path(VALUES).token.tolist() == ["2", "11", "7", "4", "EOS"]
    assert explorer.path(VALUES, turned=True).token.tolist() == ["4", "7", "11", "2", "EOS"]
    state = trained.load_model().encode(*plain(trained, VALUES))
    last = (state if isinstance(state, torch.Tensor) else state[0])[0, 0].double()
    place = (last - explorer.centre) @ explorer.axes.T
    assert explorer.path(VALUES)[["x", "y"]].iloc[-1].tolist() == pytest.approx(place.tolist(), abs=1e-4)
    assert explorer.cloud.mean().abs().max() < 1e-4


def test_values_are_read_as_a_person_types_them(trained):
    explorer = Explorer(trained)
    assert explorer.read(" 4, 7  11,2") == VALUES
    for text in ("", "0", "30", "a", "4 -7", "1.5"):
        with pytest.raises(ValueError, match="type"):
            explorer.read(text)
    with pytest.raises(ValueError, match="type 1 to 4 tokens; these are 5"):
        explorer.read("1 2 3 4 5")
    with pytest.raises(RunError, match="the run has 0 to 1"):
        Explorer(trained, 2)


def test_the_runs_to_choose_from_are_the_finished_ones(trained, monkeypatch):
    monkeypatch.setenv("REPLICATE_RUNS", str(trained.path.parent))
    (trained.path.parent / "unfinished").mkdir(exist_ok=True)
    (trained.path.parent / "unfinished" / "checkpoint.pt").touch()
    quick, strong, own = trained_runs()
    assert (quick.name, strong.name) == ("quick", "strong") and own == trained.path
