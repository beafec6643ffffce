"""The customer file: found however an address or account is written, read again when it changes, never half taken."""

import os
import time
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session as Db

from gateway.models import CustomerRecord
from gateway.store import customer_file
from gateway.store.customer_file import CustomerFile, Fault, read
from gateway.store.customers import Customers, CustomerTable, Unreadable, accounts_in
from gateway.store.database import Database

LINES = """address,name,account,standing
kim@example.org,Kim Minji,AB-12345,good
KIM@Example.ORG,Kim Minji,AB-99999,
lee@xn--bcher-kva.example,Lee,20261123,closed
park@example.net,Park,0777-1,BLOCKED
choi@example.net,Choi,0777-1,good
short@example.net,Short,123,good
"""
KIM = CustomerRecord("kim@example.org", "Kim Minji", "AB-12345", "good")
NOWHERE: Db = None  # type: ignore[assignment]  # a file needs no database


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "customers.csv"
    path.write_text(LINES, encoding="utf-8")
    return path


@pytest.fixture
def customers(file: Path) -> CustomerFile:
    found = CustomerFile(file)
    assert found.load() == 5
    return found


# ---- both kinds answer alike ----

ADDRESSES = [
    ("kim@example.org", ["AB-12345", "AB-99999"]), (" Kim@EXAMPLE.org ", ["AB-12345", "AB-99999"]),
    ("lee@bücher.example", ["20261123"]), ("LEE@BÜCHER.example", ["20261123"]),
    ("lee@xn--bcher-kva.example", ["20261123"]), ("kim@example.com", []), ("", []), ("kim", []),
]
TEXTS = [
    ("Please close account AB-12345.", ["kim@example.org"]), ("ab12345", ["kim@example.org"]),
    ("AB-12345 (yes, AB-12345!)", ["kim@example.org"]), ("계좌번호20261123입니다", ["lee@xn--bcher-kva.example"]),
    ("고객번호: ＡＢ－１２３４５", ["kim@example.org"]),
    ("account 07771", ["park@example.net", "choi@example.net"]),
    ("AB-12345 and 20261123", ["kim@example.org", "lee@xn--bcher-kva.example"]),
    ("AB-12345 or AB-99999?", ["kim@example.org", "kim@example.org"]),
    ("AB-123456", []), ("XAB-12345", []), ("AB-12345-7", []), ("AB-12345.7", []), ("x@AB-12345", []),
    ("2026-11-23", ["lee@xn--bcher-kva.example"]), ("12345", []), ("123", []), ("", []), ("no account here", []),
    ("account AB-12345\x00'; DROP TABLE customers --", ["kim@example.org"]),
]


@pytest.fixture
async def both(database: Database, customers: CustomerFile) -> tuple[Database, list[Customers]]:
    """The same customers as a file and as a table."""
    def lay(db: Db) -> None:
        db.execute(text("CREATE TABLE customers (address TEXT, name TEXT, account TEXT, standing TEXT, more INTEGER)"))
        for line in LINES.splitlines()[1:]:
            values = dict(zip(("address", "name", "account", "standing"), line.split(","), strict=True))
            db.execute(text("INSERT INTO customers (address, name, account, standing) "
                            "VALUES (:address, :name, :account, :standing)"), values)

    await database.write(lay)
    return database, [customers, CustomerTable("customers")]


async def test_an_address_is_found_however_it_is_written(both: tuple[Database, list[Customers]]) -> None:
    database, kinds = both
    for each in kinds:
        for address, accounts in ADDRESSES:
            found = await database.write(lambda db, it=each, of=address: it.at(db, of))
            assert [record.account for record in found] == accounts, (each, address)


async def test_an_account_is_found_where_a_text_names_it_and_no_other(both: tuple[Database, list[Customers]]) -> None:
    database, kinds = both
    for each in kinds:
        for words, addresses in TEXTS:
            found = await database.write(lambda db, it=each, of=words: it.named(db, of))
            assert sorted(record.address for record in found) == sorted(addresses), (each, words)


async def test_both_kinds_give_the_same_record(both: tuple[Database, list[Customers]]) -> None:
    database, kinds = both
    for each in kinds:
        assert (await database.write(lambda db, it=each: it.named(db, "AB-12345"))) == (KIM,)
        blocked, good = await database.write(lambda db, it=each: it.named(db, "0777-1"))
        assert (blocked.standing, good.standing) == ("blocked", "good")


