"""Ten agents at one desk, on both databases: who has a request, what belongs together, where it waits."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from desk_house import House

from gateway.desk import number
from gateway.desk.acts import Refused
from gateway.models import Agent, Customer, Request
from gateway.store import queue
from gateway.store.database import Database

HALF_HOUR = timedelta(minutes=30)
QUEUES = ("technical", "account", "general")


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    return House(database, tmp_path)


async def lines(house: House, request: Request) -> list[str]:
    return [each.because for each in await house.history() if each.request_id == request.id]


# ---- claim, renew, take over ----


async def test_of_twenty_agents_who_claim_one_request_one_has_it(house: House) -> None:
    request = await house.writes()
    agents = [f"agent{each}" for each in range(20)]
    done = await asyncio.gather(*(house.acts.claim(request.number, agent) for agent in agents), return_exceptions=True)
    winners = [each for each in done if isinstance(each, Request)]
    refused = [each for each in done if isinstance(each, Refused)]
    assert (len(winners), len(refused)) == (1, 19)
    assert {each.code for each in refused} == {"taken"}
    assert (await house.request(request.number)).owner == winners[0].owner


async def test_twenty_agents_who_claim_all_queues_at_once_never_get_the_same(house: House) -> None:
    for each in range(12):
        await house.writes(f"It says error {each}.", "Complaint" if each % 2 else "Error")
    taken = await asyncio.gather(*(house.acts.next(None, f"agent{each}") for each in range(20)))
    numbers = [each.number for each in taken if each]
    assert len(numbers) == len(set(numbers)) == 12


async def test_ten_agents_at_once_empty_a_desk_of_more_than_two_hundred(house: House) -> None:
    def lay(db) -> None:  # type: ignore[no-untyped-def]
        customer = Customer(address="kim@example.org", created_at=house.now)
        db.add(customer)
        db.flush()
        db.add_all(Request(number=number.compose("FD", 2026, each), customer_id=customer.id, queue=QUEUES[each % 3],
                           priority=each % 5 + 1, due=house.now + timedelta(minutes=each * 37 % 400),
                           created_at=house.now, changed_at=house.now) for each in range(220))  # fmt: skip

    async def work(agent: str) -> list[Request]:
        mine: list[Request] = []
        while request := await house.acts.next(None, agent):
            mine.append(request)
            if len(mine) % 9 == 0:
                await house.acts.resolve(request.number, agent)
        return mine

    await house.change(lay)
    done = await asyncio.gather(*(work(f"agent{each}") for each in range(10)))
    numbers = [request.number for mine in done for request in mine]
    assert len(numbers) == len(set(numbers)) == 220
    counts = await house.database.read(lambda db: queue.counts(db, house.now))
    resolved = sum(each.state == "resolved" for each in await house.requests())
    assert (sum(each.waiting for each in counts), resolved) == (220 - resolved, sum(len(mine) // 9 for mine in done))


async def test_who_is_refused_hears_who_has_it_and_since_when(house: House) -> None:
    request = await house.writes()
    await house.acts.claim(request.number, "minji")
    house.now += timedelta(minutes=5)
    with pytest.raises(Refused, match=r"minji has .* since 12:00, until 12:30") as refused:
        await house.acts.claim(request.number, "june")
    since, until = house.now - timedelta(minutes=5), house.now + timedelta(minutes=25)
    assert refused.value.facts == {"owner": "minji", "since": since, "until": until}


async def test_a_claim_is_renewed_while_the_agent_works_and_ends_when_they_stop(house: House) -> None:
    request = await house.writes()
    await house.acts.claim(request.number, "minji")
    for _ in range(4):
        house.now += timedelta(minutes=20)
        await house.acts.renew(request.number, "minji")
    renewed = await house.request(request.number)
    assert renewed.claimed_at == house.now - timedelta(minutes=80)
    assert renewed.lease_until == house.now + HALF_HOUR
    house.now += timedelta(minutes=31)
    assert (await house.acts.claim(request.number, "june")).owner == "june"
    with pytest.raises(Refused) as refused:
        await house.acts.renew(request.number, "minji")
    assert refused.value.code == "taken"


async def test_a_renewal_without_a_claim_is_refused(house: House) -> None:
    request = await house.writes()
    with pytest.raises(Refused) as refused:
        await house.acts.renew(request.number, "minji")
    assert refused.value.code == "not-yours"


async def test_a_take_over_is_meant_and_stands_in_the_history(house: House) -> None:
    request = await house.writes()
    await house.acts.claim(request.number, "minji")
    assert (await house.acts.claim(request.number, "june", takes_over=True)).owner == "june"
    assert (await lines(house, request))[-1] == "june took it over from minji."
    with pytest.raises(Refused):
        await house.acts.say("answer", request.number, "minji", "Install 2.1.")


async def test_who_claims_what_is_theirs_only_renews_it(house: House) -> None:
    request = await house.writes()
    await house.acts.claim(request.number, "minji")
    before = await lines(house, request)
    house.now += timedelta(minutes=1)
    again = await house.acts.claim(request.number, "minji")
    assert again.lease_until == house.now + HALF_HOUR
    assert await lines(house, request) == before


async def test_a_closed_request_is_claimed_by_nobody(house: House) -> None:
    request = await house.writes()
    await house.acts.spam(request.number, "minji")
    with pytest.raises(Refused) as refused:
        await house.acts.claim(request.number, "june")
    assert refused.value.code == "already"


async def test_what_is_assigned_comes_to_that_agent_first(house: House) -> None:
    request = await house.writes()
    await house.writes("Another error", priority="1")
    await house.acts.assign(request.number, "boss", "june")
    assert (await lines(house, request))[-1] == "boss gave it to june."
    assert (await house.acts.next(None, "minji")).number != request.number  # type: ignore[union-attr]
    assert (await house.acts.next(None, "june")).number == request.number  # type: ignore[union-attr]


async def test_nobody_assigns_to_themselves_what_another_works_on_but_by_taking_over(house: House) -> None:
    request = await house.writes()

    def people(db) -> None:  # type: ignore[no-untyped-def]
        db.add_all([Agent(name=name, created_at=house.now) for name in ("minji", "june", "kim")])

    await house.change(people)
    await house.acts.claim(request.number, "minji")
    for to in ("june", ""):
        with pytest.raises(Refused) as refused:
            await house.acts.assign(request.number, "june", to)
        assert (refused.value.code, refused.value.facts["owner"]) == ("taken", "minji")
    taken = await house.acts.assign(request.number, "june", "june", takes_over=True)
    assert (taken.owner, taken.lease_until) == ("june", house.now + HALF_HOUR)
    assert (await lines(house, request))[-1] == "june took it over from minji."
    assert (await house.acts.assign(request.number, "june", "")).owner == "", "it is hers"
    await house.acts.claim(request.number, "minji")
    assert (await house.acts.assign(request.number, "june", "", takes_over=True)).owner == ""
    assert (await lines(house, request))[-2:] == ["june took it over from minji.", "june gave it to nobody."]
    await house.acts.claim(request.number, "minji")
    assert (await house.acts.assign(request.number, "boss", "kim")).owner == "kim"


async def test_what_another_works_on_is_moved_only_by_taking_it_over(house: House) -> None:
    request = await house.writes()
    await house.acts.claim(request.number, "minji")
    with pytest.raises(Refused) as refused:
        await house.acts.move(request.number, "june", "complaints")
    assert (refused.value.code, refused.value.facts["owner"]) == ("taken", "minji")
    assert (await house.request(request.number)).queue == request.queue
    moved = await house.acts.move(request.number, "june", "complaints", takes_over=True)
    assert (moved.queue, moved.owner, moved.lease_until) == ("complaints", "", None)
    assert (await lines(house, request))[-2:] == ["june took it over from minji.", "june moved it here."]
    await house.acts.claim(request.number, "minji")
    await house.passes(HALF_HOUR)
    assert (await house.acts.move(request.number, "june", "general")).queue == "general", "minji let it lie"


async def test_nobody_is_assigned_who_does_not_work_in_the_queue(house: House) -> None:
    request = await house.writes()

    def people(db) -> None:  # type: ignore[no-untyped-def]
        db.add_all([Agent(name="june", queues=["account"], created_at=house.now),
                    Agent(name="kim", created_at=house.now),
                    Agent(name="eyes", role="auditor", created_at=house.now),
                    Agent(name="left", created_at=house.now, disabled_at=house.now)])

    await house.change(people)
    for name in ("june", "eyes", "left", "nobody"):
        with pytest.raises(Refused) as refused:
            await house.acts.assign(request.number, "boss", name)
        assert refused.value.code == "unknown-agent"
    assert (await house.acts.assign(request.number, "boss", "kim")).owner == "kim"
    assert (await house.acts.assign(request.number, "boss", "")).owner == ""


async def test_an_agent_of_one_queue_knows_no_request_of_another(house: House) -> None:
    request = await house.writes()
    acts = house.acts.within({"account"})
    with pytest.raises(Refused) as refused:
        await acts.claim(request.number, "june")
    assert (refused.value.code, str(refused.value)) == ("unknown-request", f"There is no request {request.number!r}.")
    assert await acts.next(None, "june") is None
    assert (await house.acts.within({"technical"}).claim(request.number, "june")).owner == "june"


# ---- merge and split ----


async def test_what_is_merged_is_said_in_the_other_and_answers_to_it_come_there(house: House) -> None:
    first = await house.writes()
    second = await house.writes("The same again, and a screenshot.", "Error again")
    merged = await house.acts.merge(second.number, "minji", first.number)
    assert merged.number == first.number
    assert merged.last_entry == second.last_entry
    ended = await house.request(second.number)
    assert (ended.state, ended.resolution, ended.merged_into) == ("resolved", "merged", first.id)
    before = len(await house.requests())
    await house.writes(f"{second.number}: any news?")
    assert len(await house.requests()) == before
    assert (await house.request(first.number)).last_entry == (await house.entries())[-1].id
    assert (await house.request(second.number)).state == "resolved"


async def test_what_is_merged_is_not_merged_again_nor_with_itself(house: House) -> None:
    first, second, third = [await house.writes(f"Error {each}", f"Error {each}") for each in range(3)]
    await house.acts.merge(second.number, "minji", first.number)
    for one, into, code in ((second, third, "already"), (first, second, "already"), (first, first, "same")):
        with pytest.raises(Refused) as refused:
            await house.acts.merge(one.number, "minji", into.number)
        assert refused.value.code == code


async def test_two_agents_who_merge_crosswise_do_not_wait_for_each_other(house: House) -> None:
    first, second = await house.writes(), await house.writes("Another", "Other matter")
    done = await asyncio.gather(house.acts.merge(first.number, "minji", second.number),
                                house.acts.merge(second.number, "june", first.number), return_exceptions=True)
    assert sorted(type(each).__name__ for each in done) == ["Refused", "Request"]


async def test_one_mail_becomes_a_request_of_its_own(house: House) -> None:
    old = await house.writes()
    await house.writes(f"{old.number}: and my invoice is wrong.", "Invoice")
    entry = (await house.request(old.number)).last_entry
    new = await house.acts.split(old.number, "minji", entry)
    assert (new.state, new.queue, new.subject, new.last_entry) == ("new", old.queue, "Invoice", entry)
    assert new.number not in (old.number, "")
    assert (await house.request(old.number)).last_entry == old.last_entry
    assert [each.request_id for each in await house.received()] == [old.id, new.id]
    assert (await lines(house, new))[-1] == f"minji took it out of {old.number}."
    assert (await house.acts.next(None, "minji")) is not None


async def test_a_mail_that_was_split_off_is_found_by_its_new_number_and_its_words(house: House) -> None:
    old = await house.writes()
    await house.keep("A refund for the zebra, please.", f"Re: [{old.number}]", Message_ID="<second@example.org>")
    await house.desk.settle()
    entry = [each.id or 0 for each in await house.entries() if each.kind == "mail"][1]
    new = await house.acts.split(old.number, "minji", entry)
    for words in (new.number, "zebra", f"{new.number} zebra"):
        page = await house.database.read(lambda db, words=words: queue.page(db, queue.Filter(words=words), house.now))  # type: ignore[misc]
        assert [line.number for line in page.lines] == [new.number], words


@pytest.mark.parametrize("which", ["the only mail", "a letter", "nothing"])
async def test_what_is_no_mail_beside_others_is_not_split_off(house: House, which: str) -> None:
    request = await house.writes()
    letter = next(each.id for each in await house.entries() if each.kind == "letter")
    entry = {"the only mail": request.last_entry, "a letter": letter, "nothing": 999}[which]
    with pytest.raises(Refused) as refused:
        await house.acts.split(request.number, "minji", entry or 0)
    assert refused.value.code == ("only-mail" if which == "the only mail" else "unknown-entry")
    assert len(await house.requests()) == 1


# ---- where it waits ----


async def test_spam_is_closed_and_nothing_is_sent(house: House) -> None:
    request = await house.writes()
    letters = len(await house.letters())
    await house.acts.spam(request.number, "minji")
    closed = await house.request(request.number)
    assert (closed.state, closed.resolution, closed.owner, closed.due) == ("closed", "spam", "", None)
    await house.passes(timedelta(days=30))
    assert len(await house.letters()) == letters
    assert (await house.request(request.number)).state == "closed"
    with pytest.raises(Refused):
        await house.acts.spam(request.number, "minji")
    assert (await house.acts.reopen(request.number, "june")).state == "open"
    assert (await house.request(request.number)).resolution == ""


async def test_priority_and_category_are_an_agents_word(house: House) -> None:
    request = await house.writes()
    await house.acts.prioritise(request.number, "minji", 5)
    await house.acts.categorise(request.number, "minji", " policy ")
    changed = await house.request(request.number)
    assert (changed.priority, changed.category, changed.queue, changed.due) == (
        5, "policy", request.queue, request.due)
    assert (await lines(house, request))[-2:] == [
        "minji gave it priority 5.", "minji says that it is about policy, not technical."]


@pytest.mark.parametrize("act", ["priority 0", "priority 6", "category", "queue"])
async def test_a_value_that_cannot_be_is_refused(house: House, act: str) -> None:
    request = await house.writes()
    acts = {"priority 0": house.acts.prioritise(request.number, "minji", 0),
            "priority 6": house.acts.prioritise(request.number, "minji", 6),
            "category": house.acts.categorise(request.number, "minji", "\n"),
            "queue": house.acts.move(request.number, "minji", "x" * 101)}
    with pytest.raises(Refused) as refused:
        await acts.pop(act)
    for other in acts.values():
        other.close()
    assert refused.value.code == "bad-value"


async def test_a_page_that_stood_open_does_not_take_a_request_from_who_has_it_now(house: House) -> None:
    request = await house.writes()
    await house.acts.claim(request.number, "june", takes_over=True)
    with pytest.raises(Refused) as refused:
        await house.acts.release(request.number, "minji")
    assert refused.value.code == "taken"
    assert (await house.request(request.number)).owner == "june"


async def test_what_was_joined_is_gone_on_with_where_it_was_joined_to(house: House) -> None:
    first, second = await house.writes(), await house.writes("Where is my refund?", "Refund", author="lee@example.org")
    await house.acts.merge(first.number, "minji", second.number)
    acts = house.acts
    for act in (acts.claim(first.number, "minji"), acts.reopen(first.number, "minji"),
                acts.say("answer", first.number, "minji", "Done.", 99)):
        with pytest.raises(Refused) as refused:
            await act
        assert refused.value.code == "joined"
    assert (await house.request(first.number)).state == "resolved"
