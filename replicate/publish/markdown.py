"""A notebook's Markdown in a post: the HTML that its reader sees, which kramdown hands on as it is.

kramdown's Markdown is another one than a notebook's: it would read other lists, tables, code and links.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, count

from bs4 import BeautifulSoup, Tag
from bs4.dammit import EntitySubstitution
from bs4.formatter import HTMLFormatter
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from replicate.errors import ParameterError
from replicate.publish.formulas import SetAside
from replicate.publish.kramdown import fence_around, passed_on
from replicate.publish.mathjax import for_mathjax, put_formulas_back

# Where an image is that a post has, too; one beside the notebook, or in it, would be a gap.
THERE = re.compile(r"https?:|data:|/", re.IGNORECASE)
SHOWN = "img, :is(audio, video, source, embed, iframe)[src], object[data], video[poster], [srcset]"
# Where a link leads that a post has, too; a file of this project is not there, and the link's text stays.
FOLLOWED = re.compile(r"[a-z][a-z0-9+.-]*:|#|/", re.IGNORECASE)
TASK = re.compile(r"\[([ xX])\](?= )")  # at the beginning of an item
BOX = '<input type="checkbox" class="task-list-item-checkbox" disabled="disabled"{} />'
HEADINGS = ["h1", "h2", "h3", "h4", "h5", "h6"]


class _ForChirpy(HTMLFormatter):
    """HTML as kramdown writes it: Chirpy takes some elements apart by their very signs."""

    def __init__(self):
        super().__init__(EntitySubstitution.substitute_xml, void_element_close_prefix=" /")

    def attributes(self, tag: Tag) -> Iterable[tuple[str, str]]:
        return tag.attrs.items()  # in their order


def _set_code_aside(
    renderer: RendererHTML, tokens: Sequence[Token], number: int, options: dict, found: dict
) -> str:
    """A block of code goes into a fence, which the blog colours; here stands its mark."""
    language = re.match(r"[\w+#.-]*", tokens[number].info.strip())[0]
    found["code"].append((tokens[number].content, language))
    return f"<pre>{found['mark']}{len(found['code']) - 1}</pre>\n"


READER = MarkdownIt("commonmark", {"html": True, "maxNesting": 100}).enable(["table", "strikethrough"])
READER.add_render_rule("fence", _set_code_aside)
READER.add_render_rule("code_block", _set_code_aside)


def to_kramdown(markdown: str, names: set[str] | None = None) -> str:
    """Convert one cell's Markdown.

    Args:
        names: those of the post's headings so far, by which links find them; the cell's own are added.

    Raises:
        ParameterError: it shows an image that a post would not have.
    """
    aside = SetAside(markdown)
    found = {"code": [], "mark": aside.own}
    tokens = _with_boxes(READER.parse(_without_formulas(markdown, aside), found))
    html = READER.renderer.render(tokens, READER.options, found)
    page = BeautifulSoup(html, "html.parser", multi_valued_attributes=None)
    _refuse_what_is_not_there(page)
    for link in page.find_all("a", href=True):
        if not FOLLOWED.match(link["href"]):
            link.unwrap()
    _name_headings(page, aside, set() if names is None else names)
    put_formulas_back(page, aside)
    _mark_code(page)
    found["code"] = [(aside.as_written(content), language) for content, language in found["code"]]
    return _with_code(page.decode(formatter=_ForChirpy()), found)


def count_titles(markdown: str) -> int:
    """How many headings of the first level it has."""
    return sum(map(_is_title, READER.parse(markdown)))


def without_title(markdown: str, title: str, is_only: bool) -> str:
    """A text without the heading with which it begins, if that is the title, or the only one of its level."""
    first, *rest = READER.parse(markdown) or [None]
    if first is None or not _is_title(first) or not (is_only or rest[0].content.strip() == title):
        return markdown
    return "".join(_lines(markdown)[first.map[1] :])


def _is_title(token: Token) -> bool:
    return (token.type, token.tag) == ("heading_open", "h1")


def latex_to_kramdown(latex: str) -> str:
    """Convert formulas with nothing between them, as an output has them."""
    page = BeautifulSoup("<p></p>", "html.parser")
    page.p.extend(for_mathjax(latex, False, SetAside(latex)))
    return passed_on(page.decode(formatter=_ForChirpy()))


def _lines(markdown: str) -> list[str]:
    """With their ends; other signs than these end no line of Markdown."""
    return re.split(r"(?<=\n)", re.sub("\r\n?", "\n", markdown))


def _without_formulas(markdown: str, aside: SetAside) -> str:
    """The text with marks for its formulas, of which none begins in a block of code or goes on in a fence."""
    lines = _lines(markdown)
    starts = [0, *accumulate(map(len, lines))]
    text, blocks = "".join(lines), {"fence": [], "code_block": []}
    for token in READER.parse(text):
        if token.type in blocks:
            blocks[token.type].append(tuple(starts[line] for line in token.map))
    parts, end = [], 0
    for first, stop in [*blocks["fence"], (len(text), len(text))]:
        spared = [(start - end, until - end) for start, until in blocks["code_block"]]
        parts += [aside(text[end:first], spared), text[first:stop]]
        end = stop
    return "".join(parts)


def _with_boxes(tokens: list[Token]) -> list[Token]:
    """The tokens with the boxes of tasks, as kramdown writes them."""
    lists = []  # those around a token, the innermost last
    for before, paragraph, inline in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if before.type.endswith("_list_open"):
            lists.append(before)
        elif before.type.endswith("_list_close"):
            lists.pop()
        is_item = before.type == "list_item_open" and paragraph.type == "paragraph_open"
        if is_item and (task := TASK.match(inline.content)):
            before.attrSet("class", "task-list-item")
            lists[-1].attrSet("class", "task-list")
            inline.children[0].content = inline.children[0].content[task.end() :]
            box = BOX.format("" if task[1] == " " else ' checked="checked"')
            inline.children.insert(0, Token("html_inline", "", 0, content=box))
    return tokens


def _mark_code(page: BeautifulSoup) -> None:
    """Give code in a line its class, as kramdown does, for Chirpy's style."""
    for code in page.find_all("code", class_=False):
        if not code.find_parent("pre"):
            code["class"] = "language-plaintext highlighter-rouge"


