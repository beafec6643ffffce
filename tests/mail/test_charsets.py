"""Which characters are these octets? Labels as mailers write them, octets as they really are."""

import base64
from itertools import product

import pytest

from gateway.mail.charsets import decode
from gateway.mail.labels import codecs_of
from gateway.mail.message import parse
from gateway.mail.words import decode_words

KOREAN = "안녕하세요. 로그인이 안 됩니다. 빠른 확인 부탁드립니다."
UHC = "똠방각하 펲시콜라 햏"
"""Syllables that code page 949 has and EUC-KR has not."""


def mail(octets: bytes, label: str, field: str = "Content-Type: text/plain; charset=") -> bytes:
    return b"From: a@b.kr\nSubject: x\n" + f"{field}{label}".encode() + b"\n\n" + octets


@pytest.mark.parametrize(
    "label",
    [
        "euc-kr",
        "EUC-KR",
        "ks_c_5601-1987",
        "ks_c_5601",
        "KSC5601",
        "ksc_5601",
        "cp949",
        "ms949",
        "windows-949",
        "x-windows-949",
        "uhc",
        "x-uhc",
        "korean",
        "euckr",
        "csEUCKR",
        '"ks_c_5601-1987"',
    ],
)
@pytest.mark.parametrize("text", [KOREAN, UHC])
def test_korean_labels_mean_code_page_949(label: str, text: str) -> None:
    assert parse(mail(text.encode("cp949"), label)).text == text


@pytest.mark.parametrize(
    "label", ["us-ascii", "iso-8859-1", "utf-8", "windows-1252", "unknown-8bit", "x-unknown", "no-such-charset", "7bit"]
)
def test_korean_octets_under_a_wrong_label_are_found_out(label: str) -> None:
    assert parse(mail(KOREAN.encode("cp949"), label)).text == KOREAN


@pytest.mark.parametrize(
    "label", ["us-ascii", "iso-8859-1", "euc-kr", "ks_c_5601-1987", "windows-1252", "shift_jis", "gb2312", "koi8-r", ""]
)
def test_utf_8_under_a_wrong_label_is_found_out(label: str) -> None:
    assert parse(mail(KOREAN.encode(), label or "us-ascii")).text == KOREAN


def test_iso_2022_kr_is_read_with_and_without_its_label() -> None:
    octets = KOREAN.encode("iso2022_kr")
    assert parse(mail(octets, "iso-2022-kr")).text == KOREAN
    assert parse(mail(octets, "us-ascii")).text == KOREAN


def test_iso_2022_jp_is_read_without_its_label_and_with_vendor_characters() -> None:
    text = "お世話になっております。"
    assert parse(mail(text.encode("iso2022_jp"), "us-ascii")).text == text
    assert parse(mail(b"\x1b$B-!\x1b(B", "iso-2022-jp")).text == "①"
    assert parse(mail(b"\x1b(I1\x1b(B", "iso-2022-jp")).text == "ｱ"


@pytest.mark.parametrize(
    ("label", "codec", "text"),
    [
        ("gb2312", "gb18030", "您好，鎔基先生的订单没有收到"),
        ("gbk", "gb18030", "密码忘记了"),
        ("big5", "cp950", "密碼忘記了，請幫助"),
        ("shift_jis", "cp932", "①パスワード～を忘れました"),
        ("x-sjis", "cp932", "返金をお願いします"),
        ("euc-jp", "euc_jp", "注文が届きません"),
        ("iso-8859-1", "cp1252", "“Grüße” – 5 €"),
        ("latin1", "latin_1", "déjà vu"),
        ("koi8-r", "koi8_r", "Здравствуйте"),
        ("windows-1251", "cp1251", "Добрый день"),
        ("cp1250", "cp1250", "Zażółć gęślą jaźń"),
        ("tis-620", "cp874", "สวัสดีครับ"),
        ("iso-8859-8-i", "iso8859_8", "שלום"),
        ("macintosh", "mac_roman", "déjà"),
        ("utf-7", "utf_7", "안녕"),
    ],
)
def test_a_label_is_read_as_the_largest_set_that_contains_it(label: str, codec: str, text: str) -> None:
    assert decode(text.encode(codec), label) == (text, "")


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("cp949", "비밀번호를 잊어버렸어요"),
        ("cp949", "김철수"),
        ("cp949", "견적서"),
        ("gb18030", "您好，我想退款"),
        ("cp932", "田中太郎です"),
        ("euc_jp", "お世話になっております"),
        ("cp950", "訂單沒有收到"),
        ("cp1252", "Müller schläft schön"),
        ("cp1251", "Вопрос по заказу"),
        ("koi8_r", "Добрый день, не работает"),
        ("iso8859_5", "Не могу войти в аккаунт"),
        ("cp1253", "Δεν μπορώ να συνδεθώ στον λογαριασμό μου"),
        ("cp874", "ผมต้องการคืนเงิน"),
        ("cp1255", "אני רוצה לקבל החזר כספי"),
        ("cp1256", "أريد استرداد المبلغ من فضلك"),
        ("cp1250", "Dzień dobry, proszę o zwrot pieniędzy"),
        ("iso8859_2", "Dzień dobry, proszę o zwrot pieniędzy"),
        ("cp1254", "Merhaba, şifremi unuttum"),
        ("euc_kr", "뷁 똠방각하"),
    ],
)
def test_octets_without_a_label_are_guessed(codec: str, text: str) -> None:
    assert decode(text.encode(codec))[0] == text


