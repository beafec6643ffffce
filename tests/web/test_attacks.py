"""What a stranger, another site, and an agent who means ill may not do at the agents' window."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from agents_house import HOST, ORIGIN, PASSWORD, AgentsHouse, Client, open_house, read

from gateway.desk import sayings
from gateway.models import Entry, History, Login
from gateway.store.database import connect
from gateway.web import desk, login, server

API = "/api/v1"


# ---- who is not let in ---------------------------------------------------------------------------------------------


async def test_a_stranger_sees_the_login_and_nothing_else(house: AgentsHouse) -> None:
    stranger = await house.browser()
    for path in ("/", "/requests/FD-2026-0001236", "/events", "/password", "/reports", "/x", "/logout", "/login/",
                 "/%2e%2e/etc/passwd", "//evil.example/", "/loginx", "/docs", "/openapi.json", "/static"):
        answer = await stranger.gets(path)
        assert (path, answer.status, answer.body) == (path, 303, b"")
        assert answer.headers["location"].startswith("/login")
    for path in ("/static/../password", "/static/../../desk.py", "/static/%2e%2e/login.py", "/static/LICENSE.htmx"):
        assert (await stranger.gets(path)).status == 404


async def test_a_program_without_a_token_is_told_so(house: AgentsHouse) -> None:
    for method, path in (("GET", "/me"), ("GET", "/openapi.json/x"), ("GET", "/requests"), ("POST", "/requests/next"),
                         ("GET", "/events"), ("DELETE", "/tokens/1"), ("GET", "/nothing"), ("BREW", "/me")):
        answer = await Client(house.visitor).asks(method, API + path)
        assert (path, answer.status, answer.code) == (path, 401, "not-logged-in")
        assert answer.headers["www-authenticate"] == 'Bearer realm="frontdesk"'


async def test_a_wrong_token_is_no_token_even_beside_a_good_cookie(house: AgentsHouse) -> None:
    browser = await house.browser("minji")
    assert (await browser.gets(f"{API}/me")).status == 200
    for credentials in ("Bearer", "Bearer ", "Bearer fd_", "Bearer " + "x" * 5000, "bearer \xff", "Bearer a b c"):
        assert (await browser.gets(f"{API}/me", Authorization=credentials)).status == 401
    assert (await browser.gets(f"{API}/me", Authorization="Basic bWluamk6eA==")).status == 200
    assert (await (await house.browser()).gets(f"{API}/me", Authorization="Basic bWluamk6eA==")).status == 401
    through = await (await house.browser()).gets("/", Authorization="Basic bWluamk6eA==")
    assert (through.status, through.headers["location"]) == (303, "/login")


async def test_a_token_opens_the_api_and_no_page(house: AgentsHouse) -> None:
    program = await house.program("minji")
    assert (await program.gets(f"{API}/me")).status == 200
    assert (await program.gets("/")).status == 401


async def test_a_token_ends_by_time_by_revoking_and_with_its_agent(both: AgentsHouse) -> None:
    short = await both.program("minji", lasts=timedelta(hours=1))
    other, third = await both.program("jisu"), await both.program("haneul", role="supervisor")
    both.now += timedelta(hours=1)
    assert (await short.gets(f"{API}/me")).status == 401
    [token] = (await other.gets(f"{API}/tokens")).json["items"]
    assert (await other.asks("DELETE", f"{API}/tokens/{token['id']}")).status == 204
    assert (await other.gets(f"{API}/me")).status == 401
    assert (await third.gets(f"{API}/audit")).status == 200
    await both.staff.change("console", "haneul", role="agent")
    assert (await third.gets(f"{API}/audit")).code == "forbidden"
    await both.staff.disable("console", "haneul")
    assert (await third.gets(f"{API}/me")).status == 401


# ---- logins --------------------------------------------------------------------------------------------------------


async def test_a_cookie_set_by_somebody_else_is_not_taken_over(house: AgentsHouse) -> None:
    browser = await house.browser()
    browser.headers["Cookie"] = "frontdesk=chosen-by-an-attacker"
    await house.employs("minji")
    entered = await browser.logs_in("minji")
    assert "chosen-by-an-attacker" not in entered.headers["set-cookie"]
    assert (await Client(house.visitor, Cookie="frontdesk=chosen-by-an-attacker").gets("/")).status == 303


async def test_a_second_login_ends_the_first_of_this_browser_and_no_other(both: AgentsHouse) -> None:
    browser, other = await both.browser("minji"), await both.browser("minji")
    first = browser.headers["Cookie"]
    await browser.logs_in("minji")
    assert (await Client(both.visitor, Cookie=first).gets("/password")).status == 303
    assert (await other.gets("/password")).status == 200


async def test_a_stolen_cookie_is_worth_nothing_after_a_new_password(both: AgentsHouse) -> None:
    browser = await both.browser("minji")
    stolen = await both.browser("minji")
    program = await both.program("minji")
    changed = await browser.sends_form("/password", old=PASSWORD, new="another long password")
    assert changed.status == 200
    assert (await stolen.gets("/password")).status == 303
    assert (await browser.gets("/password")).status == 303, "its cookie may have been stolen as well"
    browser.headers["Cookie"] = changed.headers["set-cookie"].partition(";")[0]
    assert (await browser.gets("/password")).status == 200
    assert (await program.gets(f"{API}/me")).status == 200, "the page says that tokens stay"
    assert (await (await both.browser()).logs_in("minji")).status == 401
    assert (await (await both.browser()).logs_in("minji", "another long password")).status == 303


async def test_after_a_leak_an_operators_new_password_ends_browsers_and_tokens(both: AgentsHouse) -> None:
    browser, program, other = await both.browser("minji"), await both.program("minji"), await both.program("jisu")
    await both.staff.set_password("console", "minji", "another long password")
    assert (await browser.gets("/password")).status == 303
    assert (await program.gets(f"{API}/me")).status == 401
    assert (await other.gets(f"{API}/me")).status == 200


async def test_a_password_changes_only_by_the_old_one_and_to_a_long_one(house: AgentsHouse) -> None:
    browser = await house.browser("minji")
    for old, new in (("wrong", "another long password"), (PASSWORD, "short"), (PASSWORD, "x" * 201), ("", "")):
        assert (await browser.sends_form("/password", old=old, new=new)).status == 422
    assert (await (await house.browser()).logs_in("minji")).status == 303


async def test_a_login_ends_after_its_time_and_with_its_agent(both: AgentsHouse) -> None:
    browser = await both.browser("minji")
    both.now += timedelta(hours=11, minutes=59)
    assert (await browser.gets("/password")).status == 200
    both.now += timedelta(minutes=1)
    assert (await browser.gets("/password")).status == 303
    again = await both.browser("minji")
    await both.staff.disable("console", "minji")
    assert (await again.gets("/password")).status == 303
    assert (await (await both.browser()).logs_in("minji")).status == 401


async def test_over_tls_the_cookie_is_for_this_host_and_tls_only(migrated: Path, tmp_path: Path) -> None:
    path = tmp_path / "frontdesk.db"
    path.write_bytes(migrated.read_bytes())  # noqa: ASYNC240
    database = connect(f"sqlite:///{path}")
    async with open_house(database, tmp_path, url="https://agents.example.com") as house:
        await house.employs("minji")
        entered = await (await house.browser()).logs_in("minji")
        assert entered.headers["set-cookie"].startswith("__Host-frontdesk=")
        words = entered.headers["set-cookie"].lower().split("; ")
        assert {"secure", "httponly", "path=/", "samesite=lax"} <= set(words)
        assert not any(word.startswith("domain") for word in words)
        assert entered.headers["strict-transport-security"] == "max-age=31536000"
    await database.close()


@pytest.fixture
def next_guess_is_far(monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute until the next guess: a busy machine takes long for those before it."""
    monkeypatch.setattr(login, "FOR_AN_ACCOUNT_THERE", replace(login.FOR_AN_ACCOUNT_THERE, a_minute=1))


