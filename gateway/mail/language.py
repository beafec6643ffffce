"""In which language does the customer write? By script first, then by the small words of a language."""

import re
from collections import Counter

WORDS: dict[str, frozenset[str]] = {code: frozenset(words.split()) for code, words in {
    "en": "the and to of is in it you that for not with this have are my please can be i we was your hello "
          "thanks thank on a but do when how what cannot an me regards dear from would need help",
    "de": "und der die das ich nicht ist mit ein eine zu auf für sie wir es den von bitte mein meine kann "
          "habe wie bei grüßen danke hallo aber dem im werden noch guten",
    "fr": "le la les et de je ne pas est un une pour vous nous mon ma mes dans que qui des du ce avec sur "
          "bonjour merci votre mais suis cordialement ai à été bien être",
    "es": "el la los las y de que no es un una para por con mi su me se en hola gracias pero como está "
          "estoy puedo favor tengo saludos del al ustedes buenos días",
    "pt": "o a os as e de que não é um uma para por com meu minha se em olá obrigado obrigada mas como está "
          "estou posso favor tenho do da no na você bom dia",
    "it": "il lo la gli le e di che non è un una per con mio mia si in ciao grazie ma come sono posso ho "
          "del della buongiorno saluti vostro questo anche",
    "nl": "de het een en van ik niet is met voor op dat mijn u wij je te zijn maar hoe kan heb bedankt "
          "hallo graag deze ook geen groet",
    "pl": "i w na nie się jest do z że to proszę dzień dobry mam jak mi o dla ale moje mój nie dziękuję czy "
          "pozdrawiam od po za",
    "sv": "och att det är jag inte en ett på för med som har min mitt till av hej tack kan den men om hur "
          "vi du mvh",
    "da": "og at det er jeg ikke en et på for med som har min mit til af hej tak kan den men om hvordan vi "
          "du venlig hilsen",
    "no": "og å det er jeg ikke en et på for med som har min mitt til av hei takk kan den men om hvordan vi "
          "du vennlig hilsen",
    "fi": "ja on ei en se että minä hei kiitos mutta kuin ole tai voi miten olen terveisin mitä",
    "tr": "ve bir bu için de da ne değil ile mi ben çok merhaba teşekkürler ama nasıl lütfen var yok",
    "vi": "và của là không tôi cho có các được với này xin chào cảm ơn bạn một để trong người",
    "cs": "a je v na se že to do dobrý den prosím mám jak ale pro děkuji můj nebo jsem není si",
    "hu": "a az és nem hogy is egy van én köszönöm kérem üdvözlettel jó napot de ez meg",
    "ro": "și în nu este un o pentru cu că am bună ziua mulțumesc dar cum la de vă rog",
    "id": "dan yang di ini itu tidak saya untuk dengan terima kasih halo tolong bisa ada dari mohon",
}.items()}
"""The small words that carry a language."""
_SPOKEN = {
    word: [code for code, words in WORDS.items() if word in words] for word in frozenset().union(*WORDS.values())
}

LETTERS = {
    "de": "ß",
    "pl": "łąęśżźćń",
    "tr": "ğışİ",
    "cs": "řůě",
    "vi": "ơưđạảấầẩẫậắằẳẵặẹẻẽềểễệọỏốồổỗộớờởỡợụủứừửữự",
    "es": "ñ¿¡",
    "pt": "ãõ",
    "da": "æø",
    "sv": "",
    "hu": "őű",
    "ro": "țșă",
}
"""Letters that few other languages have."""

SAMPLE = 3000
"""Characters that are looked at."""

_URL = re.compile(r"https?://\S+|[^\s@]{1,64}@[^\s@]+")
_WORD = re.compile(r"[^\W\d_]+")
_LETTERS = bytes(ord(chr(each).lower()) if chr(each).isalpha() else ord(" ") for each in range(128)).ljust(256)
"""ASCII letters in lower case, and blanks for all else."""
_SCRIPTS = (
    ("ko", re.compile(r"[\uac00-\ud7a3\u3131-\u318e\u1100-\u11ff]")),
    ("ja", re.compile(r"[\u3041-\u30fa]")),
    ("ru", re.compile(r"[\u0400-\u045f]")),
    ("th", re.compile(r"[\u0e01-\u0e5b]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("he", re.compile(r"[\u05d0-\u05ea]")),
    ("ar", re.compile(r"[\u0620-\u06ff]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
)
_HAN = re.compile(r"[\u4e00-\u9fff]")
_TRADITIONAL = frozenset("們來為國說時這個會對發後還進樣學現電題問請謝訂單號帳戶聯繫關點間實務開經過沒無買賣給讓貨")


def language(text: str, subject: str = "", charset: str = "") -> str:
    """A code such as "ko" or "en" ("zh-tw" for Chinese in traditional characters); "en" when nothing tells.

    `text`: the new words if possible; `charset`: a label of the mail, which decides when the characters do not.
    """
    sample = f"{text[:SAMPLE]}\n{subject[:500]}"
    if "@" in sample or "://" in sample:
        sample = _URL.sub(" ", sample)
    by_script = "" if sample.isascii() else _script(sample)
    return by_script or _by_words(sample) or _by_charset(charset) or "en"


def _script(sample: str) -> str:
    """A script that carries at least a fair share of the letters; one Korean word beside a log of English is enough."""
    letters = len(re.findall(r"[A-Za-z]", sample))
    counts = {code: len(pattern.findall(sample)) for code, pattern in _SCRIPTS}
    han = len(_HAN.findall(sample))
    code, count = max(counts.items(), key=lambda item: item[1])
    if (
        han > 2 * counts["ja"]
        and han > counts["ko"]
        and han * 3 > letters
        and han > count
        and counts["ja"] < max(2, han / 12)
    ):
        return "zh-tw" if sum(1 for each in sample if each in _TRADITIONAL) * 12 > han else "zh"
    if counts["ja"] and (counts["ja"] + han) * 4 >= letters and counts["ja"] + han > counts["ko"]:
        return "ja"
    if count * 5 < letters or not count:
        return ""
    if code == "ru" and re.search(r"[іїєґІЇЄҐ]", sample):
        return "uk"
    return code


def _by_words(sample: str) -> str:
    words = _words(sample)
    if not words:
        return ""
    scores = dict.fromkeys(WORDS, 0)
    for word, times in Counter(words).items():
        for code in _SPOKEN.get(word, ()):
            scores[code] += times
    lower = "" if sample.isascii() else sample.lower()
    for code, letters in LETTERS.items() if lower else ():
        scores[code] += 2 * sum(each in lower for each in letters)
    best = max(scores, key=scores.__getitem__)
    return best if scores[best] >= max(1.0, len(words) / 40) else ""


def _words(sample: str) -> list[str]:
    if sample.isascii():
        return sample.encode("ascii").translate(_LETTERS).decode("ascii").split()[:800]
    return "\n".join(_WORD.findall(sample)[:800]).lower().split()


def _by_charset(charset: str) -> str:
    name = re.sub(r"[^a-z0-9]", "", charset.lower())
    if name.startswith(("euckr", "ksc", "cp949", "windows949", "uhc", "iso2022kr")):
        return "ko"
    if name.startswith(("iso2022jp", "shiftjis", "eucjp", "xsjis", "cp932")):
        return "ja"
    return ""