# ---- a table ----


async def test_a_standing_that_nobody_knows_counts_as_blocked_in_a_table(database: Database) -> None:
    def lay(db: Db) -> None:
        db.execute(text("CREATE TABLE people (address TEXT, name TEXT, account TEXT, standing TEXT)"))
        db.execute(text("INSERT INTO people VALUES ('a@example.org', NULL, NULL, 'frozen'), "
                        "('b@example.org', NULL, NULL, NULL)"))

    await database.write(lay)
    table = CustomerTable("people")
    for address, standing in (("a@example.org", "blocked"), ("b@example.org", "good")):
        found = await database.write(lambda db, of=address: table.at(db, of))
        assert found == (CustomerRecord(address, "", "", standing),)


@pytest.mark.parametrize("address", ["kim", "@example.org", "a@b c@example.org", "a@example.org\r\nBcc: b@example.org"])
async def test_what_no_letter_can_go_to_is_no_record(database: Database, address: str) -> None:
    def lay(db: Db) -> None:
        db.execute(text("CREATE TABLE customers (address TEXT, name TEXT, account TEXT, standing TEXT)"))
        db.execute(text("INSERT INTO customers VALUES (:address, NULL, 'AB-12345', NULL)"), {"address": address})

    await database.write(lay)
    assert await database.write(lambda db: CustomerTable("customers").named(db, "AB-12345")) == ()


async def test_a_table_that_is_not_there_takes_nothing_else_with_it(database: Database) -> None:
    def work(db: Db) -> int:
        with pytest.raises(Unreadable, match="could not be read"):
            CustomerTable("nowhere").at(db, "kim@example.org")
        return int(db.execute(text("SELECT 1")).scalar_one())

    assert await database.write(work) == 1


# ---- a file ----


@pytest.mark.parametrize("octets", [
    LINES.encode("utf-8-sig"), LINES.replace("\n", "\r\n").encode(), LINES.replace("\n", "\r").encode(),
    LINES.replace(",", ";").encode(), LINES.replace(",", "\t").encode(), LINES.replace("\n", "\n,,,\n\n").encode(),
    LINES.replace("address,name", " ADDRESS , Name ").encode(), LINES.rstrip("\n").encode(),
], ids=["bom", "crlf", "cr", "semicolon", "tab", "empty lines", "capitals and blanks", "no last line end"])
def test_a_spreadsheet_writes_it_in_many_ways(file: Path, octets: bytes) -> None:
    file.write_bytes(octets)
    assert read(file).by_address["kim@example.org"][0] == KIM


@pytest.mark.parametrize("charset", ["cp949", "utf-8-sig"])
def test_korean_names_are_read_as_excel_writes_them(file: Path, charset: str) -> None:
    file.write_text("name,address\n홍길동,hong@example.kr\n똠방각하,ddom@example.kr\n", encoding=charset)
    assert [record.name for found in read(file).by_address.values() for record in found] == ["홍길동", "똠방각하"]


def test_columns_may_stand_in_any_order_beside_others_and_but_one_may_be_missing(file: Path) -> None:
    file.write_text('since,address,phone\n2001,"kim@example.org",010\n')
    assert read(file).by_address == {"kim@example.org": [CustomerRecord("kim@example.org")]}


def test_a_customer_without_an_address_cannot_be_asked_and_is_passed_over(file: Path) -> None:
    file.write_text("address,account\n,AB-12345\n")
    assert read(file).by_account == {}


@pytest.mark.parametrize(("octets", "line", "told"), [
    (b"", 1, "one of them is address; this names none"),
    (b"mail,name\na@example.org,Kim\n", 1, "one of them is address; this names mail, name"),
    (b"address,address\n", 1, "there are two columns address"),
    (b"address,name\nkim\n", 2, "'kim' is no mail address"),
    (b"address\na@example.org\nKim <a@example.org>\n", 3, "is no mail address"),
    (b"address\na@example.org b@example.org\n", 2, "is no mail address"),
    (b"address,standing\na@example.org,fine\n", 2, "the standing 'fine' is none of good, closed, blocked"),
    (b"address,name\na@example.org,Kim,3\n", 2, "has 3 columns, the first line has 2"),
    (b"address,name\na@example.org,K\x07m\n", 2, "the name 'K\\x07m' holds a line break or"),
    (b'address,name\na@example.org,"Kim\nMinji"\n', 3, "the name 'Kim\\nMinji' holds a line break or"),
    (b"\x07\n", 1, "this names '\\x07'"),
    (b"address,name\na@example.org," + b"x" * 501, 2, "longer than 500"),
    (b'address,name\na@example.org,"Kim\n', 2, "is not CSV"),
    (b'address,name\na@example.org,"K"m\n', 2, "is not CSV"),
    (b"address,name\na@example.org,Kim\n\xff\xff@example.org,\n", 3, "is neither UTF-8 nor CP949"),
], ids=["empty", "no address", "twice", "no @", "name beside it", "two addresses", "standing", "too many cells",
        "control", "line break", "control in the first line", "long", "open quote", "quote", "charset"])
