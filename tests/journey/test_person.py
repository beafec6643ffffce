"""Step 3 as conversations: is it this person? The letter goes to the address on file, and a stranger learns nothing."""

import os
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from world import Agent, Customer, World, body

from gateway.authentication.zone import ZoneResolver
from gateway.config import Config, ConfigError, Customers, Site
from gateway.desk.acts import Refused
from gateway.models import Request
from gateway.service import Service

CUSTOMERS = """address,name,account,standing
hong@example.org,홍길동,AB-12345,good
old@example.org,Old,CD-55555,closed
bad@example.org,Bad,EF-66666,blocked
"""
KOREAN = ("개인정보 삭제 요청", "제 계정 {} 을 탈퇴하고 개인정보를 모두 삭제해 주세요.")
ENGLISH = ("Delete my account", "Please delete my account {} and all personal data you keep about me.")
BOTH = pytest.mark.parametrize(
    ("subject", "text", "yes"), [(*KOREAN, "네, 제가 맞습니다."), (*ENGLISH, "Yes, it was me.")], ids=["ko", "en"])
PAGE = "https://desk.example.com"


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """A gateway that keeps a customer file and has a page."""
    (tmp_path / "customers.csv").write_text(CUSTOMERS, encoding="cp949")
    sections: dict[str, Any] = {"customers": {"file": tmp_path / "customers.csv"},
                                "web": {"url": PAGE, "listen": ""}}
    async with World(tmp_path, database_url, **sections).open() as world:
        yield world


def is_asking(letter: EmailMessage) -> bool:
    return "+v" in letter["Reply-To"]


async def asking(customer: Customer) -> EmailMessage:
    """The one letter in the mailbox that asks for proof."""
    (letter,) = [each for each in await customer.mailbox() if is_asking(each)]
    return letter


def token(letter: EmailMessage) -> str:
    found = re.search(rf"^{PAGE}/v/(\S+)\?l=(?:ko|en)\s*$", body(letter), re.MULTILINE)
    assert found, body(letter)
    return found[1]


async def labels(world: World, request: Request) -> list[str]:
    """What the history says of the person."""
    return [line.because for line in await world.history(request) if line.handler == "verify"]


# ---- the customer writes from the address on file ----


@BOTH
async def test_who_is_on_file_is_asked_there_and_answers(world: World, subject: str, text: str, yes: str) -> None:
    hong = world.customer("hong@example.org", "홍길동")
    await hong.writes(subject, text.format(""))
    letter = await asking(hong)
    request = await world.request()
    assert request.on_file == "The author's address is on file: account AB-12345, in good standing."
    assert request.verification_because == (
        "Asked: a letter went to h***@example.org, the mailbox on file for account AB-12345, on 2026-11-23 18:00 "
        "(expires 2026-11-26 18:00); 0 of 3 tries used.")
    await hong.replies(letter, yes)
    request = await world.request()
    assert request.verification == "verified"
    assert request.verification_because == (
        "Verified by the letter: the answer came from h***@example.org, the mailbox on file for account AB-12345.")
    await hong.replies(letter, "One more thing: my new street is Main Street 5.")
    assert (await world.request()).verification == "verified", "a further mail keeps it"
    await world.passes(timedelta(days=31))
    request = await world.request()
    assert request.verification == "expired"
    assert request.verification_because.startswith("The proof is too old, it counts no longer: Verified by the")


# ---- from another mailbox ----


@BOTH
async def test_an_account_named_from_another_mailbox_is_asked_about_at_the_address_on_file(
        world: World, subject: str, text: str, yes: str) -> None:
    hong, eve = world.customer("hong@example.org"), world.customer("eve@example.net", "Visit evil.example")
    await eve.writes(subject, text.format("ab 12345 / AB-12345"))
    request = await world.request()
    assert request.on_file == "On file with h***@example.org: account AB-12345, in good standing."
    to_owner, to_eve = await asking(hong), await asking(eve)
    assert (to_owner["To"], to_eve["To"]) == ("홍길동 <hong@example.org>", '"Visit evil.example" <eve@example.net>')
    assert "AB-12345" in body(to_owner)
    told = f"{to_owner['Subject']} {to_owner['References']} {to_owner['In-Reply-To']} {body(to_owner)}"
    assert not any(word in told for word in ("eve@", "evil", subject, "example.net", "탈퇴", "delete my"))

    await eve.replies(to_eve, yes)
    request = await world.request()
    assert request.verification == "asked"
    assert request.verification_because == (
        "Asked: the address on file for account AB-12345 has not answered yet; the answer came from e***@example.net, "
        "which wrote the mail: that proves only that mailbox.")

    await hong.replies(to_owner, f"{yes} 010-1234-5678")
    request = await world.request()
    assert request.verification == "verified"
    assert request.verification_because == (
        "Verified by the letter: the answer came from h***@example.org, the mailbox on file for account AB-12345; the "
        "request itself came from eve@example.net, and answers go there.")


