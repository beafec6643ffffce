"""New rows that gather: what has no row yet has its id, and nothing else gets it."""

import pytest
from desk_values import NOON
from sqlalchemy.orm import Session as Db

from gateway.models import Customer
from gateway.store.database import Database
from gateway.store.ledger import Ledger


def entered(db: Db, *addresses: str) -> list[int | None]:
    """The ids under which customers of these addresses are entered, together."""
    ledger = Ledger(db)
    found = [ledger.enter_customer(Customer(address=each, name=each, created_at=NOON)).id for each in addresses]
    ledger.finish()
    return found


@pytest.mark.parametrize("addresses", [["kim@example.org", "", "", "lee@example.org"], ["", "kim@example.org", ""]])
async def test_all_who_have_no_address_are_one_customer_among_others_who_are_new(
    database: Database, addresses: list[str]
) -> None:
    await database.migrate()
    first = await database.write(lambda db: entered(db, *addresses))
    assert None not in first
    assert len(set(first)) == len(set(addresses))
    again = await database.write(lambda db: entered(db, "", "park@example.org"))
    assert again[0] == first[addresses.index("")]
    assert again[1] not in first
