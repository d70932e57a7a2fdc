"""Beam search against greedy and exhaustive search, ensembles against plain averages, rescoring by hand."""

import itertools

import pytest
import torch
from shared import PROJECT

from replicate.decoding import Candidates, beam, greedy, log_probability, rescore
from replicate.models import build
from replicate.models.ensemble import Ensemble
from replicate.models.layers import pick_rounds
from replicate.runs.folder import open_run
from replicate.settings import RunConfig
from replicate.tasks import task_of

TINY = RunConfig.of(vocab_size=6, max_length=4, model="lstm", embedding_size=4, hidden_size=5, rounds=2)
EOS, STEPS = TINY.task.vocab_size - 1, 3


def sharp(config: RunConfig = TINY, rounds: int = 2):
    """An untrained model whose weights are large enough that its answers differ."""
    model = build(config, range(rounds)).double()
    for parameter in model.parameters():
        parameter.data *= 4
    return model


def sources(samples: int = 5, rounds: int = 2, config: RunConfig = TINY):
    generators = [torch.Generator().manual_seed(r) for r in range(rounds)]
    batch = task_of(config.task).sample(generators, samples)
    return batch.source, batch.source_length


def test_a_beam_of_one_is_greedy():
    for name, layers in (("post", 1), ("rnn", 1), ("lstm", 2), ("attention", 1)):
        config = TINY.changed(model=name, layers=layers, vocab_size=12)
        model, source = sharp(config), sources(20, config=config)
        found = beam(model, *source, 6, width=1)
        assert torch.equal(found.tokens[:, :, 0], greedy(model, *source, 6))


def every_answer() -> torch.Tensor:
    """All answers of at most STEPS tokens that end in EOS, padded: `[N, STEPS]`."""
    others = [token for token in range(TINY.task.vocab_size) if token != EOS]
    return torch.tensor(
        [
            [*answer, EOS] + [0] * (STEPS - n - 1)
            for n in range(STEPS)
            for answer in itertools.product(others, repeat=n)
        ]
    )


def plain_probability(model, r: int, b: int, source, answer: torch.Tensor) -> float:
    """p of one answer by one round, a step at a time."""
    state = model.encode(*source)
    previous, p = torch.full(source[1].shape, EOS), 1.0
    for token in answer[: answer.tolist().index(EOS) + 1]:
        state, logits = model.decode_step(state, previous)
        p *= logits.softmax(2)[r, b, token].item()
        previous = torch.full_like(previous, token.item())
    return p


def test_a_wide_beam_finds_what_exhaustive_search_finds():
    model, source = sharp(), sources(3)
    answers = every_answer()
    found = beam(model, *source, STEPS, width=200)
    for r, b in itertools.product(range(2), range(3)):
        p = [plain_probability(model, r, b, source, answer) for answer in answers]
        p = torch.tensor(p, dtype=torch.float64)
        best = p.argsort(descending=True)[:20]
        assert found.log_probability[r, b, :20].exp().tolist() == pytest.approx(p[best].tolist(), rel=1e-9)
        assert torch.equal(found.tokens[r, b, :5], answers[best[:5]])


def test_a_wider_beam_is_never_less_probable_on_average_and_sometimes_better():
    config = TINY.changed(vocab_size=30, max_length=6)
    model, source = sharp(config), sources(200, config=config)
    narrow, wide = (beam(model, *source, 7, width).log_probability[:, :, 0] for width in (1, 8))
    assert wide.mean() > narrow.mean()
    assert (wide > narrow + 1e-9).any()


def rows_read(model, monkeypatch) -> list[int]:
    """How many hypotheses the model is asked to go on with, step by step, filled in as it searches."""
    rows, step = [], model.decode_step
    monkeypatch.setattr(model, "decode_step", lambda state, p: (rows.append(p.shape[1]), step(state, p))[1])
    return rows


@pytest.fixture(scope="module", params=["strong", "live/attention-forward"])
def trained(request):
    """Two rounds of a trained model, and sources of its task, which are answered at many lengths."""
    run = open_run(PROJECT / "results" / request.param)
    model = pick_rounds([run.load_model()], range(2)).double()
    return model, sources(60, config=run.config)


def test_samples_searched_together_end_as_each_alone(trained, monkeypatch):
    model, (source, length) = trained
    rows = rows_read(model, monkeypatch)
    together = beam(model, source, length, 12, width=4)
    assert rows[0] == 4 * 60 and 0 < rows[-1] < rows[0] / 2  # those that are over are not gone on with
    alone = [beam(model, source[:, [b]], length[:, [b]], 12, width=4) for b in range(60)]
    assert torch.equal(together.tokens, torch.cat([found.tokens for found in alone], dim=1))
    found = torch.cat([found.log_probability for found in alone], dim=1)
    torch.testing.assert_close(together.log_probability, found)


