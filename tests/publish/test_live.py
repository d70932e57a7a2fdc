"""What the page of live models is made of: median training, weights, plane, the example, the HTML."""

import base64
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from shared import CONFIG, PROJECT
from typer.testing import CliRunner

from replicate.cli import app
from replicate.decoding import greedy
from replicate.files import RunError
from replicate.publish.live import example as examples
from replicate.publish.live import page as pages
from replicate.publish.live.example import example
from replicate.publish.live.export import exact_matches, exported, median_model, median_round
from replicate.publish.live.page import fragment, live_runs
from replicate.settings import RunConfig
from replicate.tasks.pairs import until_eos


@pytest.fixture(scope="module")
def shipped():
    return live_runs()


@pytest.fixture(scope="module")
def whole():
    return fragment()


def scored(run, *exact_match: float):
    """The run with other scores, a training each."""
    rounds = range(len(exact_match))
    table = pd.DataFrame({"round": rounds, "evaluation": 0, "exact_match": exact_match})
    return replace(run, scores=table)


@pytest.mark.parametrize(
    ("exact_match", "median"),
    [([0.2], 0), ([0.9, 0.1, 0.3], 2), ([0.4, 0.1, 0.3, 0.2], 3), ([0.4, float("nan"), 0.3, 0.5], 0)],
    ids=["one", "three", "the lower of four", "one has diverged"],
)
def test_the_median_training_answers(finished, exact_match, median):
    assert median_round(scored(finished, *exact_match)) == median


def test_no_training_is_left_where_all_diverged(finished):
    with pytest.raises(RunError, match=r"every training of .* diverged"):
        median_round(scored(finished, float("nan"), float("nan")))


def test_weights_come_back_as_they_were(finished):
    run = scored(finished, 0.1, 0.2)  # training 0 is the median
    weights = exported(run)["weights"]
    saved = finished.load_model().state_dict()
    assert weights.keys() == saved.keys()
    for name, text in weights.items():
        found = np.frombuffer(base64.b64decode(text), "<f4")
        assert np.array_equal(found, saved[name][0].numpy().ravel()), name


def test_the_plane_is_that_of_the_states_principal_components(finished):
    run = scored(finished, 0.1, 0.2)
    plane = exported(run)["plane"]
    mean, axes, cloud = (np.array(plane[name]) for name in ("mean", "axes", "cloud"))
    assert axes @ axes.T == pytest.approx(np.eye(2), abs=1e-6)
    states = cloud @ axes + mean  # what of each state lies in the plane
    assert states.mean(0) == pytest.approx(mean, abs=1e-4)
    variance = np.linalg.eigvalsh(np.cov(cloud.T))[::-1]
    assert cloud.var(0, ddof=1) == pytest.approx(
        variance, rel=1e-4
    )  # the first component has the larger share
    # No other direction of the state has more variance than the second component.
    fresh = run.task.sample([torch.Generator().manual_seed(3)], 2_000)
    with torch.no_grad():
        fresh = median_model(run).encode(fresh.source, fresh.source_length)[0].double().numpy()
    ordered = np.linalg.eigvalsh(np.cov(fresh.T))[::-1]
    assert ordered[:2] == pytest.approx(variance, rel=0.3)
    assert plane["share"] == pytest.approx(ordered[:2].sum() / ordered.sum(), abs=0.1)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"model": "rnn"}, "is a run of rnn on primes; the page computes post, lstm, attention, on primes"),
        ({"feed_previous": True}, "has feed_previous True; the page computes False alone"),
        ({"model": "lstm", "feed_previous": True, "layers": 2}, "has layers 2; the page computes 1 alone"),
        ({"eos_is_a_value": True}, "has eos_is_a_value True; the page computes False alone"),
    ],
)
def test_what_the_page_cannot_compute_is_refused(finished, settings, said):
    kept = {name: value for name, value in CONFIG.flat().items() if name != "feed_previous"}
    with pytest.raises(RunError, match=re.escape(said)):
        exported(replace(finished, config=RunConfig.of(**kept | settings)))


