"""The API as programs use it: over real sockets, with tokens, before a desk on a real database."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from agents_house import AgentsHouse, Client

from gateway.models import Entry, History, IdempotencyKey, Letter
from gateway.web.api import IN_HAND


async def says(program: Client, number: str, **more: Any) -> Any:
    seen = (await program.gets(f"/api/v1/requests/{number}")).json["seen"]
    wish = {"kind": "answer", "text": "Please try again.", "seen": seen, **more}
    headers = {name: wish.pop(name) for name in ("Idempotency_Key",) if name in wish}
    return await program.posts(f"/api/v1/requests/{number}/entries", wish, **headers)


# ---- a day's work --------------------------------------------------------------------------------------------------


async def test_a_program_takes_reads_answers_and_resolves(both: AgentsHouse) -> None:
    request = await both.writes()
    program = await both.program("minji")
    queues = (await program.gets("/api/v1/queues")).json["items"]
    assert [(each["queue"], each["waiting"]) for each in queues] == [(request.queue, 1)]
    listed = (await program.gets("/api/v1/requests?words=1042")).json
    assert [each["number"] for each in listed["items"]] == [request.number]
    assert listed["items"][0]["identity"]["level"] == "verified-dkim"
    taken = await program.posts("/api/v1/requests/next", {})
    assert (taken.status, taken.json["owner"], taken.json["state"]) == (200, "minji", "open")
    said = await says(program, request.number)
    assert (said.status, said.json["kind"], said.json["author"]) == (201, "answer", "minji")
    assert (await both.letters())[-1].recipient == "kim@example.org"
    resolved = await program.posts(f"/api/v1/requests/{request.number}/resolve", If_Match=said.headers["etag"])
    assert (resolved.status, resolved.json["state"]) == (200, "resolved")
    history = (await program.gets(f"/api/v1/requests/{request.number}/history")).json["items"]
    assert "minji" in {each["who"] for each in history}
    assert (await program.posts("/api/v1/requests/next")).status == 204


# ---- which version is meant ----------------------------------------------------------------------------------------


async def test_what_changes_a_request_names_the_version_it_means(both: AgentsHouse) -> None:
    request, program = await both.writes(), await both.program("minji")
    path = f"/api/v1/requests/{request.number}"
    etag = (await program.gets(path)).headers["etag"]
    without = await program.posts(f"{path}/priority", {"priority": 5})
    assert (without.status, without.code) == (428, "no-precondition")
    done = await program.posts(f"{path}/priority", {"priority": 5}, If_Match=f'"other", {etag}')
    assert (done.status, done.json["priority"]) == (200, 5)
    assert done.headers["etag"] != etag
    late = await program.posts(f"{path}/priority", {"priority": 1}, If_Match=etag)
    assert (late.status, late.code, late.headers["etag"]) == (412, "changed", done.headers["etag"])
    assert (await both.request(request.number)).priority == 5
    assert (await program.posts(f"{path}/priority", {"priority": 1}, If_Match="*")).status == 200


async def test_the_version_changes_with_what_is_said_and_not_with_a_lease(both: AgentsHouse) -> None:
    request, program = await both.writes(), await both.program("minji")
    path = f"/api/v1/requests/{request.number}"
    claimed = (await program.posts(f"{path}/claim")).headers["etag"]
    both.now += timedelta(minutes=1)
    assert (await program.posts(f"{path}/renew")).headers["etag"] == claimed
    noted = await program.posts(f"{path}/entries", {"kind": "note", "text": "Look at the log."})
    assert noted.headers["etag"] != claimed
    assert (await program.gets(path)).headers["etag"] == noted.headers["etag"]


async def test_an_answer_is_refused_when_the_customer_wrote_since(house: AgentsHouse) -> None:
    request, program = await house.writes(), await house.program("minji")
    path = f"/api/v1/requests/{request.number}/entries"
    assert (await program.posts(path, {"kind": "answer", "text": "x"})).code == "no-precondition"
    assert (await program.posts(path, {"kind": "answer", "text": "x", "seen": 0})).code == "newer"
    assert [each for each in await house.all(Entry) if each.kind == "answer"] == []


# ---- asked for twice -----------------------------------------------------------------------------------------------


async def test_what_is_asked_for_twice_is_done_once_and_answered_the_same(both: AgentsHouse) -> None:
    request, program = await both.writes(), await both.program("minji")
    seen = (await program.gets(f"/api/v1/requests/{request.number}")).json["seen"]
    wish = {"kind": "answer", "text": "Please try again.", "seen": seen}
    path, key = f"/api/v1/requests/{request.number}/entries", "8e03978e"
    first = await program.posts(path, wish, Idempotency_Key=key)
    again = await program.posts(path, wish, Idempotency_Key=key)
    assert (again.status, again.body, again.headers["etag"]) == (201, first.body, first.headers["etag"])
    assert (again.headers["idempotent-replayed"], "idempotent-replayed" in first.headers) == ("true", False)
    assert len([each for each in await both.all(Letter) if not each.is_automatic]) == 1
    other = await program.posts(path, {**wish, "text": "Something else."}, Idempotency_Key=key)
    assert (other.status, other.code) == (422, "key-reused")
    assert (await (await both.program("jisu")).posts(path, wish, Idempotency_Key=key)).status == 201
    both.now += timedelta(days=1)
    assert (await program.posts(path, wish, Idempotency_Key=key)).json["id"] != first.json["id"]


async def test_twice_at_the_same_moment_is_once(both: AgentsHouse) -> None:
    request, program = await both.writes(), await both.program("minji")
    seen = (await program.gets(f"/api/v1/requests/{request.number}")).json["seen"]
    wish = {"kind": "answer", "text": "Please try again.", "seen": seen}
    path = f"/api/v1/requests/{request.number}/entries"
    answers = await asyncio.gather(*(program.posts(path, wish, Idempotency_Key="k") for _ in range(6)))
    assert {answer.status for answer in answers} <= {201, 409}
    assert {answer.json["id"] for answer in answers if answer.status == 201} == {
        each.id for each in await both.all(Entry) if each.kind == "answer"}
    assert len([each for each in await both.all(Letter) if not each.is_automatic]) == 1


async def test_whose_answer_was_lost_in_a_crash_is_told_so_and_nothing_is_done_again(house: AgentsHouse) -> None:
    request, program = await house.writes(), await house.program("minji")
    said = await says(program, request.number, Idempotency_Key="k")
    await house.change(lambda db: setattr(db.get_one(IdempotencyKey, ("minji", "k")), "status", IN_HAND))
    wish = {"kind": "answer", "text": "Please try again.", "seen": request.last_entry}
    again = await program.posts(f"/api/v1/requests/{request.number}/entries", wish, Idempotency_Key="k")
    assert (said.status, again.status, again.code) == (201, 409, "in-hand")
    assert len([each for each in await house.all(Letter) if not each.is_automatic]) == 1


async def test_what_was_refused_may_be_asked_for_again_with_the_same_key(house: AgentsHouse) -> None:
    request, program = await house.writes(), await house.program("minji")
    path = f"/api/v1/requests/{request.number}/entries"
    refused = await program.posts(path, {"kind": "answer", "text": "x", "seen": 0}, Idempotency_Key="k")
    assert refused.code == "newer"
    seen = (await program.gets(f"/api/v1/requests/{request.number}")).json["seen"]
    assert (await program.posts(path, {"kind": "answer", "text": "x", "seen": seen}, Idempotency_Key="k")).status == 201
    for key in ("\t", "x" * 201, "한글"):
        answer = await program.posts(path, {"kind": "note", "text": "x"}, Idempotency_Key=key)
        assert answer.status in (400, 422)


# ---- every act -----------------------------------------------------------------------------------------------------


async def test_each_act_has_its_route_and_its_line_in_the_history(both: AgentsHouse) -> None:
    request = await both.writes()
    other = await both.writes(subject="Refund", author="lee@example.org")
    program, base = await both.program("minji", role="supervisor"), f"/api/v1/requests/{request.number}"
    await both.employs("jisu")
    any_version = {"If_Match": "*"}
    for act, wish, facts in (
            ("claim", None, {"owner": "minji"}), ("renew", None, {"owner": "minji"}),
            ("release", None, {"owner": ""}), ("assign", {"agent": "jisu"}, {"owner": "jisu"}),
            ("claim", {"take_over": True}, {"owner": "minji"}), ("move", {"queue": "third"}, {"queue": "third"}),
            ("priority", {"priority": 4}, {"priority": 4}),
            ("category", {"category": "policy"}, {"category": "policy"}),
            ("resolve", None, {"state": "resolved"}), ("reopen", None, {"state": "open"}),
            ("spam", None, {"state": "closed", "resolution": "spam"}), ("reopen", None, {"state": "open"}),
            ("merge", {"into": other.number}, {"number": other.number})):
        done = await program.posts(f"{base}/{act}", wish, **any_version)
        assert (act, done.status, {name: done.json.get(name) for name in facts}) == (act, 200, facts)
    gone = (await program.gets(base)).json
    assert (gone["merged_into"], gone["resolution"]) == (other.number, "merged")
    mails = [each["id"] for each in (await program.gets(f"/api/v1/requests/{other.number}")).json["entries"]
             if each["kind"] == "mail"]
    split = await program.posts(f"/api/v1/requests/{other.number}/split", {"entry": mails[0]}, **any_version)
    assert (split.status, split.json["number"] not in (request.number, other.number)) == (200, True)
    assert {each.handler for each in await both.all(History) if each.event == "act"} >= {"minji"}


async def test_an_answer_is_seen_before_it_goes_and_taken_back_after(both: AgentsHouse) -> None:
    request, program = await both.writes(), await both.program("minji")
    base = f"/api/v1/requests/{request.number}"
    preview = (await program.posts(f"{base}/preview", {"kind": "answer", "text": "Please try again."})).json
    assert (preview["recipient"], "Please try again." in preview["text"]) == ("kim@example.org", True)
    assert (await program.gets(base)).json["state"] == "new"
    said = await says(program, request.number, undoable=True)
    undone = await program.posts(f"{base}/entries/{said.json['id']}/undo")
    assert (undone.status, undone.json["withdrawn_at"] is not None) == (200, True)
    assert (await program.posts(f"{base}/entries/{said.json['id']}/undo")).code == "already"
    assert [each for each in await both.all(Letter) if not each.is_automatic] == []


async def test_what_came_with_a_mail_is_there_octet_for_octet(both: AgentsHouse) -> None:
    request, program = await both.writes(attachment=True), await both.program("minji")
    base = f"/api/v1/requests/{request.number}"
    [mail] = [each for each in (await program.gets(base)).json["entries"] if each["kind"] == "mail"]
    [file] = mail["attachments"]
    got = await program.gets(f"{base}/attachments/{file['id']}")
    assert (len(got.body), got.headers["content-type"]) == (file["size"], "application/octet-stream")
    raw = await program.gets(f"{base}/entries/{mail['id']}/raw")
    assert raw.headers["content-type"].startswith("message/rfc822")
    assert b"Since yesterday" in raw.body
    identity = (await program.gets(f"{base}/identity")).json
    assert (identity["identity"]["level"], set(identity["checks"])) == (
        "verified-dkim", {"spf", "dkim", "arc", "dmarc", "iprev"})


async def test_lists_are_paged_to_their_end(both: AgentsHouse) -> None:
    for number in range(5):
        await both.writes(author=f"kim{number}@example.org")
    program = await both.program("minji")
    numbers, cursor = [], ""
    while cursor is not None:
        page = (await program.gets(f"/api/v1/requests?limit=2&cursor={cursor}")).json
        numbers += [each["number"] for each in page["items"]]
        cursor = page["next"]
    assert len(numbers) == len(set(numbers)) == 5


async def test_what_another_works_on_is_assigned_to_oneself_or_moved_only_by_taking_it_over(house: AgentsHouse) -> None:
    request = await house.writes()
    minji, june = await house.program("minji"), await house.program("june")
    path = f"/api/v1/requests/{request.number}"
    assert (await minji.posts(f"{path}/claim")).status == 200
    refused = await june.posts(f"{path}/assign", {"agent": "june"}, If_Match="*")
    assert (refused.status, refused.code) == (409, "taken")
    taken = await june.posts(f"{path}/assign", {"agent": "june", "take_over": True}, If_Match="*")
    assert (taken.status, taken.json["owner"]) == (200, "june")
    refused = await minji.posts(f"{path}/move", {"queue": "general"}, If_Match="*")
    assert (refused.status, refused.code) == (409, "taken")
    moved = await minji.posts(f"{path}/move", {"queue": "general", "take_over": True}, If_Match="*")
    assert (moved.status, moved.json["queue"], moved.json["owner"]) == (200, "general", "")


# ---- people --------------------------------------------------------------------------------------------------------


async def test_an_operator_employs_changes_and_disables_and_the_audit_says_so(both: AgentsHouse) -> None:
    program = await both.program("minji", role="operator")
    made = await program.posts("/api/v1/agents", {"name": "Jisu", "full_name": "지수", "password": "a long password"})
    assert (made.status, made.json["name"], made.json["role"]) == (201, "jisu", "agent")
    assert (await program.posts("/api/v1/agents", {"name": "jisu"})).code == "agent-exists"
    changed = await program.asks("PATCH", "/api/v1/agents/jisu", b'{"role": "auditor", "queues": ["third"]}',
                                 Content_Type="application/json")
    assert (changed.json["role"], changed.json["queues"], changed.json["full_name"]) == ("auditor", ["third"], "지수")
    assert (await (await both.browser()).logs_in("jisu", "a long password")).status == 303
    assert (await program.posts("/api/v1/agents/jisu/disable")).json["disabled_at"]
    assert (await program.posts("/api/v1/agents/jisu/enable")).json["disabled_at"] is None
    assert (await program.posts("/api/v1/agents/jisu/password", {"password": "another long one"})).status == 204
    assert (await program.posts("/api/v1/agents/nobody/disable")).code == "unknown-agent"
    page = (await program.gets("/api/v1/audit?limit=3")).json
    assert [each["decision"] for each in page["items"]] == ["password", "enable", "disable"]
    further = (await program.gets(f"/api/v1/audit?limit=3&cursor={page['next']}")).json
    assert [each["decision"] for each in further["items"]] == ["in", "change", "add"]


async def test_a_token_is_shown_once_and_makes_no_stronger_one(both: AgentsHouse) -> None:
    browser = await both.browser("minji")
    made = await browser.posts("/api/v1/tokens", {"label": "reports", "scopes": ["read"], "days": 30})
    assert (made.status, made.json["scopes"], made.json["agent"]) == (201, ["read"], "minji")
    [listed] = (await browser.gets("/api/v1/tokens")).json["items"]
    assert "secret" not in listed
    me = (await Client(both.visitor, Authorization=f"Bearer {made.json['secret']}").gets("/api/v1/me")).json
    assert (me["agent"], me["scopes"], me["rights"]) == ("minji", ["read"], ["read"])


@pytest.mark.parametrize("url", [
    "https://127.0.0.1/", "https://10.0.0.1:8443/in", "https://169.254.169.254/", "https://[::1]/", "https://[fd00::1]/",
    "https://[::ffff:127.0.0.1]/", "https://[::ffff:a00:1]/", "https://[2002:7f00:1::]/", "http://hooks.example.com/",
    "https://[", "https://[::1",
])
async def test_a_webhook_inside_is_refused_when_it_is_made(both: AgentsHouse, url: str) -> None:
    program = await both.program("minji", role="operator")
    assert (await program.posts("/api/v1/webhooks", {"url": url})).status == 422
    assert (await program.gets("/api/v1/webhooks")).json["items"] == []


async def test_an_operator_makes_webhooks_and_sees_what_they_were_told(both: AgentsHouse) -> None:
    program = await both.program("minji", role="operator")
    made = await program.posts("/api/v1/webhooks", {"url": "https://hooks.example.com/in", "events": ["answer"]})
    assert (made.status, made.json["secret"][:6], made.json["created_by"]) == (201, "whsec_", "minji")
    [listed] = (await program.gets("/api/v1/webhooks")).json["items"]
    assert "secret" not in listed
    assert (await program.gets(f"/api/v1/webhooks/{listed['id']}/deliveries")).json == {"items": [], "next": None}
    for url in ("ftp://x.example/", "https://user:pw@x.example/", "https://x.example/\n", "", "https://x.example/ y"):
        assert (await program.posts("/api/v1/webhooks", {"url": url})).code == "invalid"
    assert (await program.asks("DELETE", f"/api/v1/webhooks/{listed['id']}")).status == 204
    assert (await program.gets("/api/v1/webhooks")).json["items"][0]["reason"] == "minji disabled it."
    assert (await program.asks("DELETE", "/api/v1/webhooks/99")).code == "unknown-webhook"
    agent = await both.program("jisu")
    assert (await agent.gets("/api/v1/webhooks")).code == "forbidden"
    decisions = [each["decision"] for each in (await program.gets("/api/v1/audit")).json["items"]]
    assert decisions.count("webhook") == 2
