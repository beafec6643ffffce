"""Logging in by the organisation's provider: there and back over real sockets, and the ways in that are none."""

import hmac
import sys
from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from agents_house import ORIGIN, AgentsHouse, Answer, Client, open_house, read
from openid_provider import CLIENT, EC, RSA, SECRET, STRANGER, Provider, forged, open_provider, signed

from gateway.config import ConfigError, Oidc, load
from gateway.console import readiness
from gateway.models import History
from gateway.service import Service
from gateway.store.database import connect
from gateway.web import id_token, sign_on
from gateway.web import provider as asking
from gateway.web.limits import Pace


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with open_provider() as provider:
        yield provider


@pytest.fixture
async def house(migrated: Path, tmp_path: Path, provider: Provider) -> AsyncIterator[AgentsHouse]:
    """A desk whose organisation has a provider; minji works there."""
    path = tmp_path / "frontdesk.db"
    path.write_bytes(migrated.read_bytes())  # noqa: ASYNC240
    database = connect(f"sqlite:///{path}")
    settings = Oidc(issuer=provider.issuer, client_id=CLIENT, client_secret=SECRET)
    async with open_house(database, tmp_path, url=ORIGIN, oidc=settings) as house:
        provider.now = lambda: house.now.timestamp()
        await house.employs("minji@example.com")
        yield house
    await database.close()


