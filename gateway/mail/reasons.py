"""What mail systems mean when they say why: phrases of failure -> enhanced status code (RFC 3463, RFC 5248).

Tried on text in which every run of white space is one blank. The same fault has a hundred wordings,
and one refusal may hold several: the rows stand in the order in which they are believed.
"""

import re

_WHO = (
    "(?:user|recipient|mailbox|account|address|addressee|destination|inbox|username|mail ?drop|alias|person|rcpt|"
    "subscriber)"
)
_NAME = (
    r"(?:user|recipient|mailbox|account|address|addressee|person|alias|name|local[ -]part|inbox|rcpt|id\b|people|"
    r"subscriber|e?-?mails?\b)"
)
_SENDER = (
    r"\b(?:senders?(?:['’]s)?(?! policy)(?: e-?mail| ip| domain| host)?(?: address)?|mail from|return path|emetteur)\b"
)
_THERE = (
    "(?:found|exist|known|listed|recogni[sz]ed|valid|here|available|been found|our customer|registered|local|present)"
)
_GONE = (
    rf"(?:(?:is|was|are|could|can|does|do|has|have) ?n[o']t\W+(?:be\W+)?{_THERE}|not (?:an? )?{_THERE}|"
    r"(?:doe?sn'?t|does not) (?:exist|have)|unknown|invalid|non-?existent|unavail?able|undeliverable|"
    r"no longer (?:exist|valid|active|available|accepts)|rejected(?! by an? )|deleted|expired|lookup failed|terminated|"
    r"cancell?ed|closed)"
)
_PARTS = {
    "{who}": _WHO,
    "{name}": _NAME,
    "{cannot}": "(?:can'?t|cannot|could ?n[o']t|unable to)",
    "{kind}": "(?:local |virtual |destination |mail ?box |email |e-mail |recipient |user )?",
    "{box}": "(?:account|user|recipient|mailbox|mail ?box|address|inbox)",
    "{gone}": _GONE,
    "{sender}": _SENDER,
}

