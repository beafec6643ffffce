"""Out-of-office answers and desks' acknowledgements that nothing but their words marks, in many languages."""

from email.header import Header

import pytest

from gateway.mail.message import Message, parse

LABELS = (
    "Automatic reply: x", "Auto: Re: x", "OOO: x", "I'm out of the office", "자동 회신: x", "[부재중 자동응답] RE: x",
    "부재중 자동회신", "[자동발송] 부재중", "【自動返信】x", "自动回复: x", "自動回覆: x", "Automatische Antwort: x",
    "Ich bin nicht im Büro: x", "Réponse automatique : x", "Je suis absent : x", "Respuesta automática: x",
    "Resposta automática: x", "Risposta automatica: x", "Automatisch antwoord: x", "Autosvar: x", "Fravær: x",
    "Automaattinen vastaus: x", "Automatyczna odpowiedź: x", "Automatická odpověď: x", "Automatikus válasz: x",
    "Răspuns automat: x", "Автоматический ответ: x", "Автоматична відповідь: x", "Αυτόματη απάντηση: x",
    "Otomatik Yanıt: x", "Tự động trả lời: x", "Balasan Otomatis: x", "Jawapan automatik: x",
    "Balas automatik: x", "Plecat din birou: x",
    "ตอบกลับอัตโนมัติ: x", "תשובה אוטומטית: x", "رد تلقائي: x", "Аутоматски одговор: x", "Automaatne vastus: x",
)
WORDS = (
    "I'm currently on leave and will be back on Monday.",
    "부재중입니다. 1월 12일에 복귀 예정입니다.",
    "저는 1월 12일까지 휴가입니다. 급한 일은 이대리에게 연락 부탁드립니다.",
    "ただいま不在にしております。戻り次第ご連絡いたします。",
    "您好，我正在休假，1月12日返回。",
    "Ich bin ab dem 12.1. wieder im Büro.",
    "Absente jusqu'au 12 janvier, je lirai votre message à mon retour.",
    "Me encuentro de vacaciones hasta el 12 de enero.",
    "Estou de férias até 12 de janeiro.",
    "Sarò fuori ufficio fino al 12 gennaio.",
    "Ik ben op vakantie tot 12 januari.",
    "Jag är på semester till den 12 januari.",
    "Olen lomalla 12.1. asti.",
    "Do 12 stycznia przebywam na urlopie.",
    "Dobrý den, do 12. ledna čerpám dovolenou.",
    "Dobrý den, jsem mimo kancelář do 12. ledna.",
    "Momentálne som mimo kancelárie.",
    "Jelenleg házon kívül vagyok, január 12-én térek vissza.",
    "Szabadságomat töltöm, január 12-től vagyok elérhető.",
    "Sunt în concediu până la 12 ianuarie.",
    "Меня нет в офисе до 12 января.",
    "Я у відпустці до 12 січня.",
    "В отпуск съм до 12 януари.",
    "12 Ocak tarihine kadar izindeyim.",
    "Hiện tại tôi không có mặt tại văn phòng.",
    "Saya sedang cuti sampai 12 Januari.",
    "Na dopustu sem do 12. januarja.",
    "Esmu atvaļinājumā līdz 12. janvārim.",
    "담당자 부재로 회신이 지연될 수 있습니다. 본 메일은 자동 발송되었습니다.",
    "이 메일은 발신전용이므로 회신되지 않습니다.",
    "Ich befinde mich bis 12. Januar im Urlaub.",
    "Jeg holder ferie til den 12. januar.",
    "Sunt plecat din birou până pe 12 ianuarie.",
    "Είμαι σε άδεια μέχρι τις 12 Ιανουαρίου.",
    "Saya sedang tidak di kantor hingga 12 Januari.",
    "ขณะนี้ฉันไม่ได้อยู่ที่ออฟฟิศ",
    "אני לא נמצא במשרד עד יום ראשון",
    "現在出張中のため、返信が遅れる場合がございます。",
    "您的邮件我已收到，我会尽快回复您。（自动回复）",
)
DESKS = (
    "안녕하세요. 고객님의 문의가 정상적으로 접수되었습니다.",
    "문의하신 내용이 접수되었습니다. 담당자가 확인 후 답변드리겠습니다.",
    "We have received your message and will get back to you within 2 business days.",
    "お問い合わせを受け付けました。担当者より折り返しご連絡いたします。",
    "我们已收到您的邮件，将尽快回复您。",
    "Ihre Anfrage ist bei uns eingegangen. Wir werden uns schnellstmöglich melden.",
    "Votre demande a bien été reçue. Nous vous répondrons dans les meilleurs délais.",
)
PEOPLE = (
    "I am away from home next Monday, please deliver on Tuesday.",
    "我想设置（自动回复），怎么做？",
    "환불 접수되었습니다라는 문자를 받았는데 아직 입금이 안 됐어요.",
    "택배는 접수되었습니다만 도착을 안 했습니다.",
    "접수 확인했습니다. 감사합니다.",
    "We received your parcel but it is broken. Please send another.",
    "Your request was received on Monday, I am sending the photo now.",
    "다음 주에 휴가를 가는데 그 전에 받을 수 있을까요?",
    "I will be on holiday next week, so please send it before Friday.",
)


def answer(subject: str, words: str) -> Message:
    fields = f"From: Kim <kim@shop.example>\nTo: support@example.com\nSubject: {Header(subject, 'utf-8').encode()}\n"
    fields += "In-Reply-To: <letter@example.com>\nContent-Type: text/plain; charset=utf-8\n"
    return parse(f"{fields}Content-Transfer-Encoding: 8bit\n\n{words}\n".encode())


@pytest.mark.parametrize("label", LABELS)
def test_a_label_says_that_nobody_is_there(label: str) -> None:
    assert answer(label, "Hello.").is_automatic


@pytest.mark.parametrize("words", WORDS)
def test_an_answer_without_a_label_says_that_nobody_is_there(words: str) -> None:
    assert answer("Re: x", words).is_automatic


@pytest.mark.parametrize("words", DESKS)
def test_a_desk_that_promises_an_answer_is_a_machine_even_without_a_number(words: str) -> None:
    assert answer("Re: x", words).is_automatic


@pytest.mark.parametrize("words", PEOPLE)
def test_people_who_speak_of_such_things_stay_people(words: str) -> None:
    assert not answer("Re: x", words).automatic_reason


@pytest.mark.parametrize(
    "field",
    ["X-Yahoo-Autoresponder: yes", "X-Zimbra-Autoreply: 1", "X-Automatic-Reply: yes", "X-MSFBL: abc",
     "X-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent", "Return-Path: < >"],
)
def test_a_field_that_only_machines_write(field: str) -> None:
    raw = f"From: kim@shop.example\nTo: support@example.com\nSubject: x\n{field}\n\nHello\n"
    assert parse(raw.encode()).is_automatic