class Browser(Client):
    """Keeps cookies as browsers do."""

    def __init__(self, house: AgentsHouse) -> None:
        super().__init__(house.visitor)
        self.jar: dict[str, str] = {}
        self.set: list[str] = []
        """The fields Set-Cookie of the last answer."""

    async def asks(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        cookies = "; ".join(f"{name}={value}" for name, value in self.jar.items())
        fields = {"Host": ORIGIN[7:], "Connection": "close", "Cookie": cookies, **headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
        octets = await self.visitor.sends(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode())
        head = octets.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
        self.set = [line.partition(": ")[2] for line in head if line.lower().startswith("set-cookie")]
        for each in self.set:
            for name, morsel in SimpleCookie(each).items():
                self.jar[name] = morsel.value
                if morsel["max-age"] == "0":
                    del self.jar[name]
        return read(octets)

    async def begins(self, following: str = "") -> dict[str, str]:
        """What the provider is asked with."""
        answer = await self.gets(f"/login/oidc{following}")
        assert answer.status == 303
        return dict(parse_qsl(urlsplit(answer.headers["location"]).query))

    async def comes(self, provider: Provider, following: str = "") -> Answer:
        """The whole way; the answer to who is back."""
        return await self.returns(provider.recognises(await self.begins(following)))

    async def returns(self, url: str) -> Answer:
        assert url.startswith(ORIGIN + sign_on.BACK)
        return await self.gets(url.removeprefix(ORIGIN))


async def audit(house: AgentsHouse) -> list[tuple[str, str, str]]:
    return [(each.handler, each.decision, each.because) for each in await house.all(History) if each.event == "login"]


async def refused(house: AgentsHouse, provider: Provider, because: str, word: str = "did not confirm") -> None:
    """Whoever comes now is not let in, is told so on the page, and it stands in the audit."""
    browser = Browser(house)
    answer = await browser.comes(provider)
    assert (answer.status, "frontdesk" in browser.jar) == (403, False)
    assert word in answer.text
    assert (await audit(house))[-1][1] == "refused"
    assert because in (await audit(house))[-1][2]


# ---- the way in ----------------------------------------------------------------------------------------------------


async def test_an_agent_for_whom_the_provider_vouches_is_let_in(house: AgentsHouse, provider: Provider) -> None:
    browser = Browser(house)
    assert 'href="/login/oidc?next=/password"' in (await browser.gets("/login?next=/password")).text
    answer = await browser.comes(provider, "?next=/password")
    assert (answer.status, answer.headers["location"]) == (303, "/password")
    assert (await browser.gets("/password")).status == 200
    assert [*browser.jar] == ["frontdesk"], "what the browser kept for the way is gone"
    because = f"minji@example.com logged in: {provider.issuer} (4711) vouches for them."
    assert await audit(house) == [("minji@example.com", "in", because)]


async def test_what_the_provider_is_asked(house: AgentsHouse, provider: Provider) -> None:
    browser = Browser(house)
    asked = await browser.begins()
    assert {name: asked[name] for name in ("response_type", "client_id", "redirect_uri", "scope",
                                           "code_challenge_method")} == {
        "response_type": "code", "client_id": CLIENT, "redirect_uri": f"{ORIGIN}/login/oidc/back",
        "scope": "openid email", "code_challenge_method": "S256"}
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    [cookie] = browser.set
    assert {"HttpOnly", "SameSite=lax", "Path=/", "Max-Age=600"} <= set(cookie.split("; "))
    await browser.returns(provider.recognises(asked))
    assert provider.logins == ["Basic ZnJvbnRkZXNrOmJldHdlZW4lMjB1cyUyQyUyMGFuZCUzQSUyMG9kZCUyMCUyNSUyMHNpZ25z"]
    assert "client_secret" not in provider.forms[0]


async def test_over_tls_the_cookie_is_of_this_host_only(migrated: Path, tmp_path: Path, provider: Provider) -> None:
    path = tmp_path / "frontdesk.db"
    path.write_bytes(migrated.read_bytes())  # noqa: ASYNC240
    database = connect(f"sqlite:///{path}")
    settings = Oidc(issuer=provider.issuer, client_id=CLIENT)
    async with open_house(database, tmp_path, url="https://desk.example.com", oidc=settings) as house:
        browser = Browser(house)
        await browser.begins()
        assert browser.set[0].startswith("__Host-frontdesk-oidc=")
        assert "Secure" in browser.set[0]
    await database.close()


async def test_a_provider_that_wants_the_password_in_the_form_gets_it_there(house: AgentsHouse,
                                                                            provider: Provider) -> None:
    provider.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert (await Browser(house).comes(provider)).status == 303
    assert provider.logins == [""]
    assert (provider.forms[0]["client_id"], provider.forms[0]["client_secret"]) == (CLIENT, SECRET)


async def test_keys_are_looked_up_once_and_again_when_the_provider_has_made_new_ones(
        house: AgentsHouse, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        assert (await Browser(house).comes(provider)).status == 303
    assert [provider.asked.count(path) for path in ("/.well-known/openid-configuration", "/keys")] == [1, 1]
    provider.keys, provider.signs = [RSA, EC], lambda claims: signed(claims, EC, "ES256")
    assert (await Browser(house).comes(provider)).status == 403, "not more than once a minute"
    monkeypatch.setattr(asking, "KEYS_ANEW", 0.0)
    assert (await Browser(house).comes(provider)).status == 303


async def test_an_address_that_only_userinfo_tells_is_taken_when_it_is_the_same_person(house: AgentsHouse,
                                                                                       provider: Provider) -> None:
    provider.person, provider.userinfo = {"sub": "4711"}, dict(provider.person)
    assert (await Browser(house).comes(provider)).status == 303
    provider.userinfo["sub"] = "4712"
    await refused(house, provider, "told us of somebody else")


def test_addresses_of_the_own_domain_are_login_names_without_it() -> None:
    ours = Oidc(issuer="https://login.example.com", client_id="x", domain="example.com")
    assert ours.login_name("minji@Example.com") == "minji"
    assert ours.login_name("minji@example.com.evil.example") == "minji@example.com.evil.example"
    assert ours.login_name("minji@example.com@evil.example") == "minji@example.com@evil.example"
    assert Oidc().login_name("minji@example.com") == "minji@example.com"


# ---- who is not let in ---------------------------------------------------------------------------------------------


async def test_nobody_is_employed_by_coming(house: AgentsHouse, provider: Provider) -> None:
    provider.person["email"] = "stranger@example.com"
    await refused(house, provider, "no agent 'stranger@example.com'", "nobody works here")
    await house.staff.disable("console", "minji@example.com")
    provider.person["email"] = "minji@example.com"
    await refused(house, provider, "no agent 'minji@example.com'", "nobody works here")
    assert "stranger@example.com" not in {each.name for each in await house.all_agents()}


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"nonce": "of another login"}, "made for another login"), ({"nonce": None}, "made for another login"),
    ({"aud": "another client"}, "made for somebody else"), ({"aud": [CLIENT, "another"]}, "made for somebody else"),
    ({"azp": "another"}, "made for somebody else"), ({"aud": None}, "made for somebody else"),
    ({"iss": "https://evil.example"}, "another issuer"), ({"iss": None}, "another issuer"),
    ({"exp": 1}, "has expired"), ({"exp": "tomorrow"}, "has expired"), ({"exp": None}, "has expired"),
    ({"iat": 1}, "not made just now"), ({"iat": 2**40}, "not made just now"), ({"sub": ""}, "names nobody"),
    ({"email_verified": False}, "not vouch for the address"), ({"email_verified": "true"}, "not vouch for the address"),
    ({"email": ["minji@example.com"]}, "no mail address"), ({"email": "minji"}, "no mail address"),
    ({"email": " minji@example.com"}, "no mail address"), ({"email": "minj\uff49@example.com"}, "no mail address"),
    ({"exp": float("nan")}, "has expired"), ({"iat": float("nan")}, "not made just now"),
]


