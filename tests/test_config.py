"""config.toml: what it says is what counts, and every fault is told with file, line, key and what is allowed."""

from datetime import timedelta
from pathlib import Path

import pytest

from gateway.config import Config, ConfigError, Section, load
from gateway.source import Source

SHIPPED = Path(__file__).parent.parent / "config.toml"


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def faults(file: Path, text: str, environment: dict[str, str] | None = None) -> list[str]:
    """The sentences about a file, without its name."""
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        load(file, environment or {})
    return [line.removeprefix(f"{file}:") for line in str(raised.value).splitlines()]


# ---- what is told --------------------------------------------------------------------------------------------------


def test_an_unknown_key_is_told_with_its_line_the_nearest_and_the_allowed_ones(written: Path) -> None:
    [fault] = faults(written, '[site]\nname = "A"\n\n[dns]\ntimout = "1s"\n')
    assert fault == ("5: dns.timout: there is no such setting, did you mean timeout?; "
                     "allowed here: nameservers, timeout, tries")


def test_an_unknown_table_is_told(written: Path) -> None:
    [fault] = faults(written, "[smpt]\nsize = 3\n")
    assert fault.startswith("1: smpt: there is no such setting, did you mean smtp?; allowed here: agents, ")


@pytest.mark.parametrize(("text", "told"), [
    ('[smtp]\ndrain = 20', ('2: smtp.drain: 20 is not a time span: write a number and a unit, such as "90s", "10m", '
                           '"4h", "7d"')),
    ('[smtp]\ndrain = "20 parsecs"', ("2: smtp.drain: '20 parsecs' is not a time span: write a number and a unit, such "
                                     'as "90s", "10m", "4h", "7d"')),
    ('[smtp]\n\nsize = "25 stones"', ("3: smtp.size: '25 stones' is not a size: write a number and a unit, such as "
                                     '"25MB" or "512KiB"')),
    ('[smtp]\nlisten = ["2525"]', ("2: smtp.listen.0: '2525' is not host:port, such as \"127.0.0.1:2525\" or "
                                  '"[::1]:25", nor one of these with "tls://" or "lmtp://" in front, nor "unix:/path" '
                                  'or "lmtp://unix:/path"')),
    ('[smtp]\nlisten = ["lmtp://0.0.0.0:25"]', ("2: smtp.listen.0: LMTP is not spoken at port 25 (RFC 2033 section 5): "
                                               "take another one")),
    ('[site]\ntimezone = "Seoul"', ("2: site.timezone: 'Seoul' is not a time zone: write a name such as \"Asia/Seoul\" "
                                   'or "UTC"')),
    ('[dns]\nnameservers = ["dns.example:53"]', ("2: dns.nameservers.0: 'dns.example:53' is not address:port, such as "
                                                   '"192.0.2.53:53" or "[2001:db8::53]:53"')),
    ('[dns]\ntries = 0', "2: dns.tries: Input should be greater than or equal to 1, not 0"),
    ('[authentication]\nno_dns = "shrug"', ("2: authentication.no_dns: Input should be 'accept', 'quarantine', 'defer' "
                                           "or 'refuse', not 'shrug'")),
    ('[web]\nurl = "desk.example.com"', ("2: web.url: 'desk.example.com' is not an address of the web, such as "
                                        '"https://desk.example.com"')),
    ('[web]\nproxies = ["10.0.0.1/8"]', ("2: web.proxies.0: '10.0.0.1/8' is neither an IP address nor a net such as "
                                        '"10.0.0.0/8"')),
    ('site = 3', "1: site: must be a table, not 3"),
    ('[site]\nname = ""', "2: site.name: '' is not one line of words"),
    ('[site]\nhostname = "mx example"', ("2: site.hostname: 'mx example' is not the name of a host, such as "
                                        '"mx.example.com"')),
    ('[smtp]\nlisten = "x:25"', "2: smtp.listen: must be a list, such as [\"one\", \"two\"], not 'x:25'"),
    ('[smtp]\nlisten = []', "2: smtp.listen: must not be empty"),
    ('[smtp]\nerrors = "many"', "2: smtp.errors: must be a whole number, not 'many'"),
    ('[authentication]\nenabled = "perhaps"', "2: authentication.enabled: must be true or false, not 'perhaps'"),
    ('[store]\nurl = "mysql://frontdesk:tea@db/mail"',
     '2: store.url: must be "sqlite" or "postgresql://user:password@host/database"'),
    ('[desk]\nprefix = "fd"', "2: desk.prefix: 'fd' is not one to six capital letters, such as \"FD\""),
    ('[desk]\nhandlers = []', "2: desk.handlers: must not be empty"),
    ('[desk]\nhandlers = ["screen", "screen"]', "2: desk.handlers: 'screen' stands here twice"),
    ('[customers]\ntable = "a; b"', ("2: customers.table: 'a; b' is not the name of a table, such as \"customers\" "
                                    'or "crm.customers"')),
    ('[smtp]\ncertificate = "a.pem"', "1: smtp: certificate and key are set together, or neither"),
    ('[delivery]\ndkim_keys = [\n  { selector = "a_b", file = "k.pem" },\n]',
     "3: delivery.dkim_keys.0.selector: 'a_b' is not a selector: letters, digits and hyphens, such as \"desk-2026\""),
    ('[delivery]\n\ndkim_keys = [{ selector = "a", file = "1.pem" }, { selector = "A", file = "2.pem" }]',
     "3: delivery.dkim_keys: two keys have the selector 'a'"),
    ('[agents]\n[agents.oidc]\nissuer = "http://login.example.com"', (
        "3: agents.oidc.issuer: 'http://login.example.com' is not an issuer, such as \"https://login.example.com\", as "
        "it calls itself")),
    ('[agents]\n[agents.oidc]\nissuer = "https://login.example.com/"', (
        "2: agents.oidc: an issuer wants the client_id by which it knows us")),
    ('[agents]\n[agents.oidc]\nissuer = "https://login.example.com/"\nclient_id = "x"', (
        "1: agents: [agents.oidc] wants [agents] url, to which the provider sends agents back")),
    ('[[delivery.dkim_keys]]\nselector = "a"\n[[delivery.dkim_keys]]\nselector = "b"\nfile = "2.pem"',
     "1: delivery.dkim_keys.0.file: this key is missing"),
])
def test_a_wrong_value_is_told_with_what_is_right(written: Path, text: str, told: str) -> None:
    assert faults(written, text) == [told]


