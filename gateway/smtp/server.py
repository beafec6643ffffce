"""The door: it listens where config.toml says, lets clients in, and on SIGTERM lets them finish."""

import asyncio
import socket
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog

from gateway.authentication.answer import Resolver
from gateway.config import Authentication, Listener, Site, Smtp
from gateway.desk.capability import Capabilities
from gateway.smtp import policy, tls
from gateway.smtp.connection import Connection
from gateway.smtp.crowd import Crowd
from gateway.smtp.farewell import Farewells
from gateway.smtp.figures import Figures
from gateway.smtp.hooks import Hooks
from gateway.smtp.house import House
from gateway.smtp.limits import Guesses, Guests
from gateway.smtp.policy import Mailboxes
from gateway.smtp.session import Session
from gateway.store.intake import Intake

log = structlog.get_logger()

BACKLOG = 512
"""Clients that the system lets wait while we are busy."""


class Door:
    """The SMTP server. Everything it needs is given to it; it owns its sockets and sessions only."""

    def __init__(
        self,
        site: Site,
        smtp: Smtp,
        authentication: Authentication,
        intake: Intake,
        resolver: Resolver,
        capabilities: Capabilities,
        now: Callable[[], datetime],
        crowd: Crowd | None = None,
    ) -> None:
        self._intake, self._resolver, self._now = intake, resolver, now
        self._guests = Guests(smtp.connections, smtp.connections_per_client, crowd)
        self._guesses = Guesses(smtp.unknown_recipients)
        self.figures = Figures()
        self._sessions: set[Connection] = set()
        self._farewells = Farewells()
        self._servers: list[tuple[Listener, asyncio.Server]] = []
        self._paths: list[Path] = []
        """Of the unix sockets that we made."""
        self.configure(site, smtp, authentication, capabilities)

    def configure(self, site: Site, smtp: Smtp, authentication: Authentication, capabilities: Capabilities) -> None:
        """Take new settings, certificate included: they hold for clients that come from now on. Raises ConfigError."""
        certificate = tls.context(smtp, site, self._now())
        mailboxes = Mailboxes(site, capabilities, self._now)
        hooks = Hooks(site, authentication, self._intake, self._resolver, mailboxes, self._now)
        self._guests.limit(smtp.connections, smtp.connections_per_client)
        self._guesses.most = smtp.unknown_recipients
        self._site, self._smtp = site, smtp
        self._house = House(site.hostname, site.data, smtp, certificate, self._guests, self._guesses, hooks,
                            self._sessions, self._farewells, self._intake.refusals, self.figures, self._now)

    async def start(self, given: Callable[[str], socket.socket | None] = lambda _: None) -> None:
        """Listen, at the socket that is `given` for a place of config.toml if there is one.

        Raises OSError where an address cannot be had.
        """
        for listener in self._smtp.listen:
            self._servers.append((listener, await self._listen(listener, given(str(listener)))))
        for at in self.places:
            log.info("door open", at=at)

    async def _listen(self, listener: Listener, given: socket.socket | None) -> asyncio.Server:
        loop = asyncio.get_running_loop()

        def session() -> Session:
            return Session(self._house, loop, listener)

        if given and given.family == socket.AF_UNIX:
            return await loop.create_unix_server(session, sock=given, backlog=BACKLOG)
        if given:
            return await loop.create_server(session, sock=given, backlog=BACKLOG)
        if not listener.path:
            return await loop.create_server(session, listener.host.strip("[]"), listener.port, backlog=BACKLOG,
                                            reuse_port=self._smtp.workers > 1)  # fmt: skip
        server = await loop.create_unix_server(session, listener.path, backlog=BACKLOG)
        share(Path(listener.path))
        self._paths.append(Path(listener.path))
        return server

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Host and port of each listening TCP socket; where port 0 was asked for, the one that was given."""
        names = [each.getsockname() for _, server in self._servers for each in server.sockets]
        return [name[:2] for name in names if isinstance(name, tuple)]

    @property
    def places(self) -> list[str]:
        """Where we listen, as in config.toml, with the ports that were given."""
        return [listener.at(each.getsockname()) for listener, server in self._servers
                for each in server.sockets]  # fmt: skip

    @property
    def sessions(self) -> int:
        """How many clients are inside."""
        return len(self._sessions)

    def reload(self) -> None:
        """Read the certificate again; sessions under way keep theirs. A bad one leaves the one before."""
        try:
            tls.load(self._house.tls, self._smtp, self._site)
        except OSError as error:
            log.error("certificate kept, the new one cannot be used", error=str(error))
        else:
            log.info("certificate read")

    def _close(self) -> None:
        for _, server in self._servers:
            server.close()
        for path in self._paths:
            path.unlink(missing_ok=True)

    async def drain(self) -> None:
        """Let nobody in, send the idle away with 421, let running transactions finish until `drain` has passed."""
        self._close()
        tasks = {session._handler_coroutine for session in self._house.sessions}
        for session in list(self._house.sessions):
            session.finish(policy.SHUTTING_DOWN)
        running = {task for task in tasks if task is not None}
        if running:
            _, running = await asyncio.wait(running, timeout=self._smtp.drain.total_seconds())
        for session in list(self._house.sessions):
            session.leave(policy.SHUTTING_DOWN)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        log.info("door closed", cut=len(running))


def share(path: Path) -> None:
    """Whoever may write to a socket may use it: we and our group, to which a mail server in front must belong."""
    path.chmod(0o660)
