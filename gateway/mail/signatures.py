"""What stands under every mail of somebody or of a list: signatures (RFC 3676 section 4.3), lines of mobile programs,
list footers. They go only where words remain above them.
"""

import re

from gateway.mail.headings import LINE
from gateway.mail.readable import SIGNATURE_MARK
from gateway.mail.signs import holding

SIGNED_LIMIT = 40
"""Signatures of mobile programs that are taken off the end, one after the other."""

LIST_FOOTER = re.compile(
    r"mailing list|listinfo|unsubscribe|list-?manage|@lists?\.|google groups|abmelden|"
    r"메일링\s?리스트|수신\s?거부|メーリングリスト|désinscrire|désabonner",
    re.IGNORECASE,
)
"""What a list puts under every mail that it passes on, below a rule."""

_DEVICE = r"(?:my |the |a |an )?\w[\w .'’+\-/®™()]{0,60}"
_MORE = r"[\w .'’+\-/®™]{0,30}"
_EXCUSE = r"(?:[,;.!] {0,2}(?:please |pls )?(?:excuse|pardon|forgive|sorry|apologi[sz]e|apologies).{0,60})?"
_APP = (
    r"(?:i-?phon|ipad|ipod|android|galaxy|samsung|blackberry|outlook|airmail|sparrow|spark|boxer|yahoo|gmail|proton|mail|"
    r"mobile?\b|mobil|phone|device|tablet|gateway|k-9|thunderbird|superhuman|windows|nokia|htc|\blg\b|huawei|oneplus|pixel|"
    r"xperia|телефон|смартфон|почт|puhelim|华为|小米|手机|邮箱|信箱|スマート|携帯)"
)
"""What a line must name to be one of a mobile program: "Sent from our warehouse" is the customer's."""
_BY_APP = rf"[^,;]{{0,40}}?{_APP}[^,;]{{0,60}}"
_BRAND = (
    r"(?:iphone|ipad|galaxy|samsung|outlook|windows|yahoo|gmail|lg|아이폰|아이패드|갤럭시|삼성|네이버|다음\s?메일|카카오|"
    r"안드로이드|android)"
)
# Where a pattern begins with anything, what must follow is looked for first: nearly every last line is no such line.
_SIGNED = (
    rf"sent (?:from|on) my {_DEVICE}{_EXCUSE}",
    rf"sent (?:from|on|via|with|using|by) {_BY_APP}",
    r"get outlook for (?:ios|android|mac).{0,80}",
    r"sent on the go",
    rf"from my (?:i(?:phone|pad|pod)|android|mobile|cell|phone|galaxy|samsung|blackberry|windows phone){_MORE}",
    r"[a-z]{1,30} from mobile",
    (
        r"(?:hanki|hämta|hent|få|ottieni|obtener|obtenha|obter o|obtenir|obtenez|télécharge[rz]|pobierz|получить|"
        r"загрузить|scarica|descargar|ontvang|download|获取|取得|hol dir|holen sie sich|laden sie|tải) outlook "
        r"(?:for|för|til|per|para|pour|dla|для|voor|für|cho) (?:ios|android|mac).{0,80}"
    ),
    (
        r"outlook (?:for|für|pour|voor) (?:ios|android|mac) ?(?:다운로드|받기|가져오기|herunterladen|beziehen|"
        r"downloaden|を入手|を取得).{0,40}"
    ),
    r"(?:ios|android|mac) ?(?:용|版)? ?(?:의 )?outlook ?(?:다운로드|받기|가져오기|をダウンロード|を入手).{0,40}",
    r"(?:ios|android|mac) için outlook['’]?[uı]? (?:edinin|indirin).{0,40}",
    r"(?:下载|获取|取得|下載) ?(?:ios|android|mac) ?(?:版|专用|的|適用的?)? ?outlook.{0,40}",
    (
        rf"(?=.*에서).{{0,12}}{_BRAND}.{{0,30}}에서 (?:보냄|보냈습니다|전송(?:됨|했습니다)?|발송(?:됨)?|"
        r"보낸 메일(?:입니다)?)"
    ),
    r"(?=.*에서).{0,12}(?:메일|모바일|휴대폰|핸드폰|스마트폰|태블릿)(?: ?앱)?에서 (?:보냄|전송됨?|발송됨?)",
    r"(?=.*에서).{0,12}(?:메일|모바일) ?앱에서 보냈습니다",
    rf"(?=.*에서).{{0,12}}{_BRAND}.{{0,20}}에서 .{{0,20}}로 (?:보냄|전송)",
    rf"(?=.*から送信){_BY_APP}から送信(?:されました)?",
    rf"(?:发自|發自|发送自|來自|来自|從|从)\s?(?:我的)?{_BY_APP}",
    rf"(?:von meinem {_DEVICE} gesendet|gesendet (?:von|mit|über) {_BY_APP})",
    r"diese (?:nachricht|e-mail) wurde von .{1,60} gesendet",
    rf"envoyé (?:de|depuis|à partir de|avec) {_BY_APP}",
    rf"enviad[oa] (?:desde|do|de|a partir d[eo]|via|pelo|usando) {_BY_APP}",
    rf"inviato (?:da|dal|con) {_BY_APP}",
    rf"(?:verzonden|verstuurd) (?:vanaf|met|via|vanuit) {_BY_APP}",
    rf"(?:отправлено|надіслано) (?:с|из|от|з|із) {_BY_APP}",
    rf"wysłan[eo] z {_BY_APP}",
    rf"(?:skickat )?från min {_BY_APP}",
    rf"skickat från {_BY_APP}",
    rf"sendt fra {_BY_APP}",
    rf"lähetetty {_BY_APP}",
    rf"(?=.*gönderildi){_BY_APP}(?:dan|den|ımdan|imden|umdan) gönderildi",
    rf"(?:được |đã )?gửi từ {_BY_APP}",
    rf"(?:odesláno|odoslané) z {_BY_APP}",
    rf"küldve {_BY_APP}",
    rf"trimis (?:de pe|din) {_BY_APP}",
    rf"dikirim dari {_BY_APP}",
    rf"ส่งจาก{_BY_APP}",
    rf"أُ?رسلت? من {_BY_APP}",
    rf"נשלח מ.{{0,4}}{_BY_APP}",
    rf"(?:στάλθηκε|αποστολή) από (?:το )?{_BY_APP}",
    rf"(?=.*küldve){_BY_APP}(?:ról|ről|omról|emről) küldve",
    rf"(?:el)?küldve .{{0,6}}{_BY_APP}",
    rf"saadetud {_BY_APP}",
    rf"poslano (?:sa?|z) {_BY_APP}",
    rf"изпратено от {_BY_APP}",
    rf"(?:no)?sūtīts no {_BY_APP}",
    rf"išsiųsta iš {_BY_APP}",
)
SIGNED = re.compile(
    r"[-*_\[(<\s]{0,4}(?:" + "|".join(_SIGNED) + r")[.\])>*_\s]{0,4}(?:\(?<?https?://\S+>?\)?)?$", re.IGNORECASE
)
"""A line that a mobile mail program puts under every mail."""