ENTRA = "https://login.microsoftonline.com/5f1c9a52-9d4e-4b7e-8c11-2f5d8a7e6b30/v2.0"


@pytest.mark.parametrize(("claims", "claim", "is_let_in"), [
    ({"xms_edov": True}, "email", True), ({"xms_edov": "1"}, "email", True),
    ({"xms_edov": False}, "email", False), ({"xms_edov": "0"}, "email", False), ({}, "email", False),
    ({"xms_edov": True, "email_verified": False}, "email", False),
    ({"xms_edov": True, "upn": "minji@example.com"}, "upn", False),
    ({"xms_edov": True, "iss": "https://login.example.com"}, "email", False),
    ({"xms_edov": True, "iss": "https://login.microsoftonline.com.evil.example/"}, "email", False),
])  # fmt: skip
def test_entra_vouches_for_an_address_by_the_owner_of_its_domain(
    claims: dict[str, Any], claim: str, is_let_in: bool
) -> None:
    said = {"iss": ENTRA, "email": "minji@example.com", **claims}
    if is_let_in:
        assert id_token.address(said, claim) == "minji@example.com"
        return
    with pytest.raises(id_token.NotVouched) as told:
        id_token.address(said, claim)
    assert ("xms_edov" in str(told.value)) == (said["iss"] == ENTRA), "the operator reads what is missing there"


async def test_a_token_that_says_something_else_opens_nothing(house: AgentsHouse, provider: Provider) -> None:
    for wrong, because in WRONG:
        provider.signs = lambda claims, wrong=wrong: signed(claims | wrong, RSA, "RS256")  # type: ignore[misc]
        await refused(house, provider, because)


def by_public_key(octets: bytes) -> bytes:
    return hmac.digest(RSA.as_pem(private=False), octets, sha256)


FORGERS: list[Callable[[dict[str, Any]], str]] = [
    lambda claims: forged({"alg": "none"}, claims), lambda claims: forged({"alg": "None", "kid": "first"}, claims),
    lambda claims: forged({"alg": "HS256", "kid": "first"}, claims, by_public_key),
    lambda claims: forged({"alg": "HS256"}, claims, by_public_key),
    lambda claims: forged({"alg": "RS256", "kid": "first"}, claims),
    lambda claims: forged({"alg": "ES256", "kid": "first"}, claims, lambda _: bytes(64)),
    lambda claims: signed(claims, STRANGER, "RS256"), lambda claims: signed(claims, RSA, "RS256", kid="another"),
    lambda claims: signed(claims, RSA, "PS256"), lambda claims: signed(claims, RSA, "RS256") + "x" * 20_000,
    lambda claims: signed(claims, RSA, "RS256")[:-8], lambda claims: "not.a.token", lambda claims: "",
    lambda claims: forged({"alg": "RS256", "kid": "first", "jwk": STRANGER.as_dict(private=False)}, claims),
    lambda claims: forged([1], claims), lambda claims: forged({"alg": ["RS256"]}, "claims"),
]


