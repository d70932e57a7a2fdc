"""The articles: whole in both languages, by the real Liquid and kramdown, whatever the results hold."""

import re
import warnings
from types import SimpleNamespace

import matplotlib.pyplot as plt
import pandas as pd
import pytest
import yaml
from jinja2 import DictLoader
from typer.testing import CliRunner

from replicate.cli import app
from replicate.errors import ParameterError
from replicate.figures.language import LANGUAGES, chinese, say, speaking
from replicate.figures.style import save
from replicate.publish import articles
from replicate.publish.articles import ARTICLES, article
from replicate.publish.blog import make_article
from replicate.publish.illustrations import ILLUSTRATIONS
from replicate.publish.kramdown import past_liquid
from replicate.studies.judging import study_verdicts
from replicate.studies.registration import registered, registrations
from replicate.studies.translation.tables import PAPER_BLEU

EVERY = [(name, language) for name in ARTICLES for language in LANGUAGES]
VERDICT = SimpleNamespace(claim="", estimate=0.1, low=0.0, high=0.2, verdict="supported")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture
def drawn(monkeypatch):
    """The names of the figures that an article shows, in order; every one is a small line."""
    names = []

    def draw(name):
        names.append(name)
        figure, axes = plt.subplots(figsize=(2, 1))
        axes.plot([1, 2])
        return figure

    for name in ILLUSTRATIONS:
        monkeypatch.setitem(ILLUSTRATIONS, name, lambda name=name: draw(name))
    return names


@pytest.mark.slow
@pytest.mark.parametrize(("name", "language"), EVERY)
def test_an_article_stands_alone(render, drawn, tmp_path, name, language):
    front, body, files = article(name, language, "a-slug", tmp_path, "https://example.org/a_b/c")
    page = render(past_liquid(body))
    assert 3 <= len(drawn) <= 5 and front["image"] in drawn
    images = page.select("img")
    assert [image["src"].rpartition("/")[2] for image in images] == [file.name for file in files]
    assert all(len(image["alt"]) > 20 for image in images)
    tables = page.select("table")
    assert tables and all(len(table.select("tr")[0].select("th")) <= 5 for table in tables)
    for table in tables:
        assert len({len(row.select("th, td")) for row in table.select("tr")}) == 1
    links = {link["href"] for link in page.select("a")}
    assert {"https://arxiv.org/abs/1409.3215", "https://example.org/a_b/c"} <= links
    assert any("zhengyang-2002.github.io" in link for link in links)
    assert "4 7 11 2" in page.select("pre")[0].get_text()
    for code in page.select("code"):
        code.decompose()
    text = page.get_text()
    assert not re.search(r"\bnan\b|\binf\b|&#|[{}|]|\*\*|\]\(", text + front["description"] + front["title"])
    assert 50 < len(front["description"]) < 400
    assert bool(re.search("[一-鿿]", front["title"])) == (language == "zh")


