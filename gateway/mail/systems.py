"""How mail systems name themselves, title their bounces and introduce the failed addresses, in several languages.

Seen at Postfix, sendmail, qmail, Exim, Exchange (English, Korean, Japanese, Chinese, German, French ...), Notes/Domino,
Google, Microsoft 365, Yahoo, Amazon, Naver, Daum, KDDI, docomo, MailMarshal, IMail, MDaemon, Courier, X.400 gateways.
"""

import re

DAEMON = re.compile(
    r"(?:mailer-?_?daemon|mail-?daemon|post_?master|mdaemon|mail(?:er)?|maildelivery|"
    r"mail-?delivery.*|double-bounce|bounce|bounces|"
    r"system|administrator|admin|mailadmin|mailsystem|microsoftexchange[0-9a-f]*|exchange|smtp|"
    r"daemon|mmdf|uucp|root|ndr|"
    r"noreply-.*daemon|returned?|undeliver.*|delivery|deliver|mta|complaints|nobody|mail\.system|"
    r"failure|.*-bounces?)$"
)
CERTAIN_DAEMON = re.compile(
    r"mailer-?_?daemon|mail-?daemon|post_?master|mdaemon|mail-?delivery.*|double-bounce|microsoftexchange"
)
"""Names that no person goes by."""
DAEMON_NAME = re.compile(
    r"mail(?:er)?[- ]?(?:delivery|deliver)|mailer[- ]?daemon|postmaster|system administrator|mail (?:administrator|"
    r"system)|mail subsystem|"
    r"microsoft outlook|mail delivery|delivery (?:subsystem|system|service)|microsoft "
    r"exchange|internet mail (?:service|delivery)|메일 ?(?:시스템|관리자|배달)|"
    r"시스템 관리자|メール(?:システム|配信)|システム管理者|系统管理员|系統管理員|postfix|exim",
    re.IGNORECASE,
)

SUBJECT = re.compile(
    r"undeliver(?:ed|able)|un-?deliverable|delivery (?:status|failure|failed|has failed|report|error|problem|"
    r"delayed|final failure|incomplete)|delivery unsuccessful|"
    r"failure (?:notice|notification|delivery)|failed (?:delivery|mail|message)|returned? (?:mail|message|to "
    r"sender|email)|mail (?:delivery|system error|could not|not delivered|failure|failed|error|undeliverable)|"
    r"message (?:delivery|could not|not delivered|undeliver|status|error)|could ?n[o']t be (?:delivered|sent)|not "
    r"(?:be )?delivered|nondeliver|non-?delivery|non recapitable|"
    r"\bndn\b|\bndr\b|bounced? (?:mail|message|email)|returning message|delivery (?:attempt|notification|to "
    r".{1,80} failed)|warning: (?:message|could not)|user unknown|unknown (?:user|address|recipient)|mail loop|"
    r"배달되지 ?(?:않|못)|배달(?:할 수 없| ?실패|되지)|전송 ?(?:실패|오류|되지)|"
    r"전달(?:되지| ?실패|할 수 없)|반송 ?(?:되었|됨|(?:된 ?)?메일(?![가-힣])|안내|알림)|메일 ?반송|발송 "
    r"?(?:실패|오류)|수신 ?(?:실패|불가)|"
    r"메일.{0,12}(?:실패|보내지 못)|"
    r"配信(?:遅延|不能|できません|エラー|不可|に失敗|失敗|され)|配達(?:不能|できません|エラー)|"
    r"送信(?:エラー|できません|失敗)|届けられません|未配信|エラーメール|メールエラー|不達|退信|退回|"
    r"无法投递|無法(?:傳遞|投遞|送達)|未送达|未能?投递|投递失败|未傳遞|传递失败|發送失敗|"
    r"unzustellbar|nicht zugestellt|zustell(?:ung|fehler|problem)|rückläufer|non remis|non[- ]délivr|échec de "
    r"(?:la )?(?:remise|distribution|livraison)|impossible de remettre|retour de mail|non distribué|"
    r"no se puede entregar|no se pudo entregar|no entregad|entrega fallida|devuelto|error de entrega|não entregue|"
    r"não (?:foi )?possível entregar|falha na entrega|devolvid|não é possível entregar|"
    r"non recapitabile|non consegnat|mancato recapito|impossibile recapitare|mancata consegna|onbestelbaar|niet "
    r"(?:afgeleverd|bezorgd)|niet-bezorgd|"
    r"недоставл|не доставлен|невозможно доставить|не удается доставить|niedostarczon|nie można dostarczyć|"
    r"niedoręczaln|kunde inte levereras|går (?:ej|inte) att leverera|kan ikke leveres|kunne ikke leveres|"
    r"teslim edilemedi|iletilemedi|không gửi được|không thể gửi|nedoručitelné|kézbesíthetetlen|toimittaminen "
    r"(?:epäonnistui|ei onnistu)|ei voitu toimittaa",
    re.IGNORECASE,
)

