"""The new words of replies, by mail program and language. The shapes are those of real programs; the words are ours."""

import pytest

from gateway.mail.message import parse
from gateway.mail.quote import HEADINGS_LIMIT, new_words

REPLIES = {
    "a heading wrapped after the date": (
        "Thanks\n\nOn Fri, Jan 5, 2024 at 3:20 PM\nFoo Bar <foo@bar.com> wrote:\n\n> hi\n",
        "Thanks",
    ),
    "a heading on three lines": (
        "Thanks\n\nOn Fri, Jan 5, 2024 at 3:20 PM, Foo Bar of the Long\nNamed Company <foo@bar.com>\nwrote:\n\n> hi\n",
        "Thanks",
    ),
    "a heading right below the answer": (
        "Thanks, see you on 6 Jan 2024\nOn Fri, Jan 5, 2024 at 3:20 PM Foo <foo@bar.com> wrote:\n> hi\n",
        "Thanks, see you on 6 Jan 2024",
    ),
    "a wrapped Korean heading": (
        "네\n2024년 1월 5일 (금) 오후 3:20,\n홍길동 <hong@x.com>님이 작성:\n> 안녕\n",
        "네",
    ),
    "a wrapped French heading": (
        "Merci\n\nLe ven. 5 janv. 2024 à 15:20, Foo Bar\n<foo@bar.com> a écrit :\n> salut\n",
        "Merci",
    ),
    "a line quoted by hand": (
        "You write:\n> it works\nNo, it does not.",
        None,
    ),
    "an older mail below the quoted one": (
        (
            "Thanks\n\nOn Fri, Jan 5, 2024 at 3:20 PM Foo <foo@bar.com> wrote:\n\n> hi\n>\n\n"
            "-----Original Message-----\nFrom: Kim <kim@bar.com>\nSubject: x\n\nThe oldest.\n"
        ),
        "Thanks",
    ),
    "fields glued to the original's line": (
        "Danke\n-------- Ursprüngliche Nachricht --------Von: Foo Datum: 05.01.24 15:20 An: Betreff: x\n\nalt\n",
        "Danke",
    ),
    "a heading of which one line is marked": (
        "Thanks\nOn Fri, Jan 5, 2024 at\n> 3:20 PM\nFoo Bar <foo@bar.com> wrote:\n> hi\n",
        "Thanks",
    ),
    "gnus": (
        "Thanks\n\nFoo Bar <foo@bar.com> writes:\n\n> hi\n",
        "Thanks",
    ),
    "apple in Polish": (
        "Dzięki\n\nWiadomość napisana przez Foo <a@b.c> w dniu 5 sty 2024, o godz. 15:20:\n\n> hi\n",
        "Dzięki",
    ),
    "a forum": (
        "Thanks\n\nPosted by foo on 01/05/2024\n> hi\n",
        "Thanks",
    ),
    "Japanese without a date": (
        "はい\n\n田中さんは書きました:\n> こんにちは\n",
        "はい",
    ),
    "gmail of old": (
        "Thanks\n\n2013/11/1 Foo Bar <a@b.c>\n\n> hi\n",
        "Thanks",
    ),
    "text with a colon": (
        "On your host you can run:\n\n  telnet x 25\n\nOn 9 Jan 2014, at 2:47, X <x@y.z> wrote:\n\n> hi\n",
        "On your host you can run:\n\n  telnet x 25",
    ),
    "a greeting around a quoted mail": (
        "Answer\n\nOn 9 Jan 2014, at 2:47, X <x@y.z> wrote:\n\n> hi\n\nRegards, Kim",
        "Answer\n\nRegards, Kim",
    ),
    "gmail ko": (
        "감사합니다.\n\n2024년 1월 5일 (금) 오후 3:20, 홍길동 <hong@x.com>님이 작성:\n\n> 안녕\n> 하세요\n",
        "감사합니다.",
    ),
    "gmail ko wrapped": (
        (
            "감사합니다.\n\n2024년 1월 5일 (금) 오후 3:20, 홍길동 고객센터 담당 "
            "<hong.gildong.long@x.com>님이\n작성:\n\n> 안녕\n"
        ),
        "감사합니다.",
    ),
    "apple ko": (
        "네\n\n나의 iPhone에서 보냄\n\n2024. 1. 5. 오후 3:20, 홍길동 <a@b.com> 작성:\n\n> 안녕\n",
        "네",
    ),
    "apple ko2": (
        "네\n\n> 2014. 5. 2. 오후 3:20, X <a@b.c> 작성:\n> \n> 안녕\n",
        "네",
    ),
    "naver": (
        (
            '답변 드립니다\n\n-----Original Message-----\nFrom: "홍" <a@b>\nTo: '
            "<c@d>\nCc:\nSent: 2024-01-05 (금) 15:20:11 (GMT+09:00)\nSubject: "
            "문의\n\n원문\n"
        ),
        "답변 드립니다",
    ),
    "outlook ko": (
        (
            "확인했습니다\n\n보낸 사람: 홍 <a@b>\n보낸 날짜: 2024년 1월 5일 금요일 오후 "
            "3:20\n받는 사람: c@d\n제목: 문의\n\n원문"
        ),
        "확인했습니다",
    ),
    "outlook ko rule": (
        (
            "확인했습니다\n\n________________________________\n보낸 사람: 홍 <a@b>\n보낸 "
            "날짜: 2024년\n받는 사람: c@d\n제목: 문의\n\n원문"
        ),
        "확인했습니다",
    ),
    "daum": (
        (
            "네 알겠습니다\n\n--------- 원본 메일 ---------\n\n보낸사람: 홍 <a@b>\n받는사람 : "
            "c@d\n날짜: 2024년 1월 5일 금요일, 15시 20분 11초 +0900\n제목: 문의\n\n원문"
        ),
        "네 알겠습니다",
    ),
    "samsung": (
        (
            "네\n\nGalaxy에서 보냄\n\n\n-------- 원본 이메일 --------\n발신: 홍 <a@b>\n날짜: "
            "24/1/5 오후 3:20 (GMT+09:00)\n수신: c@d\n제목: Re: 문의\n\n원문"
        ),
        "네",
    ),
    "thunderbird ko": (
        "네\n\n2024-01-05 오후 3:20에 홍길동 이(가) 쓴 글:\n> 안녕",
        "네",
    ),
    "gmail en": (
        "Thanks!\n\nOn Fri, Jan 5, 2024 at 3:20 PM Foo Bar <foo@bar.com> wrote:\n\n> hi\n> there\n",
        "Thanks!",
    ),
    "gmail en wrapped": (
        (
            "Thanks!\n\nOn Fri, Jan 5, 2024 at 3:20 PM Foo Bar Very Long Name <foo.very.long@bar.com>\nwrote:\n\n> "
            "hi\n> there\n"
        ),
        "Thanks!",
    ),
    "no quote marks": (
        "Thanks!\n\nOn Fri, Jan 5, 2024 at 3:20 PM Foo Bar <foo@bar.com> wrote:\n\nhi\nthere\n",
        "Thanks!",
    ),
    "outlook en": (
        "Thanks!\n\nBob\n\nFrom: Foo <a@b>\nSent: Friday, January 5, 2024 3:20 PM\nTo: Bob\nSubject: RE: x\n\nold",
        "Thanks!\n\nBob",
    ),
    "outlook bold": (
        "Thanks!\n\n*From:* Foo <a@b>\n*Sent:* Friday, January 5, 2024 3:20 PM\n*To:* Bob\n*Subject:* RE: x\n\nold",
        "Thanks!",
    ),
    "de": (
        "Danke\n\nAm 05.01.24 um 15:20 schrieb Foo Bar:\n> hi\n",
        "Danke",
    ),
    "de2": (
        "Danke\n\nAm Fr., 5. Jan. 2024 um 15:20 Uhr schrieb Foo <a@b.c>:\n\n> hi\n",
        "Danke",
    ),
    "de outlook": (
        "Danke\n\nVon: Foo <a@b>\nGesendet: Freitag, 5. Januar 2024 15:20\nAn: x\nBetreff: AW: y\n\nalt",
        "Danke",
    ),
    "fr": (
        "Merci\n\nLe ven. 5 janv. 2024 à 15:20, Foo <a@b.c> a écrit :\n\n> hi\n",
        "Merci",
    ),
    "es": (
        "Gracias\n\nEl vie, 5 ene 2024 a las 15:20, Foo (<a@b.c>) escribió:\n\n> hi\n",
        "Gracias",
    ),
    "pt": (
        "Obrigado\n\nEm sex., 5 de jan. de 2024 às 15:20, Foo <a@b.c> escreveu:\n\n> hi\n",
        "Obrigado",
    ),
    "it": (
        "Grazie\n\nIl giorno ven 5 gen 2024 alle ore 15:20 Foo <a@b.c> ha scritto:\n\n> hi\n",
        "Grazie",
    ),
    "nl": (
        "Dank\n\nOp vr 5 jan. 2024 om 15:20 schreef Foo <a@b.c>:\n\n> hi\n",
        "Dank",
    ),
    "ru": (
        "Спасибо\n\nпт, 5 янв. 2024 г. в 15:20, Foo <a@b.c>:\n\n> hi\n",
        "Спасибо",
    ),
    "ja gmail": (
        "ありがとう\n\n2024年1月5日(金) 15:20 田中 <a@b.c>:\n\n> hi\n",
        "ありがとう",
    ),
    "ja apple": (
        "ありがとう\n\niPhoneから送信\n\n2024/01/05 15:20、田中 <a@b.c>のメール:\n\n> hi\n",
        "ありがとう",
    ),
    "zh": (
        "谢谢\n\n张三 <a@b.c> 于2024年1月5日周五 15:20写道：\n\n> hi\n",
        "谢谢",
    ),
    "qq": (
        (
            '谢谢\n\n\n------------------ 原始邮件 ------------------\n发件人: "x" '
            '<a@b>;\n发送时间: 2024年1月5日(星期五) 下午3:20\n收件人: "y"<c@d>;\n主题: Re: '
            "z\n\nold"
        ),
        "谢谢",
    ),
    "163": (
        '好的\n\nAt 2024-01-05 15:20:11, "X" <a@b.c> wrote:\n>hi\n',
        "好的",
    ),
    "pl": (
        "Dzięki\n\npt., 5 sty 2024 o 15:20 Foo <a@b.c> napisał(a):\n\n> hi\n",
        "Dzięki",
    ),
    "vi": (
        "Cảm ơn\n\nVào Th 6, 5 thg 1, 2024 vào lúc 15:20 Foo <a@b.c> đã viết:\n\n> hi\n",
        "Cảm ơn",
    ),
    "tr": (
        "Teşekkürler\n\nFoo <a@b.c>, 5 Oca 2024 Cum, 15:20 tarihinde şunu yazdı:\n\n> hi\n",
        "Teşekkürler",
    ),
    "sv": (
        "Tack\n\nDen fre 5 jan. 2024 kl 15:20 skrev Foo <a@b.c>:\n\n> hi\n",
        "Tack",
    ),
    "sig": (
        "Hello\nworld\n\n-- \nBob\nACME",
        "Hello\nworld",
    ),
    "iphone": (
        "Yes\n\nSent from my iPhone",
        "Yes",
    ),
    "outlook ios": (
        (
            "Yes\n\nGet Outlook for iOS<https://aka.ms/o0ukef>\n________________________________\nFrom: a <a@b>\nSent: "
            "Friday, 5 January 2024\nTo: b\nSubject: Re: x\n\nold"
        ),
        "Yes",
    ),
    "bottom": (
        "On Fri, Jan 5, 2024 at 3:20 PM Foo <foo@bar.com> wrote:\n> question?\n\nMy answer\n",
        "My answer",
    ),
    "interleaved": (
        "Hi\n\nOn Fri, Jan 5, 2024 at 3:20 PM Foo <foo@bar.com> wrote:\n> q1?\n\na1\n\n> q2?\n\na2\n",
        None,
    ),
    "forward": (
        "See below\n\n---------- Forwarded message ---------\nFrom: x <a@b>\nDate: d\nSubject: s\nTo: t\n\nbody",
        None,
    ),
    "marker": (
        (
            "Thanks\n\nOn 5 Jan 2024, at 15:20, Support <s@x.y> wrote:\n\n> ##- Please type your reply above this line "
            "-##\n> \n> hi\n"
        ),
        "Thanks",
    ),
    "marker in capitals": (
        "Thanks\n\nREPLY ABOVE THIS LINE\n\nhi\n",
        "Thanks",
    ),
    "this line in a sentence": (
        "Please look at this line of the log.\n\nIt says: no.",
        "Please look at this line of the log.\n\nIt says: no.",
    ),
    "marker2": (
        "Thanks\n\n##- 이 줄 위에 답장을 써 주세요 -##\n안녕\n",
        "Thanks",
    ),
    "person": (
        "I wrote:\n\non 5 Jan 2024 you said it works. He wrote to me:\nthat",
        "I wrote:\n\non 5 Jan 2024 you said it works. He wrote to me:\nthat",
    ),
    "list": (
        "Problems:\n- a\n- b\n\nFrom: the start it failed.\nTo: be fair",
        "Problems:\n- a\n- b\n\nFrom: the start it failed.\nTo: be fair",
    ),
    "error log": (
        "이렇게 나옵니다\n\n2024-01-05 15:20 error user@host.com:\nConnection refused\n\n도와주세요",
        None,
    ),
    "only quote": (
        "> hi\n> there",
        None,
    ),
    "yahoo": (
        "ok\n\n\nOn Friday, January 5, 2024 at 03:20:11 PM GMT+9, Foo <a@b.c> wrote:  \n \n hi there\n",
        "ok",
    ),
    "nate": (
        "네\n\n----- 원본 메세지 -----\n보낸이 : 홍 <a@b>\n받는이 : c\n제목 : x\n\n원문",
        "네",
    ),
    "apple en": (
        "Yes\n\n> On 5 Jan 2024, at 15:20, Foo <a@b.c> wrote:\n> \n> hi\n",
        "Yes",
    ),
    "kakao": (
        "네 감사합니다\n\n----- 원본 메시지 -----\n\n보낸사람: 홍 <a@b>\n받는사람: c@d\n날짜: x\n제목: y\n\n원문",
        "네 감사합니다",
    ),
    "gmail zh-tw": (
        "謝謝\n\n王小明 <a@b.c> 於 2024年1月5日 週五 下午3:20寫道：\n\n> hi\n",
        "謝謝",
    ),
    "apple zh": (
        "谢谢\n\n发自我的iPhone\n\n> 在 2024年1月5日，15:20，张三 <a@b.c> 写道：\n> \n> hi\n",
        "谢谢",
    ),
    "outlook zh": (
        "收到\n\n发件人: 张三 <a@b.c>\n发送时间: 2024年1月5日 15:20\n收件人: x\n主题: 回复: y\n\n旧",
        "收到",
    ),
    "outlook ja": (
        "了解です\n\n差出人: 田中 <a@b>\n送信日時: 2024年1月5日 15:20\n宛先: x\n件名: RE: y\n\n旧",
        "了解です",
    ),
    "da": (
        "Tak\n\nDen 05.01.2024 kl. 15.20 skrev Foo <a@b.c>:\n> hi\n",
        "Tak",
    ),
    "fi": (
        "Kiitos\n\npe 5. tammik. 2024 klo 15.20 Foo (a@b.c) kirjoitti:\n\n> hi\n",
        "Kiitos",
    ),
    "cs": (
        "Díky\n\npá 5. 1. 2024 v 15:20 odesílatel Foo <a@b.c> napsal:\n\n> hi\n",
        "Díky",
    ),
    "fr outlook": (
        "Merci\n\nDe : Foo <a@b>\nEnvoyé : vendredi 5 janvier 2024 15:20\nÀ : x\nObjet : RE: y\n\nvieux",
        "Merci",
    ),
    "es outlook": (
        "Gracias\n\nDe: Foo <a@b>\nEnviado el: viernes, 5 de enero de 2024\nPara: x\nAsunto: RE: y\n\nviejo",
        "Gracias",
    ),
    "pt outlook": (
        "Obrigado\n\nDe: Foo <a@b>\nEnviada em: sexta-feira\nPara: x\nAssunto: RE: y\n\nvelho",
        "Obrigado",
    ),
    "nl outlook": (
        "Dank\n\nVan: Foo <a@b>\nVerzonden: vrijdag 5 januari 2024\nAan: x\nOnderwerp: RE: y\n\noud",
        "Dank",
    ),
    "it outlook": (
        "Grazie\n\nDa: Foo <a@b>\nInviato: venerdì 5 gennaio 2024\nA: x\nOggetto: R: y\n\nvecchio",
        "Grazie",
    ),
    "ru outlook": (
        "Спасибо\n\nОт: Foo <a@b>\nОтправлено: пятница\nКому: x\nТема: RE: y\n\nстарое",
        "Спасибо",
    ),
    "pl outlook": (
        "Dzięki\n\nOd: Foo <a@b>\nWysłano: piątek\nDo: x\nTemat: RE: y\n\nstare",
        "Dzięki",
    ),
    "de original": (
        "Danke\n\n-----Ursprüngliche Nachricht-----\nVon: x\n",
        "Danke",
    ),
    "samsung en": (
        (
            "ok\n\nSent from my Galaxy\n\n-------- Original message --------\nFrom: x <a@b>\nDate: 05/01/2024 15:20 "
            "(GMT+09:00)\nTo: y\nSubject: z\n\nold"
        ),
        "ok",
    ),
    "iphone ko only": (
        "확인했습니다.\n\n내 iPhone에서 보냄",
        "확인했습니다.",
    ),
    "outlook quotes inside": (
        "답변입니다\n\n-----원본 메시지-----\n보낸 사람: a\n\n내용\n-- \nsig",
        "답변입니다",
    ),
    "sig with quote below": (
        "Yes\n-- \nBob\n\nOn Fri, Jan 5, 2024 at 3:20 PM Foo <foo@bar.com> wrote:\n> hi\n",
        "Yes",
    ),
    "bare dashes and few lines": (
        "Please:\n--\nBob",
        "Please:",
    ),
    "no quote": (
        "안녕하세요\n\n환불 부탁드립니다.\n\n감사합니다\n홍길동 드림",
        "안녕하세요\n\n환불 부탁드립니다.\n\n감사합니다\n홍길동 드림",
    ),
    "apple forward": (
        "FYI\n\nBegin forwarded message:\n\n> From: a <a@b>\n> Subject: x\n>\n> body",
        None,
    ),
    "korean forward": (
        "참고하세요\n\n---------- 전달된 메일 ----------\n보낸사람: a <a@b>\n날짜: x\n제목: y\n받는사람: z\n\n본문",
        None,
    ),
}
"""Name -> the text and its new words; None: all of it is kept."""