@pytest.mark.slow
@pytest.mark.parametrize("name", ARTICLES)
def test_both_languages_have_the_same_scope(render, drawn, tmp_path, name):
    pages = {}
    for language in LANGUAGES:
        _, body, _ = article(name, language, "a-slug", tmp_path / language, None)
        pages[language] = render(past_liquid(body))
    for tag in ("h3", "tr", "th", "td", "img", "li", "pre", "p"):
        assert len({len(page.select(tag)) for page in pages.values()}) == 1, tag
    numbers = [
        [re.findall(r"[+-]?\d+\.\d+", cell.get_text()) for cell in page.select("td")]
        for page in pages.values()
    ]
    assert numbers[0] == numbers[1]
    assert drawn[: len(drawn) // 2] == drawn[len(drawn) // 2 :]


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("run", "measured"), [(0, 0), (0, 3), (2, 3), (8, 6)])
def test_the_translation_is_told_as_far_as_it_is_run(
    render, drawn, tmp_path, monkeypatch, language, run, measured
):
    found = ARTICLES["claims"]()
    claims = [effect.claim for effect in registered("translation").effects.values()]
    verdicts = [SimpleNamespace(**vars(VERDICT) | {"claim": claim}) for claim in claims[:run]]
    scores = [
        SimpleNamespace(direction=key[0], models=key[1], width=key[2], bleu=20.0, paper=paper)
        for key, paper in list(PAPER_BLEU.items())[:measured]
    ]
    counts = {"supported": run, "not run yet": 8 - run}
    told_perplexity = [("forward", 2.5, 12.18, 5, 1.76, 5.8)][:measured]
    state = found["translation"] | {"verdicts": verdicts, "bleu": scores, "counts": counts}
    state |= {"every": pd.Series({"supported": 100, "contradicted": 23})}  # of all studies of translation
    kind = {"updates": 1234, "perplexity": 13.57, "beam 12": 12.3, "five, beam 12": 14.5}
    rescored = {f"rescoring-{models}": VERDICT for models in ("single", "ensemble")} if run == 8 else {}
    rescored |= {"ensemble": VERDICT} if run == 8 else {}
    state |= {"perplexity": told_perplexity, "kinds": {"RNN, reversed": kind}, "rescoring": rescored}
    monkeypatch.setitem(ARTICLES, "claims", lambda: found | {"translation": state})
    front, body, _ = article("claims", language, "a-slug", tmp_path, None)
    page = render(past_liquid(body))
    assert len(page.select("tr")) == 2 + 41 + (1 + run if run else 0) + (3 + measured if measured else 0)
    told = {
        0: ("not run yet", "尚未运行"),
        2: ("2 have been run", "已运行 2 项"),
        8: ("8 supported", "8 项成立"),
    }
    assert told[run][language == "zh"] in page.get_text()
    assert ("12.18" in page.get_text()) == ("13.57" in page.get_text()) == (measured > 0)
    assert ("+2.55" in page.get_text()) == (run == 8)
    every = {"en": ["123 tests", "100 supported"], "zh": ["123 项检验", "100 项成立"]}[language]
    assert {words in front["description"] for words in every} == {run == 8}


def test_the_tests_of_translation_are_those_of_all_its_studies():
    told = ARTICLES["claims"]()["translation"]
    names = [name for name in registrations() if name.startswith("translation")]
    assert told["every"].sum() == sum(len(registered(name).effects) for name in names) > told["tests"]
    assert told["rnn_reversal"] == study_verdicts("translation-rnn-reversal").verdict["nats"]


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "{{ site.title }}", "*a* `b` | [c](d) $$e$$"])
def test_what_results_hold_is_text_and_what_an_article_makes_is_markdown(render, monkeypatch, tmp_path, text):
    body = "| a |\n|---|\n| {{ claim }} |\n\n{{ claim | code }}\n\nHere {{ row | interval }}."
    template = f"---\ntitle: T\n---\n{body}"
    monkeypatch.setattr(articles, "PackageLoader", lambda package: DictLoader({"own.en.md.j2": template}))
    row = SimpleNamespace(low=-0.1, high=0.2)
    monkeypatch.setitem(ARTICLES, "own", lambda: {"claim": text, "row": row})
    _, body, _ = article("own", "en", "a-slug", tmp_path, None)
    page = render(past_liquid(body))
    assert [cell.get_text() for cell in page.select("td")] == [text]
    assert page.select_one("pre code").get_text() == f"{text}\n"
    assert page.find_all("p")[-1].get_text() == "Here [-0.100, +0.200]."
    assert not page.select("script, em, a")


@pytest.mark.slow
@pytest.mark.parametrize("name", ILLUSTRATIONS)
def test_a_figure_speaks_chinese_and_has_every_sign(tmp_path, name):
    with speaking("zh"), warnings.catch_warnings():
        warnings.simplefilter("error")  # a sign that the font lacks is a warning
        figure = ILLUSTRATIONS[name]()
        save(figure, tmp_path, name)
    assert re.search("[一-鿿]", figure.get_suptitle())
    words = {text.get_text() for text in figure.findobj(plt.Text)}
    own = re.compile(r"max_length|LCS F1|LSTM|GeoMean|Kaplan|Meier|nat\b|n = |[a-z]\$|mathdefault")
    assert not [text for text in words if re.search("[a-zA-Z]{2}", own.sub("", text))]


