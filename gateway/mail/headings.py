"""How mail programs announce a quoted mail, in the languages of our customers.

Tables of forms as they are seen: Gmail, Outlook, Apple Mail, Thunderbird, Samsung, Naver, Daum (Hanmail),
Kakao, Nate, QQ,
163, Yahoo, Lotus Notes and their mobile forms. Every pattern is tried on one joined line of at most LINE characters.
"""

import re

LINE = 600
"""Characters of the longest heading, its wrapped lines joined."""

_WROTE = (
    # English
    r"On\b.*\b(?:wrote|said|writes|sent)",
    r".*\bwrote(?: on .*| at .*)?",
    r"In (?:message|article|a message dated)\b.*\b(?:writes|wrote)",
    r"[^@]{1,40}\d{1,2}:\d{2} by [^\s@]{1,80}@\S+",
    r".*[<(]\S+@\S+[>)] writes",
    r"posted by .* on \d.*",
    # Horde, in its languages, and mutt
    r"(?:quoting|citando|zitat von|citation de|citando a|citeren|citerar|cytowanie|цитирую) .*@.*",
    r"\*? ?\S.*@.* \[\d{4}-\d{2}-\d{2} .*\]",
    # Korean: Gmail, Apple, Thunderbird, older Gmail and Naver's app
    r".*(?:님이|님께서|이\(가\)|에)?\s*(?:작성|쓴 글|쓰신 글|보낸 글)",
    r".*님의 말(?:씀)?",
    r".*(?:썼습니다|쓰셨습니다|작성했습니다|보냈습니다)",
    # Japanese
    r".*(?:のメール|が書きました|さんは書きました|さんが書きました|は書きました|より|のメッセージ)(?: \(.*\))?",
    # Chinese, both
    r".*(?:写道|寫道|写到|写了|寫到)",
    # German, Dutch
    r".*\bschrieb\b.*",
    r".*\bhat (?:am .*)?geschrieben",
    r"am\b.*\bschrieben sie",
    r".*\bschreef\b.*",
    r".*het volgende geschreven",
    # French, Spanish, Catalan, Portuguese, Italian, Romanian
    r".*\ba\s+écrit",
    r".*\bescribi[óo]",
    r".*\bva escriure",
    r".*\bescreveu",
    r".*\bha\s+scritto",
    r".*\ba scris",
    # Baltic, and Estonian
    r".*\brakstīja\b.*",
    r".*\brašė",
    r".*\bkirjutas\b.*",
    # Slavic
    r".*(?:написал(?:\(а\)|а)?|пишет|писал(?:а|\(а\))?|написав|пише|написа)",
    r".*\b(?:napisał(?:\(a\)|a)?|pisze)",
    r"wiadomość napisana przez .* w dniu .*",
    r".*\b(?:napsal(?:\(a\)|a)?|napísal|je napisao|je napisal|napisao/la je)",
    # Nordic, Hungarian, Turkish, Vietnamese, Greek, Indonesian, Thai, Hebrew, Arabic
    r".*\bskrev\b.*",
    r".*\bkirjoitti\b.*",
    r".*\bírta\b.*",
    r".*\b(?:şunu )?yazdı\b.*",
    r".*\b(?:đã )?viết",
    r".*\bέγραψε",
    r".*\bmenulis",
    r".*เขียน(?:ว่า)?",
    r".*(?:כתב|כתבה|מאת).*",
    r".*كتب.*",
)
WROTE = re.compile(r"[^\w<(]{0,8}+(?:" + "|".join(_WROTE) + r")\s?[:：]?\W{0,8}$", re.IGNORECASE)
"""A whole heading. By itself it proves nothing: `is_heading` in openings.py asks for a date or an address too."""

ENDINGS = re.compile(
    r"(?:[:：]|wrote\s?-*|writes|작성|말|글|/\d{4}|写道|寫道|schrieb|écrit|escribió|escreveu|scritto|schreef|"
    r"yazdı|[\w>] -{3,4}|>)\s*[*_>]?\s*$",
    re.IGNORECASE,
)
"""What the last line of a heading may end with: a quick look before the whole is tried."""

EVIDENCE = re.compile(r"\d{4}|\d{1,2}[:.h]\d{2}|[^\s<>]@[^\s<>]|\d{1,2}[./-]\d{1,2}[./-]\d{2}")
"""A heading names when or who: a year, a time of day, an address, a date."""

