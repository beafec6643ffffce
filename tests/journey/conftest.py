"""A world for every conversation, on both databases."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from world import World


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with World(tmp_path, database_url).open() as world:
        yield world
