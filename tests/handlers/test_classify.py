"""Step 1: what a mail is about, on mails as customers write them, and the words that mislead."""

import pytest
from desk_values import case, mail, new, request

from gateway.desk.handler import Label
from handlers.classify import Classify, Words

MAILS = [
    ("technical", "로그인이 안 됩니다", "어제부터 앱에서 로그인이 되지 않습니다. 오류 코드는 1042번입니다."),
    ("technical", "앱이 자꾸 꺼져요", "아이폰에서 앱을 열면 몇 초 뒤에 꺼집니다. 재설치해도 똑같습니다."),
    ("technical", "결제 화면에서 멈춤", "결제 버튼을 누르면 화면이 하얗게 되고 오류가 납니다."),
    ("technical", "접속 장애 문의", "오늘 오전 9시부터 홈페이지 접속이 되지 않습니다. 확인 부탁드립니다."),
    ("technical", "업데이트 후 느려졌습니다", "이번 업데이트 이후 앱이 너무 느려서 쓸 수가 없습니다."),
    ("technical", "인증번호가 안 와요", "문자로 인증번호가 오지 않습니다. 여러 번 눌러도 안 옵니다."),
    ("technical", "프린터 연결이 안 돼요", "설명서대로 했는데 프린터가 와이파이에 연결되지 않습니다."),
    ("policy", "환불 문의", "지난주에 구매한 상품을 환불받고 싶습니다. 절차를 알려 주세요."),
    ("policy", "배송이 언제 오나요?", "11월 10일에 주문했는데 아직 배송 조회가 되지 않습니다."),
    ("policy", "세금계산서 발행 요청", "11월분 세금계산서를 발행해 주시기 바랍니다. 사업자등록증 첨부합니다."),
    ("policy", "구독 해지 방법", "매달 나가는 구독을 취소하고 싶습니다. 위약금이 있나요?"),
    ("policy", "교환 가능한가요", "사이즈가 맞지 않아 교환하고 싶습니다."),
    ("policy", "영업시간 문의", "주말에도 고객센터 상담이 가능한가요? 영업시간이 궁금합니다."),
    ("policy", "요금이 두 번 결제되었습니다", "이번 달 요금이 두 번 빠져나갔습니다. 확인해 주세요."),
    ("complaint", "상담원이 너무 불친절합니다", "어제 전화 상담원이 소리를 지르고 먼저 끊었습니다. 정말 불쾌합니다."),
    ("complaint", "정말 실망입니다", "세 번이나 연락했는데 아무도 답을 하지 않습니다. 소비자원에 신고하겠습니다."),
    ("complaint", "항의합니다", "약속한 기사님이 두 번이나 오지 않았습니다. 보상해 주세요."),
    ("complaint", "서비스가 최악이네요", "화가 나서 메일 씁니다. 전화 연결에 40분이 걸렸습니다."),
    ("account", "회원 탈퇴하고 싶습니다", "탈퇴 절차를 알려 주세요. 개인정보도 모두 삭제 부탁드립니다."),
    ("account", "비밀번호를 잊어버렸어요", "비밀번호를 재설정하고 싶은데 가입한 이메일이 기억나지 않습니다."),
    ("account", "개인정보 열람 요청", "귀사가 보유한 제 개인정보의 열람을 요청합니다."),
    ("account", "전화번호 변경", "계정에 등록된 휴대폰 번호를 바꾸고 싶습니다."),
    ("other", "앱솔루트 보드카 행사", "앱솔루트 행사 제휴를 제안드립니다. 담당자를 연결해 주세요."),
    ("other", "안녕하세요", "인터뷰 요청드립니다. 대학생 기자입니다."),
    ("technical", "App crashes on start", "Since version 3.2 the app crashes as soon as I open it on my Pixel."),
    ("technical", "Error 1042", "I get error 1042 when I try to upload a file. What can I do?"),
    ("technical", "Can't connect to the server", "The client says timeout and doesn’t work any more."),
    ("technical", "Printer is not working", "I installed the driver, but the printer is still not printing anything."),
    ("technical", "Website down?", "Your website has been down since this morning, I only get a blank page."),
    ("technical", "Login problem",
     "I cannot log in to my account, the page shows error 500 after I enter my password."),
    ("policy", "Refund for order 5531", "I sent the shoes back two weeks ago. When will I get my refund?"),
    ("policy", "Any update on my refund?", "I am waiting for the refund since 3 November, please let me know."),
    ("policy", "Invoice for October", "Could you please send me the invoice for October? Our accountant needs it."),
    ("policy", "Question about warranty", "Does the warranty cover a broken screen?"),
    ("policy", "Where is my parcel",
     "I ordered on the 10th and it has not been delivered yet. Tracking shows nothing."),
    ("policy", "Cancel my subscription", "Please cancel my subscription at the end of the month."),
    ("complaint", "Unacceptable service", "I have been waiting for an answer for three weeks. This is unacceptable."),
    ("complaint", "Complaint about your staff", "The man at the counter was rude to my mother. I want to complain."),
    ("complaint", "Very disappointed", "I am very disappointed, nobody called me back, although you promised twice."),
    ("account", "Delete my account", "Please delete my account and all personal data you hold about me."),
    ("account", "Forgot my password", "I forgot my password and no longer use the e-mail address of my account."),
    ("account", "Change of address", "Please change the e-mail address of my account to new@example.net."),
    ("account", "GDPR request", "Under article 15 I ask for a copy of all data you keep about me."),
    ("other", "Coffee with the team", "We would like to invite your team for coffee next week."),
    ("other", "Please return my call", "You can reach me in the afternoon."),
    ("other", "Job application", "I would like to apply as a support agent, my CV is attached."),
    ("account", "불만: 탈퇴가 안 됩니다",
     "너무 화가 납니다. 최악의 서비스네요. 탈퇴 처리하고 제 개인정보를 삭제해 주세요."),
    ("account", "Complaint",
     "Your staff is rude and I am angry and disappointed. Delete my account and all my personal data at once."),
    ("technical", "화면이 안 나와요", "모니터를 연결했는데 화면이 나오지 않습니다."),
    ("policy", "반품 접수", "색상이 달라 반품하려고 합니다. 반품 주소를 알려 주세요."),
    ("technical", "비디오 재생 안됨", "동영상이 재생되지 않고 검은 화면만 나옵니다."),
    ("technical", "알림이 오지 않습니다", "푸시 알림이 전혀 오지 않아요. 휴대폰 설정은 다 켰습니다."),
    ("policy", "주문 취소", "어제 주문한 상품 취소 가능할까요?"),
    ("policy", "현금영수증", "현금영수증 발급 부탁드립니다."),
    ("policy", "쿠폰 사용", "쿠폰이 적용되지 않습니다. 사용 조건이 무엇인가요?"),
    ("complaint", "답장이 없습니다", "2주째 답변이 없네요. 이게 무슨 서비스입니까? 정말 화납니다."),
    ("complaint", "기사님 태도", "기사님이 반말을 하고 너무 불친절했습니다."),
    ("account", "아이디 변경", "아이디를 변경하고 싶습니다. 회원정보에서 바꿀 수 없네요."),
    ("account", "이메일 변경", "가입한 이메일 주소를 변경하고 싶습니다."),
    ("account", "내 정보 삭제", "제 정보를 전부 삭제해 주세요."),
    ("technical", "Video does not play", "The video stays black and there is no sound on my laptop."),
    ("technical", "Sync fails", "My calendar fails to sync since the last update."),
    ("technical", "Cannot upload photos", "Uploading photos hangs at 99 percent."),
    ("policy", "Wrong size", "I ordered the wrong size. How do I exchange it?"),
    ("policy", "Charged twice", "My card was charged twice for the same order. Please check."),
    ("policy", "Student discount", "Do you offer a discount for students?"),
    ("complaint", "Terrible experience", "The technician came three hours late and left a mess."),
    ("complaint", "Nobody answers", "I have called five times, I am really fed up with your service."),
    ("account", "Update my details", "I moved. Please change the address in my profile."),
    ("account", "Someone used my account", "I think somebody else logged in to my account."),
    ("other", "Partnership", "We are a small agency and would like to work with you."),
    ("other", "문의", "담당자와 통화하고 싶습니다."),
    ("technical", "2FA", "The verification code never arrives on my phone."),
    ("policy", "Holiday", "Are you open on 25 December?"),
    ("technical", "파일이 열리지 않아요", "첨부 파일을 누르면 오류 메시지만 뜹니다."),
    ("technical", "홈페이지 오류", "장바구니 버튼이 눌리지 않습니다."),
    ("policy", "환불 규정", "개봉한 제품도 환불이 되나요?"),
    ("policy", "배송지 변경", "주문한 상품의 배송지를 바꾸고 싶습니다."),
    ("policy", "요금제 문의", "기본 요금제와 프리미엄의 차이를 알고 싶습니다."),
    ("complaint", "불만 접수", "매장 직원이 손님을 무시합니다. 개선해 주세요."),
    ("complaint", "너무하네요", "한 달째 답변이 없습니다. 무책임합니다."),
    ("account", "비번 초기화", "비밀번호 초기화 메일이 오지 않습니다."),
    ("account", "계정 도용 신고", "누군가 제 계정으로 접속한 것 같습니다."),
    ("other", "강연 요청", "저희 학교에서 강연을 부탁드리고 싶습니다."),
    ("technical", "Screen flickers", "After the last update the screen flickers all the time."),
    ("technical", "Crash when saving", "The program crashes whenever I save a large file."),
    ("policy", "Delivery time", "How long does delivery to Busan take?"),
    ("policy", "Return label", "Please send me a return label for order 88."),
    ("policy", "Price list", "Could I have your current price list?"),
    ("complaint", "Rude driver", "Your driver was rude and threw the box over the fence."),
    ("complaint", "I want to complain", "This is the third broken promise."),
    ("account", "Password reset", "The link to reset my password has expired."),
    ("account", "Data protection", "Which personal data do you store, and for how long?"),
    ("other", "Hello", "Is anybody there?"),
    ("technical", "Install fails", "The installer stops with error 0x80070005."),
    ("policy", "해지하려면", "서비스 해지 절차와 위약금을 알려 주세요."),
]