GENERIC = re.compile(
    r".{0,120}\d{1,2}:\d{2}.{0,160}<\s?[^<>\s]+@[^<>\s]+>[^<>]{0,40}[:：]$|"
    r".{0,80}\d{4}.{0,200}<\s?[^<>\s]+@[^<>\s]+>[^<>]{0,40}[:：]$|"
    r"\W{0,3}\d{4}[-/.]\s?\d{1,2}[-/.]\s?\d{1,2}\.?\s.{0,120}<\s?[^<>\s]+@[^<>\s]+>$|"
    r"[^<>]{1,120}<[^<>\s]+@[^<>\s]+>[^<>]{0,40}\d{4}[^<>]{0,20}\d{1,2}:\d{2}:$|"
    r"-{3,4} [^<>]{0,60}\d{4}[^<>]{0,40}\d{1,2}:\d{2}[^<>]{0,120}<[^<>\s]+@[^<>\s]+>[^<>-]{0,30}-{3,4}$"
)
"""Any language: a time or a year, an address in brackets, a colon at the end (Gmail in
Japanese writes no verb); a date, a name and an address alone, as Gmail did once; the name first, as Gmail in
Catalan has it; or all between dashes, as Zoho has it."""

_ORIGINAL = (
    r"original\s+(?:message|mail|e-?mail|appointment|post)",
    r"reply message",
    r"(?:원본|원래)\s?(?:메시지|메세지|메일|이메일|편지|글|내용)(?:\s?내용)?",
    r"(?:받은|이전)\s?(?:메시지|메일)",
    r"\[ ?(?:받은|원본) 메일(?: 내용)? ?\]",
    r"原始邮件",
    r"原始郵件",
    r"邮件原件",
    r"原始信件",
    r"原邮件",
    r"邮件原文",
    r"odpovedaná správa",
    r"回复的原邮件",
    r"回复邮件",
    r"original",
    r"replied message",
    r"転送メッセージ以前",
    r"元のメッセージ",
    r"元のメール",
    r"オリジナルメッセージ",
    r"(?:original|antwort)\s*-?nachricht",
    r"\S.{0,80}\swrote",
    r"urspr(?:ü|ue)ngliche (?:nachricht|mail|e-mail|message)",
    r"message (?:d['’]origine|original|initial)",
    r"courriel original",
    r"mensaje original",
    r"mensagem original",
    r"messaggio (?:originale|originario)",
    r"oorspronkelijk bericht",
    r"origineel bericht",
    r"(?:исходное|оригинальное|первоначальное) (?:сообщение|письмо)",
    r"(?:wiadomość|wiadomosc) oryginalna",
    r"oryginalna wiadomość",
    r"ursprungligt meddelande",
    r"originalmeddelande",
    r"oprindelig (?:meddelelse|besked)",
    r"opprinnelig melding",
    r"alkuperäinen viesti",
    r"orijinal (?:mesaj|ileti)",
    r"özgün ileti",
    r"thư gốc",
    r"tin nhắn gốc",
    r"eredeti üzenet",
    r"původní (?:zpráva|e-mail)",
    r"pôvodná správa",
    r"mesaj original",
    r"αρχικό μήνυμα",
    r"pesan asli",
    r"(?:sākotnējā|oriģinālā) (?:ziņa|vēstule)|sākotnējais ziņojums|oriģinālais ziņojums",
    r"(?:pradinis|originalus) (?:laiškas|pranešimas)",
    r"(?:algne sõnum|algne kiri|originaalsõnum)",
)
ORIGINAL = re.compile(
    r"\W{0,3}[-_=*~—–\s]{2,}+(?:" + "|".join(_ORIGINAL) + r")\s*[:：]?\s*"
    r"(?:[-_=*~—–\s]{1,}$|-{4,}\s?(?:from|von|de|da|van|보낸 ?사람|발신|差出人|发件人)\s?[:：])|"
    r"\[\s?(?:" + "|".join(_ORIGINAL) + r")\s?\]$",
    re.IGNORECASE,
)
ORIGINAL_BARE = re.compile(
    r"(?:original message|원본 메시지|urspr(?:ü|ue)ngliche nachricht|message d'origine)\s*:?$|"
    r"\[?original message processed by \w{1,30}®?.{0,100}$",
    re.IGNORECASE,
)
GROUPWISE = re.compile(r">>> .{0,200}(?:\d{1,2}[:.]\d{2}|\d{4}|@).{0,200} >>>$")
"""How GroupWise heads a quoted mail that it does not mark."""
JOINED = re.compile(
    r"(?<=[ \t-])On\s(?:(?:mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)|\d)",
    re.IGNORECASE,
)
"""Where a heading begins on a line that begins with words of the answer."""

