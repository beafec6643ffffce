"""The customers of the demo: who they are, what they write, and the DNS that stands behind them.

hangul.example signs what it sends and asks to reject the rest; tower.example has SPF only; nobody.example has neither;
bank.example asks to reject what it did not sign, which is what the forger finds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import Header
from email.utils import format_datetime, make_msgid

from gateway.authentication.signer import Signer, SigningKey
from gateway.mail.envelope import NULL_PATH, domain_of
from gateway.mail.message import Message, parse

AGENT = "kim"
SUPPORT = "support@example.com"
SIGNING = "hangul.example"


@dataclass(frozen=True, slots=True)
class Story:
    """One mail: who writes, to whom, what, and with which marks."""

    title: str
    author: str
    subject: str = ""
    text: str = ""
    name: str = ""
    to: str = "support"
    """support; or reply: the Reply-To of the last letter to the author."""
    is_signed: bool = False
    bounces: str = ""
    """Whose last letter comes back: this mail goes to its reverse-path."""
    fields: tuple[tuple[str, str], ...] = ()
    agent_says: str = ""
    """What the agent answers to the most urgent technical request before this mail is written."""


@dataclass(frozen=True, slots=True)
class Told:
    """The letters that customers got so far: (recipient, request number, reverse-path, octets), oldest first."""

    letters: Sequence[tuple[str, str, str, bytes]]

    def last(self, recipient: str) -> tuple[str, str, Message]:
        """Number, reverse-path and content of the last letter to somebody."""
        number, reverse_path, raw = next(each[1:] for each in reversed(self.letters) if each[0] == recipient)
        return number, reverse_path, parse(raw)

    def first_number(self) -> str:
        return next((number for _, number, _, _ in self.letters if number), "")


class World:
    """The customers' domains: their keys and their DNS."""

    def __init__(self) -> None:
        key = SigningKey.make("demo", "ed25519")
        self._signer = Signer(SIGNING, [key])
        self.zone = {
            "1.0.0.127.in-addr.arpa": {"PTR": ["mail.example.org"]},
            "mail.example.org": {"A": ["127.0.0.1"]},
            SIGNING: {"MX": [[10, "mail.example.org"]], "TXT": ["v=spf1 -all"]},
            key.name(SIGNING): {"TXT": [key.record]},
            f"_dmarc.{SIGNING}": {"TXT": ["v=DMARC1; p=reject"]},
            "tower.example": {"TXT": ["v=spf1 ip4:127.0.0.1 -all"]},
            "nobody.example": {"MX": [[10, "mail.example.org"]]},
            "bank.example": {"TXT": ["v=spf1 -all"]},
            "_dmarc.bank.example": {"TXT": ["v=DMARC1; p=reject"]},
            "shop.example": {"TXT": ["v=spf1 -all"]},
            "_dmarc.shop.example": {"TXT": ["v=DMARC1; p=quarantine"]},
        }

    def stories(self) -> Iterator[Story]:
        """The day, in order."""
        minji, john = f"minji@{SIGNING}", "john@tower.example"
        yield Story("Technical fault, Korean, signed", minji, "로그인이 안 돼요",
                    "안녕하세요.\n\n오늘 아침부터 앱에 로그인하면 오류 42가 나옵니다. 화면을 캡처해서 첨부합니다.\n\n"
                    "김민지 드림\n", "김민지", is_signed=True)
        yield Story("Question on policy, English", john, "How long can I return an order?",
                    "Hello,\n\nI bought a lamp two weeks ago. Can I still return it, and who pays for the parcel?\n\n"
                    "John\n", "John Miller")
        yield Story("Complaint, Korean, signed", f"park@{SIGNING}", "상담원 태도에 대한 불만",
                    "어제 전화 상담이 매우 불친절했습니다. 사과와 재발 방지를 요청합니다.\n", "박서준", is_signed=True)
        yield Story("Account and personal data", "anna@tower.example", "Please change my e-mail address",
                    "Please change the e-mail address of my account to anna.new@tower.example and tell me which "
                    "personal data you hold.\n", "Anna Berg")
        yield Story("Empty mail, nothing proves who", "someone@nobody.example")
        yield Story("Forged: the domain asks to reject", "ceo@bank.example", "Urgent payment",
                    "Please pay the attached invoice today.\n", "The Chief")
        yield Story("Forged: the domain asks for quarantine", "orders@shop.example", "Your parcel",
                    "Click here to track it.\n")
        yield Story("A stranger who quotes the number", "mallory@nobody.example", "{number}",
                    "What is the state of request {number}? Please send me everything.\n")
        yield Story("Out of office", john, "Automatic reply: your request", "I am away until Monday.\n",
                    fields=(("Auto-Submitted", "auto-replied"),))
        yield Story("Newsletter", "news@nobody.example", "Our spring offers", "Everything must go.\n",
                    fields=(("List-Id", "<news.nobody.example>"), ("Precedence", "bulk")))
        yield Story("A letter of ours bounces", "mailer-daemon@tower.example", "Undelivered Mail Returned to Sender",
                    bounces="anna@tower.example")
        yield Story("Follow-up to our reply address", minji, "Re: 로그인이 안 돼요",
                    "휴대폰은 갤럭시 S24이고 앱 버전은 5.1입니다.\n", "김민지", to="reply", is_signed=True)
        yield Story("Thanks, after the agent's answer", minji, "Re: 로그인이 안 돼요",
                    "감사합니다. 이제 잘 됩니다!\n", "김민지", to="reply", is_signed=True,
                    agent_says="안녕하세요, 김민지 님.\n\n앱을 5.2로 업데이트하시면 로그인이 됩니다.\n")

    def write(self, story: Story, told: Told) -> tuple[str, str, bytes]:
        """Reverse-path, recipient and octets of a mail, with what its author was told by then."""
        reverse_path = NULL_PATH if story.bounces else story.author
        recipient, fields = SUPPORT, story.fields
        if story.to == "reply":
            _, _, letter = told.last(story.author)
            recipient, fields = letter.reply_to, (*fields, ("In-Reply-To", letter.message_id))
        if story.bounces:
            _, recipient, _ = told.last(story.bounces)
            return reverse_path, recipient, _bounce(story, recipient)
        content = _message(story, recipient, fields, told.first_number())
        signature = self._signer.sign(content, datetime.now(UTC).timestamp()) if story.is_signed else b""
        return reverse_path, recipient, signature + content


