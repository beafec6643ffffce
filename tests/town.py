"""A gateway with its world in a thread of its own, so that a browser can be driven beside it, and agents at browsers.

Every request of every browser is written down: a test may end only when nothing was asked of anybody but the desk.
"""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Playwright
from world import World

from gateway.desk.staff import Staff
from gateway.models import Agent

T = TypeVar("T")

PATIENCE = 60_000
"""Milliseconds for what a page is waited for: a busy machine is no fault of the page's."""
CHROMIUM = Path("/usr/bin/chromium")
PASSWORD = "a quiet river under the bridge"
SANDBOXED = "--no-sandbox"  # root runs the tests in CI; what Chromium shows is ours
NOBODY_ELSE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE 127.0.0.2"
QUIET = ("--disable-background-networking", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage")


class Town:
    """The world, and how to speak to it from here."""

    def __init__(self, folder: Path, **sections: dict[str, Any]) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="town")
        agents = {"listen": "127.0.0.1:0", **sections.pop("agents", {})}
        self.world = World(folder, "sqlite", agents=agents, **sections)
        self._open: Any = None

    def do(self, what: Coroutine[Any, Any, T]) -> T:
        """Something that people of the world do, until it is done."""
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(60)

    @contextmanager
    def open(self) -> Iterator["Town"]:
        self._thread.start()
        self._open = self.world.open()
        self.do(self._open.__aenter__())
        try:
            yield self
        finally:
            self.do(self._open.__aexit__(None, None, None))
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    @property
    def url(self) -> str:
        window = self.world.service.agents_window
        assert window is not None
        return f"http://127.0.0.1:{window.addresses[0][1]}"

    def employs(self, name: str, full_name: str = "", *, role: str = "supervisor", language: str = "ko",
                queues: tuple[str, ...] = ()) -> str:
        """A new agent; the password is PASSWORD."""
        agent = Agent(name=name, full_name=full_name or name.title(), role=role, language=language,
                      queues=list(queues), created_at=self.world.clock.now)
        staff = Staff(self.world.service.database, self.world.clock)
        self.do(staff.add("test", agent, PASSWORD))
        return name

    def passes(self, **time: float) -> None:
        self.do(self.world.passes(timedelta(**time)))


class Desk:
    """An agent's browser. `asked`: the address of every request that left it; `faults`: what its console told."""

    def __init__(self, browser: Browser, town: Town, **look: Any) -> None:
        self.town = town
        self.context: BrowserContext = browser.new_context(base_url=town.url, **{"locale": "ko-KR", **look})
        self.context.set_default_timeout(PATIENCE)
        self.asked: list[str] = []
        self.faults: list[str] = []
        self.context.on("request", lambda request: self.asked.append(request.url))
        self.page = self.context.new_page()
        self.page.on("dialog", self._dialog)
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on("console", self._told)

    def _told(self, message: Any) -> None:
        """A page that says 404 or 409 is no fault of its own."""
        if message.type == "error" and "responded with a status of 4" not in message.text:
            self.faults.append(message.text)

    def _dialog(self, dialog: Any) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def logs_in(self, name: str) -> Page:
        page = self.page
        page.goto("/login")
        page.fill("#name", name)
        page.fill("#password", PASSWORD)
        page.press("#password", "Enter")
        page.wait_for_selector("#list")
        page.wait_for_load_state()  # its scripts hear keys from now on
        return page

    def strangers(self) -> list[str]:
        """What was asked of anybody but the desk; data: asks nobody."""
        ours = urlsplit(self.town.url).netloc
        return [each for each in self.asked if urlsplit(each).scheme != "data" and urlsplit(each).netloc != ours]

    def leaves(self) -> None:
        self.context.close()


def launch(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=str(CHROMIUM), args=[SANDBOXED, NOBODY_ELSE, *QUIET])