_FORWARDED = (
    r"forwarded (?:message|mail|by)",
    r"begin forwarded message",
    r"전달된? ?(?:메시지|메세지|메일)",
    r"전달한 메일",
    r"转发(?:的)?邮件",
    r"轉寄的?郵件",
    r"转发邮件信息",
    r"forwarded message from",
    r"転送(?:された)?メッセージ",
    r"転送メール",
    r"weitergeleitete nachricht",
    r"anfang der weitergeleiteten nachricht",
    r"message transféré",
    r"début du message (?:transféré|réexpédié)",
    r"mensaje reenviado",
    r"inicio del mensaje reenviado",
    r"mensagem (?:encaminhada|reencaminhada)",
    r"início da mensagem encaminhada",
    r"messaggio inoltrato",
    r"inizio messaggio inoltrato",
    r"doorgestuurd bericht",
    r"begin doorgestuurd bericht",
    r"пересылаемое сообщение",
    r"перенаправленное сообщение",
    r"начало переадресованного сообщения",
    r"(?:wiadomość przekazana|przekazana wiadomość|treść przekazanej wiadomości)",
    r"vidarebefordrat meddelande",
    r"videresendt (?:meddelelse|besked|melding)",
    r"välitetty viesti",
    r"iletilen mesaj",
    r"chuyển tiếp",
    r"továbbított üzenet",
    r"přeposlaná zpráva",
)
FORWARDED = re.compile(r"[-_=*~—–\s]*(?:" + "|".join(_FORWARDED) + r")\b.{0,120}$", re.IGNORECASE)

FROM_NAMES = (
    "from|送信元|보낸\\s?사람|보낸\\s?이|발신자?|발신인|差出人|送信者|发件人|發件人|寄件者|寄件人|"
    "von|de|da|van|от|від|od|från|fra|lähettäjä|kimden|"
    "gönderen|từ|người gửi|feladó|expéditeur|remitente|mittente|afzender|отправитель|de la|από|dari|absender|от кого|"
    "من|จาก|מאת|saatja|nuo|no|pošiljatelj"
)
OTHER_NAMES = (
    "sent|date|to|cc|subject|reply-to|보낸\\s?날짜|날짜|보낸\\s?시간|"
    "보낸\\s?일시|일시|받는\\s?사람|받는\\s?이|받은\\s?사람|수신자?|수신인|참조|제목|작성일|발신일|"
    "日期|发送时间|"
    "收件人|主题|抄送|发送日期|寄件日期|傳送時間|收件者|主旨|副本|時間|时间|主題|送信日時|日付|日時|宛先|"
    "件名|gesendet|datum|an|betreff|envoyé(?: le)?|date|à|copie à|sujet|message du|"
    "objet|enviado(?: el| em)?|fecha|para|asunto|assunto|data|inviato|a|oggetto|verzonden|aan|onderwerp|отправлено|"
    "дата|"
    "кому|тема|копия|wysłano|do|temat|skickat|till|ämne|sendt|dato|til|emne|lähetetty|päiväys|vastaanottaja|aihe|"
    "gönderildi|tarih|"
    "kime|konu|gönderme tarihi|ngày|gửi|đến|tới|chủ đề|küldve|dátum|címzett|tárgy|"
    "odesláno|komu|předmět|an|kopie|importance|중요도|priority|"
    "відправлено|надіслано|trimis|subiect|către|θέμα|στάλθηκε|"
    "נשלח|אל|נושא|تم الإرسال|إلى|الموضوع|ส่ง|ถึง|เรื่อง|"
    "tema|odoslané|predmet|poslano|prima|za|zadeva|изпратено|до|относно|enviat|per a|saadetud|adressaat|teema|"
    "išsiųsta|kam|nosūtīt[sa]|datums|tēma|"
    "enviada(?: em)?|elküldve|dikirim|προς|ημερομηνία|kepada|subjek|tanggal|첨부|attachments"
)
FROM_LINE = re.compile(
    rf"[*_>\s|]{{0,12}}(?:{FROM_NAMES})\s?[*_]{{0,2}}\s?[:：]\s?[*_]{{0,2}}\s{{0,20}}\S", re.IGNORECASE
)
OTHER_LINE = re.compile(rf"[*_>\s|]{{0,12}}(?:{OTHER_NAMES})\s?[*_]{{0,2}}\s?[:：]", re.IGNORECASE)

DATE_LINE = re.compile(
    r"[*_>\s|]{0,12}(?:date|sent|message du|datum|gesendet|envoyé|enviad[oa]|inviato|verzonden|fecha|data|dato|"
    r"날짜|보낸\s?날짜|日期|日時|дата|отправлено)\s?[*_]{0,2}\s?[:：].{0,80}"
    r"(?:\d{4}|\d{1,2}[:.]\d{2})",
    re.IGNORECASE,
)
"""A block of the quoted mail's fields may begin with its date."""
