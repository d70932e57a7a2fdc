"""The words of a figure, in the language of the page that it is for.

What draws a figure of an article writes English and passes each text through `say`; within `speaking("zh")`
it comes out in Chinese, from `chinese.yaml`, and in a font that has the signs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files

import matplotlib as mpl
import yaml
from matplotlib.font_manager import fontManager

LANGUAGES = ["en", "zh"]
CHINESE_FONT = "Noto Sans CJK SC"

_language = ContextVar("language", default="en")


def say(text: str, **values) -> str:
    """An English text, or its translation, with its fields filled in as by `str.format`.

    Raises:
        KeyError: chinese.yaml has no such text.
    """
    return (text if _language.get() == "en" else chinese()[text]).format(**values)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Have the figures that are drawn and saved meanwhile speak a language of LANGUAGES."""
    token = _language.set(language)
    try:
        with mpl.rc_context({"font.family": _chinese_fonts()} if language == "zh" else {}):
            yield
    finally:
        _language.reset(token)


@cache
def chinese() -> dict[str, str]:
    """The Chinese of the texts of the articles' figures and of verdicts, by their English."""
    with files("replicate.figures").joinpath("chinese.yaml").open(encoding="utf-8") as file:
        return yaml.safe_load(file)


@cache
def _chinese_fonts() -> list[str]:
    from noto_cjk import otc_path  # of the extra `report`

    fontManager.addfont(otc_path("sans"))
    return [CHINESE_FONT, "sans-serif"]
