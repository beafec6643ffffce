"""RFC 3834 and life: who is a machine, and whom a machine may answer."""

import pytest

from gateway.mail.automatic import automatic, may_acknowledge
from gateway.mail.envelope import Envelope
from gateway.mail.message import Message, parse

OURS = ("support@example.com", "help@example.com")
ENVELOPE = Envelope("kim@naver.com", ("support@example.com",))


def mail(
    *fields: str, author: str = "Kim <kim@naver.com>", subject: str = "Login", body: str = "It does not work."
) -> Message:
    head = [f"From: {author}", "To: support@example.com", f"Subject: {subject}", *fields]
    return parse(("\n".join(head) + f"\n\n{body}\n").encode())


def test_a_person_is_answered() -> None:
    assert automatic(mail(), ENVELOPE) == ""
    assert may_acknowledge(mail(), ENVELOPE, OURS)[0]


def test_the_null_path_is_a_notification() -> None:
    assert "null" in automatic(mail(), Envelope("", ("support@example.com",)))


@pytest.mark.parametrize(
    "field",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated",
        "auto-submitted: AUTO-NOTIFIED",
        "Auto-Submitted: (x) auto-replied; owner=a",
        "Auto-Submitted: x-other",
        "List-Id: <a.b.c>",
        "List-Unsubscribe: <mailto:a@b>",
        "List-Post: NO",
        "Mailing-List: x",
        "Precedence: bulk",
        "Precedence: LIST",
        "Precedence: junk",
        "Precedence: auto_reply",
        "X-Auto-Response-Suppress: All",
        "X-Auto-Response-Suppress: DR, RN, NRN, OOF, AutoReply",
        "X-Auto-Response-Suppress: OOF",
        "X-Autoreply: yes",
        "X-Autosubmitted: auto-replied",
        "X-Away-Message: yes",
        "X-Autorespond: x",
        "X-Loop: support@example.com",
        "X-Vacation: 1",
        "X-FC-MachineGenerated: true",
        "X-Failed-Recipients: a@b.c",
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=x",
        "Content-Type: multipart/report; report-type=feedback-report; boundary=x",
        "Return-Path: <>",
        "X-POST-MessageClass: 9; Autoresponder",
    ],
)
def test_these_fields_are_a_machines(field: str) -> None:
    message = mail(field)
    assert message.is_automatic, field
    assert not may_acknowledge(message, ENVELOPE, OURS)[0]


@pytest.mark.parametrize(
    "field",
    [
        "Auto-Submitted: no",
        "Auto-Submitted: NO (a person)",
        "Auto-Submitted: no; x=y",
        "Precedence: first-class",
        "Precedence: special-delivery",
        "X-Auto-Response-Suppress: RN, NRN",
        "X-Auto-Response-Suppress: None",
        "X-Mailer: Outlook",
        "X-Autoreply: no",
        "Return-Path: <kim@naver.com>",
        "X-Priority: 1",
    ],
)
def test_these_fields_are_a_persons(field: str) -> None:
    assert mail(field).automatic_reason == ""
    assert may_acknowledge(mail(field), ENVELOPE, OURS)[0]


@pytest.mark.parametrize(
    "local",
    [
        "noreply",
        "no-reply",
        "no_reply",
        "No.Reply",
        "NOREPLY",
        "do-not-reply",
        "donotreply",
        "do_not_reply",
        "noreply+abc",
        "noreply-1234",
        "noreply2",
        "accounts-noreply",
        "jira.noreply",
        "mailer-daemon",
        "MAILER-DAEMON",
        "postmaster",
        "owner-list",
        "list-owner",
        "list-request",
        "list-bounces",
        "bounce",
        "bounces+123=a.b",
        "majordomo",
        "listserv",
        "mailman",
        "nao-responda",
        "ne-pas-repondre",
        "nicht-antworten",
        "no-responder",
        "autoreply",
        "auto-reply",
        "autoresponder",
        "notifications",
        "alerts",
        "newsletter",
        "root",
        "www-data",
        "nobody",
        "cron",
    ],
)
def test_these_names_read_no_mail(local: str) -> None:
    assert mail(author=f"<{local}@shop.example>").is_automatic


