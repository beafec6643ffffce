"""What the agents' pages say, in every language; and how times, sizes and addresses are shown."""

import re
import tomllib
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gateway.config import Site
from gateway.desk import canned
from gateway.desk.letters import LetterError, default_folder
from gateway.mail.authres import Check, Identity, Result, Verdict
from gateway.web import assets, evidence
from gateway.web.moments import Moments
from gateway.web.sheets import Sheets
from gateway.web.shown import linked, octets
from gateway.web.words import all_words, words

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
TEMPLATES = sorted((default_folder() / "web" / "desk").glob("*.html"))


def test_every_language_says_the_same_things_with_the_same_places() -> None:
    english, korean = all_words()["en"].said, all_words()["ko"].said
    assert english.keys() == korean.keys()
    for name, said in english.items():
        assert set(re.findall(r"\{(\w+)\}", said)) == set(re.findall(r"\{(\w+)\}", korean[name])), name


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_a_page_asks_for_words_that_are_there(template: Path) -> None:
    asked = re.findall(r'w\("([a-z_]+\.[a-z_-]+)"[,)]', template.read_text(encoding="utf-8"))
    assert [name for name in asked if name not in all_words()["en"].said] == []


def test_every_page_can_be_drawn_from_its_templates() -> None:
    environment = Sheets(Site()).environment
    for name in environment.list_templates(["html"]):
        environment.get_template(name)


def test_what_is_filled_in_is_escaped() -> None:
    assert words("en")("queue.found", words="<script>") == "Found for “&lt;script&gt;”"
    assert words("en").of("queues", "<b>") == "&lt;b&gt;"
    assert words("xx") is words("en")


def link(address: str) -> str:
    return f'<a href="{address}" rel="noreferrer noopener nofollow" target="_blank">{address}</a>'


@pytest.mark.parametrize(("text", "shown"), [
    ("see https://a.example/x?b=1&c=2.", f"see {link('https://a.example/x?b=1&amp;c=2')}."),
    ("javascript:alert(1) data:text/html,x", "javascript:alert(1) data:text/html,x"),
    ('http://a.example/"onmouseover="x', f"{link('http://a.example/')}&#34;onmouseover=&#34;x"),
    ("<b>", "&lt;b&gt;"),
])  # fmt: skip
def test_only_addresses_of_the_web_can_be_pressed(text: str, shown: str) -> None:
    assert linked(text) == shown


def test_sizes_and_times_are_said_as_people_say_them() -> None:
    assert [octets(size) for size in (0, 999, 1_000, 28_000, 1_250_000, 3_000_000_000)] == [
        "0 B", "999 B", "1.0 KB", "28 KB", "1.2 MB", "3.0 GB"]
    english, korean = (Moments(NOW, ZoneInfo("Asia/Seoul"), words(language)) for language in ("en", "ko"))
    assert english.ago(NOW - timedelta(minutes=125)) == "2 h ago"
    assert korean.due(NOW + timedelta(days=2)) == "2일 남음"
    assert korean.due(NOW - timedelta(minutes=3)) == "3분 지남"
    assert korean.due(NOW + timedelta(seconds=50)) == "지금 마감"
    assert english.clock(NOW) == "12:00"
    assert english.clock(NOW - timedelta(days=400)) == "2025-10-19 12:00"
    assert [english.tone(NOW + timedelta(minutes=each)) for each in (-1, 30, 90)] == ["bad", "doubtful", "quiet"]


@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_result_of_every_check_has_its_sentence(language: str) -> None:
    for result in Result:
        for method in ("spf", "dkim", "arc", "dmarc", "iprev"):
            check = Check(method, result, "<b>.example", "why")
            verdict = Verdict(Identity.NONE, "why", **{method: (check,) if method == "dkim" else check})  # type: ignore[arg-type]
            told = [str(each.words) for each in evidence.checks(verdict, words(language))]
            assert len(told) == 5
            assert "<b>" not in "".join(told)


def test_ready_made_texts_speak_of_known_things_only(tmp_path: Path) -> None:
    texts = canned.read(None, ("en", "ko"))
    assert {each.name for each in texts["ko"]} == {each.name for each in texts["en"]}
    sorry = next(each for each in texts["en"] if each.name == "sorry")
    assert "request FD-1." in sorry.fill({"number": "FD-1"})
    folder = tmp_path / "en" / "canned"
    folder.mkdir(parents=True)
    (folder / "mine.txt").write_text("Title: Mine\n\nDear {{ customer }}", encoding="utf-8")
    with pytest.raises(LetterError, match=r"mine\.txt: there is no 'customer'"):
        canned.read(tmp_path, ("en",))


def test_what_is_others_work_is_as_their_packages_hold_it() -> None:
    vendored = tomllib.loads((assets.FOLDER / "VENDOR.toml").read_text(encoding="utf-8"))
    for package in vendored.values():
        assert package["licence"]
        for name, file in package["files"].items():
            assert sha256((assets.FOLDER / name).read_bytes()).hexdigest() == file["sha256"], name
