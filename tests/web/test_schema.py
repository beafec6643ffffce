"""The API against its own description: schemathesis asks every operation with odd and with hostile values.

No answer may be a fault of ours, and each is one that openapi.json describes. FRONTDESK_EXAMPLES asks more of each.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from agents_house import AgentsHouse, open_house
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import checks

from gateway.desk.staff import secret_hash
from gateway.models import ApiToken
from gateway.store.database import Database

EXAMPLES = int(os.environ.get("FRONTDESK_EXAMPLES", "4"))
TOKEN = "fd_of-the-test"
CHECKS = [checks.not_a_server_error, checks.status_code_conformance, checks.content_type_conformance,
          checks.response_headers_conformance, checks.response_schema_conformance]


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> AsyncIterator[AgentsHouse]:
    """With two requests and an operator, whose token no small number revokes."""
    async with open_house(database, tmp_path, api_per_minute=100_000) as house:
        await house.writes()
        await house.writes(subject="Refund", author="lee@example.org")
        await house.employs("minji", "operator")
        token = ApiToken(id=2_000_000, agent="minji", token_hash=secret_hash(TOKEN), created_at=house.now,
                         scopes=["read", "act", "send", "admin"])
        await house.change(lambda db: db.add(token))
        yield house


def ask_everything(base: str, description: dict[str, Any], numbers: list[str]) -> dict[str, list[int]]:
    """The statuses that came back, by operation."""
    operations = [each.ok() for each in schemathesis.openapi.from_dict(description).get_all_operations()]
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {TOKEN}"
        return {each.label: ask(each, base, session, cycle(numbers)) for each in operations}


def ask(operation: Any, base: str, session: requests.Session, numbers: Iterator[str]) -> list[int]:
    """Of odd values of everything; of each three request numbers two are real."""
    statuses: list[int] = []

    @given(case=operation.as_strategy())
    @settings(max_examples=EXAMPLES, deadline=None, derandomize=EXAMPLES < 20, database=None,
              phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck))
    def asks(case: Any) -> None:
        if "number" in case.path_parameters and len(statuses) % 3:
            case.path_parameters["number"] = next(numbers)
        response = case.call(base_url=base, session=session, timeout=60)
        statuses.append(response.status_code)
        case.validate_response(response, checks=CHECKS)

    asks()
    return statuses


async def test_no_answer_is_a_fault_of_ours_and_each_is_described(house: AgentsHouse) -> None:
    host, port = house.window.addresses[0]
    numbers = [each.number for each in await house.requests()]
    program = await house.program("jisu", "read", role="auditor")
    description = (await program.gets("/api/v1/openapi.json")).json
    answered = await asyncio.to_thread(ask_everything, f"http://{host}:{port}", description, numbers)
    assert len(answered) >= 38
    assert not {label for label, statuses in answered.items() if max(statuses) >= 500}
    assert 200 in answered["GET /api/v1/requests/{number}"]
    assert sum(201 in statuses for statuses in answered.values()) >= 1
