"""A project of a few pages; a post as Jekyll renders it, by the real Liquid and the real kramdown."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from shared import PROJECT

from replicate.publish import documents
from replicate.publish.book import DOCUMENTS
from replicate.publish.headlines import Finding

FOUND = [Finding("Does it?", "It does.", "03_train", None)]
LIBRARIES = 'require "json"; require "kramdown"; require "kramdown-parser-gfm"; require "liquid"'
# A body a line, as a JSON list of one; the page comes back as another.
SERVE = """
STDIN.each_line do |line|
  begin
    body = Liquid::Template.parse(JSON.parse(line)[0]).render!
    page = Kramdown::Document.new(body, input: "GFM", hard_wrap: false, math_engine: nil).to_html
  rescue Liquid::Error => error
    page = error.message
  end
  puts JSON.generate([page])
  STDOUT.flush
end"""


@pytest.fixture(scope="session")
def render() -> Iterator[Callable[[str], BeautifulSoup]]:
    """What Jekyll makes of a post's body: Liquid fills it in, then kramdown makes it HTML."""
    ruby = shutil.which("ruby")
    if not ruby or subprocess.run([ruby, "-e", LIBRARIES], capture_output=True).returncode:
        pytest.skip("kramdown or Liquid is missing (Debian: ruby-kramdown-parser-gfm and ruby-liquid)")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "encoding": "utf-8"}
    with subprocess.Popen([ruby, "-e", LIBRARIES + SERVE], **pipes) as jekyll:

        def page(body: str) -> BeautifulSoup:
            jekyll.stdin.write(json.dumps([body]) + "\n")
            jekyll.stdin.flush()
            return BeautifulSoup(json.loads(jekyll.stdout.readline())[0], "html.parser")

        yield page


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A project with a README and documents of a line each, and findings that need no results."""
    (tmp_path / "README.md").write_text("# The report\n\n4 7 11 2\n\n## To install\n\nThis way.\n")
    shutil.copytree(PROJECT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("*.md", "figures"))
    for page in DOCUMENTS:
        (tmp_path / page).parent.mkdir(exist_ok=True)
        (tmp_path / page).write_text(f"# Of {page}\n")
    monkeypatch.setattr(documents, "findings", lambda: FOUND)
    monkeypatch.chdir(tmp_path)
    return tmp_path
