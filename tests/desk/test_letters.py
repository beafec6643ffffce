"""Letters: every template in every language, whatever strangers write into it; and what a broken template is told."""

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from gateway.config import Site
from gateway.desk.letters import FIELDS, OURS, LetterError, Letters, default_folder

NUMBER = "FD-2026-0001231"
LETTERS = Letters(None, Site())
TEMPLATES = sorted({path.stem for path in default_folder().glob("*/*.txt")})
ALL = [(language, name) for language in Site().languages for name in TEMPLATES]
RATES = {f"rate_{value}": f"support+s1-{value}.abc.{'a' * 26}@example.com" for value in range(1, 6)}
FULL = RATES | {
    "site": "Example Support", "number": NUMBER, "subject": "로그인이 안 됩니다", "name": "홍길동", "agent": "김민지",
    "text": "버전 2.1을 설치해 주세요.\n\n- 첫째\n- 둘째",
    "quoted": "> 앱에서 오류가 납니다.\n> 오류 코드는 1042입니다.\n",
    "received": "2026-11-23 18:00 KST", "due": "2026-11-24 18:00 KST", "expires": "2026-11-26 18:00 KST", "days": "4",
    "asked": "yes", "account": "AB-12345", "link": f"https://desk.example.com/verify/v1.abc.{'c' * 26}",
    "progress": f"https://desk.example.com/r/l1.abc.{'d' * 26}",
    "reply_address": f"support+r1.abc.{'b' * 26}@example.com",
    "no_subject": "yes", "no_details": "yes", "no_attachment": "yes",
}
EMPTY = RATES | {"site": "Example Support", "number": NUMBER, "reply_address": FULL["reply_address"], "days": "4"}
"""What every letter has."""
HOSTILE = """<script>alert(1)</script>"'&{{ 7*7 }}{% raw %} eve+x.y@evil.example https://evil.example <img src=x>"""