RULE = re.compile(r"\s*(?:[_]{5,}|[-]{10,}|[=]{10,}|[*]{10,}|[—–]{5,})\s*$")
_RULE_OR_DASHES = re.compile(RULE.pattern + r"|\s*(?:--|—|––)\s*$")
_LIST_RULE = re.compile(r"\s*(?:_{2,}|[-=~*]{20,}|--)\s*$")
_DASHES = frozenset(("--", "—", "––"))
"""A line that holds nothing else begins a signature."""
_RULED = re.compile(r"(?:_{5,}|[—–]{2,})$")
"""So does such a rule, where it says below how its author is reached."""
_NAME = r"[A-Z](?:\.|[a-z'’]{1,20}|[A-Z][a-z]{1,20}|$)"
_SIGNED_BY_NAME = re.compile(rf"(?:-|(?:--|—|–)\s?){_NAME}(?:[ -]{_NAME}){{0,2}}$")
"""The last paragraph may be only this: "-Jane Roe"."""
_CONTACT = re.compile(r"@|\bwww\.|\bhttps?://|(?:\d[\s()./+-]{0,3}){7}")
_LONGEST_DASHES = 90
"""Characters of such a line, blanks included."""
_LINK = re.compile(r"\[([^\[\]]{1,80})\]\([^()\s]{1,100}\)")
"""A link as Markdown writes it."""