async def test_what_the_owner_writes_never_reaches_the_stranger(world: World) -> None:
    hong, eve, agent = world.customer("hong@example.org"), world.customer("eve@example.net"), world.agent("minji")
    await eve.writes(ENGLISH[0], ENGLISH[1].format("AB-12345"))
    await hong.replies(await asking(hong), "No! That was not me. Call me at 010-1234-5678.")
    request = await agent.takes()
    assert request.verification == "expired", "a denial is no proof"
    assert "010-1234" in next(entry.text for entry in await world.conversation(request) if entry.kind == "note")
    await agent.answers(request, "We cannot do this.")
    for letter in await eve.mailbox():
        told = f"{body(letter)} {letter['References']} {letter['In-Reply-To']}"
        assert "010-1234" not in told
        assert "example.org" not in told
    assert len(await hong.mailbox()) == 1


@pytest.mark.parametrize("account", ["AB-12345", "ZZ-99999", "EF-66666", "CD-55555", "", "AB-12345 and CD-55555"],
                         ids=["there", "not there", "blocked", "closed", "none", "several"])
async def test_a_stranger_gets_the_same_letter_whether_or_not_the_account_is_there(world: World, account: str) -> None:
    eve = world.customer("eve@example.net")
    await eve.writes(ENGLISH[0], ENGLISH[1].format(account))
    (letter,) = await eve.mailbox()
    request = await world.request()
    assert letter["Subject"] == f"[{request.number}] Please confirm that this request is yours"
    told = body(letter).replace(request.number, "").replace(token(letter), "")
    assert re.sub(r"\s+", " ", told).strip() == SAME
    assert request.verification == "asked"


SAME = (
    "Hello, We have received a request about an account or personal data from this address. Its number is . To protect "
    "your data, we go on only after you have confirmed that it was you. Please reply to this email by 2026-11-26 18:00 "
    "KST; a single word is enough. Your reply goes to an address that is made for this request only and works once. Or "
    f"press the button on this page instead: {PAGE}/v/?l=en If it was not you, do nothing. Without your confirmation, "
    "nothing is changed and nothing is disclosed. We will never ask you for your password. Kind regards Example "
    "Support")


async def test_nobody_can_flood_an_address_on_file_by_naming_its_account(world: World) -> None:
    hong = world.customer("hong@example.org")
    for number in range(8):
        eve = world.customer(f"eve{number}@example.net")
        await eve.writes(ENGLISH[0], ENGLISH[1].format("AB-12345"))
    assert len(await hong.mailbox()) == 5
    assert "it had 5 today" in " ".join(await labels(world, (await world.requests())[-1]))


# ---- not on file ----


@BOTH
async def test_who_is_not_on_file_proves_the_mailbox_only(world: World, subject: str, text: str, yes: str) -> None:
    eve = world.customer("eve@example.net")
    await eve.writes(subject, text.format(""))
    request = await world.request()
    assert request.on_file == "Not on file: neither the address nor an account that the mail names."
    assert "for which the customer file does not speak: an answer proves that mailbox only" in (
        request.verification_because)
    await eve.replies(await asking(eve), yes)
    request = await world.request()
    assert request.verification == "mailbox"
    assert request.verification_because == (
        "Only the mailbox is proven: the answer came from e***@example.net, for which the customer file does not speak."
        " Who it is, an agent has to find out.")


# ---- nobody answers, or the wrong one does ----