def test_a_fault_is_told_with_file_and_line(file: Path, octets: bytes, line: int, told: str) -> None:
    file.write_bytes(octets)
    with pytest.raises(Fault) as caught:
        read(file)
    assert str(caught.value).startswith(f"{file}:{line}: ")
    assert told in str(caught.value)


def test_the_first_faults_are_told_together(file: Path) -> None:
    file.write_text("address\n" + "nobody\n" * 1000)
    with pytest.raises(Fault) as caught:
        read(file)
    assert str(caught.value).count("\n") == 4


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="cannot be read: No such file"):
        read(tmp_path / "nowhere.csv")


@pytest.mark.parametrize(("limit", "value", "told"), [("MOST_LINES", 3, "more than 3 customers: use a table"),
                                                      ("LARGEST", 100, "larger than 100 octets: use a table")])
def test_a_file_has_a_largest_size(
        file: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, told: str) -> None:
    monkeypatch.setattr(customer_file, limit, value)
    with pytest.raises(Fault, match=told):
        read(file)


def test_a_hundred_thousand_customers_are_read_in_seconds_and_each_is_found_at_once(file: Path) -> None:
    file.write_text("address,account\n" + "".join(f"c{n}@example.org,AC-{n:07}\n" for n in range(100_000)))
    began = time.process_time()
    customers = CustomerFile(file)
    customers.load()
    assert time.process_time() - began < 10
    began = time.process_time()
    for n in range(0, 100_000, 100):
        assert customers.at(NOWHERE, f"C{n}@example.org") == customers.named(NOWHERE, f"about AC{n:07}")
    assert time.process_time() - began < 1


# ---- it changes ----


def write(file: Path, text: str) -> None:
    """As an editor does, and with another time of change even within one tick of the clock."""
    before = file.stat().st_mtime_ns
    file.write_text(text)
    os.utime(file, ns=(before + 1_000_000, before + 1_000_000))


def test_a_file_that_changed_is_read_again(file: Path, customers: CustomerFile) -> None:
    write(file, "address\nnew@example.org\n")
    assert customers.at(NOWHERE, "new@example.org") == ()
    customers.refresh()
    assert customers.at(NOWHERE, "new@example.org") == (CustomerRecord("new@example.org"),)
    assert customers.at(NOWHERE, "kim@example.org") == ()


def test_a_broken_file_keeps_the_old_one_and_is_told_once(
        file: Path, customers: CustomerFile, capsys: pytest.CaptureFixture[str]) -> None:
    for broken in ("nonsense", None):
        write(file, broken) if broken else file.unlink()
        capsys.readouterr()
        customers.refresh()
        customers.refresh()
        assert capsys.readouterr().out.count("the customer file is not taken: the old one stays") == 1
        assert customers.at(NOWHERE, "kim@example.org")[0] == KIM
    file.write_text(LINES)
    customers.refresh()
    assert len(customers.at(NOWHERE, "kim@example.org")) == 2


def test_a_file_that_was_never_read_knows_nobody_and_says_so(tmp_path: Path) -> None:
    customers = CustomerFile(tmp_path / "nowhere.csv")
    customers.refresh()
    with pytest.raises(Unreadable):
        customers.at(NOWHERE, "kim@example.org")


# ---- hostile texts ----


@pytest.mark.parametrize("text", ["1-" * 500_000, "1" * 1_000_000, "-".join("1" * 10_000), "a1@" * 300_000,
                                  " ".join(f"ac{n}" for n in range(100_000)), "\u0301" * 100_000])
def test_no_text_takes_long_and_no_more_words_are_looked_up_than_a_person_writes(text: str) -> None:
    began = time.process_time()
    assert len(accounts_in(text)) <= 1_000
    assert time.process_time() - began < 0.2