def is_quoted(line: str) -> bool:
    return (">" in line or "＞" in line) and line.lstrip(" \t").startswith((">", "＞"))


def quoted_lines(lines: list[str]) -> list[int]:
    return [place for place in holding(lines, ">＞") if is_quoted(lines[place])]


def has_words(lines: list[str]) -> bool:
    return any(re.search(r"\w|\S\S", line) for line in lines)


def without_list_footer(lines: list[str]) -> list[str]:
    """What a mailing list added below a rule of its own, at the very end."""
    for number in range(len(lines) - 1, max(-1, len(lines) - 15), -1):
        if _LIST_RULE.match(lines[number][:LINE]):
            footer = [line for line in lines[number + 1 :] if line.strip()]
            is_list = len(footer) <= 8 and any(LIST_FOOTER.search(line[:LINE]) for line in footer)
            return lines[:number] if is_list and has_words(lines[:number]) else lines
    return lines


def without_signature(lines: list[str]) -> list[str]:
    """Without what stands from "-- " on, and lines of mobile programs at the end or above all; only where words
    remain."""
    first = next((number for number, line in enumerate(lines) if has_words([line])), len(lines))
    end = len(lines)
    for number in reversed(_dashes(lines)):
        if number > first and _begins_signature(lines[number], lines[number + 1 : min(end, number + 31)]):
            end = number
    end = _end(lines, end, RULE)
    for _ in range(SIGNED_LIMIT):
        if end - 1 <= first or not _is_signed(lines[end - 1]):
            break
        end = _end(lines, end - 1, _RULE_OR_DASHES)
    if _ends_with_name(lines[max(0, end - 40) : end]):
        end = _end(lines, end - 1, RULE)
    is_signed_above = first + 1 < end and not lines[first + 1].strip() and _is_signed(lines[first])
    return lines[first + 1 if is_signed_above else 0 : end]


def _is_signed(line: str) -> bool:
    bare = line.strip()
    return 0 < len(bare) <= 160 and bool(SIGNED.match(_LINK.sub(r"\1", bare)))


def _ends_with_name(lines: list[str]) -> bool:
    """"-Jane Roe" alone at the end; not the one item of a list, which a colon announces."""
    if len(lines) < 3 or lines[-2].strip() or not _SIGNED_BY_NAME.match(lines[-1].strip()[:LINE]):
        return False
    above = next((line.strip() for line in reversed(lines[:-2]) if line.strip()), "")
    return bool(above) and not above.endswith((":", "：", "?"))


def _end(lines: list[str], end: int, ruled: re.Pattern[str]) -> int:
    """The place behind the last line before `end` that is neither empty nor a rule."""
    while end and (not lines[end - 1].strip() or ruled.match(lines[end - 1][:LINE])):
        end -= 1
    return end


def _dashes(lines: list[str]) -> list[int]:
    """The lines that may begin a signature: those behind the last quoted line."""
    found = [place for place in holding(lines, f"-—–_{SIGNATURE_MARK}") if _is_dashes(lines[place])]
    last = max(quoted_lines(lines), default=-1) if found else -1
    return [place for place in found if place > last]


def _is_dashes(line: str) -> bool:
    bare = line.strip()
    return len(line) <= _LONGEST_DASHES and (bare in _DASHES or bare == SIGNATURE_MARK or bool(_RULED.match(bare)))


def _begins_signature(line: str, behind: list[str]) -> bool:
    """RFC 3676 section 4.3: "-- ". Dashes alone count right above a few lines that ask nothing."""
    if line == "-- " or line.strip() == SIGNATURE_MARK:
        return True
    words = [each for each in behind[:30] if each.strip()]
    is_apart = bool(behind) and not behind[0].strip()
    if len(words) > 10 or is_apart or any(re.search(r"[?？]\s*$", each) for each in words):
        return False
    return line.strip() in _DASHES or any(_CONTACT.search(each[:LINE]) for each in words)


def only_signature(lines: list[str]) -> bool:
    words = [line for line in lines if line.strip()]
    return bool(words) and (
        words[0].strip() in (*_DASHES, SIGNATURE_MARK)
        or (len(words) == 1 and bool(SIGNED.match(words[0].strip()[:LINE])))
    )
