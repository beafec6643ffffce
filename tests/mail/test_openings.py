"""Headings of quoted mails in many languages, wrapped as mail programs wrap them, and fields as Outlook names them."""

import pytest

from gateway.mail.quote import new_words

HEADINGS = (
    "2024년 1월 5일 (금) 오후 3:20, 고객센터 <a@b.example>님이 작성:",
    "고객센터 <a@b.example>님이 2024년 1월 5일 (금) 오후 3:20에 작성:",
    "2024. 1. 5. 오후 3:20, 고객센터 <a@b.example> 작성:",
    "张三 <a@b.example> 于2024年1月5日周五 15:20写道：",
    "張三 <a@b.example> 於 2024年1月5日 週五 下午3:20寫道：",
    "2024年1月5日(金) 15:20 田中 <a@b.example>:",
    "---- On Tue, 22 Dec 2015 14:17:36 +0530 Ann Bee<a@b.example> wrote ----",
    "Am Fr., 5. Jan. 2024 um 15:20 Uhr schrieb Ann Bee <a@b.example>:",
    "Ann Bee <a@b.example> schrieb am Fr. 5. Jan. 2024 um 15:20:",
    "No dia 5/01/2024, às 15:20, Ann Bee <a@b.example> escreveu:",
    "пт, 5 янв. 2024 г. в 15:20, Ann Bee <a@b.example>:",
    "5 янв. 2024 г., в 15:20, Ann Bee <a@b.example> написал(а):",
    "Пятница, 5 января 2024, 15:20 +03:00 от Ann Bee <a@b.example>:",
    "пт, 5 січ. 2024 р. о 15:20 Ann Bee <a@b.example> пише:",
    "pt., 5 sty 2024 o 15:20 Ann Bee <a@b.example> napisał(a):",
    "Ann Bee <a@b.example>, 5 Oca 2024 Cum, 15:20 tarihinde şunu yazdı:",
    "5 jan. 2024 kl. 15:20 skrev Ann Bee <a@b.example>:",
    "fre. 5. jan. 2024 kl. 15:20 skrev Ann Bee <a@b.example>:",
    "pe 5. tammik. 2024 klo 15.20 Ann Bee <a@b.example> kirjoitti:",
    "pá 5. 1. 2024 v 15:20 odesílatel Ann Bee <a@b.example> napsal:",
    "vin., 5 ian. 2024 la 15:20, Ann Bee <a@b.example> a scris:",
    "Στις Παρ 5 Ιαν 2024 στις 3:20 μ.μ., ο χρήστης Ann Bee <a@b.example> έγραψε:",
    "Pada Jum, 5 Jan 2024 pukul 15.20 Ann Bee <a@b.example> menulis:",
    "เมื่อ ศ. 5 ม.ค. 2024 เวลา 15:20 Ann Bee <a@b.example> เขียนว่า:",
    "На пт, 5.01.2024 г. в 15:20 Ann Bee <a@b.example> написа:",
)
FIELDS = (
    "From|Sent|To|Subject", "보낸 사람|보낸 날짜|받는 사람|제목", "差出人|送信日時|宛先|件名",
    "发件人|发送时间|收件人|主题",
    "寄件者|寄件日期|收件者|主旨", "Von|Gesendet|An|Betreff", "De|Envoyé|À|Objet", "De|Enviado el|Para|Asunto",
    "De|Enviada em|Para|Assunto", "Da|Inviato|A|Oggetto", "Van|Verzonden|Aan|Onderwerp", "От|Отправлено|Кому|Тема",
    "От кого|Дата|Кому|Тема", "Od|Wysłano|Do|Temat", "Từ|Đã gửi|Đến|Chủ đề", "Kimden|Gönderildi|Kime|Konu",
    "Från|Skickat|Till|Ämne", "Fra|Sendt|Til|Emne", "Lähettäjä|Lähetetty|Vastaanottaja|Aihe",
    "Od|Odesláno|Komu|Předmět",
    "Od|Odoslané|Komu|Predmet", "Feladó|Elküldve|Címzett|Tárgy", "De la|Trimis|Către|Subiect",
    "Από|Στάλθηκε|Προς|Θέμα", "מאת|נשלח|אל|נושא", "من|تم الإرسال|إلى|الموضوع", "จาก|ส่ง|ถึง|เรื่อง",
    "От|Изпратено|До|Относно", "Від|Надіслано|Кому|Тема", "Od|Poslano|Prima|Predmet", "Dari|Dikirim|Kepada|Subjek",
    "Saatja|Saadetud|Adressaat|Teema", "Nuo|Išsiųsta|Kam|Tema", "De|Enviat|Per a|Tema",
)
SIGNED = (
    "나의 iPhone에서 보냄", "Đã gửi từ iPhone của tôi", "أُرسلت من الـ iPhone", "נשלח מה-iPhone שלי",
    "Στάλθηκε από το iPhone μου", "Elküldve az iPhone-omról", "Poslano s mog iPhonea", "Изпратено от моя iPhone",
)


@pytest.mark.parametrize("heading", HEADINGS)
@pytest.mark.parametrize("mark", ["> ", ""])
def test_a_heading_is_known_wherever_it_is_wrapped(heading: str, mark: str) -> None:
    words = heading.split(" ")
    for place in range(len(words) // 2, len(words)):
        wrapped = " ".join(words[:place]) + "\n" + " ".join(words[place:])
        assert new_words(f"네, 감사합니다.\n\n{wrapped}\n\n{mark}one\n{mark}two\n") == "네, 감사합니다."


@pytest.mark.parametrize("names", FIELDS)
def test_the_fields_of_a_quoted_mail_begin_it_in_any_language(names: str) -> None:
    author, sent, to, subject = names.split("|")
    fields = f"{author}: Ann Bee <a@b.example>\n{sent}: 5 Jan 2024 15:20\n{to}: c@d.example\n{subject}: Re: x"
    assert new_words(f"Danke!\n\n{fields}\n\nold words\n") == "Danke!"
    assert new_words(f"Danke!\n\n      {fields}\n\nold words\n") == "Danke!"


@pytest.mark.parametrize("line", SIGNED)
def test_what_a_telephone_writes_under_every_mail_goes(line: str) -> None:
    assert new_words(f"Danke!\n\n{line}\n") == "Danke!"


@pytest.mark.parametrize(
    "words",
    [
        "See you on 6 January 2024.\nFoo <a@b.example> wrote:\n> hi\n",
        "Friday at 15:20 suits us.\nOn Fri, Jan 5, 2024 at 3:20 PM Foo <a@b.example> wrote:\n> hi\n",
        "1월 5일 15:20에 뵙겠습니다.\n2024년 1월 5일 (금) 오후 3:20, 홍길동 <a@b.example>님이 작성:\n> hi\n",
    ],
)
def test_a_line_with_a_date_right_above_a_heading_is_the_authors(words: str) -> None:
    assert new_words(words) == words.partition("\n")[0]