@pytest.mark.parametrize(
    "local",
    [
        "kim",
        "reply",
        "norbert",
        "info",
        "support",
        "nora.reply",
        "bounceman",
        "rooty",
        "listening",
        "alertson",
        "answer",
        "post",
        "office",
        "daemonhunter",
        "abuse",
        "sales",
        "hello",
        "autohaus",
        "news",
    ],
)
def test_these_names_are_people_or_desks(local: str) -> None:
    assert mail(author=f"<{local}@shop.example>").automatic_reason == ""


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: Login",
        "Auto-Reply: x",
        "Auto: Out of Office",
        "Autoreply: x",
        "Out of Office: x",
        "Out of Office AutoReply: x",
        "Out of the office",
        "OOO: x",
        "자동 회신: 문의",
        "자동회신: 문의",
        "자동 응답: x",
        "[부재중] 문의",
        "부재중: x",
        "부재 중 알림",
        "휴가 중: x",
        "自動応答: x",
        "自動返信：x",
        "不在通知: x",
        "【自動返信】x",
        "自动答复: x",
        "自动回复: x",
        "自動回覆: x",
        "Automatische Antwort: x",
        "Abwesenheitsnotiz: x",
        "Abwesend: x",
        "Réponse automatique : x",
        "Absence du bureau : x",
        "Absent(e) du bureau: x",
        "Respuesta automática: x",
        "Fuera de la oficina: x",
        "Resposta automática: x",
        "Ausência temporária: x",
        "Risposta automatica: x",
        "Fuori sede: x",
        "Automatisch antwoord: x",
        "Afwezigheidsbericht: x",
        "Autosvar: x",
        "Automatiskt svar: x",
        "Automatisk svar: x",
        "Frånvaro: x",
        "Automaattinen vastaus: x",
        "Poissa: x",
        "Automatyczna odpowiedź: x",
        "Odpowiedź automatyczna: x",
        "Automatická odpověď: x",
        "Automatická odpoveď: x",
        "Automatikus válasz: x",
        "Răspuns automat: x",
        "Автоматический ответ: x",
        "Автоответ: x",
        "Автоматична відповідь: x",
        "Αυτόματη απάντηση: x",
        "Otomatik yanıt: x",
        "Ofis dışında: x",
        "Trả lời tự động: x",
        "Thư trả lời tự động: x",
        "Phản hồi tự động: x",
        "Отсутствие на рабочем месте: x",
        "Отсутствие с 5 января",
        "Abwesenheit vom 5. bis 9. Januar",
        "Balasan otomatis: x",
        "ตอบกลับอัตโนมัติ: x",
        "תשובה אוטומטית: x",
        "رد تلقائي: x",
        "Automatski odgovor: x",
    ],
)
def test_out_of_office_in_many_languages(subject: str) -> None:
    assert mail(subject=subject).is_automatic, subject


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply does not work",
        "How do I set an out of office message?",
        "자동 응답 설정이 안 됩니다",
        "부재중 전화 기능 문의",
        "자동이체 문의",
        "휴가 중 배송 문의",
        "Vacation booking",
        "Re: Login",
        "Automatische Abbuchung falsch",
        "Absence de courrier",
        "自動車の問い合わせ",
        "Autorizzazione",
        "On holiday the app crashes",
        "Отсутствие товара в заказе",
        "Abwesenheit im Kalender eintragen",
    ],
)
def test_a_question_about_such_things_is_a_persons(subject: str) -> None:
    assert mail(subject=subject).automatic_reason == "", subject


