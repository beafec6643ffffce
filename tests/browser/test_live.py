"""What a page asks for when something happened: once, however many queues it happened in, and no more than it shows."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Request, Route
from town import Desk, Town

QUEUES = ("account", "general", "technical")
HAPPENED = "".join(f'event: queue\ndata: {{"queue": "{name}", "waiting": 1, "overdue": 0, "changed": []}}\n\n'
                   for name in QUEUES)  # fmt: skip


@pytest.mark.parametrize(("agent", "page_of", "asked_for"), [
    ("sujin", "/", "/"), ("yerin", "/?state=pending", "/"), ("gaeun", "/reports", "/rail")])
def test_a_page_asks_once_for_what_happened_in_many_queues(
        town: Town, desk: Callable[..., Desk], agent: str, page_of: str, asked_for: str) -> None:
    town.employs(agent, role="supervisor")
    page = desk().logs_in(agent)
    asked: list[str] = []

    def note(request: Request) -> None:
        if "hx-request" in request.headers and not request.url.endswith("/events"):
            asked.append(urlsplit(request.url).path)

    listens_again: list[Route] = []
    page.route("**/events", lambda route: listens_again.append(route))
    page.route("**/events", lambda route: route.fulfill(content_type="text/event-stream", body=HAPPENED), times=1)
    page.on("request", note)
    with page.expect_response(lambda answer: asked_for in asked and urlsplit(answer.url).path == asked_for
                              and "hx-request" in answer.request.headers):  # fmt: skip
        page.goto(page_of)
    while not listens_again:
        page.wait_for_timeout(20)
    assert asked == [asked_for]
    assert page.locator("#rail [aria-current]").count() == 1
    listens_again[0].fulfill(status=204)