def category(text: str, subject: str = "Hello", handler: Classify = Classify()) -> str | None:  # noqa: B008
    (label,) = handler.received(mail(text, subject), new(request()))
    assert isinstance(label, Label)
    return label.category


@pytest.mark.parametrize(("expected", "subject", "text"), MAILS, ids=[subject for _, subject, _ in MAILS])
def test_a_mail_as_customers_write_it(expected: str, subject: str, text: str) -> None:
    assert category(text, subject) == expected


def test_the_reason_names_the_word_and_where_it_stands() -> None:
    assert [*Classify().received(mail("Where is my refund?", "Hello"), new(request()))] == [
        Label("“refund” in the text speaks of policy.", category="policy")]
    assert [*Classify().received(mail("Where is it?", "Refund"), new(request()))] == [
        Label("“refund” in the subject speaks of policy.", category="policy")]


def test_a_mail_without_a_known_word_is_other() -> None:
    assert [*Classify().received(mail("Ok then", "Hello"), new(request()))] == [
        Label("No word of the table is in it.", category="other")]


def test_a_later_mail_does_not_label_a_request_by_just_any_word() -> None:
    assert [*Classify().received(mail("refund of my account"), case(request()))] == []


@pytest.mark.parametrize(("text", "word"), [
    ("Please delete my account.", "delete my account"), ("제 개인정보를 삭제해 주세요.", "개인정보")])
