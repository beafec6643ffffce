"""Our Authentication-Results (RFC 8601): it says what was found, and holds the grammar whatever strangers wrote."""

import json
import re
from dataclasses import asdict, replace

import authres
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.authres import MAX_LINE, MAX_VALUE, UNCHECKED, Check, Identity, Result, Seal, Verdict, write
from gateway.mail.hearsay import Claim, read, strip

VERDICT = Verdict(
    Identity.VERIFIED_DKIM,
    "because",
    spf=Check("spf", Result.PASS, "example.com", "example.com allows it.", detail="mailfrom"),
    dkim=(Check("dkim", Result.PASS, "example.com", "signed", "s1", detail="rsa-sha256", bits=2048),),
    arc=Check("arc", Result.PASS, "list.example"),
    dmarc=Check("dmarc", Result.PASS, "example.com", policy="reject"),
    iprev=Check("iprev", Result.FAIL),
)
TEXT = st.text(max_size=300) | st.text(alphabet='a.;="\\ ()\r\n\t@', max_size=300)


def text_of(field: bytes) -> str:
    assert field.startswith(b"Authentication-Results: ")
    assert field.endswith(b"\r\n")
    return field.decode("ascii").removeprefix("Authentication-Results:")


def claims(verdict, **envelope):
    return read(text_of(write(verdict, "mx.desk.example", **envelope))).claims


# ---- section 2.2: the field ----------------------------------------------------------------------------------------


def test_the_field_says_what_was_found_each_method_on_a_line_of_its_own():
    field = write(VERDICT, "mx.desk.example", reverse_path="joe@example.com", client_ip="192.0.2.1")
    assert field.decode() == (
        "Authentication-Results: mx.desk.example;\r\n"
        ' iprev=fail policy.iprev="192.0.2.1";\r\n'
        ' spf=pass reason="example.com allows it." smtp.mailfrom="joe@example.com";\r\n'
        ' dkim=pass (2048-bit key) reason="signed" header.d="example.com"\r\n'
        ' header.s="s1" header.a="rsa-sha256";\r\n'
        ' arc=pass smtp.remote-ip="192.0.2.1";\r\n'
        ' dmarc=pass header.from="example.com" policy.dmarc="reject"\r\n'
    )


def test_a_mail_that_was_not_checked_has_no_results():
    assert write(UNCHECKED, "mx.desk.example") == b"Authentication-Results: mx.desk.example;\r\n none\r\n"


def test_an_id_that_is_no_host_name_is_quoted():
    assert read(text_of(write(VERDICT, 'a";b'))).authserv_id == 'a";b'


def test_what_we_wrote_we_would_strip():
    message = b"From: a@b.com\r\n\r\nbody\r\n"
    assert strip(write(VERDICT, "mx.desk.example") * 2 + message, "mx.desk.example") == message


# ---- section 2.7: methods and their words --------------------------------------------------------------------------


def test_a_mail_without_signatures_has_dkim_none():
    assert Claim("dkim", "none") in claims(replace(VERDICT, dkim=()))


def test_a_client_whose_name_was_not_asked_for_has_no_iprev():
    assert "iprev" not in {claim.method for claim in claims(replace(VERDICT, iprev=Check("iprev", Result.NONE)))}


def test_spf_names_the_identity_that_was_checked():
    helo = replace(VERDICT, spf=Check("spf", Result.PASS, "mx.example.com", detail="helo"))
    assert claims(helo, helo="mx.example.com", reverse_path="")[1].properties == (("smtp.helo", "mx.example.com"),)
    assert claims(VERDICT, helo="x", reverse_path="a@b.com")[1].properties == (("smtp.mailfrom", "a@b.com"),)


def test_each_signature_has_a_result_of_its_own():
    two = replace(VERDICT, dkim=(*VERDICT.dkim, Check("dkim", Result.POLICY, "b.com", selector="s2")))
    assert [claim.result for claim in claims(two) if claim.method == "dkim"] == ["pass", "policy"]


def test_a_chain_whose_key_dns_kept_back_is_a_fail_to_others():
    """RFC 8617 section 5.2.1; among ourselves it stays a temperror."""
    lost = replace(VERDICT, arc=Check("arc", Result.TEMPERROR, "list.example"))
    assert [claim.result for claim in claims(lost) if claim.method == "arc"] == ["fail"]
    assert Check("dkim", Result.TEMPERROR).reported == "temperror"


