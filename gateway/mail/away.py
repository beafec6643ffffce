"""How an out-of-office answer says in words, and nowhere else, that nobody is there: by language.

In front of the phrases of each row stand signs, one of which every phrase of it holds: most answers hold none of any
row, and to find that out takes a fiftieth of the time that the phrases take. Signs are lower case.
"""

import re

_TABLE: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (
        ("office", "vacation", "holiday", "leave", "away", "absent", "travel", "automat", "generated",
         "no longer work", "have left"),
        (
            (r"\bI(?:'m| am| will be)(?: currently| now)? (?:out of|away from) (?:the |my )?office"
             r"(?! (?:supplies|paper|furniture|chairs|desks))"),
            r"\bI(?:'m| am) (?:currently )?on (?:(?:annual |maternity |parental )?leave|vacation|holiday)",
            r"(?:this is|you have received) an automat(?:ic|ed)(?:ally generated)? (?:reply|response|message|e-?mail)",
            (r"this (?:message|e-?mail) (?:was|is|has been) (?:automatically generated|auto-?generated|"
             r"generated automatically)"),
            (r"\bI(?:'m| am)(?: currently| now)? (?:away|travell?ing|absent)\b[^.\n]{0,40}(?:with limited|until|till|"
             r"on (?:business|holiday|vacation|leave)|from (?:the )?(?:\d|mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|"
             r"may|jun|jul|aug|sep|oct|nov|dec))"),
            (r"\bI(?:'ll| will) be (?:away|absent|on (?:holiday|vacation|leave))[^.\n]{0,20} "
             r"(?:until|till|from|through)\b(?=[\s\S]{0,300}?\b(?:access|respond|reply|return|back|urgent|emergenc))"),
            (r"\bI (?:no longer work (?:at|for|here)|have left (?:the (?:company|organi[sz]ation|firm)|"
             r"[A-Z]\w+ (?:Inc|Ltd|GmbH))(?=\s*(?:[.,;!]|$|and\b|as of\b|on\b)))"),
            r"\bour offices? (?:is|are|will be) closed (?:for|until|from|between)",
        ),
    ),
    (
        ("휴가", "출장", "연차", "교육", "병가", "육아", "부재", "자동", "발신", "퇴사", "안식년", "자리를 비"),
        (
            (r"(?:휴가|출장|연차|교육|병가|육아휴직|부재)(?:로 인(?:해|하여)|으로 인(?:해|하여)| ?중(?:이라|으로|에)|"
             r" 관계로)[^\n]{0,40}(?:회신|답변|확인|연락|업무)[^\n]{0,16}"
             r"(?:늦(?!었|어졌|어 ?죄)|어렵|불가|지연(?!되었|됐)|힘들|못(?!했|하였))"),
            (r"(?:본|이) ?(?:메일|이메일|메시지)(?:은|는) [^\n]{0,30}(?:자동(?:으로)? ?(?:발송|회신|응답|생성)|"
             r"발신 ?전용)"),
            r"(?:육아 ?휴직|출산 ?휴가|병가|안식년)[^\n]{0,8}중입니다|퇴사(?:하였|했)습니다",
            (r"(?:현재|저는|지금|금일|휴가|출장)[^.\n]{0,40}(?:부재 ?중|휴가 ?중|출장 ?중|부재입니다|자리를 비)|"
             r"자동(?:으로)? ?(?:발송|회신|응답|생성)(?:된|되는|하는)? ?(?:메일|메시지|이메일)"),
            r"(?:부재|휴가|출장) ?중입니다[^?\n]{0,40}(?:복귀|연락|회신|답변)",
            r"까지 (?:휴가|출장|부재)(?:입니다|로 )[^?\n]{0,80}(?:에게|께|복귀)",
        ),
    ),
    (
        ("休暇", "出張", "不在", "自動", "自动", "休假", "出差"),
        (
            r"休暇(?:をいただいて|中です|を頂いて|のため)|出張中?のため|(?:不在|休暇)にしております",
            r"(?:本メールは|このメールは|こちらは)[^。\n]{0,20}自動",
            r"(?:我|本人)(?:目前|正在|现在|現在)?[^。\n]{0,12}(?:休假|出差|不在办公室|不在辦公室)",
            r"[这這]是(?:一封)?自[动動]|[（(【\[]自[动動](?:回复|答复|回覆)[）)】\]]\s*(?:\n|$)",
        ),
    ),
    (
        ("ich bin", "ich befinde"),
        (
            (r"ich (?:befinde mich|bin)(?:[^.\n]|(?<=\d)\.){0,40}(?:im urlaub|in elternzeit|auf dienstreise|"
             r"au(?:ß|ss)er haus|nicht im hause)"),
            (r"ich bin (?:derzeit|zurzeit|momentan|bis|vom|ab|erst|leider|im)[^\n]{0,60}"
             r"(?:nicht (?:im (?:büro|hause?)|erreichbar|da)|abwesend|urlaub)"),
            r"ich bin (?:erst )?(?:ab|am|vom)[^.\n]{0,20}[\d.]{1,12} (?:wieder|zurück)",
        ),
    ),
    (
        ("je suis", "je serai", "absent"),
        (
            r"je (?:suis|serai) (?:actuellement )?(?:absent|en congé|en vacances|de retour le)",
            r"je suis en (?:déplacement|vacances|arrêt)|\babsente? jusqu",
        ),
    ),
    (
        ("encuentro", "estoy", "estaré", "regresaré", "encontro-me", "estou", "estarei"),
        (
            r"(?:estoy|estaré) (?:actualmente )?(?:fuera de la oficina|de vacaciones)|regresaré el",
            r"(?:me encuentro|estoy) (?:de vacaciones|ausente|de viaje|fuera de (?:la )?oficina)",
            r"(?:estou|estarei) (?:fora do escritório|de férias|ausente)",
            r"(?:encontro-me|estou) (?:ausente|de férias|em viagem)",
        ),
    ),
    (("sarò", "sono "), (r"sarò (?:assente|fuori|in ferie)|sono (?:fuori (?:sede|ufficio)|in ferie|assente)",)),
    (
        ("ik ben",),
        (
            r"ik ben (?:met (?:verlof|vakantie)|op vakantie|niet op kantoor)",
            r"ik ben (?:momenteel |tot )?[^.]{0,30}(?:afwezig|niet aanwezig|met vakantie)",
        ),
    ),
    (
        ("på semester", "på ferie", "på tjänsteresa", "på reise", "på kontoret", "föräldraledig", "holder ferie",
         "lomalla", "olen poissa", "puhkusel"),
        (
            (r"(?:jag|jeg|eg) (?:är|er) (?:på (?:semester|ferie|tjänsteresa|reise)|ikke på kontoret|inte på kontoret|"
             r"föräldraledig)|jeg holder ferie (?:til|fra|frem)"),
            r"olen (?:vuosi)?lomalla|olen poissa|olen puhkusel",
        ),
    ),
    (
        ("urlop", "nieobecn", "poza biurem", "dovolen", "kancel", "odmoru", "dopustu", "szabads", "irod", "házon",
         "concediu", "birou", "izindeyim", "ofis dış", "atostogauju", "atvaļin"),
        (
            r"(?:jestem|przebywam) na urlopie|jestem (?:nieobecn|poza biurem)",
            r"jsem na dovolené|nejsem v kanceláři|som na dovolenke|čerpám dovolen|mám dovolenou",
            r"(?:jsem|som) mimo kancel",
            r"na godišnjem (?:sam )?odmoru|na dopustu sem|sem na dopustu",
            r"szabadságon vagyok|nem vagyok az irodában|(?:házon|irodán) kívül vagyok|szabadság(?:om|ot|omat) tölt",
            r"sunt (?:în|in) concediu|nu sunt (?:în|la) birou|sunt plecat[ăa]? din birou",
            r"\b(?:yıllık )?izindeyim|ofis dışındayım|\batostogauju|esmu atvaļinājumā",
        ),
    ),
    (
        ("отпуск", "командировк", "відпустц", "меня не", "отсутству"),
        (
            r"(?:я|нахожусь) в (?:отпуске|командировке)|(?:перебуваю|я) у відпустці|в отпуска? съм",
            r"я (?:сейчас )?(?:в отпуске|отсутствую|нахожусь в отпуске)",
            r"меня (?:нет|не будет) (?:в офисе|на (?:рабочем месте|работе))",
        ),
    ),
    (
        ("nghỉ phép", "văn phòng", "sedang cuti", "kantor", "อยู่ที่", "ลาพักร้อน"),
        (
            r"(?:tôi )?đang nghỉ phép|vắng mặt (?:tại|ở) văn phòng|không có mặt tại văn phòng",
            r"(?:saya )?sedang cuti|(?:di luar|tidak (?:berada )?di) kantor (?:hingga|sampai)",
            r"ไม่(?:ได้)?อยู่ที่(?:สำนักงาน|ออฟฟิศ)|ลาพักร้อน",
        ),
    ),
    (
        ("אני", "أنا", "γραφείου", "άδεια"),
        (
            r"אני (?:בחופשה|מחוץ למשרד|לא (?:נמצאת? )?במשרד)|أنا (?:في إجازة|خارج المكتب)",
            r"(?:είμαι|βρίσκομαι) (?:εκτός γραφείου|σε άδεια)",
        ),
    ),
)
_ROWS = tuple((signs, re.compile("|".join(phrases), re.IGNORECASE)) for signs, phrases in _TABLE)


def says_that_nobody_is_there(words: str) -> bool:
    """True when the words are those of an out-of-office answer, in any of these languages."""
    folded = words.lower()
    return any(
        any(sign in folded for sign in signs) and phrases.search(words) is not None for signs, phrases in _ROWS
    )
