"""The door: it listens where config.toml says, lets clients in, and on SIGTERM lets them finish."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog

from gateway.authentication.answer import Resolver
from gateway.config import Authentication, Site, Smtp
from gateway.desk.capability import Capabilities
from gateway.smtp import policy, tls
from gateway.smtp.connection import Connection, House
from gateway.smtp.figures import Figures
from gateway.smtp.hooks import Hooks
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
    ) -> None:
        self._intake, self._resolver, self._now = intake, resolver, now
        self._guests = Guests(smtp.connections, smtp.connections_per_client)
        self._guesses = Guesses(smtp.unknown_recipients)
        self.figures = Figures()
        self._sessions: set[Connection] = set()
        self._servers: list[asyncio.Server] = []
        self.configure(site, smtp, authentication, capabilities)

    def configure(self, site: Site, smtp: Smtp, authentication: Authentication, capabilities: Capabilities) -> None:
        """Take new settings, certificate included: they hold for clients that come from now on. Raises ConfigError."""
        certificate = tls.context(smtp, site, self._now())
        mailboxes = Mailboxes(site, capabilities, self._now)
        hooks = Hooks(site, authentication, self._intake, self._resolver, mailboxes, self._now)
        self._guests.limit(smtp.connections, smtp.connections_per_client)
        self._guesses.most = smtp.unknown_recipients
        self._site, self._smtp = site, smtp
        self._house = House(site.hostname, smtp, certificate, self._guests, self._guesses, hooks, self._sessions,
                            self._intake.refusals, self.figures, self._now)

    async def start(self) -> None:
        """Listen. Raises OSError where an address cannot be had."""
        loop = asyncio.get_running_loop()
        for place in self._smtp.listen:
            host, _, port = place.rpartition(":")
            server = await loop.create_server(
                lambda: Session(self._house, loop), host.strip("[]"), int(port), backlog=BACKLOG
            )
            self._servers.append(server)
        for host, number in self.addresses:
            log.info("door open", host=host, port=number)

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Host and port of each listening socket; where port 0 was asked for, the one that was given."""
        return [socket.getsockname()[:2] for server in self._servers for socket in server.sockets]

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

    async def drain(self) -> None:
        """Let nobody in, send the idle away with 421, let running transactions finish until `drain` has passed."""
        for server in self._servers:
            server.close()
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
