"""What is measured for the claims, on tiny runs, against plain restatements."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from shared import primes

from replicate.decoding import beam, greedy, rescore
from replicate.files import RunError
from replicate.models import build
from replicate.models.layers import pick_rounds
from replicate.randomness import make_generator
from replicate.runs.experiment import run
from replicate.settings import PAPER, RunConfig
from replicate.studies import measuring as measure
from replicate.studies.claims.bucketing import bucketing_table
from replicate.studies.claims.lengths import alignment_table, commonness_table, length_table
from replicate.studies.claims.positions import position_table
from replicate.studies.claims.search import CANDIDATES, beam_table, ensemble_table, rescoring_table
from replicate.studies.claims.states import (
    LENGTH,
    ORIGINAL,
    PRIMES,
    distance,
    distance_table,
    encoder_table,
    rearranged,
    state_map,
)
from replicate.studies.results import keep
from replicate.tasks import task_of
from replicate.tasks.primes.task import mirror

TINY = RunConfig.of(
    model="lstm",
    max_length=4,
    vocab_size=31,
    embedding_size=8,
    hidden_size=16,
    rounds=5,
    steps=150,
    learning_rate=1e-2,
    source_eos=True,
    reverse=True,
    evaluate_every=150,
    curve_samples=20,
    evaluate_samples=200,
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("claims")
    changes = {
        "base": {},
        "forward": {"reverse": False},
        "attention": {"model": "attention"},
        "skewed": {"skew": 1.0},
    }
    return {name: run(TINY.changed(**change), folder / name, workers=1) for name, change in changes.items()}


def test_a_beam_of_one_scores_as_greedy_on_the_same_samples(runs):
    table = beam_table(runs["base"], [1, 3], samples=300)
    assert table.groupby("width").size().to_dict() == {1: 5, 3: 5}
    model, task = runs["base"].load_model(), task_of(TINY.task)
    batch = task.sample([make_generator(TINY.training.seed, r, "beam") for r in range(5)], 300)
    exact = (greedy(model, batch.source, batch.source_length, 5) == batch.target).all(2).double().mean(1)
    assert table[table.width == 1].exact_match.tolist() == pytest.approx(exact.tolist())


def test_ensembles_of_one_group_and_its_members_answer_the_same_samples(runs):
    table = ensemble_table(runs["base"], [(1, 1), (5, 1)], samples=300)
    assert table[["group", "models", "width"]].values.tolist() == [[0, 1, 1], [0, 5, 1]]
    model, task = runs["base"].load_model(), task_of(TINY.task)
    batch = task.sample([make_generator(TINY.training.seed, 0, "ensemble")], 300)
    source, length = batch.source.expand(5, -1, -1), batch.source_length.expand(5, -1)
    alone = (greedy(model, source, length, 5) == batch.target).all(2).double().mean()
    assert table.exact_match[0] == pytest.approx(alone.item())
    assert table.exact_match[1] > table.exact_match[0]


def test_rescoring_stays_below_what_the_candidates_allow(runs):
    table = rescoring_table(runs["forward"], {"rescored": runs["base"]}, samples=300)
    exact = table.pivot(index="round", columns="stage", values="exact_match")
    assert (exact["oracle"] >= exact[["best", "rescored"]].max(axis=1)).all()
    assert (exact["oracle"] > exact["best"]).any()
    first, second = (runs[name].load_model() for name in ("forward", "base"))
    forward, reverse = (
        task_of(runs[name].config.task).sample(
            [make_generator(TINY.training.seed, r, "rescoring") for r in range(5)], 300
        )
        for name in ("forward", "base")
    )
    found = beam(first, forward.source, forward.source_length, 5, CANDIDATES)
    best = rescore(second, reverse.source, reverse.source_length, found).tokens[:, :, 0]
    right = (best == forward.target).all(2).double().mean(1)
    assert exact["rescored"].tolist() == pytest.approx(right.tolist())


def test_models_of_one_direction_rescore_their_neighbours_candidates(runs):
    forward = runs["forward"]
    table = rescoring_table(forward, {"by forward": forward, "by reversed": runs["base"]}, samples=300)
    exact = table.pivot(index="round", columns="stage", values="exact_match")
    model = forward.load_model()
    batch = task_of(forward.config.task).sample(
        [make_generator(TINY.training.seed, r, "rescoring") for r in range(5)], 300
    )
    found = beam(model, batch.source, batch.source_length, 5, CANDIDATES)
    neighbours = pick_rounds([model], [1, 2, 3, 4, 0])
    best = rescore(neighbours, batch.source, batch.source_length, found).tokens[:, :, 0]
    right = (best == batch.target).all(2).double().mean(1)
    assert exact["by forward"].tolist() == pytest.approx(right.tolist())
    assert (exact["by reversed"] != exact["by forward"]).any()


def test_positions_are_scored_as_one_target_at_a_time_would_be(runs):
    table = position_table(runs["base"], samples=700).set_index(["round", "primes", "position"])
    task, model = task_of(TINY.task), runs["base"].load_model()
    generators = [make_generator(TINY.training.seed, r, "positions") for r in range(5)]
    first, rest = task.sample(generators, 500), task.sample(generators, 200)
    seen = {}
    for batch in (first, rest):
        state = model.encode(batch.source, batch.source_length)
        answer = greedy(model, batch.source, batch.source_length, 5)
        previous = torch.full_like(batch.source_length, task.eos)
        for t in range(4):
            with torch.no_grad():
                state, logits = model.decode_step(state, previous)
            previous = batch.target[:, :, t]
            nats = torch.nn.functional.cross_entropy(
                logits.flatten(0, 1), previous.flatten(), reduction="none"
            ).view(5, -1)
            for r, b in ((previous > 0) & (previous != task.eos)).nonzero().tolist():
                right = answer[r, b, t] == previous[r, b]
                place = (r, int(batch.target_length[r, b]) - 1, t + 1)
                seen.setdefault(place, []).append((nats[r, b].item(), float(right)))
    assert set(seen) == set(table.index)
    for place, values in seen.items():
        row = table.loc[place]
        expected = (len(values), *torch.tensor(values, dtype=torch.float64).mean(0).tolist())
        assert (row.samples, row.nats, row.accuracy) == pytest.approx(expected, rel=1e-4)


def test_every_round_and_both_encoders_read_sources_of_their_own_round(runs):
    config = TINY.changed(vocab_size=61, max_length=20, rounds=2)
    started = SimpleNamespace(
        config=config, task=task_of(config.task), load_model=lambda: build(config, range(2))
    )
    table = encoder_table(started, 40)
    by_encoder = table.pivot(index=["round", "rearrangement"], columns="encoder", values="distance")
    assert (by_encoder.trained == by_encoder.untrained).all()  # this one was never trained
    elsewhere = build(config.changed(seed=9), range(2))
    moved = encoder_table(
        SimpleNamespace(config=config, task=task_of(config.task), load_model=lambda: elsewhere), 40
    )
    moved = moved.pivot(index=["round", "rearrangement"], columns="encoder", values="distance")
    assert moved.untrained.equals(by_encoder.untrained) and not moved.trained.equals(by_encoder.trained)
    task = task_of(config.task)
    for r in range(2):
        sources = rearranged(task, 40, make_generator(config.training.seed, r, "encoder"))
        states = {}
        for name, values in sources.items():
            batch = task.batch_of(values.expand(2, -1, -1), torch.full((2, 40), LENGTH))
            states[name] = build(config, range(2)).encode(batch.source, batch.source_length)
        original = states.pop(ORIGINAL)
        unit = distance(original, original.roll(1, dims=1))[r]
        for name, state in states.items():
            expected = (distance(original, state)[r] / unit).item()
            assert by_encoder.trained[r, name] == pytest.approx(expected, rel=1e-4)


def test_a_mirrored_source_is_the_other_directions():
    forward, reverse = (primes(31, 5, reverse, source_eos=True) for reverse in (False, True))
    generator = [make_generator(0, 0, "x")]
    batch = forward.sample(generator, 50)
    other = reverse.sample([make_generator(0, 0, "x")], 50)
    assert torch.equal(mirror(batch.source, batch.source_length - 1), other.source)


def test_lengths_reach_twice_the_trained_one_and_count_targets_with_primes(runs):
    table = length_table(runs["base"], samples=400)
    task, model = primes(31, 8, reverse=True, source_eos=True), runs["base"].load_model()
    batch = task.sample([make_generator(TINY.training.seed, r, "lengths") for r in range(5)], 400)
    right = (greedy(model, batch.source, batch.source_length, 9) == batch.target).all(2)
    kept = batch.target_length > 1
    for length in range(1, 9):
        chosen = kept & (batch.source_length == length + 1)
        rows = table[table.length == length].set_index("round")
        assert rows.samples.tolist() == chosen.sum(1).tolist()
        expected = (right & chosen).sum(1) / chosen.sum(1)
        assert rows.exact_match.tolist() == pytest.approx(expected.tolist())
    assert sorted(table.length.unique()) == list(range(1, 9))


def test_commonness_counts_every_prime_of_the_targets(runs):
    table = commonness_table(runs["skewed"], samples=700)
    config = runs["skewed"].config
    task, model = task_of(config.task), runs["skewed"].load_model()
    generators = [make_generator(config.training.seed, r, "commonness") for r in range(5)]
    right, seen = {}, {}
    for size in (500, 200):
        batch = task.sample(generators, size)
        answers = greedy(model, batch.source, batch.source_length, 5).tolist()
        for r, (targets, given) in enumerate(zip(batch.target.tolist(), answers, strict=True)):
            for target, answer in zip(targets, given, strict=True):
                for place, token in enumerate(target[: target.index(30)]):
                    seen[r, token] = seen.get((r, token), 0) + 1
                    right[r, token] = right.get((r, token), 0) + (
                        answer[place] == token and 30 not in answer[:place]
                    )
    for row in table.itertuples():
        count = seen.get((row.round, row.prime), 0)
        assert row.samples == count
        if count:
            assert row.accuracy == pytest.approx(right[row.round, row.prime] / count)
    assert len(table) == 5 * 10
    assert table.groupby("half").size().to_dict() == {"common": 25, "rare": 25}
    rare, common = (table[table.half == half].probability for half in ("rare", "common"))
    assert rare.max() < common.min()


def test_rearrangements_keep_what_they_say():
    task = primes(101, 30)
    moved = rearranged(task, 50, make_generator(0, 0, "x"))
    values = moved.pop(ORIGINAL)

    def primes_of(rows):
        return [[x for x in row if task.is_prime[x]] for row in rows.tolist()]

    assert values.shape == (50, LENGTH) and {len(row) for row in primes_of(values)} == {PRIMES}
    for name, rows in moved.items():
        assert torch.equal(rows.sort(dim=1).values, values.sort(dim=1).values)
        same = primes_of(rows) == primes_of(values)
        assert same == (name != "primes swapped")
    swapped = (moved["primes swapped"] != values).sum(1), (moved["others swapped"] != values).sum(1)
    assert swapped[0].tolist() == swapped[1].tolist() == [PRIMES] * 50
    assert torch.equal(task.is_prime[moved["others swapped"]], task.is_prime[values])
    assert (task.is_prime[moved["others moved"]] != task.is_prime[values]).any(1).float().mean() > 0.9


def made_up(encode, config=PAPER):
    """A run of one round whose state is what `encode` makes of the sources."""
    model = torch.nn.Linear(1, 1)
    model.encode = lambda source, length: encode(source[:, :, :LENGTH]).unsqueeze(2).float()
    return SimpleNamespace(
        config=config.changed(rounds=1), task=task_of(config.changed(rounds=1).task), load_model=lambda: model
    )


def primes_in_order(source):
    """A number that depends on the primes and their order, and on nothing else."""
    prime = task_of(PAPER.task).is_prime[source]
    return (source * prime * prime.cumsum(2)).sum(2)


def test_a_state_of_the_primes_in_order_is_moved_by_swapping_primes_alone():
    table = distance_table(made_up(primes_in_order), 500).set_index("rearrangement").distance
    assert table["others swapped"] == table["others moved"] == 0
    assert table["primes swapped"] > 0.3


def test_unrelated_sources_are_at_distance_1():
    table = distance_table(made_up(lambda source: torch.randn(source.shape[:2])), 5000)
    assert table.distance.tolist() == pytest.approx([1, 1, 1], abs=0.06)


def test_the_map_has_every_order_of_three_primes_and_centred_axes():
    config = PAPER.changed(rounds=1)
    run = SimpleNamespace(
        config=config, task=task_of(config.task), load_model=lambda: build(config, range(1))
    )
    table = state_map(run, fillings=4)
    assert table.groupby("primes").size().tolist() == [4] * 6
    assert (table.x.mean(), table.y.mean()) == pytest.approx((0, 0), abs=1e-4)
    assert table.share_x[0] > table.share_y[0] > 0
    assert table.x.var() / table.y.var() == pytest.approx(table.share_x[0] / table.share_y[0])


def test_the_alignment_follows_the_models_own_answer(runs):
    source = [7, 4, 11, 30 - 1]
    table = alignment_table(runs["attention"], source)
    task, model = task_of(runs["attention"].config.task), runs["attention"].load_model()
    batch = task.batch_of(torch.tensor([[source]]), torch.tensor([[4]]))
    answer = greedy(model, batch.source.expand(5, -1, -1), batch.source_length.expand(5, -1), 5)[0, 0]
    assert table.groupby("step").answer.first().tolist() == [x for x in answer.tolist() if x]
    assert table.groupby("step").weight.sum().tolist() == pytest.approx([1] * table.step.nunique())
    assert table[table.step == 0].source.tolist() == [29, 11, 4, 7, 30]


def test_buckets_hold_less_padding():
    table = bucketing_table(TINY.changed(max_length=20), repeats=2)
    assert table.groupby("arm").size().to_dict() == {"bucketed": 2, "random": 2}
    padding = table.groupby("arm").padding.mean()
    # Sources of 2 to 21 tokens, 11.5 on average, padded to about 21.
    assert padding["random"] == pytest.approx(1 - 11.5 / 21, abs=0.05)
    assert padding["bucketed"] < 0.05


@pytest.fixture
def results(runs, tmp_path, monkeypatch):
    monkeypatch.setattr("replicate.studies.results.RESULTS", tmp_path)
    monkeypatch.setattr(measure, "RESULTS", tmp_path)
    monkeypatch.setattr(measure, "studies", lambda: {"claims": {"claims-base": TINY}})
    beam = {"beam": (["base"], lambda base: beam_table(base, [1], 20))}
    monkeypatch.setattr(measure, "MEASUREMENTS", {"claims": beam})
    keep("claims-base", runs["base"])
    measure.measure_missing("claims", {"claims-base": runs["base"]})
    return tmp_path / "claims"


def test_a_measurement_is_made_once_and_again_for_another_training(results, runs):
    before = (results / "beam.csv").stat().st_mtime_ns
    assert measure.unmeasured_runs("claims") == set()
    measure.measure_missing("claims", {})  # no checkpoint is needed
    assert (results / "beam.csv").stat().st_mtime_ns == before
    assert len(measure.read_measurement("claims", "beam")) == 5
    record = json.loads((results / "beam.json").read_text())
    (results / "beam.json").write_text(json.dumps(record | {"checkpoints": {"base": "another"}}))
    with pytest.raises(RunError, match="measured on another training of base"):
        measure.read_measurement("claims", "beam")
    assert measure.unmeasured_runs("claims") == {"claims-base"}
    measure.measure_missing("claims", {"claims-base": runs["base"]})
    assert len(measure.read_measurement("claims", "beam")) == 5


def test_a_run_with_a_training_that_diverged_is_not_measured(results, runs):
    history = runs["base"].history
    (results / "beam.csv").unlink()
    lost = replace(runs["base"], history=history.assign(diverged=(history["round"] == 3) * 7))
    with pytest.raises(RunError, match="training 3 diverged"):
        measure.measure_missing("claims", {"claims-base": lost})


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "beam.csv").unlink(), "beam.csv is missing"),
        (lambda folder: (folder / "beam.json").unlink(), "beam.csv is not what `make replicate` wrote"),
        (
            lambda folder: (folder / "beam.csv").write_text((folder / "beam.csv").read_text()[:-9]),
            "beam.csv is not what `make replicate` wrote",
        ),
    ],
)
def test_a_damaged_measurement_is_refused(results, damage, message):
    damage(results)
    with pytest.raises(RunError, match=message):
        measure.read_measurement("claims", "beam")