SUCCESS_TITLE = re.compile(
    r"\s*(?:delivered|relayed|expanded|배달됨|전달됨|配信済み|已送达|已傳遞|zugestellt|remis|entregado|entregue|recapitato|"
    r"bezorgd|доставлено|dostarczono)\s?:",
    re.IGNORECASE,
)
SUCCESS = re.compile(
    r"successful(?:ly)? (?:mail )?deliver|(?:has been|was) (?:successfully )?delivered to the (?:following|"
    r"destination)|delivery to these recipients or groups is complete",
    re.IGNORECASE,
)
"""How systems say that a mail arrived. "deliver" stands in each of these sentences."""

BODY = re.compile(
    r"could(?: ?n[o']t| not) be delivered|can(?:'t|not) be delivered|was(?:n't| not) delivered|has not been "
    r"delivered|unable to deliver|not (?:be able to|able to) deliver|undeliverable|delivery (?:has )?failed|"
    r"delivery to the following|failed permanently|permanent (?:fatal )?error|fatal errors|returned (?:to (?:you|"
    r"sender)|below|undelivered)|did not reach|could not deliver|failed to deliver|wasn't delivered|couldn't "
    r"deliver|"
    r"giving up on it|delivery (?:status|attempts?|failure)|mailbox (?:is )?(?:full|unavailable|not found|"
    r"exceeded)|user (?:unknown|not found|doesn't)|unknown (?:user|recipient|address)|no such (?:user|recipient)|"
    r"does not exist|undelivered|not a valid (?:user|recipient|address)|"
    r"following (?:address|recipient|destination|message|user|mail|error)|recipient(?:s|\(s\))? (?:of|could|was|"
    r"address rejected|not found|unknown)|(?:55[0-4]|45[0-2])[ -][45]?|[45]\.\d\.\d|over ?quota|quota exceeded|"
    r"invalid (?:address|recipient|mailbox)|"
    r"배달되지|배달하지|배달할 수|전송되지|전달되지|전달할 수|전송하지 ?못|보내지 ?못|"
    r"발송되지|반송(?:된|되었|됨)|존재하지 않|찾을 수 없|配信でき|配信されません|届けられ|送信でき|配達でき|"
    r"見つかりません|存在しません|エラー|"
    r"まだ配信されていません|följande mottagare|toimitus[^\n]{0,60}epäonnistui|"
    r"投递失败|无法投递|無法傳遞|无法送达|不存在|退信|nicht zugestellt|unzustellbar|n'a pas (?:pu être|"
    r"été) (?:remis|délivré|distribué|livré)|no se (?:ha )?(?:pudo|podido) "
    r"entregar|não (?:pôde|foi) (?:ser )?entregue|"
    r"non (?:è stato|può essere) (?:possibile )?(?:consegnat|recapitat)|niet (?:worden )?(?:afgeleverd|bezorgd)|не "
    r"(?:было|может быть|удалось|доставлено) ?(?:доставлен|доставить)?|nie (?:została|można|udało)",
    re.IGNORECASE,
)

