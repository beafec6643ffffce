"""HTML of strangers: safe to show, and readable as text."""

import pytest

from gateway.mail.html import sanitise
from gateway.mail.readable import readable


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        '<a href="javascript:alert(1)">x</a>',
        "<iframe src=//x></iframe>",
        "<svg onload=alert(1)>",
        "<style>body{display:none}</style>",
        '<p style="position:fixed;top:0;left:0">x</p>',
        '<p style="background:url(http://t/x)">x</p>',
        "<form action=//x><input name=a></form>",
        "<base href=//x>",
        "<meta http-equiv=refresh content=0>",
        "<object data=x></object>",
        '<a href="data:text/html,x">x</a>',
        "<link rel=stylesheet href=//x>",
    ],
)
def test_nothing_acts_covers_or_fetches(html: str) -> None:
    clean = sanitise(html)
    assert not any(
        word in clean
        for word in (
            "script",
            "onerror",
            "onload",
            "iframe",
            "position",
            "url(",
            "<form",
            "<base",
            "<meta",
            "<object",
            "data:",
            "<link",
            "<style",
        )
    )


def test_remote_images_are_blocked_until_asked_for() -> None:
    html = '<img src="https://t.example/1.png" alt="logo"><img src="cid:a@b">'
    assert "t.example" not in sanitise(html)
    assert 'src="cid:a@b"' in sanitise(html)
    assert "t.example" in sanitise(html, remote_images=True)


@pytest.mark.parametrize(
    "hidden",
    [
        '<div style="display:none;max-height:0;overflow:hidden">lure</div>',
        '<p style="DISPLAY: none !important">lure<b>lure</b></p>',
        '<span style="visibility: hidden">lure</span>',
        '<span style="opacity:0">lure</span>',
        '<div style="max-height:0; overflow:hidden">lure</div>',
        '<span style="font-size:0px">lure</span>',
        "<div hidden><p>lure</div>",
        '<img src="cid:a@b" alt="lure" style="display:none">',
    ],
)
def test_what_a_page_hides_is_not_shown_as_html_nor_as_text(hidden: str) -> None:
    html = f'{hidden}<p style="opacity:0.9;max-height:90px">the parcel</p>'
    assert "lure" not in sanitise(html) + readable(html)
    assert "the parcel" in sanitise(html)
    assert readable(html) == "the parcel"


def test_a_page_that_hides_all_it_says_is_shown() -> None:
    html = '<div style="display:none" hidden><p>call me</p></div>'
    assert sanitise(html) == '<div style=""><p>call me</p></div>'
    assert readable(html) == "call me"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("one<br>two", "one\ntwo"),
        ("<div>one</div><div><br></div><div>two</div>", "one\n\ntwo"),
        ("<ul><li>a<li>b</ul>", "- a\n- b"),
        ("<ol><li>a<li>b</ol>", "1. a\n2. b"),
        ("<table><tr><td>a<td>b<tr><td>c<td>d</table>", "a | b\nc | d"),
        ('<a href="https://x.example/p">here</a>', "here (https://x.example/p)"),
        ('<a href="https://x.example/">x.example</a>', "x.example"),
        ('<a href="mailto:a@b.c">a@b.c</a>', "a@b.c"),
        ("<blockquote>old<br>words</blockquote>", "> old\n> words"),
        ("a &lt;b&gt; &amp; c&nbsp;d", "a <b> & c d"),
        ("<pre>  a\n   b</pre>", "  a\n   b"),
        ("<head><title>t</title></head><body>b</body>", "b"),
        ("<style>x</style><script>y</script>z", "z"),
        ("<p class=MsoNormal>a</p><p class=MsoNormal>&nbsp;</p><p class=MsoNormal>b</p>", "a\n\nb"),
        ("  a \n  b  ", "a b"),
        ("<h1>T</h1>x", "T\n\nx"),
        ("a<hr>b", "a\n---\nb"),
        ('<img src="x" alt="화면">', "[화면]"),
        ("<!-- x -->y", "y"),
        ("unclosed <b>bold", "unclosed bold"),
    ],
)
def test_html_is_read_as_a_person_reads_it(html: str, text: str) -> None:
    assert readable(html) == text


def test_hostile_nesting_is_shown_as_bare_text() -> None:
    assert readable("<div>" * 2000 + "x") == "x"
    assert sanitise("<div>" * 2000 + "x").startswith("<pre>")
