"""The report's pages in a real browser, at a phone's width, from the file system."""

from pathlib import Path

import pytest

REPORT = Path(__file__).resolve().parent.parent.parent / "report"
PAGES = sorted(REPORT.glob("*.html"))
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def visit(browser):
    """Open a page; returns it with what went wrong and what it asked for."""
    context = browser.new_context(viewport=PHONE)

    def visit(path: Path):
        page, trouble, requests = context.new_page(), [], []
        page.on("console", lambda message: message.type == "error" and trouble.append(message.text))
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("requestfailed", lambda request: trouble.append(request.url))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri())
        # Images below the fold load when they come into view.
        page.evaluate("document.querySelectorAll('img').forEach(image => image.loading = 'eager')")
        page.wait_for_load_state("networkidle")
        return page, trouble, requests

    yield visit
    context.close()


def test_there_is_a_report():
    assert PAGES, "no report/: `make report` writes it"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_is_whole_on_a_phone(visit, path):
    page, trouble, requests = visit(path)
    assert trouble == []
    elsewhere = [url for url in requests if not url.startswith(("file:", "data:"))]
    assert elsewhere == []
    images = page.evaluate("[...document.images].map(image => [image.src.slice(0, 80), image.naturalWidth])")
    assert [source for source, width in images if width == 0] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_formulas_are_drawn_and_none_is_left_as_text(visit, path):
    page, *_ = visit(path)
    boxes = page.evaluate(
        "[...document.querySelectorAll('math')].map(m => m.getBoundingClientRect())"
        ".map(box => [box.width, box.height])"
    )
    assert all(width > 3 and height > 3 for width, height in boxes)
    if path.stem in ("01_paper", "02_task"):
        assert len(boxes) > 5
    prose = page.evaluate(
        "[...document.querySelectorAll('.jp-RenderedMarkdown, p, li')].map(e => e.innerText).join('\\n')"
    )
    assert "$" not in prose and "\\frac" not in prose


def test_the_index_leads_to_every_notebook_and_shows_the_verdicts_first(visit):
    page, *_ = visit(REPORT / "index.html")
    links = page.evaluate("[...document.querySelectorAll('ol > li > a')].map(a => a.getAttribute('href'))")
    assert links == [path.name for path in PAGES if path.stem != "index"]
    assert "published rows" in page.locator("h2").first.inner_text()
    for link in links:
        assert (REPORT / link).exists()
