"""How sure we are, and whose word it is: two badges beside every request, and what is odd about a mail, in sentences.

Identity speaks of the mail, by the domain of its author; person speaks of whoever wrote it (step 3). Neither is ever
told without the sentence that says who vouches for it. Words are there in English and Korean, as the agent reads them.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gateway.models import Request
from gateway.store.queue import Line

GOOD, DOUBTFUL, BAD, QUIET = ("good", "doubtful", "bad", "quiet")
"""How a badge looks: each window has its own colours for them."""

IDENTITIES = {
    "verified-dkim": (GOOD, {"en": "its domain signed it", "ko": "보낸 도메인이 서명했습니다"}),
    "verified-spf": (GOOD, {
        "en": "its domain says that this server may send for it (weaker: such servers are shared)",
        "ko": "보낸 도메인이 이 서버의 발송을 허용합니다(여럿이 함께 쓰는 서버일 수 있어 서명보다 약합니다)"}),
    "weak": (DOUBTFUL, {"en": "something passed, but not for this author's domain",
                        "ko": "통과한 검사가 있지만 보낸 사람의 도메인에 대한 것이 아닙니다"}),
    "none": (DOUBTFUL, {"en": "nobody stands behind the name", "ko": "보낸 사람을 보증하는 곳이 없습니다"}),
    "failed": (BAD, {"en": "the domain says that it is not theirs", "ko": "도메인이 자기 메일이 아니라고 합니다"}),
    "unknown": (DOUBTFUL, {"en": "could not be checked", "ko": "확인하지 못했습니다"}),
}  # fmt: skip
"""Tone and words for each identity level."""
PERSONS = {
    "": (QUIET, {"en": "not asked", "ko": "확인 요청 안 함"}),
    "asked": (DOUBTFUL, {"en": "asked", "ko": "확인 요청 중"}),
    "verified": (GOOD, {"en": "verified", "ko": "본인 확인됨"}),
    "mailbox": (DOUBTFUL, {"en": "only the mailbox", "ko": "메일함만 확인됨"}),
    "rejected": (BAD, {"en": "rejected", "ko": "본인 아님"}),
    "expired": (BAD, {"en": "not verified", "ko": "본인 확인 안 됨"}),
}
"""The same for each state of Request.verification."""

_UNSEEN = {"en": "Its author stands in a field that other programs may not see.",
           "ko": "보낸 사람이 다른 프로그램에는 보이지 않을 수 있는 필드에 있습니다."}  # fmt: skip
_BROKEN_ENDS = {"en": "Its header holds broken line ends: other programs may read another one.",
                "ko": "헤더의 줄바꿈이 깨져 있어 다른 프로그램은 다르게 읽을 수 있습니다."}  # fmt: skip
FINDINGS = {
    "display-name-address": {
        "en": "The name beside the address holds another address: believe the one in angle brackets.",
        "ko": "이름 자리에 다른 주소가 적혀 있습니다. 꺾쇠괄호 안의 주소만 믿으세요."},
    "display-name-mixed-scripts": {
        "en": "The name mixes alphabets whose letters look alike.",
        "ko": "이름에 모양이 비슷한 여러 문자 체계의 글자가 섞여 있습니다."},
    "display-name-our-domain": {
        "en": "The name claims our own domain; the address does not.",
        "ko": "이름은 우리 도메인을 내세우지만 주소는 아닙니다."},
    "display-name-our-name": {
        "en": "The name is ours, or one of our agents'; the address is not.",
        "ko": "이름은 우리 회사나 상담원의 것이지만 주소는 아닙니다."},
    "author-like-our-domain": {
        "en": "The address is at a domain that looks like ours and is another's.",
        "ko": "우리 도메인과 비슷해 보이는 다른 도메인의 주소입니다."},
    "from-several-authors": {
        "en": "It names several authors: the domain vouches for the domain only, not for which of them.",
        "ko": "보낸 사람이 여럿입니다. 도메인은 그중 누가 썼는지까지 보증하지 않습니다."},
    "from-several-domains": {
        "en": "It names authors of several domains.", "ko": "서로 다른 도메인의 보낸 사람이 여럿입니다."},
    "from-missing": {"en": "It names no author.", "ko": "보낸 사람이 적혀 있지 않습니다."},
    "from-malformed": {
        "en": "Its author cannot be read without doubt.", "ko": "보낸 사람을 확실하게 읽을 수 없습니다."},
    "from-name-spaced": _UNSEEN,
    "from-folded-name": _UNSEEN,
    "from-goes-astray": {
        "en": "Other programs may read another author.",
        "ko": "다른 프로그램은 다른 사람을 보낸 사람으로 읽을 수 있습니다."},
    "signature-seen-before": {
        "en": "A mail with the same signature came before: this may be a copy that is sent around.",
        "ko": "같은 서명의 메일이 전에도 왔습니다. 여러 곳에 뿌려진 사본일 수 있습니다."},
    "signed-for-others": {
        "en": "The signature does not cover that it was meant for us: it may have been written to others.",
        "ko": "받는 사람이 우리라는 점은 서명되지 않았습니다. 다른 곳에 쓴 메일일 수 있습니다."},
    "sender-dns-lost": {
        "en": "The sender's name servers did not answer for hours, so that nothing could be checked.",
        "ko": "보낸 쪽 이름 서버가 몇 시간 동안 답하지 않아 아무것도 확인하지 못했습니다."},
    "list-mark": {
        "en": "It bears the marks of a mailing list or newsletter.",
        "ko": "메일링 리스트나 뉴스레터의 표시가 있습니다."},
    "header-nul": {
        "en": "Its header holds a NUL: other programs may read another one.",
        "ko": "헤더에 NUL 문자가 있어 다른 프로그램은 다르게 읽을 수 있습니다."},
    "header-bare-cr": _BROKEN_ENDS,
    "header-bare-lf": _BROKEN_ENDS,
    "header-too-large": {
        "en": "Its header is larger than what is looked at.", "ko": "헤더가 너무 커서 일부만 보았습니다."},
    "header-too-many-fields": {
        "en": "Its header has more fields than are looked at.", "ko": "헤더의 필드가 너무 많아 일부만 보았습니다."},
    "header-line-malformed": {
        "en": "A line of its header is no field.", "ko": "헤더에 필드가 아닌 줄이 있습니다."},
}  # fmt: skip
"""What a verdict's finding means for an agent."""
_TWICE = "-duplicated"
_TWICE_SAID = {"en": "The field {} stands there twice: other programs may show the other one.",
               "ko": "{} 필드가 두 번 있습니다. 다른 프로그램은 다른 것을 보여 줄 수 있습니다."}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Badge:
    """One of the two."""

    level: str
    """The closed word that programs read."""
    words: str
    because: str
    """The sentence: whose word it is. May hold text of strangers."""
    tone: str
    """good, doubtful, bad or quiet."""

    def as_json(self) -> dict[str, str]:
        return {"level": self.level, "badge": self.words, "because": self.because}