def test_every_fault_is_told_at_once(written: Path) -> None:
    assert len(faults(written, '[dns]\ntries = 0\n[smtp]\nsize = "x"\n[log]\ncolour = "red"\n')) == 3


def test_an_element_of_an_array_is_told_with_its_own_line(written: Path) -> None:
    [fault] = faults(written, '[site]\nsupport = [\n  "a@example.com", # ] "\n  "b c",\n]\n')
    assert fault.startswith("4: site.support.1: 'b c' is not a mail address")


def test_a_key_inside_an_inline_table_is_told(written: Path) -> None:
    [fault] = faults(written, '[site]\nname = "A"\nagents = { kim = "Kim", lee = 3 }\n')
    assert fault == "3: site.agents.lee: must be text in quotes, not 3"


def test_dotted_and_quoted_keys_are_told(written: Path) -> None:
    assert faults(written, 'smtp.size = "x"\n"dns"."tries" = 9\n')[0].startswith("1: smtp.size: ")
    assert faults(written, 'smtp.size = 1\n"dns"."tries" = 9\n')[0].startswith("2: dns.tries: ")


def test_text_in_a_long_string_is_no_key(written: Path) -> None:
    [fault] = faults(written, '[site.agents]\nkim = """\n[dns]\ntries = 9\n"""\n\n[dns]\ntries = 9\n')
    assert fault.startswith("8: dns.tries: ")


