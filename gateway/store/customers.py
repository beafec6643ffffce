"""Whom we know: the customer file, which is not ours and is only read.

An account request is compared with it: by the author's address, and by an account number that the mail names. It is a
CSV file (store/customer_file) or a table beside ours. Addresses are compared without case, their domains as DNS knows
them (RFC 5890 A-labels), so that an address is found however it was typed; both questions cost the same in a file of
ten lines and of ten thousand.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any, Protocol

import structlog
from sqlalchemy import ColumnElement, String, column, func, literal_column, select
from sqlalchemy import table as named_table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session as Db

from gateway.mail.addresses import LONGEST_ADDRESS, address_key
from gateway.models import STANDINGS, CustomerRecord

log = structlog.get_logger()

SHORTEST_ACCOUNT = 4
"""Letters and digits below which an account is not looked for in a mail: any price or date would name it."""
LONGEST_ACCOUNT = 40
SCAN = 20_000
"""Characters of a mail in which accounts are looked for."""
MOST_WORDS = 1_000
"""Words of a mail that are compared with accounts."""
MOST_RECORDS = 100
"""Records of one address or one account that are read from a table."""

_WORD = re.compile(r"[0-9a-z]+(?:[-./,:@_][0-9a-z]+)*")
"""Joined by marks it is one word, so that no piece of a date, a sum, an address or a telephone number is an account."""


class Unreadable(Exception):
    """The customer file cannot be asked now; the sentence is for an agent."""


class Customers(Protocol):
    """What the desk asks the customer file."""

    def at(self, db: Db, address: str) -> tuple[CustomerRecord, ...]:
        """Every record of an address. Raises Unreadable."""

    def named(self, db: Db, text: str) -> tuple[CustomerRecord, ...]:
        """Every record of every account that a text names. Raises Unreadable."""

    def refresh(self) -> None:
        """Look whether the file changed. Never raises: a file with a fault is told in the log and the old one stays."""


def is_address(text: str) -> bool:
    """Whether a letter can go there."""
    local, _, domain = text.rpartition("@")
    return (bool(local and domain) and text.isprintable() and not set(text) & set(" <>,;\"")
            and len(text) <= LONGEST_ADDRESS)


def account_key(account: str) -> str:
    """An account as it is compared: full-width as plain, without case, blanks and hyphens."""
    return re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", account).casefold())


def accounts_in(text: str) -> set[str]:
    """The words of a text that may be accounts, as account_key gives them; each holds a digit."""
    folded = unicodedata.normalize("NFKC", text[:SCAN]).casefold()
    found: set[str] = set()
    for word in _words(folded):
        found.add(word)
        if len(found) >= MOST_WORDS:
            break
    return found


def _words(folded: str) -> Iterator[str]:
    for match in _WORD.finditer(folded):
        word = match[0].replace("-", "")
        if SHORTEST_ACCOUNT <= len(word) <= LONGEST_ACCOUNT and any("0" <= sign <= "9" for sign in word):
            yield word


class CustomerTable:
    """The table `name` in our own database, with the columns address, name, account and standing, all of them text.

    An index over lower(address) and one over replace(lower(account), '-', '') make it quick. A standing that is none
    of ours counts as blocked: what nobody here understands is to prove nothing.
    """

    def __init__(self, name: str) -> None:
        schema, _, table = name.rpartition(".")
        columns = [column(each, String) for each in ("address", "name", "account", "standing")]
        self._table = named_table(table, *columns, schema=schema or None)
        # Written out, for an index over an expression serves no query that has a parameter in its place.
        marks = [literal_column("'-'", String), literal_column("''", String)]
        self._bare_account = func.replace(func.lower(self._table.c.account), *marks)
        self._fault = ""

    def at(self, db: Db, address: str) -> tuple[CustomerRecord, ...]:
        forms = {address_key(address), address.strip().lower()}
        return tuple(self._ask(db, func.lower(self._table.c.address).in_(forms)))

    def named(self, db: Db, text: str) -> tuple[CustomerRecord, ...]:
        words = accounts_in(text)
        return tuple(self._ask(db, self._bare_account.in_(words)) if words else [])

    def refresh(self) -> None:
        """A table is asked anew each time."""

    def _ask(self, db: Db, condition: ColumnElement[bool]) -> list[CustomerRecord]:
        """Records that a letter could go to."""
        try:
            with db.begin_nested():  # a fault here must not take the mail's transaction with it
                rows = db.execute(select(self._table).where(condition).limit(MOST_RECORDS)).all()
        except DBAPIError as error:
            self._tell(str(error.orig).partition("\n")[0][:300])
            raise Unreadable("The customer table could not be read.") from None
        self._fault = ""
        return [record for row in rows if is_address((record := _record(row)).address)]

    def _tell(self, fault: str) -> None:
        if fault != self._fault:
            log.error("the customer table cannot be read", table=self._table.fullname, fault=fault)
        self._fault = fault


def _record(row: Any) -> CustomerRecord:
    address, name, account, standing = (str(each if each is not None else "").strip() for each in row)
    word = standing.casefold() or "good"
    return CustomerRecord(address_key(address), name, account, word if word in STANDINGS else "blocked")