INTRODUCTIONS = re.compile(
    r"(?P<many>following (?:address(?:\(es\)|es)?|recipients?(?:\(s\))?|destinations?|users?|mailbox(?:es)?|"
    r"e-?mail address(?:es)?|people)\b[^\n]{0,100}|"
    r"(?:had|having) (?:permanent fatal|transient non-fatal|delivery) (?:errors|problems)[^\n]{0,60}|failed (?:for|"
    r"to|addresses|recipients?)[^\n@<]{0,80}|(?:undelivered|failed|intended|invalid|unknown|rejected|bad) "
    r"(?:address(?:es)?|recipients?|users?)\b[^\n@<]{0,60}|"
    r"(?:could|can|was|were|has|have)(?:\s?n[o']?t| not) (?:be )?(?:been )?(?:deliver|reach|sent|"
    r"send)[^\n@<]{0,90}|(?:unable|not able|failed|impossible) to (?:deliver|send|relay|forward)[^\n@<]{0,100}|"
    r"did not reach[^\n@<]{0,80}|deliver[^\n@<]{0,30} to[^\n@<]{0,60}|"
    r"다음[^\n]{0,30}(?:받는 ?사람|수신자|수신인|주소|사용자|사람)[^\n@<]{0,60}|(?:받는 "
    r"?사람|수신자|수신인|받는 이|수신 ?주소)[^\n@<]{0,40}|메일(?:을|이)[^\n@<]{0,60}|"
    r"次の(?:受信者|宛先|アドレス|あて先|メール)[^\n@<]{0,60}|(?:以下|下記)の[^\n@<]{0,60}|"
    r"宛先[^\n@<]{0,30}|"
    r"收件人[^\n@<]{0,30}|以下[^\n@<]{0,30}|(?:folgende|an die folgenden)[^\n@<]{0,80}|"
    r"(?:destinataires?|destinatari(?:o|os|i)?|destinatários?)[^\n@<]{0,80}|"
    r"(?:ontvangers?|geadresseerden?)[^\n@<]{0,60}|"
    r"(?:получател|адресат)[^\n@<]{0,60}|odbiorc[^\n@<]{0,60}|mottagare[^\n@<]{0,60}|modtager[^\n@<]{0,60})|"
    r"(?P<one>rcpt to:\s?|final-recipient:|recipient(?: address)?:|sent to:?|to:\s|intended for|"
    r"addressed(?: to|,)|user |"
    r"mailbox |account )",
    re.IGNORECASE,
)

OPENING = re.compile(
    r"[\s*=_#~|.-]{0,200}(?:(?:dear|hello|hi)\b[^\n]{0,60}\n\s{0,20})?(?:[^\n]{0,100}non-?delivery (?:report|"
    r"notification)"
    r"[^\n]{0,40}\n\s{0,20})?(?:the (?:e-?mail|message) (?:below|you sent)|(?:your|this) (?:e-?mail|message)|votre "
    r"(?:message|courriel|e-?mail)|ihre (?:nachricht|"
    r"e-?mail))[^\n]{0,120}\n?[^\n]{0,40}(?:could ?n[o']?t be delivered|"
    r"was not delivered|could not be delivered|has not been delivered|n['’]a pas pu [eê]tre (?:d[eé]livr|remis|"
    r"distribu)|"
    r"konnte nicht zugestellt|nicht zugestellt werden)",
    re.IGNORECASE,
)
"""A mail that begins by saying so; a customer who tells of a bounce begins with words of his own."""

GREETING = re.compile(
    r"\s*(?:안녕|수고|hello|hi\b|hey\b|dear\b|good (?:morning|afternoon|evening)|bonjour|guten (?:tag|morgen)|"
    r"hallo|hola|"
    r"こんにちは|お世話|您好|你好|здравствуйте|добрый)",
    re.IGNORECASE,
)
"""How people begin."""

PERSON = re.compile(
    r"\bmy\b|\bI (?:changed|got|get|have|need|write|wrote|sent|tried|fixed|can't|cannot|will)\b|[?？](?:\s|$)|"
    r"제가|부탁|주세요|했는데|でしょうか|ください。|请帮|\bich habe\b|\bmeine?\b|\bj'ai\b|\bmon\b",
    re.IGNORECASE,
)
"""Words of somebody who tells of a bounce or asks about it."""

REFUSAL = re.compile(
    r"automatically rejected|message (?:was|has been) (?:refused|rejected|returned)|(?:메일|메시지)[^\n]{0,30}거부|"
    r"自動的に拒否|wurde (?:automatisch )?(?:abgewiesen|abgelehnt|zurückgewiesen)",
    re.IGNORECASE,
)

COPY_BEGINS = re.compile(
    r"(?mi)^[ \t>]{0,4}(?:-{2,}\s?(?:below this line is a copy|this is a copy of|original message|the header of "
    r"the original|message header|returned message|unsent message|"
    r"header of your message|original mail|the following is|begin of|start of returned|here is a copy|undelivered "
    r"message|the body of)[^\n]{0,80}|original (?:message details|message as received)|mime-version: ?1|"
    r"list-(?:help|post|id|subscribe):|"
    r"x-mailer: |"
    r"-{0,10}\s?(?:original message (?:follows|header|text)|unsent message (?:below|follows)|message header "
    r"follows|the original message (?:was|is|follows|headers)[^\n]{0,60}:?\s?$|your (?:original )?message "
    r"(?:follows|reads)|"
    r"header of (?:the )?(?:original|your) message|text of your message|returned "
    r"message follows|copy of the (?:message|mail)|included is a copy|received: "
    r"from |return-path: ?<|-{3,} ?원본|-{3,}\s?元の|原始邮件|원본 메시지 (?:헤더|머리글)|진단 정보))"
)