@pytest.mark.parametrize(
    "body",
    [
        "I am out of the office until Monday.",
        "Ich bin bis zum 5. Mai nicht im Büro.",
        "저는 현재 휴가 중입니다.",
        "출장 중으로 회신이 늦을 수 있습니다.",
        "Me encuentro fuera de la oficina hasta el lunes.",
        "I will be away from 5 to 9 January. For urgent matters please call Lee.",
        "This is an automated reply.",
        "자동으로 발송된 메일입니다.",
        "本メールは自動送信です。",
        "휴가로 인해 1월 10일까지 메일 확인이 어렵습니다.",
        "저는 퇴사하였습니다. 이영희에게 연락 바랍니다.",
        "I am currently travelling with limited access to e-mail.",
        "I have left the company. Please contact Lee.",
        "Je suis en déplacement jusqu'au 12 janvier.",
        "Me encuentro de vacaciones hasta el 12 de enero.",
        "Encontro-me ausente até 12 de janeiro.",
        "Sarò assente fino al 12 gennaio.",
        "Ik ben met verlof tot 12 januari.",
        "Jag är på semester till den 12 januari.",
        "Olen lomalla 12.1. asti.",
        "Przebywam na urlopie do 12 stycznia.",
        "Jsem na dovolené do 12. ledna.",
        "Szabadságon vagyok január 12-ig.",
        "Sunt în concediu până pe 12 ianuarie.",
        "Я в командировке до 12 января.",
        "Yıllık izindeyim.",
        "Tôi đang nghỉ phép đến ngày 12.",
        "Saya sedang cuti hingga 12 Januari.",
        "ただいま休暇をいただいております。",
        "我正在休假，1月12日返回。",
        "אני בחופשה עד יום ראשון",
        "Είμαι εκτός γραφείου μέχρι τις 12.",
    ],
)
def test_an_answer_with_the_words_of_absence_is_a_machines(body: str) -> None:
    assert mail("In-Reply-To: <a@b>", subject="Re: x", body=body).is_automatic


@pytest.mark.parametrize(
    "body",
    [
        "I was on holiday last week, so I only read this now. The fault is still there.",
        "I am out of the office tomorrow, could you call on Friday?",
        "I have left the company name out of the form on purpose. It fails.",
        "어제 휴가였습니다. 지금 확인했는데 여전히 안 됩니다.",
        "출장 중이라 회신이 늦었습니다. 사진을 보냅니다.",
        "We are, and I am out of office supplies, so please hurry.",
        "I will be away from home until Tuesday, so deliver it on Wednesday.",
        "다음 주 출장 전에 해결 부탁드립니다.",
        "Ich bin im Büro und kann es testen.",
    ],
)
def test_a_person_who_speaks_of_being_away_is_a_person(body: str) -> None:
    assert mail("In-Reply-To: <a@b>", subject="Re: x", body=body).automatic_reason == ""


def test_who_asks_about_an_automatic_answer_that_he_got_is_a_person() -> None:
    body = "I got this instead of an answer. When will you send the parcel?"
    assert mail("In-Reply-To: <a@b>", subject="Re: Out of office", body=body).automatic_reason == ""
    assert mail("In-Reply-To: <a@b>", subject="Re: Out of office", body="I am back on Monday.").is_automatic


def test_a_challenge_robot_is_a_machine() -> None:
    assert mail(body="Please click the link below to have your message delivered. Prove you are human.").is_automatic


def test_our_own_addresses_are_never_answered() -> None:
    assert not may_acknowledge(mail(author="support@example.com"), ENVELOPE, OURS)[0]
    assert not may_acknowledge(mail(author="Support+1.ab@EXAMPLE.com"), ENVELOPE, OURS)[0]
    assert not may_acknowledge(mail("Reply-To: help@example.com"), ENVELOPE, OURS)[0]
    assert not may_acknowledge(mail(), Envelope("help@example.com", ("support@example.com",)), OURS)[0]
    assert not may_acknowledge(mail(author="any@desk.example"), ENVELOPE, OURS, ("desk.example",))[0]


def test_a_mail_that_names_us_nowhere_is_not_answered() -> None:
    message = parse(b"From: kim@naver.com\nTo: other@x.y\nSubject: x\n\nx")
    assert not may_acknowledge(message, Envelope("kim@naver.com", ("stranger@x.y",)), OURS)[0]
    assert may_acknowledge(message, ENVELOPE, OURS)[0]


def test_without_an_address_there_is_nobody_to_answer() -> None:
    assert not may_acknowledge(parse(b"Subject: x\nTo: support@example.com\n\nx"), ENVELOPE, OURS)[0]


@pytest.mark.parametrize("path", ["owner-list@x.y", "list-request@x.y", "list-bounces@x.y", "mailer-daemon@x.y"])
def test_a_lists_reverse_path_is_not_answered(path: str) -> None:
    assert not may_acknowledge(mail(), Envelope(path, ("support@example.com",)), OURS)[0]


def test_the_reason_is_a_sentence() -> None:
    assert mail("Precedence: bulk").automatic_reason == "Its Precedence is bulk."