def test_a_syllable_that_ks_x_1001_spells_out_is_one_syllable() -> None:
    assert decode("펲시".encode("euc_kr"), "euc-kr") == ("펲시", "")


def test_octets_that_the_iso_set_lacks_are_read_as_windows_means_them() -> None:
    assert decode("“ja” €".encode("cp1252"), "iso-8859-15")[0] == "“ja” €"
    assert decode("€ Š œ".encode("iso8859_15"), "iso-8859-15")[0] == "€ Š œ"
    assert decode("„tak” ś".encode("cp1250"), "iso-8859-2")[0] == "„tak” ś"


def test_the_charset_of_the_body_serves_raw_octets_in_the_fields() -> None:
    raw = "From: 김 <a@b.kr>\nSubject: 건\nContent-Type: text/plain; charset=euc-kr\n\n안녕".encode("cp949")
    message = parse(raw)
    assert (message.from_name, message.subject) == ("김", "건")


def test_two_programs_that_wrote_one_text_are_both_understood() -> None:
    raw = "Atención, señor: ".encode() + "la divulgação no llegó, está en la aduana".encode("latin-1")
    assert parse(mail(raw, "utf-8")).text == "Atención, señor: la divulgação no llegó, está en la aduana"


def test_what_cannot_be_decoded_is_shown_with_a_finding_and_not_lost() -> None:
    message = parse(mail("가나다라마바사".encode() + b"\xff and more", "utf-8"))
    assert message.text == "가나다라마바사\ufffd and more"
    assert "charset-broken" in message.findings


def test_python_codecs_that_are_no_charsets_are_refused() -> None:
    assert [codecs_of(name) for name in ("base64", "rot13", "zip", "idna", "unicode_escape", "undefined")] == [()] * 6


def test_a_character_cut_between_two_encoded_words_is_joined() -> None:
    octets = "홍길동입니다".encode()
    words = [
        f"=?utf-8?B?{base64.b64encode(octets[start : start + 5]).decode()}?=" for start in range(0, len(octets), 5)
    ]
    assert decode_words(" ".join(words)) == "홍길동입니다"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("=?utf-8?Q?caf=C3=A9?=", "café"),
        ("=?UTF-8?q?a_b?= c", "a b c"),
        ("=?euc-kr?B?yKux5rW/?=", "홍길동"),
        ("=?ks_c_5601-1987?B?yKux5rW/?=", "홍길동"),
        ("=?utf-8?B?7ZmN6ri464+Z", "홍길동"),
        ("=?utf-8?B?7ZmN6ri464+Z?=님", "홍길동님"),
        ("Re: =?utf-8?B?7ZmN?=", "Re: 홍"),
        ("=?utf-8?B?7ZmN?= =?utf-8?B?6ri4?=", "홍길"),
        ("=?utf-8?B?7ZmN6ri4 64+Z?=", "홍길동"),
        ("=?utf-8*ko?B?7ZmN?=", "홍"),
        ("=?utf-8?B?7ZmN6g?=", "홍\ufffd"),
        ("=?no-such?Q?abc?=", "abc"),
        ("=?utf-8?Q?a b?=", "a b"),
        ("=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
        ("=?utf-8?Q??=", ""),
        ("a =?b c", "a =?b c"),
        ("=?iso-8859-1?Q?a?= b =?iso-8859-1?Q?c?=", "a b c"),
        ("=?utf-8?Q?What=3F?=", "What?"),
        ("=?utf-8?Q?What??=", "What?"),
    ],
)
def test_encoded_words_are_read_as_a_person_would(written: str, read: str) -> None:
    assert decode_words(written) == read


LABELS = ("utf-16", "utf-16be", "unicode", "utf-7", "hz", "iso-2022-kr", "big5", "koi8", "", "x")


@pytest.mark.parametrize("octets", [
    b"\xb0\xa1\xff", b"\xff\xfe\xff", b"\xff\xfe", b"\x04B", b"\x1b$)C\xff", b"~{\xff~}",
])
def test_whatever_octets_stand_under_a_label_they_are_shown(octets: bytes) -> None:
    for label, hint, may_guess in product(LABELS, ("", "utf-16", "euc-kr"), (True, False)):
        assert isinstance(decode(octets, label, hint, may_guess=may_guess)[0], str)


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-8", "cp949"])
@pytest.mark.parametrize("words", ["홍길동", "주문이 안 왔어요."])
def test_a_label_of_utf_16_is_believed_where_the_octets_are_so(codec: str, words: str) -> None:
    assert decode(words.encode(codec), "utf-16")[0] == words
