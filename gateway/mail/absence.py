"""How machines name themselves, how subjects say that somebody is away (away.py has the words of a text), and how desks
and challenge robots speak, in more than twenty languages.

Subjects count only when the phrase is the whole of a label ("Automatic reply: ...", "[부재중] ..."): a customer
who asks about "automatic reply settings" is no machine.
"""

import re

MACHINE_LOCAL = re.compile(
    r"(?:.*[._+-])?(?:no[._-]?reply|do[._-]?not[._-]?reply|dont[._-]?reply|donotrespond|no[._-]?response|noreplies|"
    r"n(?:ao|ão)[._-]?resp(?:onda|onder)|no[._-]?(?:responder|responda|contestar)|ne[._-]?pas[._-]?repondre|"
    r"nepasrepondre|nicht[._-]?antworten|keine[._-]?antwort|non[._-]?rispondere|niet[._-]?beantwoorden|"
    r"auto[._-]?(?:reply|respond(?:er)?|response|answer|mailer|mail|confirm|notify)|"
    r"auto(?:mated|matic)[._-]?(?:mail|reply|message|response|notifications?)|"
    r"mailer[._-]?daemon|mail[._-]?daemon|postmaster|list(?:serv|master|proc)|majordomo|"
    r"newsletters?|notifications?|notify|notifier|alerts?)(?:[._+=-].*|\d*)$|"
    r"(?:unattended|undisclosed|automated|automatic|mdaemon|mailman|alarm|robot|mailbot|cron|nobody|www-data|apache|"
    r"daemon|vacation|root|mailer|bounces?)\d*$|bounces?[+=-].*|"
    r"owner-.*|.*-(?:owner|request|bounces?|errors|subscribe|unsubscribe)$|msprvs1=.*|prvs=.*-bounce.*",
    re.IGNORECASE,
)
"""The whole local part of an address that reads no mail."""

MACHINE_NAME = re.compile(
    r"do\s?not\s?reply|no-?reply\b|발신\s?전용|회신\s?불가|"
    r"配信専用|送信専用|自動送信|自动发送|mailer-daemon|mail delivery (?:sub)?system|"
    r"automatic(?:ally)? (?:reply|message)|auto-?responder",
    re.IGNORECASE,
)