def test_the_runs_that_ship_are_those_of_the_sweep_and_take_the_same_sources(shipped):
    sweep = yaml.safe_load((PROJECT / "results" / "live" / "runs.yaml").read_text(encoding="utf-8"))
    written = {case.pop("run_name"): {**sweep["fixed"], **case} for case in sweep["list"]}
    assert written.keys() == shipped.keys()
    for name, settings in written.items():
        settings = {key: yaml_number(value) for key, value in settings.items()}
        assert RunConfig.of(**settings) == shipped[name].config
    assert len({(run.task.max_length, run.task.max_value, run.task.eos) for run in shipped.values()}) == 1


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("lstm-forward", {"reverse": True}),
        ("lstm-reversed", {"model": "attention"}),
        ("attention-reversed", {"vocab_size": 201}),
    ],
)
def test_another_run_in_the_folder_of_one_that_ships_is_refused(shipped, monkeypatch, name, changes):
    other = replace(shipped[name], config=shipped[name].config.changed(**changes))
    monkeypatch.setattr(pages, "open_run", lambda path: other if path.name == name else shipped[path.name])
    with pytest.raises(RunError, match=rf"{name} is no run of model \w+ with sources"):
        live_runs()


def yaml_number(value):
    """YAML reads 5e-4 as a text."""
    return float(value) if isinstance(value, str) and value[0].isdigit() else value


def test_the_example_is_wrong_by_the_posts_model_and_right_by_all_others(shipped):
    values = example(shipped)
    for name, run in shipped.items():
        batch = run.task.example(values)
        answer = greedy(median_model(run), batch.source, batch.source_length, run.task.max_target_length)
        primes = [value for value in values if value in PRIMES]
        right = until_eos(answer[0, 0].tolist(), run.task.eos) == primes
        assert right == (run.config.model.kind != "post"), name
    assert 5 <= len(values) <= 8 and len(primes) >= 3


PRIMES = [n for n in range(2, 100) if all(n % d for d in range(2, n))]


def test_no_example_is_made_up_where_none_fits(shipped, monkeypatch):
    monkeypatch.setattr(
        examples, "answered_right", lambda run, values, length: torch.ones(values.shape[1]) > 0
    )
    with pytest.raises(RunError, match="none of 1000 sources is answered wrong by the post's models alone"):
        example(shipped)


class Elements(HTMLParser):
    """The tags of a page, with their attributes."""

    def __init__(self, page: str):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_the_fragment_is_whole_and_asks_for_nothing(whole):
    found = Elements(whole).found
    assert [tag for tag, _ in found] == ["style", "div", "noscript", "script"]
    assert not any({"src", "href"} & attributes.keys() for _, attributes in found)
    assert set(re.findall(r"https?://[^\"'\s]+", whole)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"\bimport\b|\bfetch\(|XMLHttpRequest|url\(", whole)


def test_the_fragment_says_whose_answers_these_are(whole, shipped):
    data = json.loads(re.search(r"^const DATA = (.*);$", whole, re.MULTILINE)[1])
    for training, (name, run) in zip(data["trainings"], shipped.items(), strict=True):
        matches = exact_matches(run)
        assert training["name"] == name
        assert training["exactMatch"] == sorted(matches.values())[1]  # of three
        assert training["exactMatch"] == matches[training["origin"]["training"]]
        assert training["origin"]["checkpoint"] == run.provenance["sha256"]["checkpoint.pt"]
        assert re.fullmatch(r"[0-9a-f]{40}", training["origin"]["commit"])  # made of committed code


def test_jekyll_leaves_the_fragment_as_it_is(render, whole):
    page = render(f"Before.\n\n{whole}\n\nAfter *all*.\n")
    assert (
        page.find("script").string.strip() == re.search(r"<script>(.*)</script>", whole, re.DOTALL)[1].strip()
    )
    assert (
        page.find("style").string.strip() == re.search(r"<style>(.*?)</style>", whole, re.DOTALL)[1].strip()
    )
    assert page.find("div", class_="seq2seq-live").find_next_sibling().name == "script"
    assert page.find_all("p")[-1].em.string == "all"


def test_live_writes_a_page_and_leaves_what_is_there(tmp_path, monkeypatch, whole):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    monkeypatch.setattr("replicate.publish.live.page.fragment", lambda: whole)

    def live(out: str):
        return CliRunner().invoke(app, ["live", "--out", out])

    assert live("new/page.html").exit_code == 0
    page = (tmp_path / "new" / "page.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>") and whole in page
    for out, said in [
        ("new/page.html", "exists; choose another file, or remove it first"),
        ("page.htm", "must end in .html"),
        ("file/page.html", "cannot be written: .*"),
    ]:
        ended = live(out)
        assert ended.exit_code == 2
        assert re.fullmatch(rf"replicate: {re.escape(str(Path(out)))} {said}\n", ended.stderr)
    assert (tmp_path / "new" / "page.html").read_text(encoding="utf-8") == page