async def test_what_begins_as_small_talk_and_becomes_an_account_matter_is_asked_about(world: World) -> None:
    customer = world.customer("hong@example.org", "홍길동")
    await customer.writes("안녕하세요", "잘 지내시죠? 문의드릴 것이 있습니다.")
    acknowledged = await customer.receives()
    assert (await world.request()).verification == ""
    await customer.replies(acknowledged, "제 개인정보를 모두 삭제하고 탈퇴시켜 주세요.")
    request = await world.request()
    assert (request.category, request.verification) == ("account", "asked")
    await customer.replies(await asking(customer), "네, 제가 맞습니다.")
    assert (await world.request()).verification == "verified"


async def test_nobody_answers_in_time(world: World) -> None:
    hong = world.customer("hong@example.org")
    await hong.writes(*ENGLISH)
    letter = await asking(hong)
    await world.passes(timedelta(days=3, minutes=1))
    request = await world.request()
    assert (request.verification, request.verification_because) == (
        "expired", "Not verified: nobody answered our letter in time.")
    await hong.replies(letter, "Yes, it was me.")
    assert (await world.request()).verification == "expired"
    assert (await labels(world, request))[-1] == "An answer to the one-time address proved nothing: It came too late."


async def test_three_wrong_answers_end_the_asking(world: World) -> None:
    hong, eve = world.customer("hong@example.org"), world.customer("eve@example.net")
    await hong.writes(*ENGLISH)
    letter = await asking(hong)
    for tries in (1, 2):
        await eve.replies(letter, "Yes, it was me.")
        request = await world.request()
        assert request.verification == "asked"
        assert f"; {tries} of 3 tries used. The last one proved nothing: It came from eve@" in (
            request.verification_because)
    await eve.replies(letter, "Yes, it was me.")
    request = await world.request()
    assert request.verification == "expired"
    assert request.verification_because.startswith("Not verified: 3 answers to the verification letter proved nothing.")
    await hong.replies(letter, "Yes, it was me.")
    assert (await world.request()).verification == "expired"


async def test_a_wrong_an_expired_and_a_used_address_get_one_answer_at_the_door(world: World) -> None:
    hong = world.customer("hong@example.org")
    await hong.writes(*ENGLISH)
    letter = await asking(hong)
    await hong.replies(letter, "Yes, it was me.")
    good = str(letter["Reply-To"])
    forged = re.sub(r".(?=@)", lambda last: "a" if last[0] != "a" else "b", good)
    await hong.writes("Again", "Yes, it was me.", to=good)
    await hong.writes("Again", "Yes, it was me.", to=forged)
    await world.passes(timedelta(days=400))
    await hong.writes("Again", "Yes, it was me.", to=good)
    assert len([row for row in await world.received() if row.state == "handled"]) == 5, "each was taken with 250"
    assert (await world.requests())[0].verification == "expired"


# ---- an agent decides ----


@pytest.mark.parametrize(("rejects", "state", "sentence"), [
    (False, "verified", "Verified by minji (agent): He called from the number on file."),
    (True, "rejected", "Not verified: rejected by minji (agent): He called from the number on file."),
], ids=["yes", "no"])
async def test_an_agent_decides(world: World, rejects: bool, state: str, sentence: str) -> None:
    eve: Customer = world.customer("eve@example.net")
    agent: Agent = world.agent("minji")
    await eve.writes(*ENGLISH)
    letter = await asking(eve)
    request = await world.request()
    await agent.acts.verify(request.number, "minji", "He called from the number on file.", rejects=rejects)
    request = await world.request()
    assert (request.verification, request.verification_because) == (state, sentence)
    assert sentence in await labels(world, request)
    await eve.replies(letter, "Yes, it was me.")
    assert await agent.acts.prove(token(letter)) is False
    assert (await world.request()).verification == state
    with pytest.raises(Refused, match="reason"):
        await agent.acts.verify(request.number, "minji", "")


# ---- the page ----


@BOTH
async def test_the_owner_presses_the_link(world: World, subject: str, text: str, yes: str) -> None:
    hong, eve = world.customer("hong@example.org"), world.customer("eve@example.net")
    acts = world.agent("nobody").acts
    await eve.writes(subject, text.format("AB-12345"))
    owner, stranger = token(await asking(hong)), token(await asking(eve))
    assert await acts.prove(stranger) is True, "the stranger's mailbox is proven, which is all he is told"
    assert (await world.request()).verification == "asked"
    assert await acts.prove(owner) is True
    request = await world.request()
    assert request.verification == "verified"
    assert request.verification_because == (
        "Verified by the letter: its link was pressed in h***@example.org, the mailbox on file for account AB-12345; "
        "the request itself came from eve@example.net, and answers go there.")
    assert (await acts.prove(owner), await acts.prove(stranger)) == (False, False)
    assert (await labels(world, request))[-1].endswith("pressed, but proved nothing: It was used already.")
    await hong.replies(await asking(hong), yes)
    assert (await labels(world, request))[-1].endswith("the one-time address proved nothing: It was used already.")
    assert (await world.request()).verification == "verified"


