"""The page of live models in a real browser: its numbers are PyTorch's, whatever is typed, wherever it is."""

import re
from functools import cache

import pytest
import torch

from replicate.evaluation.explorer import Explorer
from replicate.publish.live.export import median_model, median_round
from replicate.publish.live.page import SHOWN, fragment, live_runs, write_page
from replicate.publish.live.plane import encoder_state, plane_of
from replicate.randomness import make_generator

RUNS = live_runs()
SOURCES = 60  # random ones for each training
TOLERANCE = {
    "rtol": 0,
    "atol": 1e-7,
}  # of float64; PyTorch in float32 is itself up to some 1e-5 off that
FOLLOW = """([kind, reverse, values]) => {
    const followed = document.querySelector('.seq2seq-live').follow(kind, reverse, values);
    const steps = followed.steps.map(step => ({...step, probabilities: [...step.probabilities]}));
    return {...followed, steps};
}"""
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("live") / "page.html"
    write_page(path)
    return path


@pytest.fixture
def visit(browser):
    """Open a page; what it asks of a host, or complains about, fails the test that visited it."""
    contexts, trouble, requests = [], [], []

    def visit(path, **options):
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.on(
            "console", lambda message: message.type in ("error", "warning") and trouble.append(message.text)
        )
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri())
        return page

    yield visit
    for context in contexts:
        context.close()
    assert trouble == []
    assert [url for url in requests if not url.startswith("file:")] == []


@cache
def model_and_plane(name: str):
    model = median_model(RUNS[name])
    plane = plane_of(model, RUNS[name].task, RUNS[name].config.training.seed)
    return model.double(), plane


@torch.no_grad()
def reference(name: str, values: list[int]) -> dict:
    """The same answer by the library in float64: tokens, probabilities, places in the plane, alignment."""
    (model, plane), task = model_and_plane(name), RUNS[name].task
    batch = task.example(values)
    states = [
        encoder_state(model, batch.source[:, :, :length], torch.tensor([[length]]))[0, 0].double()
        for length in range(1, batch.source_length.item() + 1)
    ]
    mean, axes = (torch.tensor(plane[part], dtype=torch.float64) for part in ("mean", "axes"))
    state, previous = model.encode(batch.source, batch.source_length), torch.tensor([[model.bos]])
    tokens, probabilities, alignment = [], [], []
    while task.eos not in tokens and len(tokens) < task.max_target_length:
        if isinstance(state, tuple):  # attention
            own, *memory = state
            alignment.append(model.look_back(model.decoder.output(own), memory)[1][0, 0].tolist())
        state, logits = model.decode_step(state, previous)
        previous = logits.argmax(2)
        tokens.append(previous.item())
        probabilities.append(logits[0, 0].softmax(0).tolist())
    return {
        "source": batch.source[0, 0, : batch.source_length.item()].tolist(),
        "path": ((torch.stack(states) - mean) @ axes.T).tolist(),
        "tokens": tokens,
        "probabilities": probabilities,
        "alignment": alignment,
        "right": tokens == batch.target[0, 0, : batch.target_length.item()].tolist(),
    }


def sources(name: str) -> list[list[int]]:
    """Random ones, the shortest and longest among them, and one without a prime."""
    generator = make_generator(0, SHOWN.index(name), "browser")
    lengths = [1, 15, *torch.randint(1, 16, (SOURCES - 3,), generator=generator).tolist()]
    return [
        [4, 6, 8],
        *(torch.randint(1, 100, (length,), generator=generator).tolist() for length in lengths),
    ]


def close(found, expected) -> bool:
    found, expected = (torch.tensor(values, dtype=torch.float64) for values in (found, expected))
    return found.shape == expected.shape and torch.allclose(found, expected, **TOLERANCE)


@pytest.mark.parametrize("name", SHOWN)
def test_the_pages_numbers_are_pytorchs(visit, page_file, name):
    page, run = visit(page_file), RUNS[name]
    for values in sources(name):
        found = page.evaluate(FOLLOW, [run.config.model.kind, run.task.reverse, values])
        expected = reference(name, values)
        assert found["source"] == expected["source"], values
        assert [step["token"] for step in found["steps"]] == expected["tokens"], values
        assert found["right"] == expected["right"], values
        assert close([step["probabilities"] for step in found["steps"]], expected["probabilities"]), values
        assert close(found["path"], expected["path"]), values
        if expected["alignment"]:
            assert close([step["alignment"] for step in found["steps"]], expected["alignment"]), values


def shown(page) -> list[tuple[str, str]]:
    """Each answer as it stands on the page, in the order of SHOWN: its tokens and its verdict."""
    return [
        (
            " ".join(answer.locator(".word").all_inner_texts()),
            answer.locator(".verdict .right, .verdict .wrong").inner_text(),
        )
        for answer in page.locator("#answers .answer").all()
    ]