@pytest.mark.parametrize("name", REPLIES)
def test_a_reply_is_reduced_to_its_new_words(name: str) -> None:
    text, words = REPLIES[name]
    assert new_words(text) == (text.strip() if words is None else words)


@pytest.mark.parametrize("marker", ["##- Please type your reply above this line -##",
                                    "##- 이 줄 위에 답장을 써 주세요 -##"])
def test_what_stands_below_the_line_of_a_help_desk_is_its_letter(marker: str) -> None:
    assert new_words(f"네, 됩니다.\n\n{marker}\n안녕하세요, 고객센터입니다.\n") == "네, 됩니다."


def test_answers_between_quoted_lines_keep_their_context() -> None:
    text = "On Fri, Jan 5, 2024, Foo <a@b.c> wrote:\n> first?\n\nyes\n\n> second?\n\nno"
    assert new_words(text) == text


def html_mail(html: str, subject: str = "Re: x") -> bytes:
    return f"From: a@b.c\nSubject: {subject}\nContent-Type: text/html; charset=utf-8\n\n{html}".encode()


def test_outlook_sets_the_quoted_mail_apart_by_a_line_above_it() -> None:
    html = (
        '<p class="MsoNormal">Answer</p><div style="border:none;border-top:solid #E1E1E1 1.0pt"><p>Unbekannt: '
        "x</p></div>"
        "<p>old words</p>"
    )
    assert parse(html_mail(html)).reply_text == "Answer"


