"""Step 6: thanks, ratings, "not solved" and everything else that customers answer, in Korean and English."""

import pytest
from desk_values import NOON, case, mail, new, out_of_office, request

from gateway.desk.handler import Case, Decision, Mail, Move, Note, Place, Rating, Record
from handlers.feedback import Feedback

CONFIRMED = [Record("feedback", 1, "The customer says thanks."),
             Move("confirmed", "The customer says thanks and asks nothing more.")]
BACK = Move("received", "The customer wrote again after our answer: back to the same agent.")
NOT_SOLVED = Record("feedback", 0, "The customer says that it is not solved.")


def answered(**more: object) -> Case:
    return case(request(state="answered", owner="minji", **more))


def heard(text: str, subject: str = "Re: Cannot log in", known: Case | None = None, **more: object) -> list[Decision]:
    return [*Feedback().received(mail(text, subject, **more), known or answered())]  # type: ignore[arg-type]


@pytest.mark.parametrize("text", [
    "감사합니다. 잘 됩니다!", "고맙습니다!!", "네 해결됐어요 감사합니다~",
    "네, 해결되었습니다. 감사합니다. 수고하세요.",
    "친절한 답변 감사드립니다. 덕분에 해결했습니다.", "이제 돼요 감사합니다 ㅎㅎ",
    "안녕하세요, 잘 되네요. 감사합니다.\n\n홍길동 드림",
    "감사합니다^^", "감사합니다. 좋은 하루 되세요.", "도움이 되었습니다. 고맙습니다",
    "Thank you, that solved it.", "thanks!", "Great, it works now. Thanks a lot!", "Perfect",
    "That fixed it. Thank you, Minji!",
    "Hi Minji,\n\nthanks for your help, everything is working again.\n\nBest regards\nKim", "Solved. Have a nice day!",
    "네 이제 정상적으로 작동합니다. 감사합니다", "That did the trick, thanks!", "확인했습니다. 감사합니다.",
    "Thank you!\n\nSent from my iPhone", "THANK YOU", "Ｔｈａｎｋ ｙｏｕ", "Thanks 🙂",
])
def test_a_mail_that_thanks_and_says_nothing_besides_confirms(text: str) -> None:
    assert heard(text, name="홍길동" if "홍길동" in text else "Kim") == CONFIRMED


@pytest.mark.parametrize("text", [
    "Thank you for your quick reply. The error still appears.", "Thanks, but it does not work.", "Thanks. Same error.",
    "Thank you. Where do I find the invoice?", "Thanks, the app shows a white page", "Thanks for nothing.",
    "Thank you. My order number is 5531.", "Thanks! One more thing: the invoice.", "Great. It crashed once more.",
    "Could you call me? Thanks in advance.", "I would appreciate a refund.", "Thanks, it doesn’t work", "Unresolved",
    "Thank you. I will try it tomorrow.", "It stopped working, thanks for looking.", "unsolved", "No thanks.",
    "Thank you for your answer I cannot find that menu", "Greatly disappointed.", "Thanks, I want my money back",
    "감사합니다만 아직 안 됩니다", "감사합니다. 그런데 다른 오류가 있어요.", "답변 감사합니다. 환불은 언제 되나요?",
    "확인해 주시면 감사하겠습니다.", "답변 감사합니다. 말씀하신 대로 했는데 오류가 나네요.",
    "빠른 처리 부탁드립니다. 감사합니다.",
    "감사합니다. 계좌번호는 국민은행 110-123-456입니다.", "답변 감사합니다. 화면이 하얗네요.",
    "고맙습니다만 해결되지 않았습니다",
    "감사합니다. 영수증도 보내 주세요", "잘 되다가 또 안 되네요 감사합니다", "감사합니다. 예약을 취소합니다.",
    "미리 감사드립니다.",
    "답변 감사드리며 한 가지 더 여쭙겠습니다.", "감사합니다 로그인하니 흰 화면만 나옵니다", "Thanks. Yes, do that.",
    "Thank you for your reply my phone shows a black screen now", "해결해 주셔야 감사하죠",
    "감사합니다. 기다리겠습니다.",
    "It works for ten minutes and then crashes. thanks", "It works on my laptop, my phone is dead, thanks",
    "", "Ok.", "안녕하세요", "네", "Kim",
])
def test_anything_besides_thanks_goes_back_to_the_agent(text: str) -> None:
    assert heard(text, name="Kim")[-1] == BACK


@pytest.mark.parametrize("text", [
    "Thanks\n\nOn Mon, 23 Nov 2026 at 10:00, Example Support <support@example.com> wrote:\n"
    + "> Did this help? It is still not solved? But however the error appears again.\n" * 60,
    "감사합니다\n\n2026년 11월 23일 (월) 오후 7:00, Example Support <support@example.com>님이 작성:\n"
    + "> 아직 해결되지 않았다면 어떤 점이 부족한지 회신해 주세요.\n" * 60,
], ids=["en", "ko"])
def test_one_word_of_thanks_above_a_long_quote_confirms(text: str) -> None:
    assert heard(text) == CONFIRMED


