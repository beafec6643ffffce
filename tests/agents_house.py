"""The agents' window over a real socket, before a desk on a real database; browsers and programs that knock at it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from desk_house import House
from visitor import Visitor

from gateway.config import Agents, Site
from gateway.desk.staff import Staff
from gateway.models import Agent
from gateway.store.database import Database
from gateway.web.desk import AgentsWindow
from gateway.web.sheets import Sheets
from gateway.web.workplace import Workplace

PASSWORD = "correct horse battery"
HOST = "desk.example.com"
ORIGIN = f"http://{HOST}"


@dataclass(frozen=True)
class Answer:
    """What came back. Header names in lower case; of several of one name the last."""

    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def code(self) -> str:
        """Of a problem."""
        assert self.headers["content-type"] == "application/problem+json"
        return str(self.json["code"])


class Client:
    """Speaks HTTP by hand."""

    def __init__(self, visitor: Visitor, **headers: str) -> None:
        self.visitor, self.headers = visitor, headers

    async def asks(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        """One http request on a connection of its own. Headers: If_Match="*"; one that is "" is left out."""
        plain = {"Host": HOST, "Connection": "close", "Content-Length": str(len(body)), **self.headers}
        fields = plain | {name.replace("_", "-"): value for name, value in headers.items()}
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
        octets = await self.visitor.sends(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body)
        return read(octets)

    async def gets(self, path: str, **headers: str) -> Answer:
        return await self.asks("GET", path, **headers)

    async def posts(self, path: str, value: Any = None, **headers: str) -> Answer:
        """JSON."""
        body = b"" if value is None else json.dumps(value).encode()
        kind = {"Content_Type": "application/json"} if value is not None else {}
        return await self.asks("POST", path, body, **(kind | headers))

    async def sends_form(self, path: str, **fields: str) -> Answer:
        return await self.asks("POST", path, urlencode(fields).encode(),
                               Content_Type="application/x-www-form-urlencoded")

    async def logs_in(self, name: str, password: str = PASSWORD) -> Answer:
        """And keeps the cookie."""
        answer = await self.sends_form("/login", name=name, password=password)
        if "set-cookie" in answer.headers:
            self.headers["Cookie"] = answer.headers["set-cookie"].partition(";")[0]
        return answer


def read(octets: bytes) -> Answer:
    """The one answer in these octets. Raises ConnectionError when there is none."""
    if not octets:
        raise ConnectionError("closed unheard")
    head, _, body = octets.partition(b"\r\n\r\n")
    line, *fields = head.decode("latin-1").split("\r\n")
    return Answer(int(line.split(" ")[1]), {name.lower(): value for name, _, value in
                                            (each.partition(": ") for each in fields)}, body)


class AgentsHouse(House):
    """A desk with its agents' window."""

    def __init__(self, database: Database, folder: Path, **settings: Any) -> None:
        super().__init__(database, folder)
        site = Site(data=folder, name="Hanbit Support")
        section = Agents(listen="127.0.0.1:0", **settings)
        self.staff = Staff(database, self._clock)
        self.visitor: Visitor
        self.window = AgentsWindow(Workplace(database, self.acts, site, section, self._clock), Sheets(site))

    async def employs(self, name: str, role: str = "agent", queues: tuple[str, ...] = (), language: str = "en") -> None:
        """Somebody new, with PASSWORD."""
        agent = Agent(name=name, full_name=name.title(), role=role, queues=list(queues), language=language)
        await self.staff.add("console", agent, PASSWORD)

    async def browser(self, name: str = "", role: str = "agent", **more: Any) -> Client:
        """A browser; of an agent, who is employed if need be and logged in."""
        client = Client(self.visitor, Origin=ORIGIN)
        if name:
            if name not in {each.name for each in await self.all_agents()}:
                await self.employs(name, role, **more)
            assert (await client.logs_in(name)).status == 303
        return client

    async def program(self, name: str, *scopes: str, role: str = "agent", lasts: timedelta | None = None,
                      **more: Any) -> Client:
        """A program with a token of these scopes, all when none is named."""
        if name not in {each.name for each in await self.all_agents()}:
            await self.employs(name, role, **more)
        _, secret = await self.staff.make_token("console", name, "test", scopes or ("read", "act", "send", "admin"),
                                                lasts)
        return Client(self.visitor, Authorization=f"Bearer {secret}")

    async def all_agents(self) -> list[Agent]:
        from gateway.store import agents
        return list(await self.database.read(agents.listing))


@asynccontextmanager
async def open_house(database: Database, folder: Path, **settings: Any) -> AsyncIterator[AgentsHouse]:
    """Settings: those of [agents]."""
    house = AgentsHouse(database, folder, **settings)
    await house.window.start()
    house.visitor = Visitor(house.window)
    try:
        yield house
    finally:
        house.visitor.leaves()
        await house.window.drain()
