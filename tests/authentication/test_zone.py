"""The zone file, sentence by sentence of what the README says of it."""

import json

import pytest

from gateway.authentication.answer import NO_SUCH_NAME, Answer
from gateway.authentication.zone import ZoneResolver

VOID = Answer("NOERROR")


def found(*values) -> Answer:
    return Answer("NOERROR", values)


async def asked(zone, name, type_) -> Answer:
    return await ZoneResolver(zone).query(name, type_)


# ---- "{name: {TYPE: [values]}}" ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("type_", "values", "answer"), [
    ("A", ["192.0.2.1", "192.0.2.2"], found("192.0.2.1", "192.0.2.2")),
    ("AAAA", ["2001:DB8::1"], found("2001:db8::1")),
    ("PTR", ["Mail.Example.com."], found("mail.example.com")),
    ("NS", ["ns.example.com"], found("ns.example.com")),
    ("TXT", ["one", "two"], found(b"one", b"two")),
    ("TXT", [], VOID),
    ("A", [], VOID),
])  # fmt: skip
async def test_a_type_holds_its_values(type_, values, answer):
    assert await asked({"example.com": {type_: values}}, "example.com", type_) == answer


async def test_a_type_that_is_not_there_is_no_such_record():
    assert await asked({"example.com": {"A": ["192.0.2.1"]}}, "example.com", "MX") == VOID


async def test_records_of_the_old_spf_type_are_no_txt_records():
    assert await asked({"example.com": {"SPF": ["v=spf1"]}}, "example.com", "TXT") == VOID


@pytest.mark.parametrize("type_", ["txt", "Txt", " TXT "])
async def test_a_type_may_be_in_any_case(type_):
    assert await asked({"example.com": {type_: ["x"]}}, "example.com", "TXT") == found(b"x")


@pytest.mark.parametrize("more", [{"SOA": {"minimum": 5}}, {"CAA": [[0, "issue", "x"]]}, {"TTL": 300}, {"comment": 1}])
async def test_types_that_nobody_asks_for_may_hold_anything(more):
    assert await asked({"example.com": {"TXT": ["x"], **more}}, "example.com", "TXT") == found(b"x")


# ---- "a TXT value is a string or a list of strings to be joined" ---------------------------------------------------


@pytest.mark.parametrize(("values", "answer"), [
    ([["v=spf1 ", "-all"]], found(b"v=spf1 -all")),
    (["one", ["t", "w", "o"]], found(b"one", b"two")),
    ([["o", "ne"], ["t", "wo"]], found(b"one", b"two")),
    ("alone", found(b"alone")),
    ([""], found(b"")),
    ([[]], found(b"")),
    ([["TIMEOUT", ""]], found(b"TIMEOUT")),
    (["한국"], found("한국".encode())),
    (["\udcff\udc00"[:1]], found(b"\xff")),
    ([5, 1.5], found(b"5", b"1.5")),
    ([["a", 5]], found(b"a5")),
    ([None, "x"], found(b"x")),
    (None, VOID),
])  # fmt: skip
async def test_a_txt_value_is_a_string_or_strings_to_be_joined(values, answer):
    assert await asked({"example.com": {"TXT": values}}, "example.com", "TXT") == answer


# ---- "MX [preference, host]" ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("values", "answer"), [
    ([[10, "mx.example.com"]], found((10, "mx.example.com"))),
    ([[10, "A.example."], [5, "b.example"]], found((10, "a.example"), (5, "b.example"))),
    ([10, "mx.example.com"], found((10, "mx.example.com"))),
    ([["10", "mx.example.com"]], found((10, "mx.example.com"))),
    (["10 mx.example.com"], found((10, "mx.example.com"))),
    ("10 mx.example.com", found((10, "mx.example.com"))),
    ([[0, "."]], found((0, ""))),
    ([[0, ""]], found((0, ""))),
    (None, VOID),
])  # fmt: skip
async def test_mx_is_preference_and_host(values, answer):
    assert await asked({"example.com": {"MX": values}}, "example.com", "MX") == answer


