"""What the pages say and how they look, as far as figures can tell."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from gateway.config import Site
from gateway.desk.letters import LetterError, default_folder
from gateway.web.pages import NAMES, Pages

PAGES = Pages(Site(name="Hanbit <Support>"))
STYLE = (default_folder() / "web" / "style.css").read_text()


class Reader(HTMLParser):
    """Elements with their attributes."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_small_says_its_language_and_loads_nothing(name: str, language: str) -> None:
    page = PAGES.page(name, language)
    assert len(page) < 20_000
    assert b"Hanbit &lt;Support&gt;" in page
    elements = Reader(page).elements
    assert dict(elements)["html"] == {"lang": language}
    assert not {"script", "img", "link", "iframe", "object", "base"} & {tag for tag, _ in elements}
    for _, attributes in elements:
        assert not {name for name in attributes if name == "style" or name.startswith("on")}
        assert (attributes.get("href") or "mailto:").startswith(("mailto:", "?l="))
    assert "url(" not in STYLE
    assert "@import" not in STYLE


def test_the_question_has_one_button_and_no_field() -> None:
    form = [each for each in Reader(PAGES.page("confirm", "en")).elements if each[0] in ("form", "button", "input")]
    assert form == [("form", {"method": "post"}), ("button", {})]


def test_every_page_is_there_in_both_languages_in_its_own_words() -> None:
    pages = [PAGES.page(name, language) for name in NAMES for language in ("en", "ko")]
    assert len(set(pages)) == len(pages)
    for name in NAMES:
        assert re.search("[가-힣]{2}", PAGES.page(name, "ko").decode())
        assert not re.search("[가-힣]", PAGES.page(name, "en").decode().replace("한국어", ""))


# ---- the look ------------------------------------------------------------------------------------------------------


def colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): #([0-9a-f]{6});", block))


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[place:place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(("front", "back", "least"), [
    ("words", "card", 4.5), ("quiet", "card", 4.5), ("quiet", "page", 4.5), ("act", "card", 4.5),
    ("on-act", "act", 4.5), ("on-act", "act-over", 4.5), ("act", "tint", 3.0),
])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_contrast_is_that_of_wcag_aa(scheme: str, front: str, back: str, least: float) -> None:
    light, dark = STYLE.split("@media (prefers-color-scheme: dark)")
    found = colours(light if scheme == "light" else dark)
    lighter, darker = sorted((luminance(found[front]), luminance(found[back])), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= least


def test_korean_is_broken_between_words_and_the_focus_is_seen() -> None:
    assert "word-break: keep-all" in STYLE
    assert re.search(r":focus-visible \{ outline: 3px solid", STYLE)


# ---- the language --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("named", "accepted", "language"), [
    ("", "", "en"), ("ko", "en", "ko"), ("xx", "ko", "ko"), ("", "ko-KR,ko;q=0.9,en-US;q=0.8", "ko"),
    ("", "en;q=0.5, ko;q=0.6", "ko"), ("", "fr, de;q=0.9", "en"), ("", "KO", "ko"), ("", "ko;q=0, en;q=0.1", "en"),
    ("", "ko;q=nonsense, en;q=0.1", "en"), ("", "*", "en"), ("", "," * 500 + "ko", "en"), ("ko-KR", "", "ko"),
    ("../ko", "", "en"), ("", "ko;q=1.000", "ko"),
])
def test_the_link_names_the_language_else_the_browser_else_the_site(named: str, accepted: str, language: str) -> None:
    assert PAGES.language(named, accepted) == language


def test_a_site_whose_first_language_is_korean_answers_in_korean() -> None:
    assert Pages(Site(languages=("ko", "en"))).language("", "fr") == "ko"


def test_a_site_that_speaks_a_language_without_pages_answers_in_one_that_has_them() -> None:
    assert Pages(Site(languages=("de", "ko"))).languages == ("ko",)
    assert Pages(Site(languages=("de",))).languages == ("en",)


def test_where_there_is_one_language_no_other_is_offered() -> None:
    assert b"<nav>" not in Pages(Site(languages=("ko",))).page("confirm", "ko")


# ---- pages of one's own --------------------------------------------------------------------------------------------


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "web" / "en").mkdir(parents=True)
    return tmp_path


def write(own: Path, text: str, name: str = "en/thanks.html") -> Pages:
    (own / "web" / name).write_text(text)
    return Pages(Site(templates=own))


def test_a_page_of_ones_own_stands_before_the_one_that_came_along(own: Path) -> None:
    pages = write(own, '{% extends "page.html" %}{% block title %}Cheers{% endblock %}')
    assert b"<h1>Cheers</h1>" in pages.page("thanks", "en")
    assert "감사합니다".encode() in pages.page("thanks", "ko")


def test_another_style_has_another_hash(own: Path) -> None:
    assert write(own, "body { color: red }\n", "style.css").style_source != PAGES.style_source


@pytest.mark.parametrize(("text", "told"), [
    ("{% block", "thanks.html:1: "), ("line\n{{ nobody }}", "'nobody' is undefined"),
    ("{{ site + 1 }}", "thanks.html: "), ('{% extends "frame.html" %}', "frame.html: this page is missing"),
])
def test_a_broken_page_is_told_when_the_gateway_starts(own: Path, text: str, told: str) -> None:
    with pytest.raises(LetterError, match=re.escape(told)):
        write(own, text)


def test_a_language_of_ones_own_needs_every_page(own: Path) -> None:
    (own / "web" / "de").mkdir()
    with pytest.raises(LetterError, match=re.escape("templates/web/de/confirm.html: this page is missing")):
        Pages(Site(templates=own, languages=("de",)))


def test_a_style_that_is_no_utf8_is_told(own: Path) -> None:
    (own / "web" / "style.css").write_bytes(b"/* \xff */")
    with pytest.raises(LetterError, match=r"style\.css"):
        Pages(Site(templates=own))
