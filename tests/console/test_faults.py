"""A config that cannot serve is told in a sentence with the key that is wrong, by exit code 2, never by a traceback."""

import sys
from collections.abc import Iterator
from importlib import invalidate_caches
from pathlib import Path

import pytest
from command import Command

import handlers


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file of a customer centre's own handler."""
    folder = tmp_path / "handlers"
    folder.mkdir()
    monkeypatch.setattr(handlers, "__path__", [*handlers.__path__, str(folder)])
    yield folder / "escalate.py"
    sys.modules.pop("handlers.escalate", None)
    invalidate_caches()


def told(frontdesk: Command, config: str) -> str:
    """The sentence, without the file's name."""
    Path("config.toml").write_text(config)
    said = frontdesk("check")
    assert (said.code, said.out) == (2, "")
    return said.err.removeprefix("frontdesk: config.toml:")


@pytest.mark.parametrize(("config", "sentence"), [
    ('[desk]\nhandlers = ["nobody"]', "2: desk.handlers: there is no handlers/nobody.py\n"),
    ('[desk]\nhandlers = ["../cli"]', "2: desk.handlers: there is no handlers/../cli.py\n"),
    ("[handlers.nobody]\nqueue = 1", "1: handlers.nobody: there is no handlers/nobody.py\n"),
    ('[[handlers.route.rules]]\nqueue = "a"\npriority = 9',
     "3: handlers.route.rules.0.priority: Input should be less than or equal to 5, not 9\n"),
    ("[handlers.acknowledge]\nper_day = -1",
     "2: handlers.acknowledge.per_day: Input should be greater than or equal to 0, not -1\n"),
])
def test_of_a_handler(frontdesk: Command, config: str, sentence: str) -> None:
    assert told(frontdesk, config) == sentence


@pytest.mark.parametrize(("code", "sentence"), [
    ("import nothing_of_this_name\n", ":1: ModuleNotFoundError: No module named 'nothing_of_this_name'\n"),
    ("\ndef (\n", ": SyntaxError: invalid syntax (escalate.py, line 2)\n"),
    ("class Escalate:\n    pass\n", " holds no class of Handler\n"),
])
def test_of_a_handler_that_cannot_be_read(frontdesk: Command, own: Path, code: str, sentence: str) -> None:
    own.write_text(code)
    invalidate_caches()
    said = told(frontdesk, '[desk]\nhandlers = ["screen", "escalate"]')
    assert said == f"2: desk.handlers: handlers/escalate.py{sentence}"


def test_of_templates_that_are_not_there(frontdesk: Command, tmp_path: Path) -> None:
    assert told(frontdesk, '[site]\ntemplates = "own"') == f"2: site.templates: there is no folder {tmp_path}/own\n"
    (tmp_path / "own" / "en").mkdir(parents=True)
    said = told(frontdesk, '[site]\ntemplates = "own"\nlanguages = ["en", "fr"]')
    assert said == f"3: site.languages: there is no folder {tmp_path}/own/fr\n"


def test_of_a_data_folder_that_cannot_be_made(frontdesk: Command) -> None:
    Path("config.toml").write_text('[site]\ndata = "/proc/mail"\n')
    said = frontdesk("serve")
    assert said.code == 2
    assert said.err == "frontdesk: config.toml:2: site.data: /proc/mail cannot be used: No such file or directory\n"


@pytest.mark.parametrize("command", ["check", "queue"])
@pytest.mark.parametrize("url", ["postgresql://u:tea@h:port/mail", "postgresql://u:tea@[::1/mail"])
def test_of_a_database_that_has_no_address(frontdesk: Command, command: str, url: str) -> None:
    Path("config.toml").write_text(f'[store]\nurl = "{url}"\n')
    said = frontdesk(command)
    assert said.code == 2
    assert said.err == ("frontdesk: config.toml:2: store.url: is not of the form "
                        '"postgresql://user:password@host:port/database"\n')


def test_of_a_database_whose_library_is_missing(frontdesk: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    Path("config.toml").write_text('[store]\nurl = "postgresql://u:tea@127.0.0.1/mail"\n')
    said = frontdesk("queue")
    assert said.code == 2
    assert said.err == ("frontdesk: config.toml:2: store.url: PostgreSQL needs the extra `postgres`, which is not "
                        "installed: pip install 'frontdesk[postgres]'\n")


@pytest.mark.parametrize(("said", "sentence"), [
    ("yield Send", "TypeError: <class 'gateway.desk.handler.Send'> is no decision"),
    ('yield Move("dance", "")', "'dance' is no word of a request's life: "),
    ("raise KeyError(mail.message.subject)", "handlers/escalate.py:5: KeyError: 'Help'"),
])
def test_of_a_handler_that_says_what_cannot_be(frontdesk: Command, own: Path, said: str, sentence: str) -> None:
    own.write_text("from gateway.desk.handler import Handler, Move, Send\n\nclass Escalate(Handler):\n"
                   f"    def received(self, mail, case):\n        {said}\n")
    invalidate_caches()
    Path("config.toml").write_text('[desk]\nhandlers = ["thread", "escalate"]\n[authentication]\nenabled = false\n')
    Path("a.eml").write_text("From: kim@example.org\nTo: support@example.com\nSubject: Help\n\nHelp.\n")
    ended = frontdesk("explain", "a.eml")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith(f"frontdesk: {sentence}")