# ---- "a CNAME is a string", and is followed (RFC 1034 section 3.6.2) -----------------------------------------------


@pytest.mark.parametrize("alias", ["e.example", "E.example.", ["e.example"]])
async def test_an_alias_is_followed(alias):
    zone = {"w.example": {"CNAME": alias}, "e.example": {"A": ["192.0.2.1"]}}
    assert await asked(zone, "w.example", "A") == found("192.0.2.1")
    assert await asked(zone, "w.example", "TXT") == VOID
    assert await asked(zone, "w.example", "CNAME") == found("e.example")


async def test_several_aliases_are_followed():
    zone = {f"{number}.example": {"CNAME": f"{number + 1}.example"} for number in range(8)}
    assert await asked({**zone, "8.example": {"TXT": "end"}}, "0.example", "TXT") == found(b"end")


@pytest.mark.parametrize(("zone", "rcode"), [
    ({"w.example": {"CNAME": "gone.example"}}, "NXDOMAIN"),
    ({"w.example": {"CNAME": "w.example"}}, "SERVFAIL"),
    ({"w.example": {"CNAME": "x.example"}, "x.example": {"CNAME": "w.example"}}, "SERVFAIL"),
    ({"w.example": {"CNAME": "ill.example"}, "ill.example": "TIMEOUT"}, "TIMEOUT"),
    ({"w.example": {"CNAME": "a..b"}}, "NXDOMAIN"),
    ({"w.example": {"CNAME": "REFUSED"}}, "NOERROR"),
])  # fmt: skip
async def test_an_alias_that_leads_nowhere(zone, rcode):
    assert await asked(zone, "w.example", "A") == Answer(rcode)


# ---- "TIMEOUT, SERVFAIL, REFUSED, NXDOMAIN for a type, for "*" or for a whole name" --------------------------------


@pytest.mark.parametrize("word", ["TIMEOUT", "SERVFAIL", "REFUSED", "NXDOMAIN"])
@pytest.mark.parametrize("written", [str, str.lower, lambda word: [word]])
async def test_a_word_stands_for_trouble(word, written):
    said = written(word)
    assert await asked({"a.example": {"MX": said}}, "a.example", "MX") == Answer(word)
    assert await asked({"a.example": {"*": said}}, "a.example", "MX") == Answer(word)
    assert await asked({"a.example": said}, "a.example", "MX") == Answer(word)


async def test_what_is_listed_is_not_what_the_star_says():
    zone = {"a.example": {"*": "TIMEOUT", "A": ["192.0.2.1"], "TXT": []}}
    assert await asked(zone, "a.example", "A") == found("192.0.2.1")
    assert await asked(zone, "a.example", "TXT") == VOID
    assert await asked(zone, "a.example", "AAAA") == Answer("TIMEOUT")


async def test_a_word_for_one_type_says_nothing_of_the_others():
    assert await asked({"a.example": {"MX": "SERVFAIL"}}, "a.example", "A") == VOID


# ---- "a name not listed is NXDOMAIN unless a listed name lies below it" (RFC 8020) ---------------------------------


@pytest.mark.parametrize(("name", "answer"), [
    ("b.example.com", VOID), ("example.com", VOID), ("com", VOID), ("a.b.example.com", VOID),
    ("c.example.com", NO_SUCH_NAME), ("x.a.b.example.com", NO_SUCH_NAME), ("xample.com", NO_SUCH_NAME),
    ("", NO_SUCH_NAME), (".", NO_SUCH_NAME), ("a..example.com", NO_SUCH_NAME), ("x" * 64 + ".com", NO_SUCH_NAME),
])  # fmt: skip
async def test_a_name_is_there_when_it_is_listed_or_lies_above_a_listed_one(name, answer):
    assert await asked({"a.b.example.com": {"A": ["192.0.2.1"]}}, name, "TXT") == answer