@pytest.mark.usefixtures("next_guess_is_far")
async def test_who_guesses_one_account_is_told_to_wait_and_others_log_in(house: AgentsHouse) -> None:
    await house.employs("minji")
    await house.employs("jisu")
    browser = await house.browser()
    tries = range(login.FOR_AN_ACCOUNT_THERE.at_once)
    answers = [await browser.logs_in("minji", f"guess {number}") for number in tries]
    assert {answer.status for answer in answers} == {401}
    refused = await browser.logs_in("minji")
    assert (refused.status, refused.headers["retry-after"]) == (429, login.SECONDS)
    assert (await browser.logs_in("jisu")).status == 303


@pytest.mark.usefixtures("next_guess_is_far")
async def test_one_net_does_not_lock_an_account_for_another(house: AgentsHouse) -> None:
    await house.employs("minji")
    browser = await house.browser()
    for number in range(12):
        browser.headers["X-Forwarded-For"] = "192.0.2.7"
        await browser.logs_in("minji", f"guess {number}")
    assert (await browser.logs_in("minji")).status == 429
    browser.headers["X-Forwarded-For"] = "198.51.100.7"
    assert (await browser.logs_in("minji")).status == 303


async def test_right_passwords_are_never_too_many(house: AgentsHouse) -> None:
    await house.employs("minji")
    browser = await house.browser()
    assert {(await browser.logs_in("minji")).status for _ in range(login.FOR_A_NET.at_once + 3)} == {303}