def test_a_sign_without_a_glyph_is_noticed(tmp_path):
    figure, axes = plt.subplots(figsize=(2, 1))
    axes.set_title("质数")
    with pytest.warns(UserWarning, match="Glyph .* missing"):
        save(figure, tmp_path, "a")


def test_a_text_without_a_translation_is_refused_in_chinese_alone():
    assert say("{n} of these", n=3) == "3 of these"
    with speaking("zh"), pytest.raises(KeyError, match="of these"):
        say("{n} of these", n=3)


def test_translations_have_the_fields_of_the_texts_and_every_registered_claim_of_translation_has_one():
    fields = re.compile(r"\{(\w+)")
    for english, translated in chinese().items():
        assert sorted(fields.findall(english)) == sorted(fields.findall(translated)), english
    for study in ("translation", "translation-rival"):
        assert all(effect.claim in chinese() for effect in registered(study).effects.values())


def test_an_article_takes_what_is_given_and_refuses_what_is_not_there(monkeypatch, tmp_path, drawn, capsys):
    template = '---\ntitle: T\ndescription: D\ncategories: [C]\ntags: [t]\n---\n{{ figure("ladder", "It.") }}'
    monkeypatch.setattr(articles, "PackageLoader", lambda package: DictLoader({"own.en.md.j2": template}))
    monkeypatch.setitem(ARTICLES, "own", dict)
    given = {
        "description": "Mine",
        "image": "ladder",
        "tags": ["a"],
        "slug": None,
        "date": "2026-01-02 03:04:05 +0000",
    }
    post = tmp_path / "_posts/2026-01-02-seq2seq-own.md"
    assert make_article("own", "en", tmp_path, **given) == f"{post}: written"
    assert capsys.readouterr().err == "writing own, en\n"
    fields = yaml.safe_load(post.read_text().split("---\n")[1])
    assert (fields["title"], fields["description"], fields["tags"]) == ("T", "Mine", ["a"])
    assert sorted(path.name for path in (tmp_path / "assets/img/posts/seq2seq-own").iterdir()) == [
        "ladder-dark.png",
        "ladder.png",
        "preview.png",
    ]
    for name, language, code, message in (
        ("gone", "en", None, "there is no article 'gone'; there are replication, scores, claims"),
        ("own", "fr", None, "lang must be en or zh, not 'fr'"),
        ("own", "en", "javascript:alert(1)", "code must be a URL"),
        ("own", "en", "https://a.b/) [x](y", "code must be a URL"),
    ):
        with pytest.raises(ParameterError, match=re.escape(message)):
            make_article(name, language, tmp_path, code)


def test_an_article_that_lacks_a_number_says_so(monkeypatch, tmp_path):
    monkeypatch.setitem(ARTICLES, "claims", dict)
    with pytest.raises(ParameterError, match=r"the article claims lacks a number .* is undefined"):
        article("claims", "en", "a-slug", tmp_path, None)


@pytest.mark.parametrize(
    "words", [["--title", "T"], ["claims", "--slug", "s"], ["--lang", "zh", "--tag", "t"]]
)
def test_what_is_of_one_post_wants_that_post_named(words, tmp_path):
    result = CliRunner().invoke(app, ["blog", *words, "--out", str(tmp_path / "blog")])
    assert result.exit_code == 2 and "name its article and its --lang" in result.stderr
    assert not (tmp_path / "blog").exists()


def test_what_is_of_articles_is_refused_of_a_notebook(tmp_path):
    words = ["blog", "a.ipynb", "--lang", "zh", "--out", str(tmp_path / "blog")]
    assert "--lang and --code are of articles" in CliRunner().invoke(app, words).stderr