_ABSENT = (
    r"(?:automat(?:ic|ed)|auto)[- ]?(?:reply|response|responder|answer|message|reply message)",
    (
        r"out[- ]?of[- ]?(?"
        r":the )?office(?: ?(?:auto-?reply|reply|message|notice|notification|response|assistant))?"
    ),
    r"ooo",
    r"i(?:'m| am) (?:currently )?out of (?:the )?office",
    r"oof",
    r"vacation (?:reply|notice|message|response)",
    r"away from (?:my |the )?(?:mail|office|desk)",
    r"absence (?:notice|message)",
    r"(?:부재 ?중? ?)?자동 ?(?:회신|응답|답장|답변|발신|발송)(?: ?(?:메일|메시지|안내))?",
    r"부재 ?중?(?: ?(?:알림|안내|메일|응답|메시지|입니다))?",
    r"(?:휴가|출장)(?: ?중| ?중?(?: ?(?:알림|안내|입니다)))",
    r"自動(?:応答|返信|回答|送信)(?:メール|メッセージ)?",
    r"(?:不在|休暇|外出)(?:通知|案内|のお知らせ|連絡|中|届|です)",
    r"不在",
    r"外出自动(?:回复|答复)",
    r"自动(?:答复|回复|应答)(?:邮件)?",
    r"自動(?:回覆|答覆|回復)",
    r"(?:外出|休假|不在办公室|不在辦公室)(?:通知|中)?",
    r"automatische (?:antwort|antwoord|abwesenheits\w*|rückantwort|e-?mail-?antwort)",
    r"abwesen(?:d|heit\w*)(?: (?:bis|vom|von|ab|wegen|am|\d).{0,20})?",
    r"(?:auß|aus)er haus",
    r"urlaubs(?:notiz|meldung|vertretung|abwesenheit)",
    r"autoreply",
    r"(?:ich bin )?nicht im (?:büro|haus)",
    r"réponse automatique(?: d'absence)?",
    r"(?:notification|message|avis) d['’]absence(?: du bureau)?",
    r"absen(?:ce|te?)(?:\(e\))? (?:du|de) bureau",
    r"je suis absente?",
    r"respuesta autom[aá]tica",
    r"fuera de (?:la )?oficina",
    r"ausencia de la oficina",
    r"(?:mensaje|aviso) de ausencia",
    r"resposta autom[aáà]tica",
    r"aus[eê]n(?:cia|te) (?:tempor[aá]ria|do escritório)",
    r"fora do escrit[oó]rio",
    r"risposta automatica",
    r"fuori (?:sede|ufficio)",
    r"assen(?:za|te) dall'ufficio",
    r"risposta non al computer",
    r"automatisch (?:antwoord|bericht)",
    r"afwezig(?:heid\w*)?",
    r"niet aanwezig",
    r"niet op kantoor",
    r"auto(?:matiskt?)?[ -]?svar",
    r"frånvar(?:o\w*|ande)",
    r"fravær\w*",
    r"ikke til ?stede",
    r"ej på kontoret",
    r"automaattinen vastaus",
    r"poissa(?:olo\w*)?(?: toimistosta)?",
    r"lomavastaus",
    r"(?:automatyczna odpowiedź|odpowiedź automatyczna|autoodpowiedź|autoresponder)",
    r"nieobecno(?:ść|sc)\w*",
    r"poza biurem",
    r"automatick[áa] odpove[ďd]",
    r"automatická odpověď",
    r"mimo kancelář",
    r"nepřítomnost\w*",
    r"neprítomnos\w*",
    r"automatikus válasz",
    r"(?:irodán kívül|távollét\w*|házon kívül)",
    r"răspuns automat",
    r"plecat[ăa]? din birou",
    r"автоматический ответ",
    r"автоответ(?:чик)?",
    r"(?:нет на работе|вне офиса|нет в офисе)(?: .{0,20})?",
    r"отсутствие(?= (?:на рабочем|на работе|в офисе|с \d|до \d)|\W*$)(?: .{0,20})?",
    r"автоматична відповідь",
    r"автоматичен отговор",
    r"αυτόματη απάντηση",
    r"εκτός γραφείου",
    r"otomatik (?:yanıt|cevap|ileti)",
    r"ofis dışında(?:yım)?",
    r"(?:thư )?(?:trả lời|phản hồi) tự động",
    r"tự động trả lời",
    r"vắng mặt",
    r"balasan otomatis",
    r"(?:jawapan|balas(?:an)?) automatik",
    r"аутоматски одговор",
    r"di luar kantor",
    r"การตอบกลับอัตโนมัติ|ตอบกลับอัตโนมัติ",
    r"(?:תשובה אוטומטית|מענה אוטומטי|מחוץ למשרד)",
    r"(?:رد|الرد) (?:تلقائي|التلقائي|آلي)",
    r"automatski odgovor",
    r"samodejni odgovor",
    r"automaat(?:ne )?vastus",
    r"automatinis atsakymas",
    r"(?:[āa]rpus biroja.{0,30})?autom[āa]tisk[āa] atbilde",
    r"[āa]rpus biroja",
    r"erantzun automatikoa",
    r"स्वचालित उत्तर",
)
ABSENCE_SUBJECT = re.compile(
    r"[\s\[(<*「【]*(?:(?:re|auto)\s?:\s*)?(?:" + "|".join(_ABSENT) + r")\s"
    r"*(?:[:：\])>】」!|]|[-–—] |$|\bre:|\bfrom\b|\buntil\b|\bbis\b|\bjusqu|\bau sujet "
    r"de\b)",
    re.IGNORECASE,
)

