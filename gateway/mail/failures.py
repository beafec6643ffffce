"""What mail systems mean when they say why: phrases of failure -> enhanced status code (RFC 3463).

The same fault has a hundred wordings. A table of them, most telling first, gives the status where none was given, and
says whether the address is dead (hard) or the mail may get through another day (soft).
"""

import re
from dataclasses import dataclass
from functools import lru_cache

HARD = frozenset(("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.4.4"))
"""Statuses of an address that will never work."""
_SOFT = frozenset(("5.2.2", "5.3.4", "5.7.26"))
"""Statuses that say nothing against the address, whatever words stand beside them."""
_OTHERWISE = frozenset(("5.2.1", "5.3.4", "5.4.6", "5.7.1", "5.7.26"))
_GENERAL = frozenset(("5.0.", "5.1.", "5.2.", "5.3.", "5.4.", "5.5.", "5.7."))
"""Beside these the words decide: hosts use them for all kinds of refusals."""


@dataclass(frozen=True, slots=True)
class FailedRecipient:
    """One address that a letter did not reach (or not yet)."""

    recipient: str
    """The address; "" when only the reason could be read."""
    status: str
    """RFC 3463, such as "5.1.1"; deduced from the words where none was given."""
    is_hard: bool
    """The address is dead; False when another try may succeed."""
    diagnostic: str
    """What the other side said, one line; hostile text."""