def _refuse_what_is_not_there(page: BeautifulSoup) -> None:
    for shown in page.select(SHOWN):
        pictures = re.split(r",\s+", shown.get("srcset", ""))  # each with its size
        named = [shown.get(name) for name in ("src", "data", "poster") if name in shown.attrs]
        for place in [*named, *(picture.partition(" ")[0] for picture in pictures if picture)] or [""]:
            if not THERE.match(place):
                kind = "image" if shown.name == "img" else shown.name
                raise ParameterError(
                    f"a post would not have the {kind} {place!r}: name it by its address, or draw it as a "
                    "figure"
                )


def _name_headings(page: BeautifulSoup, aside: SetAside, names: set[str]) -> None:
    """Give headings names as JupyterLab does, by which links of the notebook and Chirpy's list find them."""
    names.update(named["id"] for named in page.find_all(id=True))
    for heading in page.find_all(HEADINGS, id=False):
        shown = aside.mark.sub("$", aside.as_read(heading.get_text()))
        if words := re.sub(r"\s", "-", shown.strip()):
            heading["id"] = next(name for name in _numbered(words) if name not in names)
            names.add(heading["id"])


def _numbered(words: str) -> Iterator[str]:
    """The words, and the same with numbers from 1 behind them."""
    yield words
    yield from (f"{words}-{number}" for number in count(1))


def _with_code(html: str, found: dict) -> str:
    """The page's parts between its blocks of code, and these in fences."""
    parts = re.split(rf"<pre>{re.escape(found['mark'])}(\d+)</pre>", html)
    for place in range(1, len(parts), 2):
        content, language = found["code"][int(parts[place])]
        fence = fence_around(content)
        end = "" if content.endswith("\n") else "\n"
        parts[place] = f"{fence}{language}\n{content}{end}{fence}"
    parts[::2] = map(passed_on, parts[::2])
    return "\n\n".join(part for part in parts if part)