_MAYBE = (
    r"vacation|on (?:vacation|holiday|leave)|urlaub|ferien|absen(?:ce|te?)(?:\(e\))?|en (?:congés?|vacances)|"
    r"ausencia|"
    r"aus[eê]n(?:cia|te)|de f[eé]rias|assen(?:za|te)|in ferie|på (?:ferie|semester)|atvaļinājums|휴가|출장|"
    r"休暇|外出|休假"
)
MAYBE_ABSENCE_SUBJECT = re.compile(rf"[\s\[(<*「【]*(?:{_MAYBE})\s*(?:[:：\])>】」!]|[-–—] |$|\bre:)", re.IGNORECASE)
"""Labels that people write too (a school, a travel agency): they count in an answer only."""

TOLD_SUBJECT = re.compile(
    r"auto(?:matic)?\s?:[^\n]{0,80}\b(?:out of|away|absent|on leave|returning|abwesen)|auto\s?:\s?(?:re|aw|sv)\s?:|"
    r"[^?\n]{2,80} is (?:currently )?(?:out of|away from) (?:the )?office\b[^?]{0,80}$|"
    r"[^\n]{0,300}\(auto(?:matic|mated)?[ -]?(?:reply|response)\)\s*$",
    re.IGNORECASE,
)
"""Notes ("AUTO: Kim is out of the office (returning 5 May)"), AOL ("Re: x (Automatic Response)")."""

CHALLENGE = re.compile(
    r"(?:confirm|verify|prove) (?:that )?you(?:'re| are) (?:a )?(?:human|not a (?:robot|spammer|machine))|"
    r"challenge[- ]response|(?:account|mailbox|inbox|address) is protected by|(?:click|follow|"
    r"visit)[^.\n]{0,60}(?:to (?:have|get) your (?:message|e-?mail) "
    r"delivered|so that your (?:message|e-?mail) (?:is|can be|will be) delivered)|"
    r"your (?:message|e-?mail)[^.\n]{0,60}(?:is being held|has been held|is waiting|"
    r"quarantined)[^.\n]{0,80}(?:until|confirm|verif|approv|authenticat)|sender (?:verification|authentication|"
    r"confirmation) (?:required|request)|"
    r"(?:spamarrest|boxbe|tmda|qurb|bluebottle|knowspam|mailblocks|choicemail|boxtrapper)\b[^.\n]{0,80}(?:verif|"
    r"confirm|approv|guest list|whitelist)|please (?:verify|confirm) (?:your|this) (?:message|e-?mail) by|"
    r"스팸 ?(?:방지|차단)[^.\n]{0,40}(?:인증|확인)(?:을|해)|발신자 ?(?:인증|확인)(?:이|을)? "
    r"?(?:필요|요청)",
)

CHALLENGE_SIGNS = ("confirm", "verif", "prove ", "challenge", "protected", "deliver", "held", "waiting", "quarantined",
                   "guest list", "whitelist", "approv", "스팸", "발신자")
"""One of them stands in each of these sentences: a quick look before the whole is tried."""