@pytest.mark.parametrize(("text", "told"), [
    ("[site\n", "1: is not TOML: "), ("[a]\n[b]\nc = \n", "3: is not TOML: "), ("[a]\n\n[a]\n", "3: is not TOML: "),
    ('[site]\nname = "x\n', "2: is not TOML: "),
])
def test_what_is_not_toml_is_told_with_its_line(written: Path, text: str, told: str) -> None:
    assert faults(written, text)[0].startswith(told)


def test_a_password_is_never_shown(written: Path) -> None:
    assert "12345678" not in faults(written, "[delivery]\npassword = 12345678\n")[0]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "none.toml", {})


def test_a_file_that_is_not_utf8_is_told(written: Path) -> None:
    written.write_bytes(b'[site]\nname = "\xc7\xd1"\n')
    with pytest.raises(ConfigError, match="cannot be read"):
        load(written, {})


# ---- handlers' own settings ----------------------------------------------------------------------------------------


class Rule(Section):
    queue: str


class Settings(Section):
    quiet: int = 1
    rules: tuple[Rule, ...] = ()


def handler_faults(file: Path, text: str) -> str:
    file.write_text(text)
    with pytest.raises(ConfigError) as raised:
        load(file, {}).section("route", Settings)
    return str(raised.value).removeprefix(f"{file}:")


def test_an_unknown_setting_of_a_handler_is_told(written: Path) -> None:
    told = handler_faults(written, "[handlers.route]\nquite = 3\n")
    assert told == "2: handlers.route.quite: there is no such setting, did you mean quiet?; allowed here: quiet, rules"


@pytest.mark.parametrize("text", [
    '[[handlers.route.rules]]\nqueue = "a"\n[[handlers.route.rules]]\nqeue = "b"\nqueue = "b"\n',
    '[handlers.route]\nrules = [\n{ queue = "a" },\n{ qeue = "b", queue = "b" } ]\n',
])
def test_a_bad_rule_is_told_with_its_own_line(written: Path, text: str) -> None:
    told = handler_faults(written, text)
    assert told == "4: handlers.route.rules.1.qeue: there is no such setting, did you mean queue?; allowed here: queue"


def test_a_rule_that_lacks_a_key_is_told_at_its_table(written: Path) -> None:
    told = handler_faults(written, '[[handlers.route.rules]]\nqueue = "a"\n\n[[handlers.route.rules]]\n')
    assert told == "4: handlers.route.rules.1.queue: this key is missing"


def test_another_room_can_tell_a_fault_with_the_line(written: Path) -> None:
    written.write_text('[desk]\nhandlers = ["screen", "nobody"]\n')
    fault = load(written, {}).fault(("desk", "handlers"), "there is no handlers/nobody.py")
    assert str(fault) == f"{written}:2: desk.handlers: there is no handlers/nobody.py"


# ---- the environment -----------------------------------------------------------------------------------------------


def test_the_environment_has_the_last_word(written: Path) -> None:
    written.write_text('[delivery]\npassword = "in the file"\n')
    environment = {"FRONTDESK_DELIVERY__PASSWORD": "secret", "FRONTDESK_SMTP__LISTEN": '["127.0.0.1:99"]',
                   "FRONTDESK_AUTHENTICATION__ENABLED": "false", "FRONTDESK_SMTP__DRAIN": "1s"}
    config = load(written, environment)
    assert config.delivery.password == "secret"
    assert [str(place) for place in config.smtp.listen] == ["127.0.0.1:99"]
    assert config.smtp.drain == timedelta(seconds=1)
    assert config.authentication.enabled is False


def test_a_fault_in_the_environment_names_the_variable(written: Path) -> None:
    [fault] = faults(written, "[dns]\ntries = 2\n", {"FRONTDESK_DNS__TRIES": "many"})
    assert fault.startswith("environment variable FRONTDESK_DNS__TRIES: dns.tries: ")


def test_a_setting_that_only_the_environment_names_is_told_as_its(written: Path) -> None:
    [fault] = faults(written, "", {"FRONTDESK_SMPT__SIZE": "3"})
    assert fault.startswith("environment variable FRONTDESK_SMPT__SIZE: smpt: there is no such setting")


