"""How do written languages look? The characters that carry most of a text, for guessing charsets and languages.

A wrong charset turns a text into characters that nobody writes: rare syllables, half-width katakana between capitals,
accented letters in a row. `strangeness` measures that, from 0 (plain) upwards.
"""

KOREAN = frozenset(
    "홍이다는가을를에의은고하지도로서한기사시자해리나대아일어부정있스니으면요인주수그만보오전상제장여원안라성들"
    "비공선게와없구"
    "문세유과습동신소할합된방연조경마생우무요말되음거았었했저회관화내모계개실물국발용위당분단진치결교적중러입확송처드려"
    "속감설번메명불미바데네달름날간강같것격겠께난남냈녕노늘답담됩두따때또락란래력련료류르른못므반받배백버법변별복본봉"
    "북빠사살새색생석센셔손솔쇼순술숙식심싶써씨안알암야양언업예온올완외욕운울원월웹응의익임잘재점접정존종좋죄준증질집"
    "짜째찰참창책천철체초총최추출취측친카컴코크클타탁태터테토통트특파판패퍼페편평포폰표품프피필학항행향험현협형호혹환"
    "황효후휴히힘객견고곳광괜군권귀규금급긴길김까끝끼낌넣농느능닌닙닫닷덕델돌동둘든등딩딸럼럽렇레렌렵론롭롯루률름릇릭"
    "린림립링막많맞매먼몇먹박백벌베봄빨빼빌빙삭삼섯섬싸싼쓰씀았앞야약얼엄없였옵왔왜웃웅육율윤잇잊잡적젝젠족죽줄즈즉즐"
)
SIMPLIFIED = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种"
    "事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第"
    "公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合"
    "回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总"
    "何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听"
    "白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带"
    "您请谢邮订单号码账户密退款货收发服客户网站登录联系感谢回复问题附件帮助"
)
TRADITIONAL = frozenset(
    "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家種"
    "事成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心她本前開但因只從想實日軍者意無力它與長把機十民第"
    "公此已工使情明性知全三又關點正業外將兩高間由問很最重並物手應戰向頭文體政美相見被利什二等產或新己制身果加西斯月話合"
    "回特代內信表化老給世位次度門任常先海通教兒原東聲提立及比員解水名真論處走義各入幾口認條平系氣題活爾更別打女變四神總"
    "何電數安少報才結反受目太量再感建務做接必場件計管期市直德資命山金指克許統區保至隊形社便空決治展馬科司五基眼書非則聽"
    "您請謝郵訂單號碼帳戶密退款貨收服客網站登錄聯繫復附幫助檢視"
)
JAPANESE = frozenset(
    "日一国会人年大十二本中長出三同時政事自行社見月分議後前民生連五発間対上部東者党地合市業内相方四定今回新場"
    "金員九入選立"
    "開手米力学問高代明実円関決子動京全目表戦経通外最言氏現理調体化田当八六約主題下首意法不来作性的要用制治度"
    "務強気小七成"
    "期公野協取都和統以機平総加山思家話世受区領多県続進正安設保改数記院女初北午指権心界支第産結百派点教報済書"
    "府活原先共得"
    "解名交資予川向際査勝面委告軍文反元重近千考判認画海参売利組知案道信策集在件団別物側任引使求所次水半品昨論"
    "計死官増係感"
    "特情投示変打男基私各始島直両朝革価式確村提運終挙果西勢減台広容必応演電歳住争談能無再位置企真流格有疑口過"
    "局少放税検藤"
    "町常校料沢裁状工建語球営空職証土与急止送援供可役構木割聞身費付施切由説転食比難防補車優夫研収断井何南石足"
    "違消境神番規"
    "術護展態導鮮備宅害配副算視条幹独警宮究育席輸訪楽起万着乗店述残想線率病農州武声質念待試族象銀域助労例衛然"
    "早張映限親額"
    "様致願込届払返注依頼届件名貴弊"
)
FREQUENT = SIMPLIFIED | TRADITIONAL | JAPANESE