async def test_no_password_and_no_unknown_name_is_written_anywhere(house: AgentsHouse, capfd: Any) -> None:
    await house.employs("minji")
    browser = await house.browser()
    await browser.logs_in("minji", "my-secret-password")
    await browser.logs_in("my-secret-password", "x")
    audit = str([(each.handler, each.because, each.detail) for each in await house.all(History)])
    assert "my-secret-password" not in audit + capfd.readouterr().out


@pytest.mark.parametrize(("wanted", "goes"), [
    ("/requests/FD-2026-0001236?x=1", "/requests/FD-2026-0001236?x=1"), ("/검색", "/%EA%B2%80%EC%83%89"),
    ("//evil.example", ""), ("https://evil.example", ""), ("/\\evil.example", ""), ("javascript:alert(1)", ""),
    ("/a\r\nSet-Cookie: x=1", ""), ("/login?next=/x", ""), ("/" + "x" * 600, ""), ("/\t/evil.example", ""), ("", ""),
])
def test_after_the_login_nobody_is_sent_to_another_site(wanted: str, goes: str) -> None:
    assert login.local(wanted) == goes


async def test_after_the_login_one_goes_on_where_one_was(house: AgentsHouse) -> None:
    await house.employs("minji")
    browser = await house.browser()
    for wanted, goes in (("/reports?by=week", "/reports?by=week"), ("//evil.example", "/")):
        answer = await browser.sends_form("/login", name="minji", password=PASSWORD, next=wanted)
        assert answer.headers["location"] == goes


# ---- other sites ---------------------------------------------------------------------------------------------------


async def test_another_sites_form_does_nothing(house: AgentsHouse) -> None:
    browser = await house.browser("minji")
    request = await house.writes()
    for origin in ("https://evil.example", "null", "", f"http://{HOST}.evil.example", f"ftp://{HOST}"):
        browser.headers["Origin"] = origin
        for path in ("/login", "/logout", "/password", "/next", f"{API}/requests/next"):
            answer = await browser.sends_form(path, name="minji", password=PASSWORD)
            assert (path, origin, answer.status) == (path, origin, 403)
    assert (await house.request(request.number)).owner == ""
    browser.headers["Origin"] = ORIGIN
    assert (await browser.gets("/password")).status == 200


async def test_every_answer_has_its_headers(house: AgentsHouse) -> None:
    browser = await house.browser("minji")
    for path in ("/login", "/", "/password", "/x", f"{API}/me", f"{API}/x", "/" + "x" * 5000):
        answer = await browser.gets(path)
        assert answer.headers["content-security-policy"] == desk.POLICY
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "server" not in answer.headers


# ---- who may what --------------------------------------------------------------------------------------------------


async def test_a_role_and_a_scope_are_what_one_may(house: AgentsHouse) -> None:
    request = await house.writes()
    await house.employs("minji", "operator")
    answer = {"kind": "answer", "text": "x", "seen": 9}
    agent = {scopes: await house.program("jisu", *scopes) for scopes in (
        (), ("read",), ("read", "act"), ("read", "admin"))}
    auditor = await house.program("haneul", role="auditor")
    supervisor, operator = await house.program("bora", role="supervisor"), await house.program(
        "dana", "read", "act", "send", role="operator")
    before = len(await house.all(Entry))
    for program, path, wish in (
            (auditor, "/requests/next", {}), (agent["read",], "/requests/next", {}),
            (agent["read", "act"], "/requests/{}/entries", answer),
            (agent["read", "act"], "/requests/{}/resolve", None),
            (auditor, "/requests/{}/entries", {"kind": "note", "text": "x"}),
            (agent[()], "/requests/{}/assign", {"agent": "bora"}), (supervisor, "/agents", {"name": "eve"}),
            (operator, "/agents", {"name": "eve"}), (agent["read",], "/tokens", {"label": "more", "scopes": ["send"]}),
            (agent["read", "admin"], "/tokens", {"label": "more", "scopes": ["send"]}),
            (agent[()], "/tokens", {"label": "x", "scopes": ["read"], "agent": "minji"}),
            (agent[()], "/agents/minji/password", {"password": "another long password"})):
        said = await program.posts(API + path.format(request.number), wish, If_Match="*")
        assert (path, said.status, said.code) == (path, 403, "forbidden")
    assert len(await house.all(Entry)) == before
    assert (await house.request(request.number)).state == "new"