# ---- the file itself ----


async def test_the_file_alone_proves_where_the_rule_says_so(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text(CUSTOMERS, encoding="utf-8-sig")
    sections: dict[str, Any] = {
        "customers": {"file": tmp_path / "customers.csv"},
        "handlers": {"verify": {"rules": [{"category": ["account"], "proof": ["file", "letter"]}]}}}
    async with World(tmp_path, database_url, **sections).open() as world:
        hong = world.customer("hong@example.org")
        await hong.writes(*KOREAN)
        request = await world.request()
        assert request.verification == "verified"
        assert request.verification_because.startswith("Verified by the customer file: ")
        assert request.verification_because.endswith(
            "The author's address is on file: account AB-12345, in good standing.")
        assert not any(is_asking(each) for each in await hong.mailbox())
        old = world.customer("old@example.org")
        await old.writes(*ENGLISH)
        assert (await world.requests())[-1].verification == "asked", "a former customer is asked"


def rewrite(file: Path, text: str) -> None:
    """With another time of change even within one tick of the clock."""
    before = file.stat().st_mtime_ns
    file.write_text(text, encoding="utf-8")
    os.utime(file, ns=(before + 1_000_000, before + 1_000_000))


async def test_the_file_is_read_again_when_it_changes_and_a_broken_one_keeps_the_old(
        world: World, capsys: pytest.CaptureFixture[str]) -> None:
    file, eve = world.folder / "customers.csv", world.customer("eve@example.net")

    async def known() -> bool:
        await eve.writes(*ENGLISH)
        return (await world.requests())[-1].on_file.startswith("The author's address is on file")

    assert not await known()
    rewrite(file, "address,account\neve@example.net,GH-77777\n")
    assert await known()
    rewrite(file, "address,account\neve@example.net,GH-77777,\nnobody,\n")
    capsys.readouterr()
    assert await known()
    assert f"{file}:2: has 3 columns" in capsys.readouterr().out
    config = world.service.config
    world.service.reload(lambda: config)
    assert await known()
    nowhere = config.customers.model_copy(update={"file": file.with_name("no.csv")})
    other = config.model_copy(update={"customers": nowhere})
    world.service.reload(lambda: other)
    told = "".join(capsys.readouterr())
    assert "the new config is not taken" in told
    assert "no.csv: cannot be read" in told
    assert await known()


def test_a_gateway_does_not_start_with_a_broken_customer_file(tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text("address\nnobody\n")
    config = Config(site=Site(data=tmp_path), customers=Customers(file=tmp_path / "customers.csv"))
    with pytest.raises(ConfigError, match=r"customers\.csv:2: 'nobody' is no mail address"):
        Service(config, resolver=ZoneResolver({}))


async def test_the_customers_may_be_a_table_beside_ours(database_url: str, tmp_path: Path) -> None:
    from sqlalchemy import text
    async with World(tmp_path, database_url, customers={"table": "customers"}).open() as world:
        hong, eve = world.customer("hong@example.org"), world.customer("eve@example.net")
        await eve.writes(ENGLISH[0], ENGLISH[1].format("AB-12345"))
        assert (await world.request()).on_file == "The customer table could not be read."

        def lay(db: Any) -> None:
            db.execute(text("CREATE TABLE customers (address TEXT, name TEXT, account TEXT, standing TEXT)"))
            db.execute(text("INSERT INTO customers VALUES ('Hong@Example.org', 'Hong', 'ab-12345', 'good')"))

        await world.service.database.write(lay)
        await eve.writes(ENGLISH[0], ENGLISH[1].format("AB-12345"))
        newest = (await world.requests())[-1]
        assert newest.on_file == "On file with h***@example.org: account ab-12345, in good standing."
        await world.settle()
        assert [is_asking(each) for each in await hong.mailbox()] == [True]