def identity(request: Request | Line, language: str = "en") -> Badge:
    """How far the author's domain stands behind the mail that opened the request."""
    tone, words = level(request.identity, language)
    return Badge(request.identity, words, request.identity_because, tone)


def level(word: str, language: str = "en") -> tuple[str, str]:
    """Tone and words of an identity level, such as that of one mail."""
    return _look_up(IDENTITIES, word, language, "")


def person(request: Request | Line, language: str = "en") -> Badge:
    """Whether it is this person."""
    tone, words = _look_up(PERSONS, request.verification, language, request.verification)
    return Badge(request.verification or "not-asked", words, request.verification_because, tone)


def as_json(request: Request | Line) -> dict[str, dict[str, str]]:
    """Both, as programs get them."""
    return {"identity": identity(request).as_json(), "person": person(request).as_json()}


def sentences(findings: Iterable[str], language: str = "en") -> Iterator[tuple[str, str]]:
    """Each finding with what it means; one that is not known here stands for itself."""
    for each in findings:
        if each.endswith(_TWICE):
            yield each, _in(_TWICE_SAID, language).format(each.removesuffix(_TWICE))
        else:
            yield each, _in(FINDINGS[each], language) if each in FINDINGS else each


def _look_up(
    table: Mapping[str, tuple[str, Mapping[str, str]]], word: str, language: str, otherwise: str
) -> tuple[str, str]:
    tone, said = table.get(word, (QUIET, {"en": otherwise}))
    return tone, _in(said, language)


def _in(said: Mapping[str, str], language: str) -> str:
    return said.get(language, said["en"])