@pytest.mark.parametrize("wanted", [1, 2])
def test_the_candidates_that_are_wanted_are_of_the_whole_search_and_come_sooner(trained, wanted, monkeypatch):
    model, source = trained
    rows = rows_read(model, monkeypatch)
    whole = beam(model, *source, 12, width=6)
    of_whole = sum(rows)
    rows.clear()
    less = beam(model, *source, 12, width=6, wanted=wanted)
    assert torch.equal(whole.tokens[:, :, :wanted], less.tokens[:, :, :wanted])
    assert torch.equal(whole.log_probability[:, :, :wanted], less.log_probability[:, :, :wanted])
    assert sum(rows) < of_whole


def test_an_ensemble_of_one_model_with_itself_is_the_model():
    model, (source, length) = sharp(), sources(20)
    twins = pick_rounds([model], [1, 1, 1])
    alone = beam(model, source, length, 5, width=3)
    together = beam(Ensemble(twins), source[1:], length[1:], 5, width=3)
    assert torch.equal(together.tokens[0], alone.tokens[1])
    torch.testing.assert_close(together.log_probability[0], alone.log_probability[1])


def test_an_ensemble_answers_one_source_together():
    with pytest.raises(ValueError, match="given sources of 2 trainings"):
        Ensemble(sharp()).encode(torch.ones(2, 1, 3, dtype=torch.long), torch.full((2, 1), 3))


def test_an_ensemble_averages_probabilities_token_by_token():
    model, (source, length) = sharp(), sources(2)
    answer = torch.tensor([[[[1, 3, EOS]], [[2, EOS, 0]]]])  # [1, 2, 1, 3]
    found = log_probability(Ensemble(model), source[:1], length[:1], answer)
    state = model.encode(source[:1].expand(2, -1, -1), length[:1].expand(2, -1))
    previous, expected = torch.full((2, 2), EOS), torch.ones(2, dtype=torch.float64)
    for t in range(3):
        state, logits = model.decode_step(state, previous)
        token = answer[0, :, 0, t]
        p = logits.softmax(2).mean(0)[[0, 1], token]
        expected *= torch.where(token == 0, 1.0, p)
        previous = token.expand(2, -1)
    torch.testing.assert_close(found[0, :, 0].exp(), expected)


@pytest.mark.parametrize("name", ["post", "lstm", "attention"])
def test_log_probability_is_the_negative_loss(name):
    config = TINY.changed(model=name)
    model = sharp(config)
    batch = task_of(config.task).sample([torch.Generator().manual_seed(r) for r in range(2)], 30)
    logs = log_probability(model, batch.source, batch.source_length, batch.target.unsqueeze(2))
    torch.testing.assert_close(-logs.sum((1, 2)) / batch.target_length.sum(1), model.loss(batch))


def test_rescoring_orders_by_the_even_average():
    model, source = sharp(), sources(4)
    tokens = every_answer()[[0, 2, 9]].expand(2, 4, 3, STEPS)
    scores = torch.tensor([-1.0, -2.0, -6.0], dtype=torch.float64).expand(2, 4, 3)
    found = rescore(model, *source, Candidates(tokens, scores))
    for r, b in itertools.product(range(2), range(4)):
        means = [
            (score + torch.tensor(plain_probability(model, r, b, source, answer)).log().item()) / 2
            for score, answer in zip(scores[r, b].tolist(), tokens[r, b], strict=True)
        ]
        order = sorted(range(3), key=lambda i: -means[i])
        assert torch.equal(found.tokens[r, b], tokens[r, b, order])
        assert found.log_probability[r, b].tolist() == pytest.approx([means[i] for i in order])


@pytest.mark.parametrize("width", [0, -1, 2.0, True, "4"])
def test_a_wrong_width_is_refused(width):
    with pytest.raises(ValueError, match=r"width is .*; it must be a whole number from 1 up"):
        beam(sharp(), *sources(), 3, width)


def test_what_is_no_n_best_list_is_refused():
    model, source = sharp(), sources(4)
    good = beam(model, *source, STEPS, width=3)
    endless = good._replace(tokens=good.tokens.masked_fill(good.tokens == EOS, 1))
    with pytest.raises(ValueError, match="candidate 0 of sample 0, round 0, has no EOS"):
        rescore(model, *source, endless)
    with pytest.raises(ValueError, match="no n-best list of these sources"):
        rescore(model, *source, Candidates(good.tokens[:, :2], good.log_probability[:, :2]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hidden_size": 6}, r"the sizes of encoder\.xh\.0\.weight are \[4, 20\] and \[4, 24\]"),
        ({"layers": 2}, r"the sizes of encoder\.xh\.1\.weight are missing and \[5, 20\]"),
    ],
)
def test_models_of_other_sizes_make_no_ensemble(change, message):
    other = sharp(TINY.changed(**change))
    with pytest.raises(ValueError, match=message):
        pick_rounds([sharp(), other], [0, 2])


def test_picked_rounds_answer_as_they_did():
    first, second = sharp(), sharp(TINY.changed(seed=1))
    source, length = sources(10)
    picked = pick_rounds([first, second], [3, 0])
    expected = torch.stack([greedy(second, source, length, 4)[1], greedy(first, source, length, 4)[0]])
    assert torch.equal(greedy(picked, source.flip(0), length.flip(0), 4), expected)