_TABLE: tuple[tuple[str, str], ...] = (
    ("5.2.2", r"""
        mailbox\W(?:.{0,27}?\W)??(?:is\W+)?(?:full|over\s?quota|exceed)
        quota\W(?:.{0,27}?\W)??(?:exceed|full)
        over\W?(?:the\W+)?(?:allowed\W+)?quota
        exceed\w*\W(?:.{0,36}?\W)??(?:quota|storage|mailbox size|mailbox limit|allocation)
        out of (?:disk |mailbox )?(?:space|storage)
        insufficient (?:disk |system |mailbox )?(?:space|storage|quota)
        inbox is full
        mail\s?(?:box|drop|dir|directory|file) (?:has exceeded|is full|size limit)
        (?:not )?enough (?:disk |storage )?space
        disk (?:quota|full|space)|user is (?:over|invited)|quota_|too full|storage (?:limit|allocation|quota)
        account is full|no (?:more )?space left|메일함.{0,12}(?:가득|꽉|초과)|사서함.{0,12}(?:가득|꽉|초과)
        용량.{0,6}(?:초과|부족)|할당량
        メールボックス.{0,12}(?:いっぱい|容量|一杯|超)
        容量.{0,8}超|郵箱(?:已)?滿|邮箱.{0,4}满|空间不足|空間不足
        postfach.{0,20}(?:voll|überschritten)
        boîte.{0,30}(?:pleine|saturée)|buzón.{0,20}(?:lleno|completo)|caixa.{0,20}cheia|casella.{0,20}piena
        ящик.{0,20}переполнен|552 .{0,40}(?:full|quota)|over limit|overquota|status: [45]\.2\.2
        (?:full|over-?filled) mail\s?box|mail ?folder is full|mail ?box space not|too many (?:messages|mails) on
        too much mail (?:data|stored)|zu ?viele mails|quota violation|boite.{0,30}pleine
        skrzynk.{0,30}(?:pełna|przepełnion)|cassetta.{0,30}piena|posta kutusu.{0,12}dolu|schránka.{0,30}plná
        postlåda.{0,12}full|postkasse.{0,12}fuld|postvak.{0,40}vol\b|postilaatikko.{0,20}täynnä
        postafiók.{0,20}megtelt|hộp thư.{0,30}đầy
    """),
    ("5.1.8", r"""
        {sender}(?:.{0,60}\W)?(?:rejected|refused|denied|invalid|blocked|failed|unknown|must (?:exist|resolve))
        {sender}(?:.{0,60}\W)?(?:does|did) not (?:exist|pass)
        {sender}(?:.{0,60}\W)?not (?:exist|found|allowed|accepted|verified|permitted|pre-?approved|authori[sz]ed|owned)
        {sender}(?:.{0,60}\W)?(?:empty|blacklisted|unverified|spammer|unrout[e]?able|null ?mx)
        (?:invalid|unknown|bogus|bad|null|empty|unrout[e]?able|spoofed) {sender}
        (?:verify|check|route to|resolve)(?: \w+)? {sender}
        (?:after|in reply to) (?:the )?(?:mail from|ehlo|helo|initial connection)
        verification failed for|returned mail not accepted
        fully.qualified (?:e-?mail )?address required
        \(sender\)
        >>> mail from:[^>]{0,300}>[^<]{0,60}<<< [45]\d\d
        \(batv:
    """),
    ("5.7.25", r"""
        (?:cannot|can'?t|could not|unable to) (?:find|resolve|verify|look ?up) your
        (?:helo|ehlo)\b.{0,30}(?:rejected|invalid|not found|denied|refused|not exist)
        (?:reverse|ptr|rdns)\b.{0,60}(?:dns|lookup|record|name|entry|fail|found|missing)
        client host rejected
        (?:name lookup failed|relay host name|mismatches client)
        (?:does not|no) .{0,20}\bptr\b
    """),
    ("5.1.10", r"""
        null ?mx|no mx record found
        (?:domain|host) (?:\S{1,80} )?does not accept (?:any )?(?:e-?)?mail(?! from)
    """),
    ("4.4.3", r"""
        host not found,? try again|host name lookup failure
        malformed (?:or unexpected )?name ?server reply
        name service error.{0,80}try again
        temporar(?:y|ily).{0,30}(?:name server|resolution|dns)
        (?:dns|name ?server).{0,20}(?:timed? ?out|temporar|fail.{0,60}try again)
    """),
    ("5.1.2", r"""
        host (?:or domain name )?(?:was )?not found
        (?:host|domain|hostname)\W*unknown|unknown (?:mail )?(?:host|domain)|no such (?:host|domain)
        domain (?:name )?(?:does not exist|not found|doesn'?t exist|is not valid|invalid)
        domain must (?:exist|resolve)|account or domain may not exist
        couldn'?t find any host (?:named|by that name)
        could ?not find (?:any host|a (?:mail exchanger|gateway))
        name (?:or service|server).{0,30}(?:not known|not found|host not found)
        (?:no|illegal|bad) (?:mx|dns)|unrouteable (?:mail )?domain
        unrout(?:e)?able address.{0,20}domain
        nxdomain|no mail exchanger|invalid domain(?!, see)
        dns (?:error|lookup|resolution|name) ?.{0,20}(?:fail|not exist|no such|non-?existent)
        all relevant mx records point to non-existent
        (?:unable|failed) to (?:resolve|look ?up|find).{0,30}(?:host|domain|mx|mail exchange)
        (?:mail server|server) for .{0,60} (?:could not be found|does not exist)
        도메인.{0,16}(?:없|찾을 수 없|존재하지)
        호스트.{0,16}(?:없|찾을 수 없)|域名.{0,8}不存在
        (?:ドメイン|ホスト).{0,14}(?:見つか|存在し)
        domain .{0,60}not found|unknown mail transport|unroute?able address
    """),
    ("5.1.6", r"""
        no longer (?:works|with|at|employed|on this server)
        has (?:moved|left|been replaced)|address (?:has )?changed|mailbox (?:has )?moved|user has moved
        please (?:try|use) .{0,20}new address
        retired
    """),
    ("5.7.1", r"""
        address(?:es)? rejected ?: .{0,40}(?:policy|spam|gr[ea]y|message|content|blocked|blacklist)
        address(?:es)? rejected ?: .{0,40}(?:reputation|spf|dmarc)
        address(?:es)? rejected ?: .{0,40}(?:later|temporar|try again|too many|rate|throttl)
        recipient preferences|권한이 ?없|messages from \S{1,80} weren'?t sent|unwanted messages have been sent from
    """),
    ("5.2.1", r"""
        {box}s?\W(?:.{0,45}?\W)??(?:disabled|suspended?|inactive|deactivated|locked|frozen|discontinued|archived)\b
        destinataire archiv[ée]e
        (?:suspended|disabled|inactive|deactivated|frozen|locked) (?:user|account|mail ?box|recipient)
        \[suspend|not (?:currently )?accepting
        (?:계정|사서함|메일함|사용자|아이디).{0,16}(?:정지|휴면|잠금|중지)
        (?:정지|휴면|잠긴|중지)[^\n]{0,12}(?:계정|사용자|아이디|메일)
        (?:konto|postfach).{0,20}(?:gesperrt|deaktiviert)
    """),
    ("5.1.1", r"""
        {who}s?\W(?:.{0,45}?\W)??{gone}
        no mail ?box|{who} not (?:exist|ok|present)|\bnot email addresses|recipient (?:is )?not accepted
        recipient (?:is not accepting|refuses to accept) your
        envelope recipient has been denied
        bad ?rc?pt ?(?:to|list)|bad ?recipient ?to|valid ?rcpt ?to list
        (?:no one|nobody) at this address|address no longer accepts|user missing home
        recipient address(?:es)? rejected ?: access denied
        > not found\b|no \S{1,60} in (?:name )?directory|リストにありません
        (?:bad|invalid|unknown|no_such)_(?:recipient|user|address|mailbox)
        not an? (?:active|valid|known) (?:user|recipient|mailbox|account|address)
        final (?:e-?mail )?delivery (?:userid|point)
        name is not recogni[sz]ed
        (?:odbiorca|użytkownik|adres)[^\n.]{0,60}nie ?(?:istnieje|znaleziono)
        (?:unknown|no such|invalid|bad|non-? ?exist(?:ent|ing)|unrecogni[sz]ed) {kind}{name}
        (?:undefined|illegal|incorrect) {kind}{name}
        no mailbox (?:here )?(?:by|for|with) (?:that|this)
        not (?:a )?(?:known|valid|local|our) (?:user|recipient|mailbox|account|address|customer)
        no (?:valid )?(?:recipient|user|mailbox|account)s?\b
        {cannot} (?:find|locate|accept) .{0,30}(?:user|recipient|mailbox|address|account)
        {cannot} verify .{0,30}(?:user|recipient|mailbox|address)(?!.{0,60}(?:later|again))
        does not (?:exist|have an? .{0,20}account)
        address (?:you sent|you entered|couldn'?t be found|could not be found)
        isn'?t (?:listed|found)
        not listed in (?:the )?(?:domino|directory|public name)
        doesn'?t have a .{0,40}account|this user doesn'?t|nobody by that name|no one by that name
        resolver\.adr\.(?:recip(?:ient)?|ex)? ?not ?found
        recipnotfound|recipientnotfound|cuda_nsu|user \S{1,80} (?:unknown|not)|no_?such_?user|mailnotfound
        invalid.{0,6}recipient
        (?:사용자|수신자|수신인|받는\s?사람|계정|주소|이메일|아이디|사서함)[^\n.]{0,40}(?:없|존재하지|찾을 수|잘못)
        (?:사용자|수신자|수신인|받는\s?사람|계정|주소|이메일|아이디|사서함)[^\n.]{0,40}(?:알 수|탈퇴|올바르지|유효하지)
        없는 (?:사용자|계정|메일|주소)
        (?:受信者|宛先|ユーザー?|アドレス|ボックス|アカウント)[^\n。]{0,40}(?:見つか|存在し|不明|ありません|間違)
        (?:用户|收件人|地址|账号|帐号|使用者|帳號|郵件地址|邮箱)[^\n。]{0,20}(?:不存在|未找到|无效|無效|找不到|错误)
        (?:empfänger|benutzer|adresse)[^\n.]{0,40}(?:nicht gefunden|existiert nicht|unbekannt|ungültig)
        (?:destinataire|adresse|utilisateur)[^\n.]{0,50}(?:introuvable|n['’]existe pas|inconnu|n['’]a pas été trouvé)
        (?:usuario|destinatario|dirección)[^\n.]{0,40}(?:desconocid|no existe|no encontrad|no se encontr)
        (?:utente|indirizzo|destinatario)[^\n.]{0,40}(?:sconosciut|non esiste|inesistente|non trovat)
        (?:destinatário|endereço|usuário)[^\n.]{0,40}(?:não existe|inexistente|não encontrad|desconhecid)
        no existe (?:dicha|es[ae]|el|la) (?:persona|usuario|cuenta|dirección)
        nessun utente|wurde in \S{1,80} nicht gefunden|不明な宛先|が ?\S{1,80} ?で見つかりません
        no se (?:encontró|ha encontrado|pudo encontrar)[^\n.]{0,20}(?:dirección|usuario|destinatario|buzón)
        impossibile trovare (?:l['’](?:indirizzo|utente)|il destinatario)
        (?:destinatário|endereço|usuário)[^\n.]{0,40}não (?:pôde ser|foi) encontrado
        (?:e-?mailadres|ontvanger|geadresseerde)[^\n.]{0,40}(?:niet (?:worden )?gevonden|bestaat niet|onbekend)
        nie (?:można )?(?:odnaleźć|znaleziono)[^\n.]{0,30}(?:adres|odbiorc)
        (?:e-postadress(?:en)?|mottagaren?)[^\n.]{0,40}(?:inte hittas|hittades inte|finns inte|okänd|ikke funnet)
        (?:mailadressen?|modtageren?)[^\n.]{0,40}(?:ikke fundet|findes ikke|ukendt)
        (?:sähköpostiosoit|vastaanottaj)\w{0,8}[^\n.]{0,30}ei (?:löydy|löytynyt|ole olemassa)
        (?:adresa|příjemce|uživatel)[^\n.]{0,30}(?:nebyla? nalezena?|neexistuje)
        (?:e-mail-?cím|címzett)[^\n.]{0,30}(?:nem található|nem létezik|ismeretlen)
        (?:e-posta adresi|kullanıcı|alıcı)[^\n.]{0,30}(?:bulunamadı|mevcut değil)
        không tìm thấy (?:địa chỉ|người)|找不到[^\n。]{0,16}(?:地址|收件|用户|使用者)
        (?:пользовател|получател|адрес|ящик)[^\n.]{0,40}(?:не найден|не существует|неизвестен|не обнаружен)
    """),
    ("5.1.3", r"""
        (?:bad|invalid|malformed|illegal) (?:destination )?(?:address syntax|mailbox address syntax|syntax)
        syntax error in (?:mailbox|address|recipient)
        domain missing|malformed address|address syntax
    """),
    ("5.4.6", r"""
        (?:mail|message|routing|forwarding) loop
        too many (?:hops|received|redirections)
        hop count exceeded|loops back to (?:me|myself)|loop detected|maximum hop
    """),
    ("5.3.4", r"""
        message (?:size|is too|too|length|file) ?.{0,20}(?:large|big|long|exceed|limit)
        too (?:large|big)|size (?:limit )?exceed
        exceed\w* .{0,30}(?:size|maximum message|length)
        메시지.{0,14}크기|メッセージ.{0,14}サイズ
    """),
    ("5.7.26", r"""
        dmarc|unauthenticated (?:email|mail)
        (?:spf|dkim) .{0,30}(?:fail|not pass|invalid)
        sender policy framework
        authentication (?:checks?|requirements)
    """),
    ("5.7.1", r"""
        relay(?:ing)? (?:access )?(?:denied|not (?:permitted|allowed)|prohibited)
        not (?:permitted|allowed|authori[sz]ed) to (?:relay|send|post)
        access denied|spam|black\s?list|block ?list|blocked|listed (?:in|by|on|at)|reputation|policy
        rejected (?:due|by|for|because)
        content (?:rejected|filter|restriction)
        virus|prohibited|not accepted|administrative|banned|denied|unsolicited|bulk mail|refused by|rbl|dnsbl
        스팸|차단|거부|受信拒否|拒否|拒收
    """),
    ("4.4.1", r"""
        connection (?:was )?(?:timed out|refused|reset|dropped|lost|closed)
        (?:timed? ?out|timeout)
        no (?:answer|route to host|response)
        network (?:is )?unreachable
        host (?:is )?(?:down|unreachable|not responding)
        couldn'?t (?:connect|establish)|could not (?:connect|establish)|(?:unable|failed) to connect
        not responding|lost connection|cannot (?:connect|reach)|bad connection|시간.{0,4}초과
        연결.{0,12}(?:수 없|실패)|接続.{0,10}(?:でき|失敗)
    """),
    ("4.4.7", r"""
        delivery (?:time expired|expired)
        (?:message|mail) (?:expired|has been in the queue|delayed|timed out)
        retry time (?:not reached|expired|out)
        retry timeout|too (?:long|old)|(?:queue|time) (?:time )?expired|delivery (?:is )?delayed
        not yet been delivered|failing for a long time|not been collected|in (?:the |this )?queue too long
        allowed queue period|multiple retries|still (?:trying|being retried)
        will (?:continue|be retried|keep trying)
        could not be delivered for
    """),
    ("4.3.0", r"""
        temporar(?:y|ily)|try again|later|deferred|greylist|graylist|throttl
        too many (?:connections|messages|recipients|mails)
        rate limit|service (?:un|not )available
        system (?:error|not accepting|busy|resources)
        resources
    """),
)


def _pattern(phrases: str) -> re.Pattern[str]:
    joined = "|".join(line.strip() for line in phrases.strip().splitlines())
    for mark, part in _PARTS.items():
        joined = joined.replace(mark, part)
    return re.compile(joined, re.IGNORECASE)


PHRASES = tuple((status, _pattern(phrases)) for status, phrases in _TABLE)