def test_outlook_on_the_web_names_the_place_where_it_appends() -> None:
    html = '<div>Answer</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg">X: y</div><div>old</div>'
    assert parse(html_mail(html)).reply_text == "Answer"


def test_a_date_on_the_last_line_is_read() -> None:
    assert new_words("It came.\n\nDate: 5 Jan 2024 10:00") == "It came.\n\nDate: 5 Jan 2024 10:00"


def test_gmail_quotes_in_any_language() -> None:
    html = (
        '<div>Answer</div><div class="gmail_quote"><div class="gmail_attr">Blah 2024 &lt;a@b.c&gt; bzz:</div>'
        '<blockquote class="gmail_quote">old</blockquote></div>'
    )
    message = parse(html_mail(html))
    assert message.reply_text == "Answer"
    assert "> old" in message.text


def test_a_forward_by_its_subject_is_kept_whole() -> None:
    html = "<div>see</div><div>From: a<br>Sent: b<br>To: c<br>Subject: d</div><div>old</div>"
    assert "old" in parse(html_mail(html, "FW: broken")).reply_text


def test_html_hints_serve_the_plain_text_beside_it() -> None:
    raw = (
        b"From: a@b.c\nSubject: Re: x\nContent-Type: multipart/alternative; boundary=x\n\n--x\n\nAnswer\n\nUnknown "
        b"form\nold\n"
        b'--x\nContent-Type: text/html\n\n<p>Answer</p><div id="divRplyFwdMsg">Unknown form</div><p>old</p>\n--x--\n'
    )
    assert parse(raw).reply_text == "Answer"


def test_dashes_above_a_long_text_are_no_signature() -> None:
    text = "Two things.\n--\n" + "\n".join(f"line {number}" for number in range(12))
    assert new_words(text) == text


def test_a_heading_behind_hundreds_of_lines_that_could_be_one_is_not_looked_for_any_more() -> None:
    quoted = "-----Original Message-----\nWe sent you a lamp."
    listed = [f"item {number}: one" for number in range(HEADINGS_LIMIT - 1)]
    assert new_words("\n".join([*listed, quoted])) == "\n".join(listed)
    assert new_words("\n".join([*listed, "item: one", quoted])) == "\n".join([*listed, "item: one", quoted])


@pytest.mark.parametrize("line", [
    "Xperiaから送信", "Holen Sie sich Outlook für Android", "Obtenez Outlook pour iOS", "Obter o Outlook para Android",
    "Android için Outlook’u edinin", "Tải Outlook cho iOS", "Αποστολή από το iPhone μου", "发送自 Outlook for iOS",
    "네이버 메일앱에서 보냈습니다.",
])
def test_the_line_of_a_phone_goes(line: str) -> None:
    assert new_words(f"answer\n\n{line}") == "answer"