@pytest.mark.parametrize("text", [
    "Thank you\n\n> Please install version 2.1.\n\nI did that and see a white page.",
    "Thank you. " * 40,
], ids=["an answer below the quote", "a long one"])
def test_thanks_with_more_below_goes_back(text: str) -> None:
    assert heard(text)[-1] == BACK


def test_thanks_with_something_attached_goes_back() -> None:
    assert heard("Thank you!", attachment=True) == [BACK]


@pytest.mark.parametrize("text", ["Not solved, the same error.", "It doesn’t work.", "아직 해결되지 않았습니다.",
    "여전히 안 됩니다",
                                  "똑같아요", "그대로입니다"])
def test_not_solved_is_counted_and_goes_back(text: str) -> None:
    assert heard(text) == [NOT_SOLVED, BACK]


@pytest.mark.parametrize("state", ["new", "open", "pending"])
def test_before_our_answer_every_mail_is_only_more_to_read(state: str) -> None:
    for text in ("Thank you!", "5", "Not solved"):
        assert heard(text, known=case(request(state=state))) == [Move("received", "The customer wrote again.")]


def test_after_the_end_a_mail_comes_back_too() -> None:
    for state in ("resolved", "closed"):
        assert heard("One more question: where is it?", known=case(request(state=state))) == [BACK]


def test_the_mail_that_opened_the_request_is_no_feedback() -> None:
    assert heard("Thank you!", known=new(request())) == []


def test_without_a_request_nothing_is_said() -> None:
    assert heard("Thank you!", known=case()) == []


def test_an_out_of_office_is_no_feedback() -> None:
    assert [*Feedback().received(out_of_office(), answered())] == []


@pytest.mark.parametrize(("text", "value"), [
    ("5", 5), ("5점", 5), ("★★★★★", 5), ("만점", 5), ("5점 만점", 5), ("⭐️⭐️⭐️⭐️⭐️", 5), ("★★★★☆", 4), ("4/5", 4),
    ("4 stars", 4),
    ("별 5개", 5), ("별점 4점", 4), ("4점입니다.", 4), ("５점 드립니다!", 5), ("5점 만점에 4점", 4), ("Rating: 5", 5),
    ("4 out of 5", 4),
])
def test_a_mail_that_is_nothing_but_a_good_rating_confirms(text: str, value: int) -> None:
    assert heard(text) == [Record("rating", value, f"The customer rated our work with {value} of 5."),
                           Move("confirmed", f"Rated {value} of 5.")]


@pytest.mark.parametrize("text", ["6", "0", "55", "10점", "5 licences", "1 of them", "★★★★★★", "5 점심", "05"])
def test_another_number_is_no_rating(text: str) -> None:
    assert heard(text) == [BACK]


def lowest(state: str = "answered", priority: int = 3) -> list[Decision]:
    return [Record("rating", 1, "The customer rated our work with 1 of 5."),
            Move("reopened", "Rated 1 of 5: somebody should ask what went wrong."),
            Place("technical", "A low rating is urgent.", priority + 1, NOON)]


def test_a_low_rating_opens_it_again_more_urgently() -> None:
    assert heard("1점") == lowest()


# ---- by the rating addresses ----


def rated(value: int, words: str = "") -> list[Decision]:
    return [*Feedback().rated(Rating(value, words), answered())]


@pytest.mark.parametrize("value", [4, 5])
def test_a_good_rating_confirms(value: int) -> None:
    assert rated(value)[1:] == [Move("confirmed", f"Rated {value} of 5.")]


def test_a_middling_rating_without_words_is_only_recorded() -> None:
    assert rated(3) == [Record("rating", 3, "The customer rated our work with 3 of 5.")]


@pytest.mark.parametrize("value", [1, 2])
def test_a_low_rating_comes_back_with_its_words(value: int) -> None:
    assert [type(each) for each in rated(value)] == [Record, Move, Place]
    assert rated(value, "You never called.")[-1] == Note(
        f"Rated {value} of 5.", "The words that came with the rating are above.")


def test_a_middling_rating_with_words_comes_back() -> None:
    assert rated(3, "Slow.")[1] == Move("received", "The customer rated and wrote more than praise.")


@pytest.mark.parametrize("words", ["Could you also send the invoice?", "그런데 아직 오류가 나요", "But it fails."])
def test_a_good_rating_with_a_question_comes_back(words: str) -> None:
    assert rated(5, words)[1] == Move("received", "The customer rated and wrote more than praise.")


@pytest.mark.parametrize("words", ["Minji was very kind!", "친절하셨어요"])
def test_a_good_rating_with_praise_confirms_and_tells_the_agent(words: str) -> None:
    assert rated(5, words)[1:] == [Move("confirmed", "Rated 5 of 5."),
                                   Note("Rated 5 of 5.", "The words that came with the rating are above.")]


def test_the_words_can_be_set() -> None:
    mine = Feedback(thanks=("merci",), courtesies=(), doubts=("mais",), not_solved=("zut",))
    it: Mail = mail("Merci!")
    assert [*mine.received(it, answered())] == CONFIRMED
    assert [*mine.received(mail("Merci mais zut"), answered())] == [NOT_SOLVED, BACK]
