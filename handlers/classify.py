"""Step 1: what is it about? A table of words decides, and says which word it was."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Self

from gateway.desk.handler import Case, Count, Decisions, Handler, Label, Mail, Section, fold

SUBJECT_WEIGHT = 3
"""A word in the subject counts as much as so many in the text."""
STRONG = 5
"""A word that weighs so much is heard in later mails too."""
SCAN = 20_000
"""Characters of a text that are looked at."""
_LATIN = re.compile(r"[a-z0-9]+")
_PARTICLE = "(?:이|가|은|는|을|를|의|에|도|만|과|와|로|으로|에서|에는|까지)?"


class Words(Section):
    """One line of the table."""

    category: str
    words: tuple[str, ...]
    """Latin words match whole, also in the plural; others anywhere, those of one syllable only as a whole word."""
    weight: Count = 1
    """What each word found counts."""


DEFAULT = (
    Words(category="account", weight=5, words=(
        "personal data", "delete my data", "delete my account", "close my account", "gdpr",
        "개인정보", "회원탈퇴", "탈퇴", "명의 변경", "명의 도용")),
    Words(category="account", words=(
        "account", "password", "privacy", "unsubscribe me", "identity",
        "my details", "my profile", "my address", "e-mail address of",
        "계정", "비밀번호", "본인확인", "본인 확인", "회원정보", "명의", "아이디 찾기", "아이디 변경", "내 정보",
        "제 정보",
        "이메일 변경", "이메일 주소를", "주소를 변경", "번호 변경")),
    Words(category="complaint", words=(
        "complaint", "complain", "unacceptable", "disappointed", "disappointing", "angry", "terrible", "awful", "rude",
        "compensation", "worst", "fed up", "nobody answers", "nobody called", "no answer", "rip-off",
        "불만", "항의", "실망", "화가 ", "화나", "화납", "불쾌", "불친절", "보상", "민원", "소비자원", "최악", "사과",
        "답변이 없", "답이 없", "무책임",
        "반말")),
    Words(category="technical", words=(
        "error", "bug", "crash", "broken", "does not work", "doesn't work", "not working", "log in", "login", "install",
        "update", "screen", "app", "server", "timeout", "website", "blank page", "upload",
        "download", "sync", "play", "sound", "connect", "hangs", "freeze", "frozen", "verification code", "not load",
        "오류", "에러", "로그인", "접속", "작동", "먹통", "설치", "업데이트", "버그", "고장", "안 됩니다", "안돼요",
        "안 돼요", "느려", "튕겨", "튕기", "화면", "앱", "어플", "연결되지", "연결이", "인증번호",
        "알림", "재생", "동영상", "동기화", "다운로드", "업로드", "안됨", "안 됨", "멈춤", "멈춰", "꺼져", "꺼집",
        "인식")),
    Words(category="policy", words=(
        "refund", "to return", "return of", "return policy", "sent back", "send back", "exchange", "price", "fee",
        "invoice", "receipt", "shipping", "delivery", "delivered", "parcel", "terms", "policy", "cancel", "warranty",
        "opening hours", "open on", "subscription", "charged", "discount", "coupon", "order", "payment",
        "환불", "반품", "교환", "가격", "요금", "영수증", "세금계산서", "배송", "약관", "정책", "취소", "보증",
        "영업시간", "결제", "구독", "이용 방법", "이용방법", "주문",
        "쿠폰", "할인", "적립", "포인트", "해지", "위약금", "계약", "견적")),
)


@dataclass(frozen=True, slots=True)
class Said:
    """A text as words are looked for in it."""

    text: str
    words: frozenset[str]
    """The Latin ones in it: there are few, and a table of many hundred words is compared with them."""

    @classmethod
    def of(cls, text: str, words: Iterable[str]) -> Self:
        return cls(fold(text[:SCAN]), frozenset(_LATIN.findall(" ".join(words))))


class Classify(Handler):
    """Labels each request with the category whose words stand in its first mail; strong words count later, too."""

    rules: tuple[Words, ...] = DEFAULT
    """The category with the most words found wins; of equals the one that stands first."""
    otherwise: str = "other"
    """Category when no word is found."""

    def received(self, mail: Mail, case: Case) -> Decisions:
        if case.is_new:
            yield from self._first(mail, case.suggested)
        elif case.request is not None and not mail.is_automatic:
            yield from self._later(mail, case.request.category)

    def _first(self, mail: Mail, suggested: str) -> Decisions:
        message = mail.message
        subject = Said.of(message.subject, fold(message.subject[:SCAN]).split())
        text = Said.of(message.reply_text or message.text, message.words)
        counted = [(_count(rule, subject, text), rule) for rule in self.rules]
        (score, word, where), rule = max(counted, key=lambda each: each[0][0], default=((0, "", ""), None))
        if score and rule is not None:
            yield Label(f"“{word}” in the {where} speaks of {rule.category}.", category=rule.category)
        elif suggested:
            yield Label("No word of the table is in it, but agents made this of mails like it.", category=suggested)
        else:
            yield Label("No word of the table is in it.", category=self.otherwise)

    def _later(self, mail: Mail, category: str) -> Decisions:
        """"Hello" first, then "delete my account": what asks for proof must not pass as small talk."""
        text = Said.of(mail.message.reply_text, mail.message.words)
        for rule in self.rules:
            if rule.weight >= STRONG and rule.category != category and (found := _found(rule.words, text)):
                yield Label(f"“{found[0]}” in a later mail speaks of {rule.category}.", category=rule.category)
                return


def _count(rule: Words, subject: Said, text: Said) -> tuple[int, str, str]:
    """(score, the first word found, where)."""
    in_subject, in_text = _found(rule.words, subject), _found(rule.words, text)
    first = (in_subject or in_text or [""])[0]
    score = rule.weight * (SUBJECT_WEIGHT * len(in_subject) + len(in_text))
    return score, first, "subject" if in_subject else "text"


def _found(words: tuple[str, ...], said: Said) -> list[str]:
    table = _Table.of(words)
    places = {place for sign in said.words & table.announced for place in table.signs[sign]}
    others = table.latin if said.text.isascii() else table.others  # a Korean word stands in no Latin text
    places.update(place for place in others if table.folded[place] in said.text)
    return [words[place] for place in sorted(places) if _is_said(said, table.folded[place])]


@dataclass(frozen=True, slots=True)
class _Table:
    """The words of a rule, by their places."""

    folded: tuple[str, ...]
    """As they are compared."""
    signs: dict[str, list[int]]
    """By the Latin word that stands in every text in which they do."""
    announced: frozenset[str]
    """These Latin words: of two sets the smaller one is gone through."""
    others: tuple[int, ...]
    """Those that no Latin word announces."""
    latin: tuple[int, ...]
    """Of these the ones in ASCII."""

    @classmethod
    @cache
    def of(cls, words: tuple[str, ...]) -> Self:
        folded, signs = tuple(map(fold, words)), dict[str, list[int]]()
        for place, word in enumerate(folded):
            for sign in _signs(word):
                signs.setdefault(sign, []).append(place)
        others = tuple(place for place, word in enumerate(folded) if not _signs(word))
        return cls(folded, signs, frozenset(signs), others, tuple(place for place in others if folded[place].isascii()))


def _signs(word: str) -> list[str]:
    """Of several words the longest tells the most; the last one may have an ending."""
    pieces = _LATIN.findall(word)
    if len(word) == 1 or not word.isascii() or not pieces or not word.endswith(pieces[-1]):
        return []
    longest = max(pieces, key=len)
    return [longest + ending for ending in ("", "s", "es", "ed", "ing")] if longest == pieces[-1] else [longest]


def _is_said(said: Said, word: str) -> bool:
    """Whether what stands in the text is the word, not a piece of another."""
    if len(word) > 1 and (word in said.words or not word.isascii()):
        return True
    if len(word) == 1:
        return re.search(rf"(?<!\w){re.escape(word)}{_PARTICLE}(?!\w)", said.text) is not None
    whole = rf"(?<![a-z0-9]){re.escape(word)}(?:s|es|ed|ing)?(?![a-z0-9])"
    return word in said.text and re.search(whole, said.text) is not None