class Seen(HTMLParser):
    """What a mail program would see: tags, links, text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attributes if name in ("href", "src", "action", "background")]

    def handle_data(self, data: str) -> None:
        self.words += data


def test_every_field_has_a_value_in_these_tests() -> None:
    assert set(FULL) == set(FIELDS)


def test_the_letters_that_came_along_are_whole_in_every_language() -> None:
    assert LETTERS.check() == []
    for language in Site().languages:
        assert sorted(path.stem for path in (default_folder() / language).glob("*.txt")) == TEMPLATES


@pytest.mark.parametrize("fields", [EMPTY, FULL], ids=["empty", "full"])
@pytest.mark.parametrize(("language", "name"), ALL)
def test_a_letter_can_be_read(language: str, name: str, fields: dict[str, str]) -> None:
    letter = LETTERS.render(name, language, fields)
    assert letter.subject.startswith(f"[{NUMBER}] ")
    assert not letter.subject.endswith((":", " "))
    for words in (letter.subject, letter.text):
        assert not re.search(r"\{[{%#]|[%#}]\}|Markup|None", words)
        assert "  " not in words
        assert not re.search(r"\n{3,}| \n|\n ", words)
    assert not re.search(r" [,.!?]|,,|\(\)", letter.text)
    assert not re.search(r"\{[{%#]|[%#]\}", letter.html)
    assert f'lang="{language}"' in letter.html
    assert NUMBER in Seen(letter.html).words


@pytest.mark.parametrize(("language", "name"), ALL)
def test_text_and_html_say_the_same(language: str, name: str) -> None:
    letter = LETTERS.render(name, language, FULL)
    seen = "".join(Seen(letter.html).words.split())
    for line in letter.text.splitlines():
        words = line.lstrip("->").partition(": support+")[0]
        assert "".join(words.split()) in seen


@pytest.mark.parametrize(("language", "name"), ALL)
def test_a_letter_is_in_its_language(language: str, name: str) -> None:
    hangul = re.findall("[가-힣]", LETTERS.render(name, language, EMPTY).text)
    assert bool(hangul) == (language == "ko")


@pytest.mark.parametrize(("language", "name"), ALL)
def test_hostile_words_stay_words(language: str, name: str) -> None:
    calm = LETTERS.render(name, language, FULL)
    words = dict.fromkeys(("subject", "name", "agent", "text"), HOSTILE) | {"quoted": f"> {HOSTILE}\n"}
    letter = LETTERS.render(name, language, FULL | words)
    seen, before = Seen(letter.html), Seen(calm.html)
    assert seen.tags <= before.tags | {"p", "blockquote", "br"}
    assert sorted(seen.links) == sorted(before.links)
    assert "49" not in letter.text + letter.subject


@pytest.mark.parametrize(("language", "name"), ALL)
def test_the_only_links_are_our_own_addresses_of_this_letter(language: str, name: str) -> None:
    ours = {FULL[field] for field in OURS}
    for link in Seen(LETTERS.render(name, language, FULL).html).links:
        assert link.startswith("mailto:") == (link not in (FULL["link"], FULL["progress"]))
        assert link.removeprefix("mailto:").partition("?")[0] in ours


@pytest.mark.parametrize("language", Site().languages)
@pytest.mark.parametrize("name", ["verification", "verification_on_file"])
def test_the_page_is_named_only_where_there_is_one(language: str, name: str) -> None:
    assert f'href="{FULL["link"]}"' in LETTERS.render(name, language, FULL).html
    assert "http" not in LETTERS.render(name, language, FULL | {"link": ""}).text


@pytest.mark.parametrize("language", Site().languages)
def test_an_acknowledgement_leads_to_the_page_of_its_request(language: str) -> None:
    assert f'href="{FULL["progress"]}"' in LETTERS.render("acknowledgement", language, FULL).html
    assert "http" not in LETTERS.render("acknowledgement", language, FULL | {"progress": ""}).text
    assert "http" not in LETTERS.render("acknowledgement_neutral", language, FULL | {"link": ""}).text


@pytest.mark.parametrize("language", Site().languages)
def test_the_letter_to_the_address_on_file_holds_no_word_of_whoever_wrote(language: str) -> None:
    source = (default_folder() / language / "verification_on_file.txt").read_text(encoding="utf-8")
    assert not re.search(r"\b(subject|quoted|text)\b", source.replace("Subject:", ""))

@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x85", "\u2028"])
@pytest.mark.parametrize("field", ["subject", "name", "agent", "number", "site"])
def test_a_line_end_in_one_line_is_a_blank(field: str, end: str) -> None:
    evil = f"x{end}{end}Visit evil.example"
    letter = LETTERS.render("answer", "en", FULL | {field: evil})
    assert letter.subject == " ".join(letter.subject.split())
    assert f"x{end}" not in letter.text.replace("\n", "\0")
    assert "\nVisit" not in letter.text


def test_a_long_subject_or_name_is_cut() -> None:
    letter = LETTERS.render("acknowledgement", "en", FULL | {"subject": "s" * 10_000, "name": "n" * 10_000})
    assert len(letter.subject) < 400
    assert "n" * 300 not in letter.text


def test_a_mail_without_end_is_quoted_in_part() -> None:
    letter = LETTERS.render("answer", "en", FULL | {"quoted": "> word\n" * 200_000})
    assert len(letter.text) < 100_000


@pytest.mark.parametrize("subject", ["Cannot log in", "Re: Cannot log in", f"Re: [{NUMBER}] Re: Cannot log in",
                                     "회신: Cannot log in", f"[{NUMBER}] Cannot log in"])
def test_the_subject_carries_the_number_once_and_no_tail_of_answers(subject: str) -> None:
    assert LETTERS.render("acknowledgement", "en", FULL | {"subject": subject}).subject == (
        f"[{NUMBER}] We have received your request: Cannot log in")


@pytest.mark.parametrize("language", ["fr", "", "../en"])
def test_an_unknown_language_is_the_sites_first(language: str) -> None:
    assert LETTERS.render("answer", language, FULL) == LETTERS.render("answer", "en", FULL)
    assert Letters(None, Site(languages=("ko", "en"))).render("answer", language, FULL) == LETTERS.render(
        "answer", "ko", FULL)


def test_an_address_of_ours_is_a_link_by_its_name() -> None:
    html = LETTERS.render("answer", "en", FULL).html
    assert f'href="mailto:{RATES["rate_5"]}?subject={NUMBER}"' in html
    assert ">very good</a>" in html


@pytest.mark.parametrize("name", ["acknowledgement_neutral", "verification"])
@pytest.mark.parametrize("language", Site().languages)
def test_a_letter_to_somebody_unproven_asks_for_no_word_of_theirs(language: str, name: str) -> None:
    source = (default_folder() / language / f"{name}.txt").read_text(encoding="utf-8")
    assert not re.search(r"\b(subject|name|quoted|text)\b", source.replace("Subject:", ""))


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_particle_follows_a_number_or_a_name(name: str) -> None:
    """을/를, 이/가, 은/는, 과/와 hang on the last sound, which a field does not tell."""
    source = (default_folder() / "ko" / f"{name}.txt").read_text(encoding="utf-8")
    assert not re.search(r"\}\}\)?(을|를|은|는|이 |가 |과 |와 |으로|로 )", source)


# ---- broken templates ----


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(default_folder(), tmp_path / "templates"))


def faults(folder: Path) -> list[str]:
    return Letters(folder, Site()).check()


def test_a_missing_template_is_told_by_its_file(folder: Path) -> None:
    (folder / "ko" / "answer.txt").unlink()
    (fault,) = faults(folder)
    assert fault.startswith(f"{folder}/ko/answer.txt: this template cannot be read")
    with pytest.raises(LetterError, match=r"ko/answer\.txt"):
        Letters(folder, Site()).render("answer", "ko", FULL)


def test_a_folder_of_ones_own_must_hold_every_letter(tmp_path: Path) -> None:
    assert len(faults(tmp_path)) == len(ALL) + 1


def test_a_letter_of_ones_own_must_be_in_every_language(folder: Path) -> None:
    (folder / "en" / "birthday.txt").write_text("Subject: [{{ number }}] Hurray\n\nHello {{ name }}\n")
    (fault,) = faults(folder)
    assert "ko/birthday.txt" in fault


@pytest.mark.parametrize(("source", "line", "told"), [
    ("Subject: x\n\nHello\n{{ nmae }}\n", 4, "there is no 'nmae'; allowed: site, number, subject, name"),
    ("Subject: x\n\nnumb\n{{ numb }}\n{{ number }}", 3, "there is no 'numb'"),
    ("Subject: {{ numero }}\n\nHello\n", 1, "there is no 'numero'"),
    ("Subject: x\n\n{% if name %}\nHello\n", 4, "end of template"),
    ("Subject: x\n\nHello {{ name\n", 3, "end of template"),
    ("Subject: x\n\nHello {{ name|shuot }}\n", 3, "shuot"),
    ("Hello\n\nthere", 1, "begins with a line 'Subject: ...' and an empty line"),
    ("Subject: x\nHello", 1, "an empty line"),
    ("", 1, "Subject"),
    ("Subject: x\n\nHello\n{% include 'other.txt' %}\n", 4, "no loader"),
    ("Subject: x\n\n{{ name.nothing.there }}\n", 3, "no attribute 'nothing'"),
    ("Subject: x\n\n{% if name %}\n{{ name + 1 }}\n{% endif %}", 4, "str"),
    ("Subject: x\n\n{{ ''.__class__.__mro__ }}\n", 3, "unsafe"),
], ids=["unknown", "part of a word", "in the subject", "unended", "unclosed", "filter", "no subject", "no empty line",
        "empty", "include", "attribute", "type", "sandbox"])
def test_a_broken_template_is_told_by_file_and_line(folder: Path, source: str, line: int, told: str) -> None:
    (folder / "en" / "answer.txt").write_text(source)
    (fault,) = faults(folder)
    assert fault.startswith(f"{folder}/en/answer.txt:{line}: ")
    assert told in fault


@pytest.mark.parametrize("source", ["<p>{{ colour }}</p>", "<p>{% for block in blocks %}</p>", "<p>{{ site|x }}</p>"],
                         ids=["unknown", "unended", "filter"])
def test_a_broken_layout_is_told_by_file_and_line(folder: Path, source: str) -> None:
    (folder / "letter.html").write_text(f"<html>\n{source}")
    (fault,) = faults(folder)
    assert fault.startswith(f"{folder}/letter.html:2: ")


def test_octets_that_are_no_utf_8_are_told(folder: Path) -> None:
    (folder / "ko" / "answer.txt").write_bytes("Subject: 답변\n\n안녕".encode("euc-kr"))
    (fault,) = faults(folder)
    assert "ko/answer.txt: this template cannot be read" in fault