async def test_figures_and_the_audit_are_for_overseers(house: AgentsHouse) -> None:
    for path in ("/reports?since=2026-01-01&until=2026-12-31", "/audit"):
        assert (await (await house.program("minji")).gets(API + path)).code == "forbidden"
        assert (await (await house.program("jisu", role="auditor")).gets(API + path)).status == 200


async def test_a_request_in_another_queue_is_not_there(both: AgentsHouse) -> None:
    request = await both.writes(attachment=True)
    program = await both.program("minji", queues=("elsewhere",))
    [entry] = [each for each in await both.all(Entry) if each.kind == "mail"]
    number = request.number
    answers = [await program.gets(f"{API}/requests/{number}{path}") for path in (
        "", "/history", "/identity", f"/entries/{entry.id}/raw", "/attachments/1")]
    answers += [await program.posts(f"{API}/requests/{number}/{act}", wish, If_Match="*") for act, wish in (
        ("claim", {}), ("release", {}), ("move", {"queue": "elsewhere"}), ("entries", {"kind": "note", "text": "x"}),
        ("merge", {"into": number}), ("spam", None), ("preview", {"kind": "answer", "text": "x"}), ("renew", None))]
    unknown = await program.gets(f"{API}/requests/FD-2026-0009996")
    assert {(answer.status, answer.code, answer.text) for answer in [*answers[:3], unknown]} == {
        (404, "unknown-request", unknown.text)}
    assert {answer.status for answer in answers} == {404}
    assert (await program.gets(f"{API}/requests")).json["items"] == []
    assert (await program.gets(f"{API}/requests?words=1042")).json["items"] == []
    assert (await program.gets(f"{API}/queues")).json["items"] == []
    assert (await program.posts(f"{API}/requests/next")).status == 204


async def test_an_entry_of_another_request_is_not_reached_by_one_that_is_seen(house: AgentsHouse) -> None:
    await house.writes()
    [entry] = [each for each in await house.all(Entry) if each.kind == "mail"]
    other = await house.writes(subject="Refund", author="lee@example.org")
    program = await house.program("minji")
    assert (await program.gets(f"{API}/requests/{other.number}/entries/{entry.id}/raw")).status == 404


# ---- bodies and addresses ------------------------------------------------------------------------------------------


BODIES = (
    b"[" * 100_000, b'{"a":' * 50_000, b'{"queue": ' + b"9" * 100_000 + b"}", b'{"queue": NaN}',
    b'{"queue": "\\ud800"}', b'{"queue": "\xff\xfe"}', b"\x00", b"null", b'{"queue": "x", "queue": "y", "z": 1}',
    b'{"\\ud800": 1}', b'{"queue": 1e999}', b'"' + b"x" * 300_000 + b'"', b'{"queue": "a\\u0000b"}', b'{"queue": {}}',
    b"{" * 10, json.dumps({f"k{number}": number for number in range(20_000)}).encode(),
)
ANYTHING = (
    "words=%25", "words=_", "words=%27%20OR%201=1--", "words=%22", "words=*", "words=NEAR(a%20b)", "words=%00",
    "words=" + "a%20" * 49, "words=" + quote("환불" * 90), "queue=%27", "queue=a%00b", "owner=%25", "state=%27",
    "cursor=9", "cursor=0", "cursor=999999999.5.99999999999999999", "cursor=-1", "cursor=%00", "limit=200",
    "words=%ED%A0%80", "overdue=true&held=true&state=settled", "state=pending&overdue=1", "identity=%F0%9F%92%A9",
    "cursor=5.3&state=settled", "cursor=5&words=error", "words=-%2B%7C%26!()%3A*",
)
BEYOND = ("words=" + "x" * 201, "limit=0", "limit=201", "limit=x", "limit=" + "9" * 50, "cursor=" + "1" * 61,
          "overdue=perhaps", "cursor=abc")