RECEIVED_WORDS = re.compile(
    r"(?:we(?:'ve| have)? received your|(?:your|the) (?:request|ticket|case|message|inquiry|enquiry|"
    r"e-?mail) (?:has been|was|"
    r"is) (?:successfully )?(?:received|created|opened|registered|logged)|a (?:new )?(?:support )?(?:ticket|"
    r"case|request) has "
    r"been (?:created|opened)|"
    r"문의(?:가|하신 내용이|사항이)?[^\n]{0,20}(?:접수|등록)(?:되었|됐|완료)|접수(?:되었습니다|가 완료)|"
    r"お問い?合わせ[^\n]{0,30}(?:受け付け|受付)|(?:我们|我們)?已(?:经|經)?收到(?:您|你)的|"
    r"ihre (?:anfrage|nachricht|e-?mail)[^\n]{0,40}(?:eingegangen|erhalten)|votre (?:demande|"
    r"message)[^\n]{0,30}(?:reçu|"
    r"enregistr)|hemos recibido (?:su|tu)|recebemos (?:a )?su?a|abbiamo ricevuto la|uw (?:bericht|aanvraag|melding)"
    r"[^\n]{0,30}ontvangen|ваш(?:е|а)? (?:запрос|обращение|заявка)[^\n]{0,30}(?:получен|зарегистрирован|принят))",
    re.IGNORECASE,
)
RECEIVED_SIGNS = ("received", "created", "opened", "registered", "logged", "접수", "등록", "受け付け",
                  "受付", "收到", "eingegangen", "erhalten", "reçu", "enregistr", "recibido", "recebemos", "ricevuto",
                  "ontvangen", "получен", "зарегистрирован", "принят")
TICKET = re.compile(
    r"(?:ticket|case|reference|request|접수 ?번호|문의 ?번호|티켓|受付番号|お問い?合わせ番号|工单|工單|vorgang\w*|"
    r"ticketnummer|anfrage|dossier|solicitud|chamado|aanvraag|заявк\w*|обращени\w*)[^\n\w]{0,4}(?:number|no\.?|"
    r"nr\.?|id|"
    r"номер|번호)?[^\n\w]{0,6}[A-Z]{0,8}-?\d{2,}|\[[^\]\n]{0,20}#\s?\w*-?\d{2,}[^\]\n]{0,10}\]",
    re.IGNORECASE,
)
"""With RECEIVED_WORDS: another desk's acknowledgement; two desks that thank each other never end."""

PROMISED_WORDS = re.compile(
    r"정상(?:적으로)? ?(?:접수|등록)|(?:담당자|상담원|담당 ?부서)(?:가|에서)? ?[^?\n]{0,30}(?:답변|연락|회신|안내)|"
    r"(?:빠른 시일|순차적으로|영업일 ?(?:기준|이내)|\d{1,2} ?시간 이내)|"
    r"(?:will|'ll) (?:get back to you|respond|reply|be in touch|contact you|answer)|"
    r"within \d{1,3} (?:business |working )?(?:hours|days)|as soon as (?:possible|we can)|"
    r"担当者より|営業日以内|順次|工作日内|尽快(?:回复|答复)|儘快|"
    r"(?:werden|melden) (?:uns|wir)|schnellstmöglich|dans les (?:plus brefs|meilleurs) délais|a la (?:mayor )?brevedad|"
    r"lo antes posible|o mais breve|quanto prima|zo (?:snel|spoedig) mogelijk|в ближайшее время",
    re.IGNORECASE,
)
"""The same, where no number is given: who promises an answer is a desk, not a customer."""

READ_WORDS = re.compile(
    r"your message\s[^?]{0,400}\b(?:was|has been) (?:read|displayed|opened|deleted without being read)\b|"
    r"return receipt\b[^?]{0,200}\b(?:displayed|read|opened)|에 읽(?:었습니다|음)|开封|開封されました|"
    r"(?:已被阅读|已讀取)|"
    r"wurde (?:am [^\n]{0,60})?(?:gelesen|geöffnet)|a été lu\b|ha sido leído|è stato letto|foi lida|было прочитано",
    re.IGNORECASE,
)
READ_SUBJECT = re.compile(
    r"\s*(?:(?:not )?read|return receipt|읽음|읽지 ?않음|수신 ?확인|gelesen|lu|leído|letto|lida|開封済み|"
    r"開封通知|既読|已读|已讀|"
    r"прочтено|przeczytano|gelezen|läst|lest|okundu)\s?[:：\]]",
    re.IGNORECASE,
)
"""Both together: a receipt that is not in the form of RFC 8098."""