async def test_a_token_that_the_provider_did_not_sign_opens_nothing(house: AgentsHouse, provider: Provider) -> None:
    for provider.signs in FORGERS:
        await refused(house, provider, "token")


async def test_an_algorithm_that_the_provider_does_not_name_opens_nothing(house: AgentsHouse,
                                                                          provider: Provider) -> None:
    provider.metadata = {"id_token_signing_alg_values_supported": ["RS256"]}
    provider.keys, provider.signs = [EC], lambda claims: signed(claims, EC, "ES256")
    await refused(house, provider, "not signed as it must be")


async def test_who_comes_back_in_another_browser_is_not_let_in(house: AgentsHouse, provider: Provider) -> None:
    attacker, victim = Browser(house), Browser(house)
    link = provider.recognises(await attacker.begins())
    await victim.begins()
    answer = await victim.returns(link)
    assert (answer.status, "frontdesk" in victim.jar) == (400, False)
    assert "begin again" in answer.text
    assert (await Browser(house).returns(link)).status == 400
    assert (await audit(house))[-1][1:] == (
        "refused", "A login by the provider came back that this browser did not begin.")
    assert (await attacker.returns(link)).status == 303, "nobody else ended their way"


async def test_a_way_is_gone_once(house: AgentsHouse, provider: Provider) -> None:
    browser = Browser(house)
    url = provider.recognises(await browser.begins())
    kept = dict(browser.jar)
    assert (await browser.returns(url)).status == 303
    browser.jar = kept
    assert (await browser.returns(url)).status == 400
    assert provider.asked.count("/token") == 1


async def test_a_code_of_another_login_is_worth_nothing(house: AgentsHouse, provider: Provider) -> None:
    """Injected into one's own way, with one's own state: the verifier does not fit."""
    stolen = provider.recognises(await Browser(house).begins())
    browser = Browser(house)
    state = (await browser.begins())["state"]
    code = dict(parse_qsl(urlsplit(stolen).query))["code"]
    answer = await browser.returns(f"{ORIGIN}{sign_on.BACK}?code={code}&state={state}")
    assert answer.status == 403
    assert (await audit(house))[-1][2] == "The provider does not take the code: 400."


