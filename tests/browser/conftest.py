"""Debian's Chromium before a whole gateway. Each file has a browser and a town of its own.

The browser's driver keeps a loop in this thread while it runs, so it is started for a file and stopped behind it: tests
of other rooms that this process runs have theirs.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright
from town import CHROMIUM, PATIENCE, Desk, Town, launch

expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.system)
            item.add_marker(pytest.mark.timeout(600))  # ten pages under axe took 90 s at a load of 30


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with Town(tmp_path_factory.mktemp("town")).open() as town:
        yield town


@pytest.fixture
def desk(browser: Browser, town: Town) -> Iterator[Callable[..., Desk]]:
    """Opens a browser for an agent. When the test ends, none of them has asked anybody but us, or complained."""
    desks: list[Desk] = []

    def open_desk(**look: Any) -> Desk:
        desks.append(Desk(browser, town, **look))
        return desks[-1]

    yield open_desk
    for each in desks:
        each.leaves()
    assert [each.strangers() for each in desks] == [[] for _ in desks]
    assert [each.faults for each in desks] == [[] for _ in desks]