@pytest.mark.parametrize("records", [{}, [], None])
async def test_a_listed_name_without_records_is_there(records):
    assert await asked({"a.example": records}, "a.example", "A") == VOID


async def test_a_star_in_a_name_is_a_letter_like_others():
    zone = {"*.example.com": {"TXT": ["x"]}}
    assert await asked(zone, "a.example.com", "TXT") == NO_SUCH_NAME
    assert await asked(zone, "*.example.com", "TXT") == found(b"x")


# ---- "names are case-insensitive without final dot" (RFC 4343) -----------------------------------------------------


@pytest.mark.parametrize("written", ["Example.COM", "example.com.", "EXAMPLE.com"])
@pytest.mark.parametrize("asked_for", ["example.com", "eXample.com", "example.com."])
async def test_case_and_a_final_dot_make_no_other_name(written, asked_for):
    assert await asked({written: {"TXT": ["x"]}}, asked_for, "TXT") == found(b"x")


async def test_what_is_written_under_two_spellings_is_one_name():
    zone = {"A.example": {"TXT": ["x"]}, "a.example.": {"A": ["192.0.2.1"]}}
    assert await asked(zone, "a.example", "TXT") == found(b"x")
    assert await asked(zone, "a.example", "A") == found("192.0.2.1")


async def test_letters_beyond_ascii_have_no_case():
    assert await asked({"k.example": {"TXT": ["x"]}}, "\u212a.example", "TXT") == NO_SUCH_NAME


async def test_a_name_in_u_labels_is_found_by_its_a_labels():
    zone = {"_dmarc.bücher.example": {"TXT": ["x"]}}
    assert await asked(zone, "_dmarc.xn--bcher-kva.example", "TXT") == found(b"x")
    assert await asked(zone, "_dmarc.bücher.example", "TXT") == found(b"x")


@pytest.mark.parametrize("name", [" a.example", "o'dd name!.example", "a\\.b.example", "\udcff.example"])
async def test_odd_labels_are_names_too(name):
    assert await asked({name: {"TXT": ["x"]}}, name, "TXT") == found(b"x")


# ---- what is no zone -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", [
    [], 5, "x", None,
    {"a.example": 5}, {"a.example": "GONE"}, {"a.example": ["x", "y"]}, {"a.example": {"MX": ["x"]}},
    {"a.example": {"MX": [[1e999, "x"]]}}, {"a.example": {"MX": [["x", "y"]]}}, {"a.example": {"MX": [[1, 2]]}},
    {"a.example": {"MX": [[1, "x", "y"]]}}, {"a.example": {"A": [5]}}, {"a.example": {"A": {"x": 1}}},
    {"a.example": {"TXT": [[["x"]]]}}, {"a.example": {"TXT": {"x": 1}}}, {"a.example": {"CNAME": [["x"]]}},
], ids=json.dumps)  # fmt: skip
def test_what_cannot_be_used_is_refused_with_a_sentence(tmp_path, zone):
    (tmp_path / "zone.json").write_text(json.dumps(zone))
    with pytest.raises(ValueError, match=r"zone.*\.$"):
        ZoneResolver.load(tmp_path / "zone.json")


@pytest.mark.parametrize("octets", [b"", b"{", b"\xff\xfe{", b"[" * 100_000, b'{"a": "\xff"}', b"9" * 5000])
def test_what_is_no_json_is_refused_with_a_sentence(tmp_path, octets):
    (tmp_path / "zone.json").write_bytes(octets)
    with pytest.raises(ValueError, match=r"zone\.json is not JSON: "):
        ZoneResolver.load(tmp_path / "zone.json")


def test_a_zone_file_that_is_not_there_is_refused_with_a_sentence(tmp_path):
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        ZoneResolver.load(tmp_path / "none.json")
