"""Logging in by the organisation's provider in a real browser: the way back begins at another site."""

from collections.abc import Iterator

import pytest
from openid_provider import CLIENT, SECRET, Provider, open_provider
from playwright.sync_api import Browser, expect
from town import PATIENCE, Town

from gateway.config import Oidc


@pytest.fixture
def provider(town: Town) -> Iterator[Provider]:
    """At another address, which is another site to a browser; the desk has it in its config from now on."""
    opened = open_provider("127.0.0.2")
    provider = town.do(opened.__aenter__())
    provider.now = lambda: town.world.clock.now.timestamp()
    config = town.world.service.config
    oidc = Oidc(issuer=provider.issuer, client_id=CLIENT, client_secret=SECRET)
    agents = config.agents.model_copy(update={"url": town.url, "oidc": oidc})

    async def reload() -> None:
        town.world.service.reload(lambda: config.model_copy(update={"agents": agents}))

    town.do(reload())
    yield provider
    town.do(opened.__aexit__(None, None, None))


def test_an_agent_comes_in_by_the_organisations_login(town: Town, browser: Browser, provider: Provider) -> None:
    town.employs("minji@example.com", "김민지")
    context = browser.new_context(locale="ko-KR")
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(f"{town.url}/reports")
    page.get_by_role("link", name="회사 계정으로 로그인").click()
    page.get_by_role("button", name="That is me").click()
    expect(page).to_have_url(f"{town.url}/reports")
    expect(page.locator("h1")).to_have_text("보고서")
    assert [each["name"] for each in context.cookies()] == ["frontdesk"]
    context.close()
