"""The mail itself: by DATA (RFC 5321 section 4.1.1.4), or in chunks by BDAT (RFC 3030)."""

import re

import structlog

from gateway.mail.authres import Verdict
from gateway.smtp import policy
from gateway.smtp.entrance import Entrance
from gateway.smtp.figures import told
from gateway.smtp.options import Options
from gateway.smtp.policy import Reply
from gateway.smtp.reader import Data, Endless, Gathering, Herald

log = structlog.get_logger()

SHOWN = 200
"""Characters of a stranger's text in a log line."""
_CHUNK = re.compile(r"([0-9]{1,20})(?: +(LAST))?", re.IGNORECASE)


class Transfer(Entrance):
    """Takes a mail off the wire and asks the hooks what becomes of it."""

    verdict: Verdict | None = None
    """Whose mail the hooks say it is, once they looked."""
    kept_as = 0
    """Its id, once it is kept."""
    mail_options: Options
    """Parameters of MAIL."""
    recipient_options: list[tuple[str, Options]]
    """Address and parameters of each RCPT that was taken."""
    _is_hasty = False
    """What comes next was on its way before DATA was refused: a mail, most likely, whose lines are no commands."""
    _chunks: Gathering | None = None
    """What came by BDAT so far; None when none came in this transaction."""

    def _forget_mail(self) -> None:
        super()._forget_mail()
        self._chunks = None
        self.mail_options, self.recipient_options = {}, []

    async def smtp_DATA(self, arg: str | None) -> None:
        refusal = policy.NO_ARGUMENT if arg else self._fault_of_order("DATA")
        if refusal:
            self._is_hasty = not self._wire.is_empty
            await self.push(refusal)
            return
        self._out += policy.GO_AHEAD.line
        await self._flush()
        self._listen_for_data()
        try:
            data = await self._wire.data(self.house.size, self.house.folder, Herald(self._tell_header))
        except Endless:
            await self.push(policy.TOO_LARGE_BY_FAR)
            return
        if data is None:
            self._is_over = True
            return
        self._listen_to_nothing()
        await self._take(data)

    async def _take(self, data: Data) -> None:
        assert self.envelope is not None
        self.envelope.content = data  # type: ignore[assignment]  # the hooks are ours
        self.verdict, self.kept_as = None, 0
        reply = _fault_of(data, self.house.hostname) or await self._call_handler_hook("DATA")
        self._tell(reply, data.size)
        if reply.is_refusal:
            author = self.verdict.author if self.verdict else ""
            self.note_refusal(reply, self.envelope.rcpt_tos, author=author, size=data.size)
        # With LMTP each recipient has its own reply (RFC 2033 section 4.2).
        replies = len(self.recipient_options) if self.is_lmtp else 1
        self._forget_mail()
        self._listen_for_commands()
        for _ in range(replies):
            await self.push(reply)

    def _tell_header(self, header: bytes) -> None:
        """The rest of the mail is still on its way: what is asked now is known when it has come."""
        try:
            self.event_handler.header_came(self, header)
        except Exception:  # at the end of the mail it is asked again
            log.exception("keys were not asked for early", client=self.client_ip)

    def _tell(self, reply: Reply, size: int) -> None:
        """One line and one count for each mail, kept or not."""
        assert self.session is not None
        assert self.envelope is not None
        seconds = self.loop.time() - self.ended_data_at
        self.house.figures.count(reply, size, seconds, self.verdict)
        log.info("mail refused" if reply.is_refusal else "mail kept", mail=self.kept_as or None,
                 client=self.client_ip, helo=(self.session.host_name or "")[:SHOWN],
                 reverse_path=(self.envelope.mail_from or "")[:SHOWN], recipients=self.envelope.rcpt_tos, bytes=size,
                 tls=self.tls, **told(self.verdict), reply=str(reply), ms=round(seconds * 1000, 1))  # fmt: skip

    def _fault_of_order(self, command: str) -> Reply | None:
        assert self.session is not None
        assert self.envelope is not None
        if not self._has_sender:
            return policy.MAIL_FIRST if self.session.host_name else policy.HELO_FIRST
        if command == "DATA" and self._chunks is not None:
            return policy.CHUNKS_BEGAN
        if self.envelope.rcpt_tos:
            return None
        return policy.NO_RECIPIENTS_LMTP if self.is_lmtp else policy.NO_RECIPIENTS

    async def smtp_BDAT(self, arg: str | None) -> None:
        form = _CHUNK.fullmatch(arg or "")
        if not form:
            await self.push(policy.BDAT_SYNTAX)
            return
        size, is_last = int(form[1]), bool(form[2])
        refusal = self._fault_of_order("BDAT")
        herald = None if self._chunks else Herald(self._tell_header)
        if not refusal:
            self._chunks = self._chunks or Gathering(self.house.size, self.house.folder)
            refusal = policy.TOO_LARGE if self._chunks.size + size > self.house.size else None
        await self._flush()
        self._listen_for_data()
        try:
            is_here = await self._wire.chunk(size, self.house.size, None if refusal else self._chunks, herald)
        except Endless:
            await self.push(policy.TOO_LARGE_BY_FAR)
            return
        if not is_here:
            self._is_over = True
            return
        await (self._refuse_chunk(refusal, size) if refusal else self._take_chunk(is_last=is_last))

    async def _refuse_chunk(self, refusal: Reply, size: int) -> None:
        """The rest of the chunks is refused too: there is no transaction any more."""
        assert self.envelope is not None
        if self._chunks is not None:  # it is not out of order but too much
            self._listen_to_nothing()
            self.verdict, self.kept_as = None, 0
            size += self._chunks.size
            self._tell(refusal, size)
            self.note_refusal(refusal, self.envelope.rcpt_tos, size=size)
        self._forget_mail()
        self._listen_for_commands()
        await self.push(refusal)

    async def _take_chunk(self, *, is_last: bool) -> None:
        assert self._chunks is not None
        if not is_last:
            self._octets = self._chunks.size
            self._listen_for_commands()
            await self.push(policy.CHUNK_OK)
            return
        self._listen_to_nothing()
        await self._take(self._chunks.data())

    async def _call_handler_hook(self, command: str, *args: object) -> Reply:
        """Ask a hook. What fails there is our fault: its text goes to the log only, and the mail may come again."""
        try:
            hook = getattr(self.house.hooks, f"handle_{command}")
            reply: Reply = await hook(self, self.session, self.envelope, *args)
        except Exception:
            log.exception("hook failed", client=self.client_ip, command=command)
            return policy.FAULT
        return reply


def _fault_of(data: Data, hostname: str) -> Reply | None:
    if data.is_too_large:
        return policy.TOO_LARGE
    if data.is_lost:
        return policy.STORE_FULL if data.is_full else policy.STORE_AWAY
    if data.has_bare_line_end:
        return policy.BARE_LINE_END
    return policy.fault_of_content(data.content, hostname)