_ALPHABETS = (
    "оеаинтсрвлкмідпуяыьгзбчйхжшїюєцщэфґъ",
    "αοιετσνηυρπκλμςόίάέύγώδθήφχβξζψϊϋΐΰ",
    "יולהאתרמבשנםחדקעפכסגטןצזךףץ",
    "اليمنرتبوهدعفسكحقجةأشصطخزضغذىئءثظإآؤ،",
    "านรอกเงมยลวดท่ส้ตะปบค\u0e31\u0e35หไ\u0e34\u0e4cขแใ\u0e37จพโ\u0e38ชถ\u0e47ซผ\u0e33\u0e36ณ\u0e39ธภฟศษญฐฝฉฤฎฏฬ",
)
"""The letters of alphabets that share their octets, most frequent first."""
_RANKS: dict[str, float] = {
    letter: 0.05 + 0.6 * (rank / len(letters)) ** 1.5 for letters in _ALPHABETS for rank, letter in enumerate(letters)
}
_LATIN: dict[str, float] = {
    **dict.fromkeys("éèàùçâêîôûëïüöäßñáíóúãõåøæ", 0.15),
    **dict.fromkeys("ąćęłńśźżěščřžůďťňőűășțşğıİ", 0.2),
    **dict.fromkeys("ìòœ", 0.3),
    **dict.fromkeys("ýđ", 0.4),
    **dict.fromkeys("þðÿ", 0.9),
}
_UMLAUTS = frozenset("äöüßÄÖÜ")
"""Germans test with these in a row; no other alphabet has words of just their octets."""
_SIGNS = frozenset("¿¡\xa0«»°§©®·´–—‘’“”…€£")
_APART = frozenset("¿¡€£±³¹²¼½¾¶¦¯¸¨ª¤¢¥×÷")
"""Signs that do not stand within words."""


def _weight(here: str, before: str, after: str) -> float:
    """How strange one character is between its neighbours: 0 plain, 1 odd, 4 impossible."""
    code = ord(here)
    if code > 0x4DFF and before.isascii() and after.isascii() and before.isalpha() and after.isalpha():
        return 1.1
    if 0xAC00 <= code <= 0xD7A3:
        return 0.0 if here in KOREAN else 0.55
    if 0x3041 <= code <= 0x30FF:
        return 0.05
    if 0x4E00 <= code <= 0x9FFF:
        return 0.1 if here in FREQUENT else 0.8
    if 0x80 <= code <= 0x9F or 0xE000 <= code <= 0xF8FF or code == 0xFFFD:
        return 4.0
    if code < 0x250:
        return _latin(here, before, after)
    if 0x370 <= code <= 0x6FF or 0xE00 <= code <= 0xE7F:
        return _alphabetic(here, before, after)
    return _rest(code)


def _latin(here: str, before: str, after: str) -> float:
    is_within = before.isalpha() or after.isalpha()
    if not here.isalpha() or here == "ª":
        if here in _APART and before.isalpha() and (after.isalpha() or here not in "€£"):
            return 1.5
        return 0.35 if here in _SIGNS else 1.0
    if here in _UMLAUTS and (before in _UMLAUTS or before < "\x80") and (after in _UMLAUTS or after < "\x80"):
        return 0.3 if before > "\x7f" or after > "\x7f" else 0.15 + 0.25 * (not is_within)
    if before > "\x7f" and after > "\x7f":
        return 1.1
    weight = _LATIN.get(here.lower(), 0.9)
    if (before > "\x7f" and before.isalpha()) or (after > "\x7f" and after.isalpha()):
        return 0.45 if weight < 0.4 else 1.1
    if here.isupper():
        return 0.9 if before.isalpha() and before.islower() else max(0.4, weight)
    is_misplaced = after.isalpha() if here in "ìò" else here == "ñ" and not after.isalpha()
    return weight + 0.4 * (is_misplaced or not is_within)


def _alphabetic(here: str, before: str, after: str) -> float:
    """Cyrillic, Greek, Hebrew, Arabic, Thai: no such letter stands beside a Latin one."""
    if (before.isascii() and before.isalpha()) or (after.isascii() and after.isalpha()):
        return 1.1
    if here in "ךםןףץ" and "\u05d0" <= after <= "\u05ea":
        return 1.0
    if here == "ς" and after.isalpha():
        return 1.0
    if here.isupper():
        return 1.2 if before.isalpha() and before.islower() else 0.2 + _RANKS.get(here.lower(), 0.7)
    return _RANKS.get(here, 0.7)


def _rest(code: int) -> float:
    if 0x3000 <= code <= 0x303F or 0xFF01 <= code <= 0xFF5E or 0x2010 <= code <= 0x206F:
        return 0.2
    if code in (0x20AC, 0x2122):
        return 0.3  # the signs of the euro and of a trade mark
    if 0xFF61 <= code <= 0xFF9F:
        return 1.1
    if 0x2500 <= code <= 0x257F:
        return 1.4
    if 0x2190 <= code <= 0x2BFF or 0x3200 <= code <= 0x33FF:
        return 0.6
    return 1.0


def strangeness(text: str) -> float:
    """The mean strangeness of the characters beyond ASCII; 0.0 when there are none."""
    total, count = 0.0, 0
    padded = f" {text} "
    for position in range(1, len(padded) - 1):
        here = padded[position]
        if here > "\x7f":
            count += 1
            total += _weight(here, padded[position - 1], padded[position + 1])
    return total / count if count else 0.0