def expected_on_page(values: list[int]) -> list[tuple[str, str]]:
    found = [reference(name, values) for name in SHOWN]
    return [
        (
            " ".join("end" if token == 100 else str(token) for token in answer["tokens"]),
            "right" if answer["right"] else "wrong",
        )
        for answer in found
    ]


def test_what_is_typed_is_answered_at_once(visit, page_file):
    page = visit(page_file)
    for text in ("4 7 11 2", "4, 7,11 2 97", "8 9 10", "2 3 5 7 11 13 17 19 23 29 31 37 41 43 47"):
        page.locator("#source").fill(text)
        assert shown(page) == expected_on_page([int(word) for word in re.split(r"[ ,]+", text)])


def test_the_first_source_is_one_that_the_posts_model_alone_gets_wrong_and_the_page_says_so(visit, page_file):
    page = visit(page_file)
    values = list(map(int, page.locator("#source").input_value().split()))
    assert shown(page) == expected_on_page(values)
    assert [verdict for _, verdict in shown(page)] == ["wrong"] * 2 + ["right"] * 4
    assert "the post's model gets wrong both ways" in page.locator("#said").inner_text()
    page.locator("#source").fill("4 7 11 2")
    assert "wrong" not in page.locator("#said").inner_text()
    page.get_by_role("button", name="Example").click()
    assert page.locator("#source").input_value() == " ".join(map(str, values))


@pytest.mark.parametrize("text", ["", "4 seven", "0", "100", "1.5", "4 -7", " ".join("1" * 16)])
def test_what_cannot_be_read_gets_the_explorers_line(visit, page_file, text):
    page = visit(page_file)
    page.locator("#source").fill(text)
    run = RUNS["lstm-forward"]
    with pytest.raises(ValueError) as refused:
        Explorer(run, median_round(run)).read(text)
    assert page.locator("#said").inner_text() == str(refused.value)
    assert page.locator("#source").get_attribute("aria-invalid") == "true"
    page.locator("#source").fill("4 7")
    assert page.locator("#said").inner_text().startswith("4 7 → 7")
    assert page.locator("#source").get_attribute("aria-invalid") == "false"


def test_keys_alone_reach_everything(visit, page_file):
    page = visit(page_file)
    page.locator("#source").focus()
    before = page.locator("#source").input_value()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # Random
    assert page.locator("#source").input_value() != before
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # Example
    assert page.locator("#source").input_value() == before
    titles = []
    page.keyboard.press("Tab")  # to the choice of a model
    for _ in range(3):
        titles.append(page.locator("#candidates .title").inner_text())
        page.keyboard.press("ArrowDown")
    assert [title.split(":")[0] for title in titles] == ["The post's model", "LSTM", "LSTM with attention"]


LONGEST = "97 89 83 79 73 71 67 61 59 53 47 43 41 37 31"


@pytest.mark.parametrize("kind", ["post", "lstm", "attention"])
def test_a_phone_shows_everything_without_scrolling_sideways(visit, page_file, kind):
    page = visit(page_file, viewport=PHONE)
    page.locator("#source").fill(LONGEST)
    page.locator(f"input[value={kind}]").check()
    page.locator("summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


INK = "host => getComputedStyle(host.shadowRoot.querySelector('.title')).color"


@pytest.mark.parametrize("preferred", ["light", "dark"])
@pytest.mark.parametrize(
    "chosen", [None, ("theme", "light"), ("theme", "dark"), ("mode", "light"), ("mode", "dark")]
)
def test_the_page_around_chooses_light_or_dark_and_else_the_reader(visit, page_file, preferred, chosen):
    page = visit(page_file, color_scheme=preferred)
    if chosen:
        page.evaluate("([name, value]) => document.documentElement.dataset[name] = value", chosen)
    dark = (chosen[1] if chosen else preferred) == "dark"
    ink = page.locator(".seq2seq-live").evaluate(INK)
    assert ink == ("rgb(216, 216, 218)" if dark else "rgb(27, 27, 30)")


def test_the_fragment_keeps_to_itself_in_a_page_with_a_style_of_its_own(visit, tmp_path):
    around = "p, b, svg, input, figure { display: none } .title { color: red !important }"
    path = tmp_path / "host.html"
    body = f"<p class='title'>Around</p>{fragment()}{fragment()}"
    path.write_text(f"<!doctype html><meta charset='utf-8'><style>{around}</style>{body}", encoding="utf-8")
    page = visit(path)
    assert page.locator("#source").count() == 2  # each with figures of its own
    page.locator("#source").first.fill("4 7")
    first, second = (page.locator("#said").nth(i).inner_text() for i in range(2))
    assert first.startswith("4 7 → 7") and not second.startswith("4 7 → 7")
    assert page.locator("#answers .title").first.is_visible()
    assert page.locator("p.title").first.evaluate("p => getComputedStyle(p).color") == "rgb(255, 0, 0)"