def test_a_strong_word_of_a_later_mail_labels_it_anew(text: str, word: str) -> None:
    assert [*Classify().received(mail(text), case(request(category="other")))] == [
        Label(f"“{word}” in a later mail speaks of account.", category="account")]
    assert [*Classify().received(mail(text), case(request(category="account")))] == []


def test_a_strong_word_that_is_only_quoted_or_a_machines_changes_nothing() -> None:
    quoted = "Thank you!\n\nOn Mon, 23 Nov 2026 at 10:00, Shop wrote:\n> delete my account"
    assert [*Classify().received(mail(quoted), case(request(category="other")))] == []
    machine = mail("Please delete my account.", Auto_Submitted="auto-replied")
    assert [*Classify().received(machine, case(request(category="other")))] == []


@pytest.mark.parametrize(("text", "expected"), [
    ("Coffee for you", "other"), ("Two refunds", "policy"), ("앱솔루트", "other"), ("앱에서", "technical"),
    ("이 앱은 뭔가요", "technical"), ("it doesn’t work", "technical"), ("ＥＲＲＯＲ", "technical"),
    ("terrorist", "other"),
], ids=["inside a word", "plural", "inside a Korean word", "with a particle", "of one syllable", "curly apostrophe",
        "full width", "end of a word"])
def test_words_are_found_as_people_write_them(text: str, expected: str) -> None:
    assert category(text) == expected


def test_a_word_in_the_subject_counts_as_three_in_the_text() -> None:
    rules = (Words(category="a", words=("apple",)), Words(category="b", words=("beet", "broccoli", "bean")))
    assert category("beet broccoli", "apple", Classify(rules=rules)) == "a"
    assert category("beet broccoli bean", "apple", Classify(rules=rules)) == "a", "of equals the first"
    rules = (*rules, Words(category="c", words=("bean",), weight=4))
    assert category("beet broccoli bean", "apple", Classify(rules=rules)) == "c"


def test_quoted_mail_does_not_decide() -> None:
    text = "Where is my parcel?\n\nOn Mon, 23 Nov 2026 at 10:00, Shop wrote:\n> error error login app crash\n> server"
    assert category(text) == "policy"


def test_without_any_rule_everything_is_other() -> None:
    assert category("refund", handler=Classify(rules=(), otherwise="misc")) == "misc"
