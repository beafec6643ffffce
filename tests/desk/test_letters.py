"""Letters: what the customer reads, in both languages, and what a broken template says before anybody waits for it."""

import re
import shutil
from pathlib import Path

import pytest

from gateway.config import Site
from gateway.desk.letters import FIELDS, LetterError, Letters, default_folder

NUMBER = "FD-2026-0001231"
REPLY = "support+r1.m3k.abcdefghijklmnopqrstuvwxyz@example.com"
RATES = {f"rate_{value}": f"support+s1-{value}.m3k.abcdefghijklmnopqrstuvwxyz@example.com" for value in range(1, 6)}
NAMES = ("acknowledgement", "acknowledgement_neutral", "answer", "question", "reminder", "resolved", "verification")
WHOLE = {
    "site": "Example Support", "number": NUMBER, "subject": "Cannot log in", "name": "Kim Lee", "agent": "Park Minji",
    "text": "Please install version 2.1.", "quoted": "> It says error 1042.\n", "received": "2026-11-23 10:00 KST",
    "due": "2026-11-24 10:00 KST", "expires": "2026-11-26 10:00 KST", "days": "4", "reply_address": REPLY, **RATES,
}


@pytest.fixture
def letters() -> Letters:
    return Letters(None, Site())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the letters that came along, to be spoilt."""
    return Path(shutil.copytree(default_folder(), tmp_path / "templates"))


# ---- what the customer reads ----


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("name", NAMES)
def test_every_letter_carries_the_number_and_leaves_no_mark_of_the_template(
        letters: Letters, name: str, language: str) -> None:
    letter = letters.render(name, language, WHOLE)
    assert letter.subject.startswith(f"[{NUMBER}] ")
    assert NUMBER in letter.html
    for words in (letter.subject, letter.text, letter.html.partition("<body")[2]):
        assert not re.search(r"{{|}}|{%|%}|None|Undefined", words)


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("name", NAMES)
def test_a_letter_reads_well_when_nothing_is_known_but_the_number(letters: Letters, name: str, language: str) -> None:
    letter = letters.render(name, language, {"number": NUMBER, "site": "Example Support"})
    assert not re.search(r"[ ,:]$", letter.subject)
    assert "\n\n\n" not in letter.text
    assert not re.search(r"Hello ,|^ ?고객님 고객님|  ,", letter.text)


@pytest.mark.parametrize("name", NAMES)
def test_a_korean_letter_is_korean(letters: Letters, name: str) -> None:
    letter = letters.render(name, "ko", {**WHOLE, "name": "홍길동", "subject": "로그인이 안 됩니다", "agent": "박민지"})
    assert re.search("[가-힣]{3}", letter.subject)
    assert "안녕하세요." in letter.text
    assert "Hello" not in letter.text


def test_the_acknowledgement_names_the_customer_the_number_and_the_time(letters: Letters) -> None:
    english = letters.render("acknowledgement", "en", WHOLE)
    assert english.subject == f"[{NUMBER}] We have received your request: Cannot log in"
    assert english.text.startswith("Hello Kim Lee,\n\nThank you")
    assert "by 2026-11-24 10:00 KST at the latest" in english.text
    korean = letters.render("acknowledgement", "ko", {**WHOLE, "name": "홍길동"})
    assert korean.text.startswith("홍길동 고객님, 안녕하세요.\n")
    assert f"접수 번호는 {NUMBER}입니다." in korean.text
    assert "2026-11-24 10:00 KST까지 메일로" in korean.text


def test_the_acknowledgement_says_what_would_help_only_when_it_lacks(letters: Letters) -> None:
    assert "- " not in letters.render("acknowledgement", "en", WHOLE).text
    tips = letters.render("acknowledgement", "en", {**WHOLE, "no_subject": "yes", "no_attachment": "yes"}).text
    assert [line for line in tips.splitlines() if line.startswith("- ")] == [
        "- a few words on what it is about (the subject line did not say)",
        "- the screenshot or file you mention (nothing was attached)"]
    assert "- 언제, 어떤 상황에서" in letters.render("acknowledgement", "ko", {**WHOLE, "no_details": "yes"}).text


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("name", ["acknowledgement_neutral", "verification"])
def test_a_letter_that_may_reach_a_stranger_carries_no_word_of_the_mail(
        letters: Letters, name: str, language: str) -> None:
    theirs = {"subject": "cheap-watches", "name": "buy-now", "text": "visit-my-shop", "quoted": "> visit-my-shop\n"}
    letter = letters.render(name, language, {**WHOLE, **theirs})
    for word in ("cheap-watches", "buy-now", "visit-my-shop"):
        assert word not in letter.subject + letter.text + letter.html


def test_an_answer_is_signed_and_carries_the_words_the_ratings_and_the_quoted_mail(letters: Letters) -> None:
    text = letters.render("answer", "en", WHOLE).text
    assert "\n\nPlease install version 2.1.\n\nKind regards\nPark Minji, Example Support\n" in text
    assert f"- very good: {RATES['rate_5']}\n" in text
    assert text.endswith("On 2026-11-23 10:00 KST you wrote:\n\n> It says error 1042.\n")
    assert "Example Support Park Minji 드림" in letters.render("answer", "ko", WHOLE).text


def test_an_answer_to_nothing_quotes_nothing(letters: Letters) -> None:
    assert "you wrote" not in letters.render("answer", "en", {**WHOLE, "quoted": ""}).text


def test_the_reminder_of_a_question_asks_for_the_answer(letters: Letters) -> None:
    asked = letters.render("reminder", "en", {**WHOLE, "asked": "yes"})
    assert asked.subject == f"[{NUMBER}] We are waiting for your answer: Cannot log in"
    assert "close the request in 4 days" in asked.text
    assert letters.render("reminder", "en", WHOLE).subject == f"[{NUMBER}] Has your request been solved? Cannot log in"
    assert "4일 뒤에" in letters.render("reminder", "ko", WHOLE).text


def test_the_verification_says_until_when(letters: Letters) -> None:
    assert "by 2026-11-26 10:00 KST" in letters.render("verification", "en", WHOLE).text
    assert "2026-11-26 10:00 KST까지" in letters.render("verification", "ko", WHOLE).text


def test_a_customer_of_another_language_is_written_to_in_the_first_one() -> None:
    assert "안녕하세요" in Letters(None, Site(languages=("ko", "en"))).render("answer", "ja", WHOLE).text
    assert "Hello" in Letters(None, Site(languages=("en",))).render("answer", "ko", WHOLE).text


# ---- strangers' words ----


@pytest.mark.parametrize(("theirs", "bare"), [
    ("Re: Cannot log in", "Cannot log in"),
    (f"RE: Re: [{NUMBER}] Fwd: Cannot log in", "Cannot log in"),
    (f"답장: [{NUMBER}] 로그인", "로그인"),
    ("Regarding: my refund", "Regarding: my refund"),
    ("[FD-2026-0009999] other", "[FD-2026-0009999] other"),
    ("Re: ", ""),
])
def test_the_subject_is_said_once_however_often_it_was_answered(letters: Letters, theirs: str, bare: str) -> None:
    letter = letters.render("answer", "en", {**WHOLE, "subject": theirs})
    assert letter.subject == f"[{NUMBER}] Re: {bare or 'Your request'}"


def test_a_subject_of_two_lines_stays_in_the_subject(letters: Letters) -> None:
    letter = letters.render("acknowledgement", "en", {**WHOLE, "subject": "Cannot\nBcc: all@example.net\n\nlog in"})
    assert letter.subject.endswith(": Cannot Bcc: all@example.net log in")
    assert "Bcc" not in letter.text


def test_a_name_without_end_is_cut(letters: Letters) -> None:
    assert len(letters.render("answer", "en", {**WHOLE, "name": "x" * 5000}).text.splitlines()[0]) < 220


def test_a_mail_without_end_is_quoted_in_part(letters: Letters) -> None:
    letter = letters.render("answer", "en", {**WHOLE, "quoted": "> again and again\n" * 100_000})
    assert letter.text.endswith("> again and again\n> …\n")
    assert len(letter.text) < 12_000


def test_what_looks_like_a_template_in_a_mail_is_only_words(letters: Letters) -> None:
    assert "{{ 7 * 7 }}" in letters.render("answer", "en", {**WHOLE, "text": "{{ 7 * 7 }}"}).text


@pytest.mark.parametrize("field", ["name", "text", "quoted", "subject"])
def test_html_in_a_mail_is_only_words(letters: Letters, field: str) -> None:
    attack = '<img src=x onerror=alert(1)><a href="https://evil.example">'
    value = f"> {attack}\n" if field == "quoted" else attack
    html = letters.render("answer", "en", {**WHOLE, field: value}).html
    assert "<img" not in html
    assert "&lt;img src=x" in html
    assert "evil.example&#34;&gt;" in html or "evil.example&quot;&gt;" in html


def test_only_our_own_addresses_become_links(letters: Letters) -> None:
    html = letters.render("answer", "en", {
        **WHOLE, "name": "support+s1.m3k.x@evil.example", "text": f"https://evil.example or write to {REPLY}"}).html
    assert set(re.findall(r'href="([^"]+)"', html)) == {
        f"mailto:{REPLY}", *(f"mailto:{address}?subject={NUMBER}" for address in RATES.values())}


# ---- HTML ----


def test_the_ratings_are_links_with_words_in_html(letters: Letters) -> None:
    html = letters.render("answer", "ko", WHOLE).html
    assert re.search(rf'href="mailto:{re.escape(RATES["rate_5"])}\?subject={NUMBER}"[^>]*>매우 만족</a>', html)


def test_paragraphs_lists_and_quotes_keep_their_shape_in_html(letters: Letters) -> None:
    html = letters.render("answer", "en", {**WHOLE, "text": "First line\nsecond line\n\n- one\n- two\n\nEnd"}).html
    assert ">First line<br>second line</p>" in html
    assert "<li>one</li><li>two</li></ul>" in html
    assert re.search(r"<blockquote[^>]*>It says error 1042\.</blockquote>", html)


def test_the_html_says_its_language_and_fetches_nothing(letters: Letters) -> None:
    html = letters.render("answer", "ko", WHOLE).html
    assert '<html lang="ko">' in html
    assert not re.search(r"<(script|img|link|iframe)\b|url\(|https?://", html)


# ---- faults ----


def test_the_letters_that_came_along_are_without_fault(letters: Letters) -> None:
    assert letters.check() == []
    assert {path.stem for path in (default_folder() / "ko").glob("*.txt")} == set(NAMES)
    assert {path.stem for path in (default_folder() / "en").glob("*.txt")} == set(NAMES)


def test_a_missing_letter_is_told_with_its_file(folder: Path) -> None:
    (folder / "ko" / "answer.txt").unlink()
    (fault,) = Letters(folder, Site()).check()
    assert fault.startswith(f"{folder / 'ko' / 'answer.txt'}: this template cannot be read")


def test_a_language_without_a_folder_is_told(folder: Path) -> None:
    assert len(Letters(folder, Site(languages=("en", "ja"))).check()) == len(NAMES)


def test_a_missing_layout_is_told(folder: Path) -> None:
    (folder / "letter.html").unlink()
    (fault,) = Letters(folder, Site()).check()
    assert "letter.html" in fault


@pytest.mark.parametrize(("source", "line", "words"), [
    ("Hello\n\nbody\n", 1, "begins with a line 'Subject: ...'"),
    ("Subject: x\nbody\n", 1, "an empty line"),
    ("Subject: x\n\nHello {{ custmer }}\n", 3, "there is no 'custmer'; allowed: site, number"),
    ("Subject: x\n\n\n{% if name %}\nHello\n", 5, "endif"),
    ("Subject: x\n\n{{ name | shout }}\n", 3, "shout"),
])
def test_a_broken_letter_is_told_with_file_line_and_sentence(folder: Path, source: str, line: int, words: str) -> None:
    path = folder / "en" / "answer.txt"
    path.write_text(source, encoding="utf-8")
    (fault,) = Letters(folder, Site()).check()
    assert fault.startswith(f"{path}:{line}: ")
    assert words in fault


def test_a_letter_that_is_no_utf_8_is_told(folder: Path) -> None:
    (folder / "ko" / "answer.txt").write_bytes("Subject: 답변\n\n안녕하세요\n".encode("cp949"))
    (fault,) = Letters(folder, Site()).check()
    assert "cannot be read" in fault


def test_a_template_cannot_reach_beyond_its_values(folder: Path) -> None:
    (folder / "en" / "answer.txt").write_text("Subject: x\n\n{{ name.__class__.__mro__ }}\n", encoding="utf-8")
    with pytest.raises(LetterError, match=r"answer\.txt: "):
        Letters(folder, Site()).render("answer", "en", WHOLE)


def test_a_letter_that_nobody_wrote_is_an_error_with_its_file(letters: Letters) -> None:
    with pytest.raises(LetterError, match=r"farewell\.txt"):
        letters.render("farewell", "en", WHOLE)


def test_a_letter_of_ones_own_is_used_in_all_languages_or_told(folder: Path) -> None:
    (folder / "en" / "survey.txt").write_text("Subject: [{{ number }}] A survey\n\nHello\n", encoding="utf-8")
    own = Letters(folder, Site())
    assert own.render("survey", "en", WHOLE).text == "Hello\n"
    assert [fault for fault in own.check() if "survey.txt" in fault]


def test_every_field_is_used_by_some_letter_of_each_language() -> None:
    for language in ("en", "ko"):
        source = "".join(path.read_text(encoding="utf-8") for path in (default_folder() / language).glob("*.txt"))
        assert set(FIELDS) - set(re.findall(r"\b[a-z_]+[1-5]?\b", source)) == {"reply_address"}