def test_a_fault_of_a_table_in_the_file_is_not_the_environments(written: Path) -> None:
    [fault] = faults(written, '[smtp]\nkey = "k.pem"\n', {"FRONTDESK_SMTP__SIZE": "3"})
    assert fault == "1: smtp: certificate and key are set together, or neither"


def test_other_variables_are_none_of_its_business(written: Path) -> None:
    written.write_text("")
    load(written, {"FRONTDESK_CONFIG": "x", "PATH": "/bin", "FRONTDESK_AGENT": "kim", "LINES__X": "3"})


# ---- what the shipped file says ------------------------------------------------------------------------------------


def test_the_shipped_file_says_the_defaults() -> None:
    shipped, default = load(SHIPPED, {}, folder=Path()), Config()
    for name in Config.model_fields:
        if name not in ("site", "handlers"):
            assert getattr(shipped, name) == getattr(default, name)
    assert shipped.site.model_copy(update={"data": Path("var")}) == default.site


def test_paths_are_relative_to_the_file(written: Path) -> None:
    written.write_text('[site]\ndata = "d"\n[delivery]\ndkim_keys = [\n'
                       '{ selector = "a", file = "/k.pem" }, { selector = "b", file = "keys/b.pem" }]\n')
    config = load(written, {})
    assert config.site.data == written.parent / "d"
    assert [key.file for key in config.delivery.dkim_keys] == [Path("/k.pem"), written.parent / "keys/b.pem"]


def test_the_packaged_file_keeps_its_data_where_it_is_told(tmp_path: Path) -> None:
    assert load(SHIPPED, {}, folder=tmp_path).site.data == tmp_path / "var"


@pytest.mark.parametrize(("written_as", "seconds"), [("90s", 90), ("10m", 600), ("1h30m", 5400), ("7d", 604800)])
def test_spans_of_time_have_units(written: Path, written_as: str, seconds: int) -> None:
    written.write_text(f'[smtp]\ndrain = "{written_as}"\n')
    assert load(written, {}).smtp.drain == timedelta(seconds=seconds)


@pytest.mark.parametrize(("written_as", "octets"), [('"25MB"', 25_000_000), ('"512KiB"', 524_288), ("1000", 1000)])
def test_sizes_have_units_or_are_octets(written: Path, written_as: str, octets: int) -> None:
    written.write_text(f"[smtp]\nsize = {written_as}\n")
    assert load(written, {}).smtp.size == octets


def test_every_form_of_value_is_passed_over_rightly() -> None:
    text = '''a = 1.5
b = 1979-05-27 07:32:00
c = [[1, [2]], {d = "]", "e.f" = [ # {
 3]}]
g = \'\'\'it's '' a ] = text\'\'\'
h = "\\" ="
[i.'j k']
l = """x\\""" "" y"""
m = -inf
'''
    lines = Source("x", text).lines
    assert {path: lines[path] for path in [("a",), ("c", "1", "e.f"), ("g",), ("h",), ("i", "j k", "m")]} == {
        ("a",): 1, ("c", "1", "e.f"): 3, ("g",): 5, ("h",): 6, ("i", "j k", "m"): 9}
    assert lines["c", "1", "e.f", "0"] == 4


# ---- where links in letters lead -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "page"), [
    ("", "http://127.0.0.1:8025"),
    ('[web]\nlisten = ""\n', ""),
    ('[delivery]\nsmarthost = "127.0.0.1:25"\n', ""),
    ("[delivery]\ndirect = true\n", ""),
    ('[delivery]\ndirect = true\n[web]\nurl = "https://desk.example.com/"\n', "https://desk.example.com"),
    ('[web]\nlisten = ""\nurl = "https://desk.example.com/mail"\n', "https://desk.example.com/mail"),
], ids=["tried out", "no page", "letters leave", "letters leave by MX", "a web server", "served by another machine"])
def test_no_letter_that_leaves_the_machine_names_it_in_a_link(written: Path, text: str, page: str) -> None:
    written.write_text(text)
    assert load(written, {}).page == page
