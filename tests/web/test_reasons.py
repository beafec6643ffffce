"""What the desk decided, told in Korean."""

import time

import pytest

from gateway.web.reasons import Reasons
from gateway.web.words import words

KOREAN = Reasons(words("ko"), {"example.org signed this mail.": "example.org에서 서명했습니다."})


@pytest.mark.parametrize(("english", "korean"), [
    ("It belongs to no request we know.", "기존 문의와 관련이 없는 새 문의입니다."),
    ("minji took it over from junho.", "minji 님이 junho 님에게서 넘겨받았습니다."),
    ("“환불” in the subject speaks of policy.", "제목의 ‘환불’에 따라 분류했습니다(정책·서비스)."),
    ("The rule for category technical sends it to technical.", "규칙(분류 기술)에 따라 기술 대기열로 보냈습니다."),
    ("The rule for all that is left sends it to general.", "해당하는 규칙이 없어 일반 대기열로 보냈습니다."),
    ("The sender is proven: example.org signed this mail.",
     "보낸 사람이 증명되었습니다. example.org에서 서명했습니다."),
    ("minji says that it is about account, not other.",
     "minji 님이 분류를 기타에서 계정(으)로 바꾸었습니다."),
    ("Not asked: The address is on file as blocked. An agent decides.",
     "확인을 요청하지 않았습니다. 명부에 차단된 주소입니다. 상담원이 결정합니다."),
])  # fmt: skip
def test_a_reason_is_told_in_korean(english: str, korean: str) -> None:
    assert KOREAN(english) == korean


def test_what_an_agent_wrote_and_what_nobody_knows_stand_as_they_are() -> None:
    assert KOREAN("전화로 확인했습니다.") == "전화로 확인했습니다."
    assert KOREAN("A new kind of sentence.") == "A new kind of sentence."
    assert KOREAN("") == ""


def test_english_is_kept_as_the_desk_said_it() -> None:
    assert Reasons(words("en"))("It goes on.") == "It goes on."


def test_a_strangers_words_do_not_make_it_slow() -> None:
    hostile = "Asked: a letter went to " + ", ( on expires of used. " * 5000
    before = time.process_time()
    for length in (1_999, 200_000):
        KOREAN(hostile[:length])
    assert time.process_time() - before < 1