NUMBERS = ("..", "%2e%2e", "a%2fb", "%00", "x" * 61, "FD-2026-0001236%0d%0aX: y", "%ff", "\ufeff", "' OR 1=1",
           "FD-9999999999999999999999-1")


async def test_json_that_means_ill_is_told_what_is_wrong_with_it(both: AgentsHouse) -> None:
    program = await both.program("minji")
    for body in BODIES:
        answer = await program.asks("POST", f"{API}/requests/next", body, Content_Type="application/json")
        assert answer.status in (204, 400, 422)
        assert len(answer.body) < 10_000
        answer = await program.asks("POST", f"{API}/requests/FD-2026-0001236/move", body, If_Match="*",
                                    Content_Type="application/json")
        assert answer.status in (400, 404, 422)


async def test_a_list_can_be_asked_for_anything(both: AgentsHouse) -> None:
    await both.writes()
    program = await both.program("minji")
    for query in ANYTHING:
        answer = await program.gets(f"{API}/requests?{query}")
        assert (query, answer.status in (200, 422)) == (query, True)
    for query in ("words=%25", "words=_", "words=%25%25%25", "owner=%25", "queue=%25", "category=_"):
        assert (await program.gets(f"{API}/requests?{query}")).json["items"] == []
    for query in BEYOND:
        answer = await program.gets(f"{API}/requests?{query}")
        assert (answer.status, answer.code in ("invalid", "bad-cursor")) == (422, True)
    for number in NUMBERS:
        assert (await program.gets(f"{API}/requests/{quote(number, safe='%')}")).status in (404, 422)


async def test_ids_beyond_what_a_database_holds_are_told(both: AgentsHouse) -> None:
    request, program = await both.writes(), await both.program("minji", role="operator")
    for path in (f"requests/{request.number}/attachments/99999999999", f"requests/{request.number}/entries/0/raw",
                 f"audit?cursor={2**63}", f"requests/{request.number}/entries/-1/raw"):
        assert (await program.gets(f"{API}/{path}")).status == 422
    for path, wish in (("split", {"entry": 2**40}), ("entries", {"kind": "note", "text": "x", "uploads": [2**60]}),
                       ("entries", {"kind": "answer", "text": "x", "seen": 2**70}), ("priority", {"priority": 6})):
        assert (await program.posts(f"{API}/requests/{request.number}/{path}", wish, If_Match="*")).status == 422


async def test_a_program_that_runs_wild_is_told_when_to_come_again(migrated: Path, tmp_path: Path) -> None:
    path = tmp_path / "frontdesk.db"
    path.write_bytes(migrated.read_bytes())  # noqa: ASYNC240
    database = connect(f"sqlite:///{path}")
    async with open_house(database, tmp_path, api_per_minute=1) as house:
        wild, calm, browser = await house.program("minji"), await house.program("jisu"), await house.browser("minji")
        assert (await wild.gets(f"{API}/me")).status == 200
        refused = await wild.gets(f"{API}/me")
        assert (refused.status, refused.code, refused.headers["retry-after"]) == (429, "crowded", "60")
        assert refused.json["detail"] == "Calls of one token that are answered in a minute: 1."
        assert (await calm.gets(f"{API}/me")).status == 200
        assert [(await browser.gets("/")).status for _ in range(3)] == [200] * 3, "the page is no program"
    await database.close()


async def test_a_stranger_may_send_little_and_an_agent_more(house: AgentsHouse) -> None:
    stranger = await house.browser()
    assert (await stranger.asks("POST", "/login", b"x" * (desk.LARGEST_OPEN_BODY + 1))).status == 413
    agent = await house.browser("minji")
    house.window.manners = server.Manners(desk.LARGEST_UPLOAD, 400, 2)
    refused = await agent.asks("POST", f"{API}/requests/next", b" " * (desk.LARGEST_BODY + 1), Connection="keep-alive")
    assert (refused.status, refused.code) == (413, "too-large")
    large = await agent.asks("POST", f"{API}/uploads?filename=a.bin", b"x" * 5_000_000)
    assert (large.status, large.json["size"]) == (201, 5_000_000)