def _message(story: Story, recipient: str, fields: Sequence[tuple[str, str]], number: str) -> bytes:
    head = [
        ("From", f"{_encoded(story.name)} <{story.author}>".lstrip()), ("To", f"<{recipient}>"),
        ("Subject", _encoded(story.subject.format(number=number))),
        ("Date", format_datetime(datetime.now(UTC))), ("Message-ID", make_msgid(domain=domain_of(story.author))),
        ("MIME-Version", "1.0"), ("Content-Type", 'text/plain; charset="utf-8"'),
        ("Content-Transfer-Encoding", "8bit"), *fields,
    ]  # fmt: skip
    lines = [f"{name}: {value}" for name, value in head]
    return _wire("\n".join([*lines, "", story.text.format(number=number)]))


def _bounce(story: Story, recipient: str) -> bytes:
    """A delivery status notification as mail servers send it (RFC 3464)."""
    return _wire(f"""\
From: Mail Delivery System <{story.author}>
To: {recipient}
Subject: {story.subject}
Date: {format_datetime(datetime.now(UTC))}
Message-ID: {make_msgid(domain=domain_of(story.author))}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.org

Final-Recipient: rfc822; {story.bounces}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <{story.bounces}>: user unknown

--b--
""")


def _wire(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def _encoded(text: str) -> str:
    return text if text.isascii() else Header(text, "utf-8").encode(linesep="\n")