async def test_a_way_that_took_too_long_is_begun_again(house: AgentsHouse, provider: Provider,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    browser = Browser(house)
    url = provider.recognises(await browser.begins())
    later = sign_on._time() + sign_on.LASTS + 1
    monkeypatch.setattr(sign_on, "_time", lambda: later)
    answer = await browser.returns(url)
    assert (answer.status, "begin again" in answer.text) == (400, True)


async def test_whoever_comes_back_without_having_gone_is_told_to_begin(house: AgentsHouse) -> None:
    for query in ("", "?state=x", "?code=x", "?code=x&state=", "?error=access_denied", "?state=%00&code=%ff",
                  "?state=a&state=b&code=c"):
        answer = await Browser(house).gets(sign_on.BACK + query)
        assert (answer.status, "begin again" in answer.text) == (400, True)


async def test_what_the_provider_says_of_a_fault_is_not_repeated(house: AgentsHouse) -> None:
    browser = Browser(house)
    state = (await browser.begins())["state"]
    answer = await browser.gets(f"{sign_on.BACK}?state={state}&error=access_denied&error_description=<b>call+us</b>")
    assert (answer.status, "call" in answer.text) == (403, False)


async def test_another_providers_answer_is_not_taken(house: AgentsHouse, provider: Provider) -> None:
    browser = Browser(house)
    url = provider.recognises(await browser.begins())
    answer = await browser.returns(url.partition("&iss=")[0] + "&iss=https%3A%2F%2Fevil.example")
    assert answer.status == 403
    assert "/token" not in provider.asked


async def test_nobody_is_sent_elsewhere(house: AgentsHouse, provider: Provider) -> None:
    for following in ("https://evil.example", "//evil.example", "/%5Cevil.example", "javascript:alert(1)"):
        answer = await Browser(house).comes(provider, f"?next={following}")
        assert answer.headers["location"] == "/"


# ---- a provider that is away ---------------------------------------------------------------------------------------


async def test_with_the_provider_away_the_page_says_so_and_passwords_serve(house: AgentsHouse,
                                                                           provider: Provider) -> None:
    provider.is_dumb = True
    answer = await Browser(house).gets("/login/oidc")
    assert (answer.status, "does not answer" in answer.text) == (503, True)
    assert (await Browser(house).gets("/login/oidc")).status == 503
    assert len(provider.asked) == 1, "nor is it asked by everybody"
    assert (await (await house.browser()).logs_in("minji@example.com")).status == 303


async def test_a_provider_that_goes_away_on_the_way_lets_nobody_in(house: AgentsHouse, provider: Provider) -> None:
    browser = Browser(house)
    url = provider.recognises(await browser.begins())
    provider.is_dumb = True
    assert (await browser.returns(url)).status == 503
    assert (await audit(house))[-1][1] == "refused"


NO_PROVIDERS: list[dict[str, Any]] = [
    {"issuer": "https://evil.example"}, {"token_endpoint": "http://192.0.2.1/token"}, {"jwks_uri": 5},
    {"authorization_endpoint": "javascript:alert(1)//"}, {"id_token_signing_alg_values_supported": ["HS256", "none"]},
    {"x": "x" * asking.MOST_READ}]


async def test_what_is_no_provider_is_not_asked(house: AgentsHouse, provider: Provider,
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "GIVEN_UP", -1.0)
    for provider.metadata in NO_PROVIDERS:
        assert (await Browser(house).gets("/login/oidc")).status == 503
    assert provider.asked == ["/.well-known/openid-configuration"] * len(NO_PROVIDERS)


async def test_whoever_comes_too_often_waits(house: AgentsHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_on, "_time", lambda: 1000.0)  # no second passes
    monkeypatch.setattr(sign_on, "FOR_A_NET", Pace(at_once=5, a_minute=5))
    answers = [await Browser(house).gets(sign_on.BACK) for _ in range(sign_on.FOR_A_NET.at_once + 1)]
    assert answers[-1].status == 429
    assert answers[-1].headers["retry-after"] == "20"


@pytest.mark.parametrize("missing", ["joserfc", "httpx2"])
async def test_where_the_extra_is_not_installed_the_config_has_a_fault(tmp_path: Path, missing: str,
                                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[agents]\nurl = "https://agents.example.com"\n[agents.oidc]\nissuer = "https://login.example.com"\n'
                    'client_id = "frontdesk"\nclient_secret = "between us"\n')
    monkeypatch.setitem(sys.modules, missing, None)
    told = (f"{file}:4: agents.oidc.issuer: needs the extra `oidc`, which is not installed: "
            "pip install 'frontdesk[oidc]'")
    with pytest.raises(ConfigError) as fault:
        Service(load(file, {}))
    assert str(fault.value) == told
    with pytest.raises(ConfigError) as fault:
        await readiness.look(load(file, {}), ask_dns=False)
    assert str(fault.value) == told


async def test_without_a_provider_there_is_no_such_way(tmp_path: Path, migrated: Path) -> None:
    path = tmp_path / "frontdesk.db"
    path.write_bytes(migrated.read_bytes())  # noqa: ASYNC240
    database = connect(f"sqlite:///{path}")
    async with open_house(database, tmp_path) as house:
        browser = Browser(house)
        assert "oidc" not in (await browser.gets("/login")).text
        assert (await browser.gets("/login/oidc")).status == 404
        assert (await browser.gets(sign_on.BACK)).status == 404
    await database.close()