async def test_files_that_are_never_sent_are_refused_to_programs_and_on_the_page(
        house: AgentsHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sayings, "MOST_WAITING", 1)
    request, program, browser = await house.writes(), await house.program("minji"), await house.browser("minji")
    assert (await program.asks("POST", f"{API}/uploads?filename=a.bin", b"x")).status == 201
    refused = await program.asks("POST", f"{API}/uploads?filename=b.bin", b"x")
    assert (refused.status, refused.code) == (413, "too-many-files")
    body = (b'--x\r\nContent-Disposition: form-data; name="kind"\r\n\r\nanswer\r\n'
            b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nkept words\r\n'
            b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.bin"\r\n\r\nxxxx\r\n--x--\r\n')
    page = await browser.asks("POST", f"/requests/{request.number}/say", body,
                              Content_Type="multipart/form-data; boundary=x")
    assert page.status == 409
    assert "Too many of your files wait to be sent." in page.text
    assert "kept words</textarea>" in page.text


@pytest.mark.parametrize("connection", ["close", "keep-alive"])
async def test_what_is_far_too_large_is_refused_before_it_is_read_and_the_refusal_arrives(
        house: AgentsHouse, connection: str) -> None:
    agent, size = await house.browser("minji"), desk.LARGEST_UPLOAD + 4_000_000
    reader, writer = await house.visitor.connects()
    for path, kind in ((f"{API}/uploads?filename=a.bin", "application/problem+json"),
                       ("/requests/FD-2026-0000001/say", "text/html; charset=utf-8")):
        fields = {"Host": HOST, "Origin": ORIGIN, "Cookie": agent.headers["Cookie"], "Connection": connection,
                  "Content-Length": str(size)}
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        writer.write(f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        told = read(head + await reader.readexactly(int(read(head).headers["content-length"])))
        assert (told.status, told.headers["content-type"]) == (413, kind)
        assert b"too large" in told.body
        for _ in range(size // 1_000_000):
            writer.write(b"x" * 1_000_000)
            await writer.drain()
        if connection == "close":
            assert await reader.read() == b"", "an orderly end, not a reset"
            reader, writer = await house.visitor.connects()


async def test_an_agent_may_send_a_large_file_slowly_and_a_stranger_none(
        house: AgentsHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "STRIDE", 10_000)
    house.window.manners = server.Manners(desk.LARGEST_UPLOAD, 400, 2)
    agent = await house.browser("minji")
    reader, writer = await house.visitor.connects()
    head = (f"POST {API}/uploads?filename=a HTTP/1.1\r\nHost: {HOST}\r\nOrigin: {ORIGIN}\r\nContent-Length: 90000\r\n"
            f"Cookie: {agent.headers['Cookie']}\r\nConnection: close\r\n\r\n")
    writer.write(head.encode())
    for _ in range(9):
        writer.write(b"x" * 10_000)
        await asyncio.sleep(0.25)
    assert read(await asyncio.wait_for(reader.read(), 60)).status == 201


async def test_a_body_in_chunks_is_not_taken(house: AgentsHouse) -> None:
    octets = await house.visitor.sends(
        f"POST /login HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n".encode()
        + b"1\r\nx\r\n" * 50 + b"0\r\n\r\n")
    assert octets.startswith(b"HTTP/1.1 411 ")


async def test_a_file_name_ends_no_header(both: AgentsHouse) -> None:
    request, program = await both.writes(), await both.program("minji")
    name = quote('a"\r\nSet-Cookie: x=1\r\n한글;.pdf')
    upload = (await program.asks("POST", f"{API}/uploads?filename={name}", b"%PDF-1.7", Content_Type="a/b")).json
    seen = (await program.gets(f"{API}/requests/{request.number}")).json["seen"]
    said = await program.posts(f"{API}/requests/{request.number}/entries",
                               {"kind": "answer", "text": "See there.", "seen": seen, "uploads": [upload["id"]]})
    [file] = said.json["attachments"]
    got = await program.gets(f"{API}/requests/{request.number}/attachments/{file['id']}")
    assert (got.status, got.body) == (200, b"%PDF-1.7")
    assert "set-cookie" not in got.headers
    assert got.headers["content-disposition"].startswith("attachment; ")
    assert got.headers["content-security-policy"].startswith("default-src 'none'; sandbox")


async def test_a_store_that_is_away_is_told_and_nothing_of_it_shown(house: AgentsHouse) -> None:
    browser = await house.browser("minji")
    await house.database.close()
    page, program = await browser.gets("/password"), await browser.gets(f"{API}/me")
    assert (page.status, program.status, program.code) == (503, 503, "trouble")
    assert "Traceback" not in page.text + program.text
    assert await asyncio.to_thread(lambda: Login.__tablename__) == "login"
