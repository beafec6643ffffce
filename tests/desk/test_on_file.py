"""What the customer file says about a mail: of the one account that it names, else of its author's address."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from desk_house import House
from desk_values import NOON, mail

from gateway.desk import facts
from gateway.desk.handler import CustomerRecord, Mail, OnFile
from gateway.models import Letter
from gateway.store.customer_file import CustomerFile
from gateway.store.database import Database
from gateway.store.ledger import Ledger

KIM = CustomerRecord("kim@example.org", "Kim", "AB-12345", "good")
WIFE = CustomerRecord("lee@example.org", "Lee", "AB-12345", "good")
LEE = CustomerRecord("lee@example.org", "Lee", "CD-55555", "closed")


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    house = House(database, tmp_path)
    file = tmp_path / "customers.csv"
    file.write_text("address,name,account,standing\n" + "".join(
        f"{each.address},{each.name},{each.account},{each.standing}\n" for each in (KIM, WIFE, LEE)))
    house.desk.customers = CustomerFile(file)
    house.desk.customers.refresh()
    return house


async def on_file(house: House, it: Mail, capabilities: Sequence[Any] = ()) -> OnFile | None:
    return (await house.database.read(
        lambda db: facts.Facts(db, Ledger(db), [it], "FD", NOON, house.desk.customers).of(it, capabilities))).on_file


@pytest.mark.parametrize(("it", "found"), [
    (mail(), OnFile(KIM, is_author=True)),
    (mail(author="KIM@Example.ORG"), OnFile(KIM, is_author=True)),
    (mail("about AB-12345", author="lee@example.org"), OnFile(WIFE, is_author=True)),
    (mail("about CD-55555"), OnFile(LEE)),
    (mail("hello", "account cd 55555, CD-55555"), OnFile(LEE)),
    (mail("about CD-55555 and AB-12345"), OnFile(trouble=facts.SEVERAL)),
    (mail("about CD-55555 and AB-12345", author="lee@example.org"), OnFile(WIFE, is_author=True)),
    (mail("about AB-12345", author="eve@example.net"), OnFile(KIM)),
    (mail("about AB-12345 and CD-55555", author="eve@example.net"), OnFile(trouble=facts.SEVERAL)),
    (mail(author="eve@example.net"), OnFile()),
    (mail("Hello\n\nOn Monday you wrote:\n> about AB-12345\n", author="eve@example.net"), OnFile()),
], ids=["address", "case", "one account of two people", "another's account", "in the subject", "several",
        "several, all theirs", "stranger", "stranger, several", "unknown", "only quoted"])
async def test_the_account_that_is_named_comes_before_the_author(house: House, it: Mail, found: OnFile) -> None:
    assert await on_file(house, it) == found


TWICE = "kim@example.org,AB-12345,good\nkim@example.org,AB-12345,blocked\n"


@pytest.mark.parametrize(("lines", "author", "address", "standing"), [
    (TWICE, "kim@example.org", "kim@example.org", "blocked"),
    (TWICE, "eve@example.net", "kim@example.org", "blocked"),
    ("old@example.org,AB-12345,closed\nkim@example.org,AB-12345,good\n", "eve@example.net", "kim@example.org", "good"),
    ("bad@example.org,AB-12345,blocked\nkim@example.org,AB-12345,good\n", "eve@example.net", "kim@example.org", "good"),
    ("kim@example.org,AB-12345,good\nold@example.org,AB-12345,closed\n", "old@example.org", "old@example.org",
     "closed"),
], ids=["blocked in one line", "for a stranger, too", "a former owner", "another owner is blocked", "the author's own"])
async def test_of_several_lines_of_one_account_the_one_that_counts(house: House, lines: str, author: str, address: str,
                                                                   standing: str) -> None:
    customers = house.desk.customers
    assert isinstance(customers, CustomerFile)
    customers.path.write_text(f"address,account,standing\n{lines}")
    customers.load()
    found = await on_file(house, mail("about AB-12345", author=author))
    assert found is not None
    assert found.record == CustomerRecord(address, "", "AB-12345", standing)


async def test_an_author_that_the_strict_reader_sees_otherwise_is_not_the_one_on_file(house: House) -> None:
    it = mail()
    for strict, is_author in (("kim@example.org", True), ("Kim@example.org", True), ("eve@example.net", False)):
        found = await on_file(house, replace(it, verdict=replace(it.verdict, author=strict)))
        assert found is not None
        assert found.is_author == is_author


async def test_letters_to_the_address_on_file_are_counted(house: House) -> None:
    def lay(db: Any) -> None:
        for hours, automatic in ((1, True), (2, True), (3, False), (25, True)):
            at = NOON - timedelta(hours=hours)
            db.add(Letter(recipient="kim@example.org", created_at=at, next_attempt=at, raw=b"", is_automatic=automatic))

    await house.change(lay)
    found = await on_file(house, mail("about AB-12345", author="eve@example.net"))
    assert found == OnFile(KIM, letters_last_day=2)


async def test_without_a_customer_file_nothing_is_said(house: House) -> None:
    house.desk.customers = None
    assert await on_file(house, mail()) is None
    assert (await house.writes()).on_file == ""


@pytest.mark.parametrize(("found", "sentence"), [
    (OnFile(KIM, is_author=True), "The author's address is on file: account AB-12345, in good standing."),
    (OnFile(LEE), "On file with l***@example.org: account CD-55555, a former customer."),
    (OnFile(CustomerRecord("x@example.org", standing="blocked"), is_author=True),
     "The author's address is on file: blocked."),
    (OnFile(), "Not on file: neither the address nor an account that the mail names."),
    (OnFile(trouble="The customer table could not be read."), "The customer table could not be read."),
])
def test_the_agent_reads_it_in_a_sentence(found: OnFile, sentence: str) -> None:
    assert found.sentence == sentence
