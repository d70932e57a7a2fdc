"""The report's pages in a real browser, from the file system: on a phone, searched, dark, on paper."""

from pathlib import Path

import pytest

REPORT = Path(__file__).resolve().parent.parent.parent / "report"
PAGES = sorted(path for path in REPORT.rglob("*.html") if "_static" not in path.parts)
READ = [path for path in PAGES if path.stem != "search"]  # in the contents
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1200, "height": 900}
# The widest tables of verdicts, whose rows are blocks on a phone.
VERDICTS = [REPORT / "docs" / "results.html", REPORT / "notebooks" / "07_claims.html"]


@pytest.fixture
def visit(browser):
    """Open a page; returns it with what went wrong and what it asked for."""
    contexts = []

    def visit(path: Path, viewport: dict[str, int] = PHONE, **options):
        context = browser.new_context(viewport=viewport, **options)
        contexts.append(context)
        page, trouble, requests = context.new_page(), [], []
        page.on("console", lambda message: message.type == "error" and trouble.append(message.text))
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("requestfailed", lambda request: trouble.append(request.url))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri(), timeout=120_000)
        return page, trouble, requests

    yield visit
    for context in contexts:
        context.close()


def follow(link) -> None:
    """Click a link and wait until the page behind it is whole: a click alone returns while it is parsed."""
    with link.page.expect_navigation(wait_until="load"):
        link.click()


def test_there_is_a_report():
    assert PAGES, "no report/: `make report` writes it"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_is_whole_on_a_phone(visit, path):
    page, trouble, requests = visit(path)
    images = page.evaluate("[...document.images].map(image => [image.src.slice(-80), image.naturalWidth])")
    assert [source for source, width in images if width == 0] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert trouble == []
    elsewhere = [url for url in requests if not url.startswith(("file:", "data:"))]
    assert elsewhere == []


@pytest.mark.parametrize("path", READ, ids=lambda path: path.stem)
def test_what_is_wide_scrolls_in_itself(visit, path):
    page, *_ = visit(path)
    cut = """() => [...document.querySelectorAll("article :is(table, pre, math[display=block], img)")]
        .filter(part => part.getBoundingClientRect().right > innerWidth)
        .filter(part => {
            while (part && !(part.scrollWidth > part.clientWidth &&
                             ["auto", "scroll"].includes(getComputedStyle(part).overflowX)))
                part = part.parentElement;
            return !part;
        }).map(part => part.outerHTML.slice(0, 80))"""
    assert page.evaluate(cut) == []


@pytest.mark.parametrize("path", READ, ids=lambda path: path.stem)
def test_formulas_are_drawn_and_none_is_left_as_text(visit, path):
    page, *_ = visit(path)
    boxes = page.evaluate(
        "[...document.querySelectorAll('math')].map(m => m.getBoundingClientRect())"
        ".map(box => [box.width, box.height])"
    )
    assert all(width > 3 and height > 3 for width, height in boxes)
    if path.stem in ("01_paper", "02_task"):
        assert len(boxes) > 5
    prose = page.evaluate("[...document.querySelectorAll('article :is(p, li)')].map(e => e.innerText).join()")
    assert "$" not in prose and "\\frac" not in prose


@pytest.mark.parametrize("path", VERDICTS, ids=lambda path: path.stem)
def test_a_phone_shows_every_verdict_beside_its_claim(visit, path):
    page, *_ = visit(path)
    rows = page.locator("table.verdicts tbody tr")
    assert rows.count() > 10
    for box in rows.evaluate_all("rows => rows.map(row => row.getBoundingClientRect().toJSON())"):
        assert box["left"] >= 0 and box["right"] <= PHONE["width"]
    said = rows.first.locator("[data-label=verdict]")
    assert said.evaluate("cell => getComputedStyle(cell, '::before').content") == '"verdict: "'
    wide, *_ = visit(path, DESK)
    assert wide.locator("table.verdicts thead").first.is_visible()


def test_the_first_page_shows_a_figure_at_once_and_leads_to_every_page(visit):
    page, *_ = visit(REPORT / "index.html", DESK)
    top = page.locator("article img:visible").first.bounding_box()
    assert top["y"] < DESK["height"]
    assert "4 7 11 2" in page.locator("article pre").first.inner_text()
    links = page.locator(".toctree-wrapper a").evaluate_all("links => links.map(a => a.href)")
    assert sorted(links) == [path.as_uri() for path in READ if path.stem != "index"]


def test_next_leads_through_the_book_and_previous_back(visit):
    page, trouble, _ = visit(REPORT / "index.html", DESK)
    seen = [page.url]
    while (following := page.locator("a.right-next")).count():
        follow(following)
        seen.append(page.url)
    assert sorted(seen) == [path.as_uri() for path in READ]
    follow(page.locator("a.left-prev"))
    assert page.url == seen[-2] and trouble == []


def test_a_search_from_the_disk_finds_the_page(visit):
    page, trouble, requests = visit(REPORT / "index.html", DESK)
    page.keyboard.press("Control+k")
    page.locator("#pst-search-dialog input").fill("rescoring")
    with page.expect_navigation(wait_until="load"):
        page.keyboard.press("Enter")
    found = page.locator("#search-results li a")
    found.first.wait_for()
    assert any("07_claims.html" in url for url in found.evaluate_all("links => links.map(a => a.href)"))
    follow(found.first)
    assert "rescoring" in page.locator("article").inner_text().lower()
    assert trouble == [] and all(url.startswith(("file:", "data:")) for url in requests)


def test_dark_mode_is_the_systems_can_be_chosen_lasts_and_shows_dark_figures(visit):
    shown = "[...document.querySelectorAll('article img')].filter(i => i.offsetWidth).map(i => i.src)"
    page, *_ = visit(REPORT / "notebooks" / "05_published.html", DESK)
    light = page.evaluate(shown)
    assert light and not [url for url in light if "-dark" in url]
    page.locator("button.theme-switch-button:visible").click()
    page.locator("button.theme-change-button[data-mode=dark]:visible").click()
    dark = page.evaluate(shown)
    assert dark == [url.replace(".png", "-dark.png") for url in light]
    follow(page.locator("a.right-next"))
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    of_the_system, *_ = visit(REPORT / "notebooks" / "05_published.html", DESK, color_scheme="dark")
    assert of_the_system.evaluate(shown) == dark


def test_a_page_prints_light_without_what_only_a_screen_needs(visit):
    page, *_ = visit(REPORT / "notebooks" / "07_claims.html", DESK, color_scheme="dark")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    for part in (".bd-header", ".bd-sidebar-primary", ".bd-sidebar-secondary", ".prev-next-area", "details"):
        assert not page.locator(part).first.is_visible(), part
    assert page.locator("article img:visible").count() > 3
    page.set_viewport_size({"width": 720, "height": 1000})  # A4 between its margins
    cut = "[...document.querySelectorAll('article table')].filter(t => t.getBoundingClientRect().right > 720)"
    assert page.evaluate(f"{cut}.length") == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.pdf(format="A4").startswith(b"%PDF")
