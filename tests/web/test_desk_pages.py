"""The agents' pages over real sockets, on both databases: lists, requests, forms, frames and downloads."""

import re
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from agents_house import AgentsHouse, Answer, Client, open_house
from sqlalchemy.orm import Session as Db

from gateway.models import Attachment, Entry, RawMail, Request
from gateway.store.database import Database
from gateway.web.desk import LARGEST_UPLOAD

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> AsyncIterator[AgentsHouse]:
    async with open_house(database, tmp_path) as house:
        yield house


async def form(browser: Client, path: str, **fields: str) -> Answer:
    return await browser.sends_form(path, **fields)


def html_mail(html: str, *files: tuple[str, str, bytes]) -> bytes:
    """A mail of both kinds of text with files: (name, type, octets)."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Kim <kim@example.org>", "support@example.com", "Look"
    mail["Message-ID"] = "<look@example.org>"
    mail.set_content("plain words")
    mail.add_alternative(html, subtype="html")
    for name, kind, content in files:
        mail.add_attachment(content, maintype=kind.split("/")[0], subtype=kind.split("/")[1], filename=name,
                            cid=f"<{name}@x>")
    return mail.as_bytes()


async def laid(house: AgentsHouse, raw: bytes) -> tuple[Request, Entry]:
    """This mail came; its request and entry."""
    request = await house.writes("plain words", "Look")
    (entry,) = [each for each in await house.entries() if each.kind == "mail"]

    def swap(db: object) -> None:
        db.get_one(RawMail, entry.received_id).content = raw  # type: ignore[attr-defined]

    await house.change(swap)
    return request, entry


async def test_the_list_is_filtered_searched_and_paged_by_its_address(house: AgentsHouse) -> None:
    for number in range(52):
        await house.writes(f"The printer {number} is on fire.", f"Fire {number}", author=f"c{number}@example.org")
    browser = await house.browser("minji")
    first = (await browser.gets("/")).text
    assert first.count('class="line ours-to-do') == 50
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following
    assert (await browser.gets(following[1].replace("&amp;", "&"))).text.count('class="line ours-to-do') == 2
    assert "Fire 7" in (await browser.gets("/?words=" + quote("printer 7"))).text
    assert (await browser.gets("/?owner=minji")).text.count('class="line ours') == 0
    assert (await browser.gets("/?after=nonsense&state=odd&queue=%00&language=%F0%9F%92%A9")).status == 200


async def test_an_act_is_done_by_a_form_and_stands_in_the_history(house: AgentsHouse) -> None:
    request = await house.writes()
    at = f"/requests/{request.number}"
    browser = await house.browser("minji", role="supervisor")
    assert (await browser.gets(at)).status == 200
    acts: dict[str, dict[str, str]] = {
        "claim": {}, "prioritise": {"priority": "5"}, "categorise": {"category": "account"}, "assign": {"owner": ""},
        "move": {"queue": "account"}, "release": {}, "resolve": {}, "reopen": {}, "spam": {}}
    for name, fields in acts.items():
        answer = await form(browser, f"{at}/{name}", **fields)
        assert (answer.status, answer.headers["location"].partition("?")[0]) == (303, at), name
    assert (await house.requests())[0].resolution == "spam"
    by_minji = [each for each in await house.history() if each.handler == "minji"]
    assert len(by_minji) >= len(acts)
    assert (await browser.gets(f"{at}/history")).text.count("<tr>") == 1 + len(
        [each for each in await house.history() if each.request_id == request.id])


async def test_what_was_done_is_told_once_and_by_no_link(house: AgentsHouse) -> None:
    request = await house.writes()
    at = f"/requests/{request.number}"
    browser, other = await house.browser("minji"), await house.browser("jisu")
    notice = '<div class="notice good"'
    for word in ("verified", "moved", "nothing"):
        assert notice not in (await browser.gets(f"{at}?done={word}")).text
    moved = await form(browser, f"{at}/prioritise", priority="5")
    assert moved.headers["location"] == at
    cookie = moved.headers["set-cookie"].partition(";")[0]
    again = {"Cookie": f"{browser.headers['Cookie']}; {cookie}"}
    assert notice not in (await browser.gets(at, **again, HX_Request="true")).text
    told = await browser.gets(at, **again)
    assert notice in told.text.partition('id="standing"')[0]  # which the page asks for again by itself
    assert "Max-Age=0" in told.headers["set-cookie"]
    elsewhere = (await house.writes(author="another@example.org")).number
    assert notice not in (await browser.gets(f"/requests/{elsewhere}", **again)).text
    assert notice not in (await other.gets(at, Cookie=f"{other.headers['Cookie']}; {cookie}")).text
    forged = cookie.replace("prioritised", "verified")
    assert forged != cookie
    for made_up in (forged, "frontdesk-told=verified", "frontdesk-told=verified.", "frontdesk-told=."):
        assert notice not in (await browser.gets(at, Cookie=f"{browser.headers['Cookie']}; {made_up}")).text


async def test_next_gives_each_agent_another_request(house: AgentsHouse) -> None:
    await house.writes(author="a@example.org")
    await house.writes(author="b@example.org")
    agents = [await house.browser(name) for name in ("minji", "junho", "haneul")]
    places = [(await form(agent, "/next")).headers["location"] for agent in agents]
    assert len(set(places)) == 3
    assert places[2] == "/"


async def test_what_is_refused_is_told_and_what_was_typed_stays(house: AgentsHouse) -> None:
    request = await house.writes()
    at = f"/requests/{request.number}"
    minji, junho = await house.browser("minji"), await house.browser("junho", language="ko")
    await form(minji, f"{at}/claim")
    refused = await form(junho, f"{at}/say", kind="answer", text="<b>My</b> answer", seen=str(request.last_entry))
    assert refused.status == 409
    assert "minji 님이" in refused.text
    assert "&lt;b&gt;My&lt;/b&gt; answer</textarea>" in refused.text
    unknown = await form(junho, f"{at}/merge", into="FD-2026-9999999")
    assert (unknown.status, "그 번호의 문의를 찾을 수 없습니다" in unknown.text) == (409, True)
    assert (await form(junho, f"{at}/merge", into=request.number)).status == 409
    assert (await form(minji, f"{at}/prioritise", priority="99")).status == 409
    assert (await form(minji, f"{at}/undo", entry="1")).status == 409
    assert (await form(minji, f"{at}/renew")).status == 204
    assert (await form(minji, "/requests/nonsense/claim")).status == 404


async def test_what_another_works_on_is_moved_when_it_is_meant(house: AgentsHouse) -> None:
    request = await house.writes()
    minji, junho = await house.browser("minji"), await house.browser("junho")
    await form(minji, f"/requests/{request.number}/claim")
    asked = await form(junho, f"/requests/{request.number}/move", queue="<third>")
    assert asked.status == 409
    assert (await house.request(request.number)).queue == request.queue
    fields = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">',
                             re.findall(r'<form method="post" action="[^"]*/move">.*?</form>', asked.text)[0]))
    assert fields == {"queue": "&lt;third&gt;", "takes_over": "1"}
    assert (await form(junho, f"/requests/{request.number}/move", queue="third", takes_over="1")).status == 303
    assert (await house.request(request.number)).queue == "third"


async def test_who_may_only_look_sees_no_form_and_does_nothing(house: AgentsHouse) -> None:
    request = await house.writes()
    at = f"/requests/{request.number}"
    second = await house.writes(subject="More")
    await house.acts.merge(second.number, "minji", request.number)
    auditor = await house.browser("auditor", role="auditor")
    page = (await auditor.gets(at)).text
    assert f'action="{at}' not in page  # no mail is split off either
    assert f'href="{at}/history"' in page
    for name in ("claim", "say", "draft", "undo", "spam", "merge", "verify", "renew"):
        assert (await form(auditor, f"{at}/{name}", kind="note", text="x")).status == 403, name
    assert [each.event for each in await house.history() if each.handler == "auditor"] == ["login"]


async def test_what_became_part_of_another_request_is_worked_on_there(house: AgentsHouse) -> None:
    request, second = await house.writes(), await house.writes(subject="More")
    await house.acts.merge(second.number, "minji", request.number)
    browser, at = await house.browser("minji"), f"/requests/{second.number}"
    page = (await browser.gets(at)).text
    assert f'href="/requests/{request.number}"' in page
    assert [act for act in ("claim", "reopen", "spam", "say") if f'action="{at}/{act}"' in page] == []
    refused = await form(browser, f"{at}/say", kind="answer", text="My answer", seen="9")
    assert (refused.status, "My answer</textarea>" in refused.text) == (409, True)


async def test_an_agent_of_other_queues_finds_nothing_of_it_anywhere(house: AgentsHouse) -> None:
    request, entry = await laid(house, html_mail("<p>hello</p>", ("a.png", "image/png", PNG)))
    stranger = await house.browser("stranger", queues=("nothing-here",))
    at = f"/requests/{request.number}"
    mail = f"{at}/entries/{entry.id}"
    for path in (at, f"{at}/history", f"{mail}/html", f"{mail}/raw", f"{at}/attachments/1"):
        assert (await stranger.gets(path)).status == 404, path
    assert (await form(stranger, f"{at}/claim")).status == 404
    assert request.number not in (await stranger.gets("/?state=any")).text
    assert request.number not in (await stranger.gets("/?words=error")).text
    href = f"/?queue={request.queue}"
    assert href in (await (await house.browser("minji")).gets("/rail")).text
    assert href not in (await stranger.gets("/rail")).text


async def test_a_mails_html_stands_in_a_frame_that_nothing_leaves(house: AgentsHouse) -> None:
    html = ('<p onclick="x()">Hello<script>x()</script> <img src="CID:a.png@x"><img src="cid:a.png@x">'
            '<img src="cid:run.exe@x"><img src="https://evil.example.net/x.png"></p>')
    files = (("a.png", "image/png", PNG), ("run.exe", "image/png", b"MZ"))
    request, entry = await laid(house, html_mail(html, *files))
    browser = await house.browser("minji")
    at = f"/requests/{request.number}/entries/{entry.id}/html"
    frame = await browser.gets(at)
    assert [word for word in ("evil", "onclick", "script") if word in frame.text.lower()] == []
    assert frame.text.count("data:image/png;base64,") == 2
    policy = frame.headers["content-security-policy"]
    assert "default-src 'none'; img-src data:;" in policy
    assert "sandbox allow-popups" in policy
    assert [word for word in ("allow-scripts", "allow-same-origin", "allow-forms") if word in policy] == []
    assert frame.headers["referrer-policy"] == "no-referrer"
    shown = await browser.gets(f"{at}?images=1")
    assert 'src="https://evil.example.net/x.png"' in shown.text
    assert "img-src data: https: http:;" in shown.headers["content-security-policy"]


async def test_files_come_as_downloads_that_no_browser_runs(house: AgentsHouse) -> None:
    files = (("그림.png", "image/png", PNG), ("page.html", "text/html", b"<script>x()</script>"),
             ("fake.png", "image/png", b"<svg onload=x()>"))
    raw = html_mail("<p>x</p>", *files)
    request, entry = await laid(house, raw)
    browser = await house.browser("minji")
    at = f"/requests/{request.number}"

    def rows(db: object) -> list[int]:
        for position, (name, kind, content) in enumerate(files):
            db.add(Attachment(entry_id=entry.id, position=position, filename=name, content_type=kind,  # type: ignore[attr-defined]
                              size=len(content)))
        db.flush()  # type: ignore[attr-defined]
        return []

    await house.change(rows)
    found = [await browser.gets(f"{at}/attachments/{each.id}") for each in await house.all(Attachment)]
    assert [each.body for each in found] == [content for _, _, content in files]
    assert [each.headers["content-type"] for each in found] == [
        "image/png", "application/octet-stream", "application/octet-stream"]
    assert found[0].headers["content-disposition"] == (
        "attachment; filename=\"__.png\"; filename*=UTF-8''%EA%B7%B8%EB%A6%BC.png")
    for each in found:
        assert each.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in each.headers["content-security-policy"]
    whole = await browser.gets(f"{at}/entries/{entry.id}/raw")
    assert (whole.body, whole.headers["content-type"]) == (raw, "message/rfc822")
    for path in ("attachments/999", "attachments/-1", "attachments/99999999999999", "attachments/x", "entries/999/raw",
                 "entries/x/html"):
        assert (await browser.gets(f"{at}/{path}")).status in (404, 422), path


async def test_a_preview_and_a_ready_made_text_say_nothing_yet(house: AgentsHouse) -> None:
    request = await house.writes()
    browser = await house.browser("minji")
    at = f"/requests/{request.number}"
    shown = (await form(browser, f"{at}/draft", kind="answer", text="Try again.", do="preview")).text
    assert 'class="preview"' in shown
    assert "&gt; " not in shown, "nobody ticked the box"
    quoting = await form(browser, f"{at}/draft", kind="answer", text="Try again.", do="preview", quotes="1")
    assert "&gt; " in quoting.text
    assert 'name="quotes" value="1" checked' in quoting.text
    begun = await form(browser, f"{at}/draft", kind="answer", text="Hello.", canned="sorry", do="insert")
    assert f"your request {request.number}" in begun.text
    assert [each.kind for each in await house.entries() if each.kind == "answer"] == []


async def test_a_preview_shows_the_designed_letter_to_its_agent_alone_and_loads_nothing(house: AgentsHouse) -> None:
    request = await house.writes()
    browser, other = await house.browser("minji"), await house.browser("jisu")
    at = f"/requests/{request.number}/draft"
    shown = (await form(browser, at, kind="answer", text="Try <b>again</b>.", do="preview")).text
    found = re.search(r'<iframe class="frame" sandbox referrerpolicy="no-referrer" src="([^"]+)"', shown)
    assert found
    letter = await browser.gets(found[1])
    assert "Try &lt;b&gt;again&lt;/b&gt;." in letter.text
    assert letter.text.startswith("<!doctype html>")
    policy = letter.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert policy.endswith("; sandbox")
    assert (await other.gets(found[1])).status == 404
    await form(browser, at, kind="answer", text="Once more.", do="preview")
    assert (await browser.gets(found[1])).status == 404


async def test_a_preview_that_is_refused_says_so_where_the_letter_would_be(house: AgentsHouse) -> None:
    request = await house.writes()
    await house.acts.claim(request.number, "jisu")
    browser = await house.browser("minji")
    for asks in ({"HX_Request": "true"}, {}):
        body = urlencode({"kind": "answer", "text": "Try again.", "do": "preview"}).encode()
        answer = await browser.asks("POST", f"/requests/{request.number}/draft", body,
                                    Content_Type="application/x-www-form-urlencoded", **asks)
        place = answer.text.partition('id="preview"')[2]
        assert (answer.status, "jisu has it since" in place) == (409, bool(asks)), "a whole page says it at its head"
        assert answer.text.count("jisu has it since") == 1 + bool(asks)


async def test_an_agent_chooses_language_and_colours(house: AgentsHouse) -> None:
    browser = await house.browser("minji")
    assert 'lang="en"' in (await browser.gets("/")).text
    answer = await form(browser, "/preferences", language="ko", back="/?owner=minji")
    assert answer.headers["location"] == "/?owner=minji"
    assert 'lang="ko"' in (await browser.gets("/")).text
    dark = await form(browser, "/preferences", theme="dark", back="https://evil.example.net/")
    assert dark.headers["location"] == "/"
    assert dark.headers["set-cookie"].startswith("theme=dark;")
    assert (await form(browser, "/preferences", language="xx", theme="<b>")).status == 303


async def test_what_a_page_needs_is_kept_for_a_year_and_read_by_anybody(house: AgentsHouse) -> None:
    browser = await house.browser("minji")
    found = re.findall(r'"(/static/[^"#]+)', (await browser.gets("/")).text)
    for path in set(found):
        plain = await browser.gets(path)
        small = await browser.gets(path, Accept_Encoding="gzip, br")
        assert plain.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert len(small.body) < len(plain.body)
        assert small.headers["content-encoding"] == "gzip"
    assert (await browser.gets("/static/VENDOR.toml")).status == 404


@pytest.mark.parametrize("sizes", [(15_000_001,), (1,) * 21, (8_000_000, 7_000_001)])
async def test_too_many_files_and_too_large_ones_are_told_and_the_words_stay(
    house: AgentsHouse, sizes: tuple[int, ...]
) -> None:
    request, browser = await house.writes(), await house.browser("minji")
    fields = {"kind": "answer", "seen": str(request.last_entry), "text": "A long answer."}
    parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode() for name, value in fields.items()]
    parts += [b'Content-Disposition: form-data; name="files"; filename="a"\r\n\r\n' + bytes(size) for size in sizes]
    body = b"".join(b"--x\r\n" + part + b"\r\n" for part in parts) + b"--x--\r\n"
    answer = await browser.asks("POST", f"/requests/{request.number}/say", body,
                                Content_Type="multipart/form-data; boundary=x")
    assert (answer.status, "A long answer.</textarea>" in answer.text) == (409, True)
    assert "are too large" in answer.text
    assert [each.kind for each in await house.entries()] == ["mail", "letter"]


async def test_from_what_is_too_large_to_be_read_a_way_leads_back_to_the_request(house: AgentsHouse) -> None:
    request, browser = await house.writes(), await house.browser("minji")
    at = f"/requests/{request.number}"
    answer = await browser.asks("POST", f"{at}/say", bytes(LARGEST_UPLOAD + 1))
    assert (answer.status, f'href="{at}"' in answer.text) == (413, True)


async def test_the_door_refuses_an_agent_in_the_language_they_chose(house: AgentsHouse) -> None:
    browser = await house.browser("minji", language="ko")
    for answer in (await browser.asks("POST", "/requests/1/say", bytes(LARGEST_UPLOAD + 1), Accept_Language="en"),
                   await browser.asks("POST", "/next", Origin="https://evil.example.net", Accept_Language="en")):
        assert answer.headers["content-language"] == "ko"


async def test_a_request_says_whether_its_agent_answered_it_or_was_given_it(house: AgentsHouse) -> None:
    request = await house.writes()
    await house.employs("jisu")
    browser = await house.browser("minji")
    await house.acts.assign(request.number, "boss", "jisu")
    given = (await browser.gets(f"/requests/{request.number}")).text
    assert ("This is for Jisu" in given, "Jisu answered this" in given) == (True, False)
    await house.acts.say("answer", request.number, "jisu", "Try again.", seen=request.last_entry)
    assert "Jisu answered this" in (await browser.gets(f"/requests/{request.number}")).text


async def test_a_list_is_called_what_it_shows(house: AgentsHouse) -> None:
    browser = await house.browser("minji")
    await house.employs("junho")
    called = {"owner=minji": "Mine", "owner=junho": "junho", "owner=-": "Nobody", "category=technical": "Technical",
              "held=1": "On hold", "": "All queues"}
    for query, title in called.items():
        page = (await browser.gets(f"/?{query}")).text
        assert f"<h1>{title}</h1>" in page
        assert ("Nothing fits these filters." in page) is bool(query)


async def test_the_present_value_stands_in_its_place_among_the_others(house: AgentsHouse) -> None:
    request, browser = await house.writes(), await house.browser("minji")
    page = (await browser.gets(f"/requests/{request.number}")).text
    priorities = re.search(r'<select id="priority".*?</select>', page)
    assert priorities
    assert re.findall(r'value="(\d)"', priorities[0]) == list("54321")


async def test_millions_of_a_strangers_words_do_not_make_a_page_of_millions(house: AgentsHouse) -> None:
    browser = await house.browser("minji")
    request = await house.writes("The first words. " + "https://x.example/a word\n" * 30_000)
    text = "Once more. " + "&" * 300_000

    def more(db: Db) -> None:
        db.add_all(Entry(request_id=request.id or 0, at=house.now, kind="mail", author="kim@example.org", text=text,
                         reply_text="Once more.") for _ in range(20))

    await house.change(more)
    page = (await browser.gets(f"/requests/{request.number}")).text
    assert len(page) < 5 * 500_000
    assert page.count("Once more.") >= 20
    assert "The first words." in page
    assert "only the beginning is shown" in page