_TABLE: tuple[tuple[str, str], ...] = (
    (
        "5.2.2",
        (
            r"mailbox\W(?:.{0,27}?\W)??(?:is\W+)?(?:full|over\s?quota|exceed)|quota\W(?:.{0,27}?\W)??(?:exceed|"
            r"full)|over\W?(?:the\W+)?(?:allowed\W+)?quota|"
            r"exceed\w*\W(?:.{0,36}?\W)??(?:quota|storage|mailbox size|mailbox limit|allocation)|out of (?:disk "
            r"|mailbox )?(?:space|storage)|"
            r"insufficient (?:disk |system |mailbox )?(?:space|storage|quota)|inbox is full|mail\s?(?:box|drop|"
            r"dir|directory|file) (?:has exceeded|is full|size limit)|"
            r"(?:not )?enough (?:disk |storage )?space|disk (?:quota|full|space)|user is (?:over|invited)|quota_|"
            r"too full|storage (?:limit|allocation|quota)|"
            r"account is full|no (?:more )?space left|메일함.{0,12}(?:가득|"
            r"꽉|초과)|사서함.{0,12}(?:가득|꽉|초과)|용량.{0,6}(?:초과|부족)|할당량|"
            r"メールボックス.{0,12}(?:いっぱい|容量|一杯|超)|"
            r"容量.{0,8}超|郵箱(?:已)?滿|邮箱.{0,4}满|空间不足|空間不足|postfach.{0,20}(?:voll|"
            r"überschritten)|boîte.{0,30}(?:pleine|saturée)|"
            r"buzón.{0,20}(?:lleno|completo)|"
            r"caixa.{0,20}cheia|casella.{0,20}piena|ящик.{0,20}переполнен|552 .{0,40}(?:full|quota)|over limit|"
            r"overquota|status: [45]\.2\.2|(?:full|over-?filled) mail\s?box|mail ?folder is full|mail ?box space not|"
            r"too many (?:messages|mails) on|too much mail (?:data|stored)|zu ?viele mails|quota violation|"
            r"boite.{0,30}pleine|"
            r"skrzynk.{0,30}(?:pełna|przepełnion)"
        ),
    ),
    (
        "5.1.10",
        r"null ?mx|(?:domain|host) (?:\S{1,80} )?does not accept (?:any )?(?:e-?)?mail(?! from)",
    ),
    (
        "4.4.3",
        (
            r"host not found,? try again|host name lookup failure|malformed (?:or unexpected )?name ?server reply|"
            r"name service error.{0,80}try again|temporar(?:y|ily).{0,30}(?:name server|resolution|dns)|"
            r"(?:dns|name ?server).{0,20}(?:timed? ?out|temporar)"
        ),
    ),
    (
        "5.1.2",
        (
            r"host (?:or domain name )?(?:was )?not found|(?:host|domain|hostname)\W*unknown|unknown (?:mail "
            r")?(?:host|domain)|no such (?:host|domain)|domain (?:name )?(?:does not exist|not found|"
            r"doesn'?t exist|is "
            r"not valid|invalid)|"
            r"domain must (?:exist|resolve)|couldn'?t find any host (?:named|by that name)|could ?not find "
            r"(?:any host|a (?:mail exchanger|gateway))|name (?:or service|server).{0,30}(?:not known|not found|"
            r"host not found)|"
            r"(?:no|illegal|bad) (?:mx|dns)|unrouteable (?:mail )?domain|unrout(?:e)?able address.{0,20}domain|"
            r"nxdomain|no mail exchanger|invalid domain|"
            r"dns (?:error|lookup|resolution|name) ?.{0,20}(?:fail|not exist|no such|non-?existent)|all relevant "
            r"mx records point to non-existent|"
            r"(?:unable|failed) to (?:resolve|look ?up|find).{0,30}(?:host|domain|mx|mail exchange)|(?:mail "
            r"server|server) for .{0,60} (?:could not be found|does not exist)|"
            r"도메인.{0,16}(?:없|찾을 수 없|존재하지)|호스트.{0,16}(?:없|찾을 수 없)|"
            r"域名.{0,8}不存在|(?:ドメイン|ホスト).{0,14}(?:見つか|存在し)|domain "
            r".{0,60}not found|unknown mail transport|unroute?able address"
        ),
    ),
    (
        "5.1.6",
        (
            r"no longer (?:works|with|at|employed|on this server)|has (?:moved|left|been replaced)|address "
            r"(?:has )?changed|mailbox (?:has )?moved|user has moved|please (?:try|use) .{0,20}new address|retired"
        ),
    ),
    (
        "5.2.1",
        (
            r"(?:account|user|recipient|mailbox|mail ?box|address|inbox)s?\W(?:.{0,45}?\W)??(?:disabled|"
            r"suspended?|inactive|"
            r"deactivated|locked|frozen|discontinued|archiv(?:ed|ée?))\b|(?:suspended|disabled|inactive|deactivated|"
            r"frozen|locked) (?:user|account|mail ?box|recipient)|\[suspend|not (?:currently )?accepting|"
            r"(?:계정|사서함|메일함|사용자|아이디).{0,16}(?:정지|휴면|잠금|중지)|(?:정지|휴면|잠긴|"
            r"중지)[^\n]{0,12}(?:계정|사용자|아이디|메일)|(?:konto|"
            r"postfach).{0,20}(?:gesperrt|deaktiviert)"
        ),
    ),
    (
        "5.1.1",
        (
            r"(?:user|recipient|mailbox|account|address|addressee|destination|inbox|username|mail ?drop|alias|"
            r"person|rcpt|subscriber)s?\W(?:.{0,45}?\W)??(?:(?:is|was|are|could|can|does|do|has|have) "
            r"?n[o']t\W+(?:be\W+)?(?:found|exist|known|listed|recogni[sz]ed|valid|here|available|a valid|"
            r"a local|been "
            r"found|our customer|registered|local)|"
            r"not (?:found|known|listed|exist|valid|here|local|available|a valid|registered|our customer|"
            r"recogni[sz]ed)|doesn'?t (?:exist|have)|does not (?:exist|have)|unknown|invalid|nonexistent|"
            r"non-existent|unavailable|no longer (?:exist|valid|active|available)|rejected|deleted|"
            r"expired|is unknown|undeliverable|lookup failed|terminated|cancell?ed|closed)|"
            r"no mail ?box|(?:bad|invalid|unknown|no_such)_(?:recipient|user|address|mailbox)|"
            r"not an? (?:active|valid|known) "
            r"(?:user|recipient|mailbox|account|address)|final (?:e-?mail )?delivery (?:userid|point)|"
            r"name is not recogni[sz]ed|"
            r"(?:odbiorca|użytkownik|adres)[^\n.]{0,60}nie ?(?:istnieje|znaleziono)|"
            r"(?:unknown|no such|invalid|bad|nonexistent|non-?existing|unrecogni[sz]ed|undefined|illegal|"
            r"incorrect) (?:local |virtual |destination |mail ?box |email |e-mail |recipient |user )?(?:user|"
            r"recipient|mailbox|account|address|addressee|person|alias|name|local part|local-part|inbox|rcpt|"
            r"id\b|people|subscriber|e?-?mail)|"
            r"no mailbox (?:here )?(?:by|for|with) (?:that|this)|not (?:a "
            r")?(?:known|valid|local|our) (?:user|recipient|mailbox|account|address|customer)|no (?:valid "
            r")?(?:recipient|user|mailbox|account)s?\b|"
            r"(?:can'?t|cannot|could ?n[o']t|unable to) (?:find|verify|locate|accept) .{0,30}(?:user|recipient|"
            r"mailbox|address|account)|does not (?:exist|have an? .{0,20}account)|address (?:you sent|you "
            r"entered|couldn'?t be found|could not be found)|"
            r"isn'?t (?:listed|found)|not listed in (?:the )?(?:domino|directory|public name)|doesn'?t have a "
            r".{0,40}account|this user doesn'?t|nobody by that name|no one by that name|"
            r"resolver\.adr\.(?:recip(?:ient)?|ex)?not ?found|recipnotfound|recipientnotfound|"
            r"user \S{1,80} (?:unknown|not)|r_?no_?such_?user|mailnotfound|invalid.{0,6}recipient|"
            r"(?:사용자|수신자|수신인|받는\s?사람|계정|주소|메일\s?주소|이메일|아이디|"
            r"사서함)[^\n.]{0,40}(?:없|존재하지|찾을 수|잘못|알 수|탈퇴|올바르지|"
            r"유효하지)|없는 (?:사용자|계정|메일|주소)|"
            r"(?:受信者|宛先|ユーザー?|アドレス|メールアドレス|メールボックス|"
            r"アカウント)[^\n。]{0,40}(?:見つか|存在し|不明|ありません|間違)|"
            r"(?:用户|收件人|地址|账号|帐号|使用者|帳號|郵件地址|"
            r"邮箱)[^\n。]{0,20}(?:不存在|未找到|无效|無效|找不到|错误)|"
            r"(?:empfänger|benutzer|adresse)[^\n.]{0,40}(?:nicht gefunden|existiert nicht|unbekannt|ungültig)|"
            r"(?:destinataire|adresse|utilisateur)[^\n.]{0,50}(?:introuvable|n['’]existe pas|inconnu|n['’]a pas "
            r"été trouvé)|"
            r"(?:usuario|destinatario|dirección|utente|indirizzo|destinatário|endereço|"
            r"usuário)[^\n.]{0,40}(?:desconocid|no existe|sconosciut|non esiste|inesistente|não existe|não "
            r"encontrad|no encontrad|no se encontr|non trovat)|"
            r"(?:пользовател|получател|адрес|ящик)[^\n.]{0,40}(?:не найден|не существует|неизвестен|не обнаружен)"
        ),
    ),
    (
        "5.1.3",
        (
            r"(?:bad|invalid|malformed|illegal) (?:destination )?(?:address syntax|mailbox address syntax|"
            r"syntax)|syntax error in (?:mailbox|address|recipient)|domain missing|malformed address|address syntax"
        ),
    ),
    (
        "5.4.6",
        (
            r"(?:mail|message|routing|forwarding) loop|too many (?:hops|received|redirections)|"
            r"hop count exceeded|loops "
            r"back to (?:me|myself)|loop detected|maximum hop"
        ),
    ),
    (
        "5.3.4",
        (
            r"message (?:size|is too|too|length|file) ?.{0,20}(?:large|big|long|"
            r"exceed|limit)|too (?:large|big)|size (?:limit )?exceed|exceed\w* "
            r".{0,30}(?:size|maximum message|length)|메시지.{0,14}크기|メッセージ.{0,14}サイズ"
        ),
    ),
    (
        "5.7.26",
        (
            r"dmarc|unauthenticated (?:email|mail)|(?:spf|dkim) .{0,30}(?:fail|not pass|invalid)|sender policy "
            r"framework|authentication (?:checks?|requirements)"
        ),
    ),
    (
        "5.7.1",
        (
            r"relay(?:ing)? (?:access )?(?:denied|not (?:permitted|allowed)|prohibited)|not (?:permitted|allowed|"
            r"authori[sz]ed) to (?:relay|send|post)|access denied|spam|black\s?list|block ?list|blocked|listed (?:in|"
            r"by|on|at)|"
            r"reputation|policy|rejected (?:due|by|for|because)|content (?:rejected|"
            r"filter|restriction)|virus|prohibited|not accepted|administrative|"
            r"banned|denied|unsolicited|bulk mail|refused by|rbl|dnsbl|스팸|차단|거부|"
            r"受信拒否|拒否|拒收"
        ),
    ),
    (
        "4.4.1",
        (
            r"connection (?:was )?(?:timed out|refused|reset|dropped|lost|closed)|(?:timed? ?out|timeout)|no "
            r"(?:answer|route to host|response)|network (?:is )?unreachable|host (?:is )?(?:down|unreachable|not "
            r"responding)|couldn'?t (?:connect|establish)|could not (?:connect|establish)|"
            r"(?:unable|failed) to connect|not responding|lost connection|cannot "
            r"(?:connect|reach)|bad connection|시간.{0,4}초과|연결.{0,12}(?:수 없|실패)|"
            r"接続.{0,10}(?:でき|失敗)"
        ),
    ),
    (
        "4.4.7",
        (
            r"delivery (?:time expired|expired)|(?:message|mail) (?:expired|has been in the queue|delayed|timed "
            r"out)|retry time (?:not reached|expired|out)|retry timeout|too (?:long|old)|(?:queue|time) (?:time "
            r")?expired|delivery (?:is )?delayed|not yet been delivered|failing for a long time|"
            r"not been collected|in (?:the |this )?queue too long|"
            r"allowed queue period|multiple retries|still (?:trying|being retried)|will "
            r"(?:continue|be retried|keep trying)|could not be delivered for"
        ),
    ),
    (
        "4.3.0",
        (
            r"temporar(?:y|ily)|try again|later|deferred|greylist|graylist|throttl|too many (?:connections|"
            r"messages|recipients|mails)|rate limit|service (?:un|not )available|system (?:error|not accepting|busy|"
            r"resources)|resources"
        ),
    ),
)
_PHRASES = tuple((status, re.compile(pattern, re.IGNORECASE)) for status, pattern in _TABLE)

STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d]|\.\d)")
_CODE = re.compile(r"(?<![\d.])([45]\d\d)(?=[\s-])")
_FULL = next(pattern for status, pattern in _PHRASES if status == "5.2.2")
_POLICY = next(pattern for status, pattern in _PHRASES if status == "5.7.1")
SCAN_LIMIT = 1000
"""Characters of a diagnostic that are compared with the table."""


def meaning(diagnostic: str) -> str:
    """The status that the words of a diagnostic mean; "" when they mean nothing known."""
    return _meaning(re.sub(r"\s+", " ", diagnostic[:SCAN_LIMIT]))


@lru_cache(maxsize=64)
def _meaning(text: str) -> str:
    return next((status for status, pattern in _PHRASES if pattern.search(text)), "")


def status_of(given: str, diagnostic: str) -> str:
    """The status given, else the one written in the diagnostic, else meant by its words, else by its reply code.

    A general one (x.0.0) gives way to a telling one that is written out, not to one that is only meant.
    """
    found = STATUS.search(given)
    given = found[1] if found and found[1][0] != "2" else ""
    text = diagnostic[:SCAN_LIMIT]
    written = [each for each in STATUS.findall(text) if each[0] != "2"]
    telling = next((each for each in (given, *written) if each and not each.endswith(".0.0")), "")
    if telling or given:
        return telling or given
    meant = meaning(diagnostic)
    code = _CODE.search(text)
    kind = written[0][0] if written else code[1][0] if code else ""
    if meant:
        return f"{kind or meant[0]}{meant[1:]}"
    return f"{kind or '5'}.0.0"


def is_hard(status: str, diagnostic: str) -> bool:
    """True when the address is dead: by its status, or by words that mean such a status beside a general one."""
    text = diagnostic[:SCAN_LIMIT]
    if status.startswith("4") or _FULL.search(text) or status in _SOFT:
        return False
    if status in HARD:
        # sendmail writes 5.1.1 for any bare 550: then what the host said about size, spam or a locked account counts.
        return status in text or meaning(diagnostic) not in _OTHERWISE
    if status.startswith("5.7.") and _POLICY.search(text):
        return False
    return meaning(diagnostic) in HARD and status[:4] in _GENERAL