# ---- section 7.1: strangers' text cannot forge a result ------------------------------------------------------------


@given(TEXT, TEXT, st.sampled_from(Result))
def test_whatever_strangers_chose_the_results_are_read_back_and_none_is_added(one, two, result):
    hostile = Check("dkim", result, one, two, one, detail=two, bits=1024)
    verdict = replace(
        VERDICT, dkim=(hostile, hostile), spf=Check("spf", Result.FAIL, one, two, detail="helo"),
        iprev=Check("iprev", Result.FAIL, one, two), dmarc=Check("dmarc", Result.FAIL, two, one),
    )  # fmt: skip
    field = write(verdict, "mx.desk.example", reverse_path=one, helo=two, client_ip=one)
    heard = read(text_of(field))
    assert heard.authserv_id == "mx.desk.example"
    assert [(claim.method, claim.result) for claim in heard.claims] == [
        ("iprev", "fail"), ("spf", "fail"), ("dkim", result), ("dkim", result), ("arc", "pass"), ("dmarc", "fail")
    ]  # fmt: skip
    assert {name for claim in heard.claims for name, _ in claim.properties} <= {
        "policy.iprev", "smtp.helo", "header.d", "header.s", "header.a", "smtp.remote-ip", "header.from"
    }  # fmt: skip


@pytest.mark.parametrize("value", ['a"; dmarc=pass header.from="b.com', "a\\", 'a\\" ; x=y', "a; b=c", "x (y", "=?x?="])
def test_a_hostile_value_is_read_back_as_it_was(value):
    check = Check("dkim", Result.FAIL, value, value, value)
    [claim] = [each for each in claims(replace(VERDICT, dkim=(check,))) if each.method == "dkim"]
    assert (claim.reason, *claim.properties) == (value, ("header.d", value), ("header.s", value))


@given(TEXT, TEXT)
def test_another_parser_reads_the_same_results(one, two):
    check = Check("dkim", Result.FAIL, one, two, one, detail=two, bits=1024)
    field = write(replace(VERDICT, dkim=(check,)), "mx.desk.example", reverse_path=two)
    theirs = authres.AuthenticationResultsHeader.parse(field.decode().replace("\r\n", "")).results
    assert [(each.method, each.result) for each in theirs] == [
        (claim.method, claim.result) for claim in read(text_of(field)).claims
    ]


def test_an_address_outside_ascii_leaves_no_octet_outside_ascii():
    assert ("smtp.mailfrom", "???@example.com") in claims(VERDICT, reverse_path="\uace0\uac1d\ub2d8@example.com")[
        1
    ].properties


# ---- RFC 5322 section 2.1.1: line lengths --------------------------------------------------------------------------


@given(TEXT, TEXT)
def test_lines_are_folded_where_a_blank_allows_it(one, two):
    check = Check("dkim", Result.FAIL, one, two, one, detail=two)
    lines = write(replace(VERDICT, dkim=(check,)), "mx.desk.example", reverse_path=one).split(b"\r\n")
    assert max(map(len, lines)) < 998
    assert all(len(line) <= MAX_LINE or len(line.split()) == 1 for line in lines)
    assert all(line.strip() for line in lines[:-1])


def test_a_value_without_blanks_is_cut():
    longest = max(
        map(len, write(replace(VERDICT, spf=Check("spf", Result.FAIL, reason='"' * 9000)), "mx").split(b"\r\n"))
    )
    assert longest < 2 * MAX_VALUE + 20


# ---- the store -----------------------------------------------------------------------------------------------------


def test_a_verdict_survives_the_store():
    sealed = replace(VERDICT, seals=(Seal("list.example", "pass", "example.com"),))
    assert Verdict.from_json(sealed.as_json()) == sealed
    assert Verdict.from_json(UNCHECKED.as_json()) == UNCHECKED


def test_of_what_was_not_found_the_store_has_no_word():
    assert set(UNCHECKED.as_json()) == {"identity", "because"}
    unsigned = replace(UNCHECKED, spf=Check("spf", Result.FAIL, "example.com"))
    assert unsigned.as_json()["spf"] == {"method": "spf", "result": "fail", "domain": "example.com"}


def test_a_verdict_that_was_stored_with_every_word_is_still_read():
    assert Verdict.from_json(json.loads(json.dumps(asdict(VERDICT)))) == VERDICT


def test_a_field_is_one_field():
    assert len(re.split(rb"\r\n(?![ \t])", write(VERDICT, "mx.desk.example"))) == 2
